"""The sign-in desk on a real PostgreSQL: who comes in, who does not, and that nobody can tell why."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from deploy.operator.config import ROOT, OperatorConfig
from deploy.operator.migrate import grant_categories
from services.identity.domain.school import school_id_of
from services.identity.housekeeping import forget_what_has_ended
from services.identity.indexes import Indexes
from services.identity.passwords import Passwords
from services.identity.projections import PROJECTIONS
from services.identity.queries import IdentityQueries
from services.identity.sign_in import CODE_LASTS, LASTS, MOST_FAILURES, WINDOW, SignedIn, SignIn
from shared.events.declaration import Event
from shared.events.identity import (
    AccountOpened,
    GuardianId,
    GuardianLinked,
    Holder,
    LoginClaimed,
    LoginReleased,
    PersonId,
    PupilAdmitted,
    PupilId,
    Relationship,
    RoleAppointed,
    StaffId,
    StaffRole,
    YearGroup,
)
from shared.policy.codes import CAPACITY_REQUIRED, NOT_FOUND, SIGN_IN_FAILED, TOO_MANY_ATTEMPTS, Code
from shared.policy.principal import Capacity, Principal
from shared.policy.refusal import Refusal
from shared.privacy.vault import Vault
from shared.projections.install import install
from shared.projections.runner import OwnLog, Runner
from shared.runtime.database import Pool
from shared.testing.principals import principal
from tests.integration.appending import record
from tests.integration.conftest import ScratchKeys, ScratchLog, _passfile, scratch_database

IVY, BOTH, ADA = UUID(int=20), UUID(int=21), UUID(int=10)
PASSWORD = "a long enough password"
BEGIN = datetime(2026, 9, 7, 8, 0, tzinfo=UTC)


@dataclass
class Time:
    at: datetime = BEGIN

    def now(self) -> datetime:
        return self.at


class House:
    """A database of identity's, with its keys and read models, that the tests of this file share."""

    def __init__(self, scratch: ScratchLog, keys: ScratchKeys) -> None:
        self.writer: Pool = scratch.pool("identity_writer", max_size=8)
        self.worker = worker = scratch.pool("identity_worker")
        self.vault = Vault("identity", keys.store("identity"), lambda: 0.0)
        self.runner = Runner(worker, self.vault, {"identity": OwnLog(worker)})
        with scratch.pool("identity_owner").connection() as connection:
            for projection in PROJECTIONS:
                install(connection, projection)
        self.queries = IdentityQueries(scratch.pool("identity_reader"))
        self.passwords = Passwords()


