"""What a removal or suspension does to sessions, in identity's own database: the model, the sign-in, the look-up."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from uuid import UUID, uuid4

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from deploy.operator.config import ROOT, OperatorConfig
from services.identity.domain.school import school_id_of
from services.identity.indexes import Indexes
from services.identity.passwords import Passwords
from services.identity.principals import Principals, looked_up_in
from services.identity.projections.access import guardian_access
from services.identity.queries import IdentityQueries
from services.identity.seen import Seen
from services.identity.sign_in import SignedIn, SignIn
from shared.events.declaration import Event
from shared.events.identity import (
    GuardianId,
    GuardianLinked,
    LoginClaimed,
    PersonId,
    PupilId,
    Relationship,
    RoleAppointed,
    StaffId,
    StaffRole,
)
from shared.events.moderation import (
    AccountSuspended,
    DecidedBy,
    ParentReinstated,
    ParentRemoved,
    RemovalBasis,
    RemovalId,
    ReportId,
    SuspensionId,
    SuspensionLifted,
)
from shared.http.principal import verify
from shared.policy.principal import AccessState, Capacity, Principal
from shared.privacy.vault import Vault
from shared.projections.install import install
from shared.projections.parking import parked
from shared.projections.roster import roster
from shared.projections.runner import OwnLog, Runner
from shared.runtime.clock import SystemClock
from shared.runtime.database import reading
from shared.runtime.ids import new_id
from tests.integration.appending import record
from tests.integration.conftest import ScratchKeys, ScratchLog, scratch_database

SLUG = "ashdown-hill"
SCHOOL = school_id_of(SLUG)
GUARDIAN, OTHER_GUARDIAN, CHILD = GuardianId(uuid4()), GuardianId(uuid4()), PupilId(uuid4())
LOGINS = {GUARDIAN: "guardian@home.example", OTHER_GUARDIAN: "other@home.example"}
REMOVAL, SUSPENSION = RemovalId(uuid4()), SuspensionId(uuid4())
HEAD = StaffId(uuid4())
CLOCK = SystemClock()
KEY = Ed25519PrivateKey.generate()


def removed(guardian: GuardianId = GUARDIAN) -> Event:
    return ParentRemoved(
        guardian_id=guardian,
        removal_id=REMOVAL,
        basis=RemovalBasis.OVERRIDE,
        case_id=None,
        report_id=None,
        warning_id=None,
        by=DecidedBy.HEADTEACHER,
        staff_id=HEAD,
        reason="Threats at the gate.",
    )


def reinstated() -> Event:
    return ParentReinstated(guardian_id=GUARDIAN, removal_id=REMOVAL, staff_id=HEAD, reason="A talk helped.")


def suspended() -> Event:
    return AccountSuspended(
        guardian_id=GUARDIAN,
        suspension_id=SUSPENSION,
        report_id=ReportId(uuid4()),
        by=DecidedBy.HEADTEACHER,
        staff_id=HEAD,
        reason="A class photograph was shared.",
    )


def lifted() -> Event:
    return SuspensionLifted(guardian_id=GUARDIAN, suspension_id=SUSPENSION, staff_id=HEAD, reason="It was taken down.")


class House:
    """Identity's database beside moderation's log, with the parts of identity's two processes."""

    def __init__(self, identity: ScratchLog, moderation: ScratchLog, keys: ScratchKeys) -> None:
        self.identity, self.moderation = identity, moderation
        self.sealing = Vault("moderation", keys.store("moderation"), lambda: 0.0)
        self.worker = identity.pool("identity_worker")
        self.runner = Runner(
            self.worker,
            Vault("identity", keys.store("identity"), lambda: 0.0),
            {"identity": OwnLog(self.worker), "moderation": OwnLog(moderation.pool("moderation_worker"))},
        )
        queries, indexes = IdentityQueries(identity.pool("identity_reader")), Indexes(bytes(32))
        self.desk = SignIn(identity.pool("identity_writer"), queries, indexes, Passwords(), CLOCK, CLOCK, new_id)
        self.indexes = indexes
        self.at = 1000.0
        self.seen = Seen(self.worker, lambda: self.at)

    def happens(self, *events: Event) -> None:
        """At identity."""
        self._append(self.identity, "identity", f"roster-{SCHOOL}", events)
        self._follow("identity")

    def decided(self, *events: Event) -> None:
        """At moderation, and taken in."""
        for event in events:
            self._append(self.moderation, "moderation", f"conduct-{event.guardian_id}", [event])  # type: ignore[attr-defined]
        self._follow("moderation")

    def gets_a_login(self, person: UUID, login: str) -> None:
        index = self.indexes.login(SCHOOL, login)
        claimed = LoginClaimed(person_id=PersonId(person), login_index=index)
        self._append(self.identity, "identity", f"login-{index}", [claimed])

    def signs_in(self, login: str = LOGINS[GUARDIAN], capacity: Capacity | None = None) -> SignedIn:
        code = self.desk.one_time_code(school=SLUG, login=login).code
        return self.desk.person(school=SLUG, login=login, password=None, code=code, capacity=capacity)

    def principal(self, session: SignedIn) -> Principal | None:
        """Looked up anew, with the role that can do nothing else."""
        look_up = Principals(looked_up_in(self.identity.pool("identity_session")), KEY, CLOCK, CLOCK, lambda: 0.0)
        header = look_up.of_token(session.token)
        assert (header is None) == (look_up.of_session(session.session_id) is None)
        return None if header is None else verify(header, KEY.public_key(), SystemClock().now())

    def access(self, session: SignedIn) -> AccessState | None:
        found = self.principal(session)
        return None if found is None else found.access

    def _follow(self, source: str) -> None:
        for projection in (roster, guardian_access):
            if projection.source == source:
                self.runner.catch_up(projection, self.runner.heads(source))

    def _append(self, log: ScratchLog, service: str, stream: str, events: "list[Event] | tuple[Event, ...]") -> None:
        with log.pool(f"{service}_writer").connection() as connection:
            record(connection, self.sealing, SCHOOL, *((stream, event) for event in events))


