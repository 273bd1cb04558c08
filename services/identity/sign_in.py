"""Sign-in by password or one-time code, sessions and their end. Rows, not events (decision 10).

One answer for an unknown school, an unknown login and a wrong password, after the same work.
"""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from services.identity.domain.people import People
from services.identity.domain.people import evolve as people_evolve
from services.identity.domain.school import school_id_of
from services.identity.indexes import Indexes
from services.identity.passwords import LEAST_ADULT, LEAST_PUPIL, Passwords
from services.identity.queries import IdentityQueries
from shared.log import read
from shared.policy.codes import CAPACITY_REQUIRED, INVALID_FIELDS, NOT_FOUND, SIGN_IN_FAILED, TOO_MANY_ATTEMPTS
from shared.policy.principal import Capacity, Principal
from shared.policy.refusal import Refusal
from shared.privacy.vault import folded
from shared.runtime.clock import Clock
from shared.runtime.database import Pool

LASTS = {
    Capacity.STAFF: timedelta(hours=12),  # a working day: staff machines are shared
    Capacity.GUARDIAN: timedelta(days=30),  # a family's own phone
    Capacity.PUPIL: timedelta(hours=8),  # a school day, on a school's tablet
    Capacity.OPERATOR: timedelta(hours=1),
}
CODE_LASTS = timedelta(minutes=10)
CODE_SYMBOLS = 12
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Without letters and digits that are taken for one another."""
WINDOW = timedelta(minutes=15)
MOST_FAILURES = 10
"""Failed tries a window and account: a person who forgot comes through, a guesser does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    token: str
    session_id: UUID
    person_id: UUID
    school_id: UUID | None
    capacity: Capacity
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldSession:
    """A session as its person is shown it: without its token."""

    session_id: UUID
    capacity: Capacity
    issued_at: datetime
    expires_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    code: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SignIn:
    """Attributes: clock: the school's, by which sessions expire; real: for one-time codes and failed tries."""

    writer: Pool
    queries: IdentityQueries
    indexes: Indexes
    passwords: Passwords
    clock: Clock
    real: Clock
    new_id: Callable[[], UUID]

    def person(
        self,
        *,
        school: str,
        login: str,
        password: str | None,
        code: str | None,
        capacity: Capacity | None,
        once_proven: Callable[[], object] = lambda: None,
    ) -> SignedIn:
        """A session for a person of a school; `once_proven` is called before it is opened, and before a code is used.

        Raises:
            Refusal: SIGN_IN_FAILED, TOO_MANY_ATTEMPTS, CAPACITY_REQUIRED (only to who has proven who they are).
        """
        account, now = self.indexes.attempts(school, login), self.real.now()
        self._refuse_guessing(account, now)
        school_id = school_id_of(school)
        person_id = self._owner(school_id, login)
        if not self._proven(school_id, person_id, password, code, now):
            self._count_failure(account, now)
            raise Refusal(SIGN_IN_FAILED)
        if person_id is None:
            raise Refusal(SIGN_IN_FAILED)
        chosen = self._capacity(school_id, person_id, capacity)
        once_proven()
        if code is not None and not self._use(school_id, person_id, code, now):
            raise Refusal(SIGN_IN_FAILED)
        return self._session(school_id, person_id, chosen, by_code=code is not None)

    def operator(self, *, name: str, password: str) -> SignedIn:
        """A session for a platform operator. Raises Refusal: SIGN_IN_FAILED or TOO_MANY_ATTEMPTS."""
        account, now = self.indexes.attempts("", name), self.real.now()
        self._refuse_guessing(account, now)
        with self.writer.connection() as connection:
            row = connection.execute(
                "SELECT operator_id, password_hash FROM operator WHERE name = %s", (name,)
            ).fetchone()
        if not self.passwords.is_right(password, row[1] if row else None) or row is None:
            self._count_failure(account, now)
            raise Refusal(SIGN_IN_FAILED)
        return self._session(None, row[0], Capacity.OPERATOR, by_code=False)

    def make_first_operator(self, password: str) -> None:
        """Makes the operator `operator` where there is none yet."""
        with self.writer.connection() as connection:
            if connection.execute("SELECT FROM operator LIMIT 1").rowcount:
                return
            connection.execute(
                "INSERT INTO operator (operator_id, name, password_hash) VALUES (%s, 'operator', %s)"
                " ON CONFLICT (name) DO NOTHING",
                (self.new_id(), self.passwords.hash(password)),
            )

    def one_time_code(self, *, school: str, login: str) -> Code:
        """A code that signs the person in once. Raises Refusal(NOT_FOUND)."""
        school_id, now = school_id_of(school), self.real.now()
        person_id = self._owner(school_id, login)
        if person_id is None:
            raise Refusal(NOT_FOUND)
        code = Code(code="".join(secrets.choice(ALPHABET) for _ in range(CODE_SYMBOLS)), expires_at=now + CODE_LASTS)
        with self.writer.connection() as connection:
            connection.execute(
                "INSERT INTO one_time_code (school_id, code_hash, person_id, expires_at) VALUES (%s, %s, %s, %s)",
                (school_id, _hash(code.code), person_id, code.expires_at),
            )
        return code

    def end(self, session_id: UUID) -> None:
        """Signs out, in a transaction of its own: the next look-up finds nobody."""
        with self.writer.connection() as connection:
            connection.execute(
                "UPDATE session SET ended_at = %s WHERE session_id = %s AND ended_at IS NULL",
                (self.clock.now(), session_id),
            )

    def end_all(self, by: Principal) -> None:
        """Signs a person out everywhere."""
        self._end_sessions(by, but=None)

    def set_password(self, by: Principal, *, current: str | None, new: str) -> None:
        """Sets a password and ends the person's other sessions. Who has one says it first, or came by a code.

        A session that somebody else has hold of is no way to guess the password either: failures are counted.

        Raises:
            Refusal: INVALID_FIELDS for one that is too short, SIGN_IN_FAILED where the current one is wrong,
                TOO_MANY_ATTEMPTS; NOT_FOUND for an operator, whose password is the installation's.
        """
        if by.school_id is None:
            raise Refusal(NOT_FOUND)
        least = LEAST_PUPIL if by.capacity is Capacity.PUPIL else LEAST_ADULT
        if len(new) < least:
            raise Refusal(INVALID_FIELDS, errors={"new": [f"Please choose {least} characters or more."]})
        known = self._password_hash(by.school_id, by.person_id)
        if known and not self._came_by_code(by):
            self._say_again(by, current or "", known)
        hashed = self.passwords.hash(new)
        with self.writer.connection() as connection:
            connection.execute(
                "INSERT INTO credential (school_id, person_id, password_hash, set_at) VALUES (%s, %s, %s, %s)"
                " ON CONFLICT (school_id, person_id) DO UPDATE SET password_hash = excluded.password_hash,"
                " set_at = excluded.set_at",
                (by.school_id, by.person_id, hashed, self.clock.now()),
            )
        self._end_sessions(by, but=by.session_id)

    def owner_of(self, school_id: UUID, login: str) -> UUID | None:
        """Whose login it is."""
        return self._owner(school_id, login)

    def password_set_at(self, school_id: UUID, person_id: UUID) -> datetime | None:
        """When the person last chose a password."""
        with self.writer.connection() as connection:
            row = connection.execute(
                "SELECT set_at FROM credential WHERE school_id = %s AND person_id = %s", (school_id, person_id)
            ).fetchone()
        return row[0] if row else None

    def sessions_of(self, school_id: UUID, person_id: UUID) -> list[HeldSession]:
        """A person's sessions in every capacity, until they are cleared away; newest first."""
        with self.writer.connection() as connection:
            rows = connection.execute(
                "SELECT session_id, capacity, issued_at, expires_at, ended_at FROM session"
                " WHERE school_id = %s AND person_id = %s ORDER BY issued_at DESC, session_id",
                (school_id, person_id),
            ).fetchall()
        return [
            HeldSession(
                session_id=row[0], capacity=Capacity(row[1]), issued_at=row[2], expires_at=row[3], ended_at=row[4]
            )
            for row in rows
        ]

    def _say_again(self, by: Principal, current: str, known: str) -> None:
        # A count of its own: which login the person came by is not known here.
        account, now = self.indexes.attempts(str(by.school_id), str(by.person_id)), self.real.now()
        self._refuse_guessing(account, now)
        if not self.passwords.is_right(current, known):
            self._count_failure(account, now)
            raise Refusal(SIGN_IN_FAILED)

    def _came_by_code(self, by: Principal) -> bool:
        with self.writer.connection() as connection:
            row = connection.execute("SELECT by_code FROM session WHERE session_id = %s", (by.session_id,)).fetchone()
        return row is not None and row[0]

    def _proven(
        self, school_id: UUID, person_id: UUID | None, password: str | None, code: str | None, now: datetime
    ) -> bool:
        if code is not None:
            return person_id is not None and self._code_is_right(school_id, person_id, code, now)
        known = None if person_id is None else self._password_hash(school_id, person_id)
        return self.passwords.is_right(password or "", known)

    def _owner(self, school_id: UUID, login: str) -> UUID | None:
        """Decided from the login's own stream, not from a read model."""
        index = self.indexes.login(school_id, login)
        with self.writer.connection() as connection:
            events = folded(read.stream(connection, school_id, f"login-{index}"))
        state = People()
        for event in events:
            state = people_evolve(state, event)  # type: ignore[arg-type]  # a login's stream holds its events alone
        return state.logins.get(index)

    def _capacity(self, school_id: UUID, person_id: UUID, wanted: Capacity | None) -> Capacity:
        held = [Capacity(name) for name in self.queries.capacities(school_id, person_id)]
        if wanted is not None and wanted in held:
            return wanted
        if not held or wanted is not None:
            raise Refusal(SIGN_IN_FAILED)
        if len(held) > 1:
            raise Refusal(CAPACITY_REQUIRED)
        return held[0]

    def _session(self, school_id: UUID | None, person_id: UUID, capacity: Capacity, *, by_code: bool) -> SignedIn:
        now = self.clock.now()
        guardian_of = school_id if capacity is Capacity.GUARDIAN else None
        sanctions = 0 if guardian_of is None else self.queries.sanctions_of(guardian_of, person_id)
        signed_in = SignedIn(
            token=secrets.token_urlsafe(32),
            session_id=self.new_id(),
            person_id=person_id,
            school_id=school_id,
            capacity=capacity,
            expires_at=now + LASTS[capacity],
        )
        with self.writer.connection() as connection:
            connection.execute(
                "INSERT INTO session (session_id, token_hash, school_id, person_id, capacity, issued_at, expires_at,"
                " by_code, sanctions) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
                (
                    signed_in.session_id,
                    _hash(signed_in.token),
                    school_id,
                    person_id,
                    capacity,
                    now,
                    signed_in.expires_at,
                    by_code,
                    sanctions,
                ),
            )
        return signed_in

    def _password_hash(self, school_id: UUID | None, person_id: UUID) -> str | None:
        with self.writer.connection() as connection:
            row = connection.execute(
                "SELECT password_hash FROM credential WHERE school_id = %s AND person_id = %s", (school_id, person_id)
            ).fetchone()
        return row[0] if row else None

    def _code_is_right(self, school_id: UUID, person_id: UUID, code: str, now: datetime) -> bool:
        with self.writer.connection() as connection:
            return bool(
                connection.execute(
                    "SELECT FROM one_time_code WHERE school_id = %s AND code_hash = %s AND person_id = %s"
                    " AND used_at IS NULL AND expires_at > %s",
                    (school_id, _hash(code), person_id, now),
                ).rowcount
            )

    def _use(self, school_id: UUID, person_id: UUID, code: str, now: datetime) -> bool:
        """Whether this call is the one that uses the code up: the row's lock decides between two."""
        with self.writer.connection() as connection:
            return bool(
                connection.execute(
                    "UPDATE one_time_code SET used_at = %s WHERE school_id = %s AND code_hash = %s AND person_id = %s"
                    " AND used_at IS NULL AND expires_at > %s",
                    (now, school_id, _hash(code), person_id, now),
                ).rowcount
            )

    def _end_sessions(self, by: Principal, but: UUID | None) -> None:
        with self.writer.connection() as connection:
            connection.execute(
                "UPDATE session SET ended_at = %s WHERE school_id IS NOT DISTINCT FROM %s AND person_id = %s"
                " AND ended_at IS NULL AND session_id IS DISTINCT FROM %s",
                (self.clock.now(), by.school_id, by.person_id, but),
            )

    def _refuse_guessing(self, account: bytes, now: datetime) -> None:
        with self.writer.connection() as connection:
            row = connection.execute(
                "SELECT count(*), min(at) FROM failed_sign_in WHERE account = %s AND at > %s", (account, now - WINDOW)
            ).fetchone()
        if row is not None and row[0] >= MOST_FAILURES:
            wait = row[1] + WINDOW - now
            raise Refusal(TOO_MANY_ATTEMPTS, retry_after=max(1, int(wait.total_seconds())))

    def _count_failure(self, account: bytes, now: datetime) -> None:
        with self.writer.connection() as connection:
            connection.execute("INSERT INTO failed_sign_in (account, at) VALUES (%s, %s)", (account, now))


def _hash(secret: str) -> bytes:
    """SHA-256 suffices: what is hashed is random, 60 bits for ten minutes or 256 for longer."""
    return hashlib.sha256(secret.encode()).digest()