class Desk:
    """The desk with two schools of the test's own, of the same people.

    Ivy is a guardian, another one teaches and has a child here, Ada is the child.
    """

    def __init__(self, house: House) -> None:
        self.slug, self.other = f"ash-{uuid4().hex}", f"brook-{uuid4().hex}"
        self.clock, self.real, self.indexes, self.passwords = Time(), Time(), Indexes(bytes(32)), house.passwords
        self.writer, self.worker = house.writer, house.worker
        self.vault, self.runner = house.vault, house.runner
        self.desk = SignIn(self.writer, house.queries, self.indexes, self.passwords, self.clock, self.real, uuid4)
        for slug in (self.slug, self.other):
            self.admit_everyone(slug)

    def admit_everyone(self, slug: str) -> None:
        child = PupilId(ADA)
        told: list[tuple[str, Event]] = [
            (
                f"pupil-{ADA}",
                PupilAdmitted(
                    pupil_id=child, year_group=YearGroup.YEAR_2, given_name="Ada", family_name="Fay", birth_date=None
                ),
            ),
            *(
                (
                    f"guardianship-{ADA}",
                    GuardianLinked(pupil_id=child, guardian_id=GuardianId(adult), relationship=Relationship.PARENT),
                )
                for adult in (IVY, BOTH)
            ),
            (
                f"person-{BOTH}",
                RoleAppointed(staff_id=StaffId(BOTH), role=StaffRole.TEACHER, by_roster=True),
            ),
            *self.login(slug, IVY, "ivy@school.example"),
            *self.login(slug, BOTH, "both@school.example"),
            *self.login(slug, ADA, "ada.fay.1", Holder.PUPIL),
        ]
        self.tell(slug, told)

    def login(self, slug: str, person: UUID, login: str, holder: Holder = Holder.ADULT) -> list[tuple[str, Event]]:
        index = self.indexes.login(school_id_of(slug), login)
        return [
            (f"account-{person}", AccountOpened(person_id=PersonId(person), holder=holder)),
            (f"login-{index}", LoginClaimed(person_id=PersonId(person), login_index=index)),
        ]

    def tell(self, slug: str, told: list[tuple[str, Event]]) -> None:
        """Appends the events, each where its stream ends, and brings the read models up to date."""
        with self.writer.connection() as connection:
            record(connection, self.vault, school_id_of(slug), *told, at=BEGIN)
        for projection in PROJECTIONS:
            if projection.source == "identity":
                self.runner.catch_up(projection, self.runner.heads("identity"))

    def sign_in(
        self,
        login: str = "ivy@school.example",
        *,
        school: str | None = None,
        password: str | None = None,
        code: str | None = None,
        capacity: Capacity | None = None,
    ) -> SignedIn:
        return self.desk.person(
            school=school or self.slug, login=login, password=password, code=code, capacity=capacity
        )

    def code(self, login: str = "ivy@school.example", school: str | None = None) -> str:
        return self.desk.one_time_code(school=school or self.slug, login=login).code

    def who(self, signed_in: SignedIn) -> Principal:
        made = principal(signed_in.capacity, person=signed_in.person_id)
        return replace(made, session_id=signed_in.session_id, school_id=signed_in.school_id)

    def choose(self, password: str = PASSWORD, login: str = "ivy@school.example") -> SignedIn:
        """Comes in by a code and chooses a password."""
        came = self.sign_in(login, code=self.code(login))
        self.desk.set_password(self.who(came), current=None, new=password)
        return came

    def open_sessions(self) -> set[UUID]:
        with self.writer.connection() as connection:
            rows = connection.execute(
                "SELECT session_id FROM session WHERE ended_at IS NULL AND school_id = ANY(%s)",
                ([school_id_of(self.slug), school_id_of(self.other)],),
            ).fetchall()
        return {row[0] for row in rows}


@pytest.fixture(scope="module")
def house(operator_config: OperatorConfig) -> Iterator[House]:
    with (
        scratch_database(operator_config, "keys_owner", "shared/privacy/migrations") as keys,
        scratch_database(operator_config, "identity_owner", "shared/log/migrations") as name,
        ExitStack() as stack,
    ):
        scratch = ScratchLog(name, operator_config, stack)
        owner = scratch.connection("identity_owner")
        for file in sorted((ROOT / "services/identity/migrations").glob("*.sql")):
            owner.execute(file.read_text())
        folder = _passfile(operator_config, keys, "keys_owner", "passfile.owner")
        grant_categories(replace(operator_config, secrets=folder), keys)
        yield House(scratch, ScratchKeys(keys, operator_config, stack))


@pytest.fixture
def desk(house: House) -> Desk:
    return Desk(house)


def refusal_of(act: Callable[[], object]) -> Refusal:
    with pytest.raises(Refusal) as caught:
        act()
    return caught.value


def outcome(act: Callable[[], object]) -> Code | None:
    """The refusal's code, or None where it went."""
    try:
        act()
    except Refusal as refusal:
        return refusal.code
    return None


def test_S21_a_person_comes_in_by_their_code_and_then_by_their_password(desk: Desk):
    first = desk.choose()
    second = desk.sign_in(password=PASSWORD)
    assert (first.person_id, second.person_id) == (IVY, IVY)
    assert (second.school_id, second.capacity) == (school_id_of(desk.slug), Capacity.GUARDIAN)
    assert first.token != second.token