@pytest.fixture
def house(operator_config: OperatorConfig, keys: ScratchKeys) -> Iterator[House]:
    with ExitStack() as stack:
        logs = {}
        for service in ("identity", "moderation"):
            name = stack.enter_context(scratch_database(operator_config, f"{service}_owner", "shared/log/migrations"))
            logs[service] = ScratchLog(name, operator_config, stack)
        with logs["identity"].pool("identity_owner").connection() as connection:
            for file in sorted((ROOT / "services/identity/migrations").glob("*.sql")):
                connection.execute(file.read_text().encode())
            install(connection, roster)
            install(connection, guardian_access)
        made = House(logs["identity"], logs["moderation"], keys)
        for guardian, login in LOGINS.items():
            made.happens(GuardianLinked(pupil_id=CHILD, guardian_id=guardian, relationship=Relationship.PARENT))
            made.gets_a_login(guardian, login)
        yield made


def test_a_guardian_of_whom_nothing_was_decided_has_an_active_session(house: House):
    assert house.access(house.signs_in()) is AccessState.ACTIVE


@pytest.mark.parametrize(("decision", "state"), [(removed, AccessState.REMOVED), (suspended, AccessState.SUSPENDED)])
def test_S70_S73_a_sanction_ends_every_session_and_the_next_is_a_restricted_one(
    house: House, decision: object, state: AccessState
):
    phone, tablet = house.signs_in(), house.signs_in()
    house.decided(decision())  # type: ignore[operator]
    assert (house.access(phone), house.access(tablet)) == (None, None)
    assert house.access(house.signs_in()) is state


def test_S73_the_other_guardian_of_the_child_keeps_their_session(house: House):
    other = house.signs_in(LOGINS[OTHER_GUARDIAN])
    house.decided(removed())
    assert house.access(other) is AccessState.ACTIVE


def test_S06_who_is_reinstated_is_back_in_the_session_they_have_and_not_in_those_that_ended(house: House):
    before = house.signs_in()
    house.decided(removed())
    restricted = house.signs_in()
    house.decided(reinstated())
    assert (house.access(before), house.access(restricted)) == (None, AccessState.ACTIVE)
    assert house.access(house.signs_in()) is AccessState.ACTIVE


def test_S70_a_suspension_that_is_lifted_opens_again(house: House):
    house.decided(suspended())
    restricted = house.signs_in()
    house.decided(lifted())
    assert house.access(restricted) is AccessState.ACTIVE


def test_S72_who_is_removed_while_suspended_is_removed_whatever_of_the_two_is_lifted_first(house: House):
    house.decided(suspended())
    while_suspended = house.signs_in()
    house.decided(removed())
    assert house.access(while_suspended) is None, "a further sanction ends the restricted sessions too"
    session = house.signs_in()
    assert house.access(session) is AccessState.REMOVED
    house.decided(lifted())
    assert house.access(session) is AccessState.REMOVED
    house.decided(suspended(), reinstated())
    assert house.access(session) is None
    assert house.access(house.signs_in()) is AccessState.SUSPENDED