def test_S21_a_login_counts_in_any_case_and_in_any_composition(desk: Desk):
    desk.tell(desk.slug, desk.login(desk.slug, UUID(int=30), "zo\u00eb@school.example"))
    desk.tell(desk.slug, [(f"guardianship-{ADA}", linked(UUID(int=30)))])
    assert desk.sign_in("ZOE\u0308@School.Example", code=desk.code("zo\u00eb@school.example")).person_id == UUID(int=30)


def linked(adult: UUID) -> GuardianLinked:
    return GuardianLinked(pupil_id=PupilId(ADA), guardian_id=GuardianId(adult), relationship=Relationship.PARENT)


def test_S21_there_is_one_answer_whatever_is_wrong(desk: Desk):
    desk.choose()
    foreign = desk.code(school=desk.other)
    tries: list[Callable[[], object]] = [
        lambda: desk.sign_in(school="no-such-school", password=PASSWORD),
        lambda: desk.sign_in("nobody@nowhere.example", password=PASSWORD),
        lambda: desk.sign_in(password="the wrong password"),
        lambda: desk.sign_in(school=desk.other, password=PASSWORD),
        lambda: desk.sign_in("both@school.example", password=PASSWORD),
        lambda: desk.sign_in(code="ABCDEFGHJKMN"),
        lambda: desk.sign_in(code=foreign),
        lambda: desk.sign_in("nobody@nowhere.example", code=foreign),
        lambda: desk.sign_in(password=PASSWORD, capacity=Capacity.STAFF),
        lambda: desk.sign_in(password=PASSWORD, capacity=Capacity.OPERATOR),
        lambda: desk.desk.operator(name="nobody", password=PASSWORD),
    ]
    found = [refusal_of(one) for one in tries]
    assert {(one.code, one.clause, one.detail, one.retry_after) for one in found} == {
        (SIGN_IN_FAILED, found[0].clause, found[0].detail, None)
    }


@pytest.mark.parametrize("wrong", ["school", "login", "password"])
def test_S21_a_stranger_s_login_costs_what_a_known_one_does(wrong: str, desk: Desk, monkeypatch: pytest.MonkeyPatch):
    """One hash is verified, whoever asks: the time tells nothing."""
    desk.choose()
    verified = list[str | None]()
    right = desk.passwords.is_right

    def counted(password: str, known: str | None) -> bool:
        verified.append(known)
        return right(password, known)

    monkeypatch.setattr(desk.passwords, "is_right", counted)
    school = "no-such-school" if wrong == "school" else desk.slug
    login = "nobody@nowhere.example" if wrong == "login" else "ivy@school.example"
    refusal_of(lambda: desk.sign_in(login, school=school, password="the wrong password"))
    assert [known is not None for known in verified] == [wrong == "password"]


def test_S21_after_ten_failures_even_the_right_password_waits(desk: Desk):
    desk.choose()
    for _ in range(MOST_FAILURES):
        assert refusal_of(lambda: desk.sign_in(password="the wrong password")).code is SIGN_IN_FAILED
    refusal = refusal_of(lambda: desk.sign_in(password=PASSWORD))
    assert (refusal.code, refusal.retry_after) == (TOO_MANY_ATTEMPTS, WINDOW.total_seconds())
    desk.real.at += WINDOW - timedelta(seconds=1)
    assert refusal_of(lambda: desk.sign_in(password=PASSWORD)).retry_after == 1
    desk.real.at += timedelta(seconds=1)
    assert desk.sign_in(password=PASSWORD).person_id == IVY


def test_S21_failures_are_counted_for_one_login_of_one_school(desk: Desk):
    for _ in range(MOST_FAILURES):
        refusal_of(lambda: desk.sign_in(password="the wrong password"))
    assert refusal_of(lambda: desk.sign_in("IVY@school.example", password="x")).code is TOO_MANY_ATTEMPTS
    assert refusal_of(lambda: desk.sign_in(school=desk.slug.upper(), password="x")).code is TOO_MANY_ATTEMPTS
    assert refusal_of(lambda: desk.sign_in(code="ABCDEFGHJKMN")).code is TOO_MANY_ATTEMPTS
    assert refusal_of(lambda: desk.sign_in(school=desk.other, password="x")).code is SIGN_IN_FAILED
    assert desk.sign_in("ada.fay.1", code=desk.code("ada.fay.1")).person_id == ADA


def test_S21_nobody_learns_from_the_wait_whether_a_login_is_known(desk: Desk):
    for _ in range(MOST_FAILURES):
        refusal_of(lambda: desk.sign_in("nobody@nowhere.example", password="x"))
    assert refusal_of(lambda: desk.sign_in("nobody@nowhere.example", password="x")).code is TOO_MANY_ATTEMPTS


def test_S21_wrong_codes_are_counted_as_wrong_passwords_are(desk: Desk):
    for _ in range(MOST_FAILURES):
        assert refusal_of(lambda: desk.sign_in(code="ABCDEFGHJKMN")).code is SIGN_IN_FAILED
    right = desk.code()
    assert refusal_of(lambda: desk.sign_in(code=right)).code is TOO_MANY_ATTEMPTS


def test_failed_tries_say_neither_who_nor_where(desk: Desk):
    refusal_of(lambda: desk.sign_in(password="the wrong password"))
    with desk.writer.connection() as connection:
        [(row,)] = connection.execute(
            "SELECT f::text FROM failed_sign_in f WHERE account = %s",
            (desk.indexes.attempts(desk.slug, "ivy@school.example"),),
        ).fetchall()
    assert not any(word in row for word in ("ivy", desk.slug, str(IVY), str(school_id_of(desk.slug))))


def test_S21_of_four_who_use_one_code_at_once_exactly_one_comes_in(desk: Desk):
    for _ in range(10):
        code, together = desk.code(), threading.Barrier(4)

        def use(_: int, code: str = code, together: threading.Barrier = together) -> Code | None:
            together.wait()
            return outcome(lambda: desk.sign_in(code=code))

        with ThreadPoolExecutor(4) as four:
            answers = list(four.map(use, range(4)))
        assert sorted(answers, key=str) == [SIGN_IN_FAILED] * 3 + [None]
        desk.real.at += WINDOW