def test_a_second_removal_ends_the_sessions_that_the_reinstatement_had_opened(house: House):
    house.decided(removed(), reinstated())
    session = house.signs_in()
    house.decided(removed())
    assert house.access(session) is None


def test_T13_a_teacher_who_is_a_removed_guardian_still_teaches(house: House):
    house.happens(RoleAppointed(staff_id=StaffId(GUARDIAN), role=StaffRole.TEACHER, by_roster=True))
    staff, guardian = house.signs_in(capacity=Capacity.STAFF), house.signs_in(capacity=Capacity.GUARDIAN)
    house.decided(removed())
    assert house.access(guardian) is None
    assert house.access(staff) is AccessState.ACTIVE
    assert house.access(house.signs_in(capacity=Capacity.STAFF)) is AccessState.ACTIVE
    assert house.access(house.signs_in(capacity=Capacity.GUARDIAN)) is AccessState.REMOVED


def test_a_model_that_has_lost_a_sanction_opens_nothing_again(house: House):
    """As after a restore of the database without its newest part."""
    house.decided(removed())
    restricted = house.signs_in()
    with house.worker.connection() as connection:
        connection.execute("DELETE FROM guardian_access_v1")
    assert house.access(restricted) is None


def test_a_school_s_sanction_says_nothing_about_a_person_of_that_id_elsewhere(house: House):
    house.decided(removed())
    with reading(house.identity.pool("identity_reader"), uuid4()) as cursor:
        assert cursor.execute("SELECT * FROM guardian_access").fetchall() == []


def known(house: House, session: SignedIn) -> bool:
    found = house.principal(session)
    assert found is not None
    return found.access_known


def test_how_things_stand_is_known_for_five_seconds_after_moderation_was_seen(house: House):
    session = house.signs_in()
    assert not known(house, session), "never seen"
    house.seen.note("points", house.at)
    assert not known(house, session), "seen another service"
    house.seen.note("moderation", house.at - 4)
    assert known(house, session)
    house.at += 10
    house.seen.note("moderation", house.at - 5.1)
    assert not known(house, session)


def test_a_note_from_the_future_is_none(house: House):
    """The database's clock was set back since."""
    session = house.signs_in()
    house.seen.note("moderation", house.at + 60)
    assert not known(house, session)


def test_a_note_is_written_once_a_second(house: House):
    session = house.signs_in()
    house.seen.note("moderation", house.at)
    house.at += 60
    house.seen.note("moderation", 1000.9)
    assert known(house, session), "the second note, which is a minute old, was not written"
    house.seen.note("moderation", 1001.0)
    assert not known(house, session)


def test_staff_wait_for_nothing_that_moderation_decides(house: House):
    house.happens(RoleAppointed(staff_id=StaffId(GUARDIAN), role=StaffRole.TEACHER, by_roster=True))
    assert known(house, house.signs_in(capacity=Capacity.STAFF))


def test_how_things_stand_is_not_known_while_an_event_about_the_guardian_is_parked(
    house: House, monkeypatch: pytest.MonkeyPatch
):
    session, other = house.signs_in(), house.signs_in(LOGINS[OTHER_GUARDIAN])
    house.seen.note("moderation", house.at)

    def breaks(*_: object) -> None:
        raise ValueError

    with monkeypatch.context() as broken:
        broken.setitem(guardian_access.handlers, ParentRemoved.event_type, breaks)
        house.decided(removed())
    assert (known(house, session), known(house, other)) == (False, True)
    with house.worker.connection() as connection:
        [row] = parked(connection)
    house.runner.retry(guardian_access, (row.school_id, row.stream))
    assert house.access(session) is None
    assert known(house, house.signs_in())


def test_the_worker_alone_writes_when_moderation_was_seen(house: House):
    for role in ("identity_writer", "identity_reader", "identity_session"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            house.identity.connection(role).execute("UPDATE source_seen SET seen_at = now()")


def test_S19_a_person_s_sessions_are_shown_to_them_without_what_opens_them(house: House):
    first, second = house.signs_in(), house.signs_in()
    house.desk.end(first.session_id)
    house.signs_in(LOGINS[OTHER_GUARDIAN])
    shown = house.desk.sessions_of(SCHOOL, GUARDIAN)
    assert {one.session_id for one in shown} == {first.session_id, second.session_id}
    assert [one.ended_at is None for one in shown if one.session_id == second.session_id] == [True]
    assert [one.ended_at is None for one in shown if one.session_id == first.session_id] == [False]
    assert all(one.expires_at - one.issued_at == timedelta(days=30) for one in shown)
    assert first.token not in repr(shown)