def test_S21_a_code_that_both_found_good_is_used_by_one(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    """By construction: the second looks while the first stands between its look and its use."""
    code, second = desk.code(), list[SignedIn]()
    capacity = desk.desk._capacity

    def while_another_comes(school_id: UUID, person_id: UUID, wanted: Capacity | None) -> Capacity:
        monkeypatch.undo()
        second.append(desk.sign_in(code=code))
        return capacity(school_id, person_id, wanted)

    monkeypatch.setattr(SignIn, "_capacity", lambda _self, *asked: while_another_comes(*asked))
    assert refusal_of(lambda: desk.sign_in(code=code)).code is SIGN_IN_FAILED
    assert len(second) == 1
    assert desk.open_sessions() == {second[0].session_id}


def test_S21_a_code_is_good_for_ten_minutes(desk: Desk):
    first, second = desk.code(), desk.code()
    desk.real.at += CODE_LASTS - timedelta(microseconds=1)
    assert desk.sign_in(code=first).person_id == IVY
    desk.real.at += timedelta(microseconds=1)
    assert refusal_of(lambda: desk.sign_in(code=second)).code is SIGN_IN_FAILED
    assert timedelta(minutes=10) == CODE_LASTS


def test_S21_the_school_s_clock_moves_sessions_and_neither_codes_nor_the_count_of_failures(desk: Desk):
    code = desk.code()
    desk.clock.at += timedelta(days=400)
    signed_in = desk.sign_in(code=code)
    assert signed_in.expires_at == BEGIN + timedelta(days=400) + LASTS[Capacity.GUARDIAN]
    for _ in range(MOST_FAILURES):
        refusal_of(lambda: desk.sign_in(password="the wrong password"))
    desk.clock.at += timedelta(days=400)
    refusal = refusal_of(lambda: desk.sign_in(password="the wrong password"))
    assert (refusal.code, refusal.retry_after) == (TOO_MANY_ATTEMPTS, WINDOW.total_seconds())


def test_S21_sessions_are_cleared_away_by_the_school_s_clock_and_codes_and_failures_by_the_real_one(desk: Desk):
    refusal_of(lambda: desk.sign_in(password="the wrong password"))
    code = desk.code()
    ended = desk.sign_in(code=desk.code())
    desk.clock.at += LASTS[Capacity.GUARDIAN]
    lasting = desk.sign_in(code=desk.code())
    desk.clock.at += timedelta(seconds=1)
    with desk.worker.connection() as connection:
        forget_what_has_ended(connection, school_time=desk.clock.now(), real_time=desk.real.now())
    assert desk.open_sessions() == {lasting.session_id} != {ended.session_id}
    assert desk.sign_in(code=code).person_id == IVY
    for _ in range(MOST_FAILURES - 1):
        refusal_of(lambda: desk.sign_in(password="the wrong password"))
    assert refusal_of(lambda: desk.sign_in(password="x")).code is TOO_MANY_ATTEMPTS, "the first failure still counts"


def test_S21_a_code_is_kept_as_a_hash_and_a_token_too(desk: Desk):
    code = desk.code()
    token = desk.sign_in(code=code).token
    with desk.writer.connection() as connection:
        rows = connection.execute(
            "SELECT c::text FROM one_time_code c WHERE school_id = %(school)s"
            " UNION ALL SELECT s::text FROM session s WHERE school_id = %(school)s",
            {"school": school_id_of(desk.slug)},
        ).fetchall()
    text = str(rows)
    assert len(rows) == 2
    assert not any(secret in text for secret in (code, token, code.encode().hex(), token.encode().hex()))


def test_nobody_gets_a_code_who_has_no_login(desk: Desk):
    for school, login in ((desk.slug, "nobody@nowhere.example"), ("no-such-school", "ivy@school.example")):
        assert refusal_of(lambda s=school, w=login: desk.code(w, s)).code is NOT_FOUND  # type: ignore[misc]


def test_S25_whose_login_was_released_does_not_come_in_any_more(desk: Desk):
    desk.choose()
    code, index = desk.code(), desk.indexes.login(school_id_of(desk.slug), "ivy@school.example")
    desk.tell(desk.slug, [(f"login-{index}", LoginReleased(person_id=PersonId(IVY), login_index=index))])
    assert refusal_of(lambda: desk.sign_in(password=PASSWORD)).code is SIGN_IN_FAILED
    assert refusal_of(lambda: desk.sign_in(code=code)).code is SIGN_IN_FAILED


def test_T13_who_is_both_says_as_what_and_only_after_proving_who_they_are(desk: Desk):
    both, code = "both@school.example", desk.code("both@school.example")
    assert refusal_of(lambda: desk.sign_in(both, code="ABCDEFGHJKMN")).code is SIGN_IN_FAILED
    assert refusal_of(lambda: desk.sign_in(both, code=code)).code is CAPACITY_REQUIRED
    signed_in = desk.sign_in(both, code=code, capacity=Capacity.STAFF)
    assert signed_in.capacity is Capacity.STAFF, "to be asked as what uses no code up"


@pytest.mark.parametrize(
    ("login", "capacity"),
    [
        ("ivy@school.example", Capacity.GUARDIAN),
        ("both@school.example", Capacity.STAFF),
        ("ada.fay.1", Capacity.PUPIL),
    ],
)
def test_S21_a_session_lasts_as_long_as_its_capacity_s_day(login: str, capacity: Capacity, desk: Desk):
    signed_in = desk.sign_in(login, code=desk.code(login), capacity=capacity)
    assert signed_in.expires_at == BEGIN + LASTS[capacity]


def test_S21_a_new_password_ends_the_other_sessions_and_the_old_password(desk: Desk):
    first = desk.choose()
    others = [desk.sign_in(password=PASSWORD), desk.sign_in(password=PASSWORD)]
    bystander = desk.sign_in("ada.fay.1", code=desk.code("ada.fay.1"))
    namesake = desk.sign_in(school=desk.other, code=desk.code(school=desk.other))
    desk.desk.set_password(desk.who(others[0]), current=PASSWORD, new="another long password")
    assert desk.open_sessions() == {others[0].session_id, bystander.session_id, namesake.session_id}
    assert first.session_id not in desk.open_sessions()
    assert refusal_of(lambda: desk.sign_in(password=PASSWORD)).code is SIGN_IN_FAILED
    assert desk.sign_in(password="another long password").person_id == IVY


def test_S21_who_came_by_password_says_it_again_before_a_new_one(desk: Desk):
    desk.choose()
    came = desk.who(desk.sign_in(password=PASSWORD))
    for current in (None, "the wrong password"):
        refusal = refusal_of(lambda said=current: desk.desk.set_password(came, current=said, new="x" * 12))  # type: ignore[misc]
        assert refusal.code is SIGN_IN_FAILED
    assert desk.sign_in(password=PASSWORD).person_id == IVY


def test_S21_a_session_is_no_way_to_guess_its_person_s_password(desk: Desk):
    """As on a shared tablet that somebody left signed in."""
    desk.choose()
    came = desk.who(desk.sign_in(password=PASSWORD))

    def chooses(current: str) -> Refusal:
        return refusal_of(lambda: desk.desk.set_password(came, current=current, new="x" * 12))

    for _ in range(MOST_FAILURES):
        assert chooses("the wrong password").code is SIGN_IN_FAILED
    waits = chooses(PASSWORD)
    assert (waits.code, waits.retry_after) == (TOO_MANY_ATTEMPTS, WINDOW.total_seconds())
    assert desk.sign_in(password=PASSWORD).person_id == IVY, "signing in is counted by itself"
    desk.real.at += WINDOW
    desk.desk.set_password(came, current=PASSWORD, new="another long password")


def test_S21_an_operator_s_password_is_not_chosen_here(desk: Desk):
    desk.desk.make_first_operator("the first password")
    desk.real.at += WINDOW  # the operator is one to all tests, and another may have guessed
    came = desk.who(desk.desk.operator(name="operator", password="the first password"))
    assert refusal_of(lambda: desk.desk.set_password(came, current=None, new="x" * 12)).code is NOT_FOUND


@pytest.mark.parametrize(("login", "least"), [("ivy@school.example", 12), ("ada.fay.1", 6)])
def test_S29_a_pupil_s_password_may_be_shorter_than_an_adult_s(login: str, least: int, desk: Desk):
    came = desk.who(desk.sign_in(login, code=desk.code(login)))
    assert refusal_of(lambda: desk.desk.set_password(came, current=None, new="x" * (least - 1))).errors
    desk.desk.set_password(came, current=None, new="x" * least)
    assert desk.sign_in(login, password="x" * least).person_id == came.person_id


def test_S21_signing_out_ends_one_session_and_signing_out_everywhere_all_of_the_person_s(desk: Desk):
    desk.choose()
    mine = [desk.sign_in(password=PASSWORD) for _ in range(3)]
    bystander = desk.sign_in("ada.fay.1", code=desk.code("ada.fay.1"))
    namesake = desk.sign_in(school=desk.other, code=desk.code(school=desk.other))
    before = desk.open_sessions()
    desk.desk.end(mine[0].session_id)
    assert desk.open_sessions() == before - {mine[0].session_id}
    desk.desk.end_all(desk.who(mine[1]))
    assert desk.open_sessions() == {bystander.session_id, namesake.session_id}


def test_there_is_one_first_operator_whose_failures_are_counted_too(desk: Desk):
    for password in ("the first password", "the second password"):
        desk.desk.make_first_operator(password)
    came = desk.desk.operator(name="operator", password="the first password")
    assert (came.capacity, came.school_id, came.expires_at) == (Capacity.OPERATOR, None, BEGIN + timedelta(hours=1))
    assert (
        refusal_of(lambda: desk.desk.operator(name="operator", password="the second password")).code is SIGN_IN_FAILED
    )
    for _ in range(MOST_FAILURES - 1):
        refusal_of(lambda: desk.desk.operator(name="operator", password="x"))
    refusal = refusal_of(lambda: desk.desk.operator(name="operator", password="the first password"))
    assert refusal.code is TOO_MANY_ATTEMPTS
