"""What a leader's request comes to, without I/O: guarded, refused while something waits, recorded in one append."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from itertools import count
from typing import cast
from uuid import UUID

import pytest

from services.moderation.commands import About, Finding, ModerationCommands, Outcome
from services.moderation.domain.case import case_of, case_stream
from services.moderation.domain.conduct import conduct_stream
from services.moderation.domain.record import record_of, record_stream
from services.moderation.domain.reshare import reshare_stream
from services.moderation.queries.people import PeopleQueries
from services.moderation.reactions import messaging_followed
from shared.events.declaration import Event
from shared.events.messaging import MessageFlagged, Track
from shared.events.moderation import (
    AccountSuspended,
    AppealLodged,
    EntryKind,
    FlagUpheld,
    LeaderAcknowledged,
    ParentReinstated,
    ParentRemoved,
    ParentWarned,
    RecordEntryAdded,
    RemovalBasis,
    ReportedAs,
    ReshareConfirmed,
    Shared,
    SuspensionKept,
    SuspensionLifted,
    WarningRescinded,
)
from shared.log.commands import Asked, CommandHandler
from shared.policy.codes import (
    CASE_WAITS,
    HEADTEACHER_ONLY,
    LEADERS_ONLY,
    NOT_FOUND,
    NOT_YET_VISIBLE,
    SAY_WHY_NOT_HEADTEACHER,
    Code,
)
from shared.policy.principal import Capacity, Principal, Role
from shared.policy.refusal import Refusal
from shared.projections.roster_queries import Roster, SchoolFacts
from shared.runtime.clock import SystemClock
from shared.testing.examples import example_of
from shared.testing.memory import MemoryLog
from shared.testing.principals import principal

FLAG = cast("MessageFlagged", example_of(MessageFlagged))
CASE = case_of(FLAG.message_id, FLAG.track)
RECORD = record_of(CASE)
PARENT, COLLEAGUE = FLAG.guardian_id, UUID(int=70)
WHY = "It was unkind"

HEAD = principal(Capacity.STAFF, Role.HEADTEACHER, person=UUID(int=50))
DEPUTY = principal(Capacity.STAFF, Role.DEPUTY_HEADTEACHER, person=UUID(int=51))
LEAD = principal(Capacity.STAFF, Role.SAFEGUARDING_LEAD, person=UUID(int=52))
TEACHER = principal(Capacity.STAFF, Role.TEACHER, person=UUID(int=53))
THEMSELF = principal(Capacity.GUARDIAN, person=PARENT)
PARENT_AS_HEAD = principal(Capacity.STAFF, Role.HEADTEACHER, person=PARENT)


@dataclass(slots=True)
class Known:
    """What the read models would answer: who is here, and about whom an event is parked.

    Attributes:
        linked: whether the parent is an adult of a child here still.
    """

    linked: bool = True
    parked: set[UUID] = field(default_factory=set)
    partition: int | None = 1

    def school(self, _school_id: UUID) -> SchoolFacts | None:
        return None if self.partition is None else SchoolFacts(partition=self.partition, parameters={})

    def waits(self, _school_id: UUID, people: Collection[UUID]) -> bool:
        return not self.parked.isdisjoint(people)

    def is_guardian(self, _school_id: UUID, person_id: UUID) -> bool:
        return person_id == PARENT

    def has_guardian(self, _school_id: UUID, person_id: UUID) -> bool:
        return self.linked and person_id == PARENT

    def is_staff(self, _school_id: UUID, person_id: UUID) -> bool:
        return person_id == COLLEAGUE


@dataclass(slots=True)
class Desk:
    """Moderation's commands over a log in memory, in which a message has been flagged."""

    log: MemoryLog = field(default_factory=MemoryLog)
    known: Known = field(default_factory=Known)

    def __post_init__(self) -> None:
        [cause] = MemoryLog().record(f"message-{FLAG.message_id}", FLAG)
        self.log.react(messaging_followed, cause, FLAG)

    @property
    def commands(self) -> ModerationCommands:
        ids = count(1_000)
        return ModerationCommands(
            handler=cast("CommandHandler", self.log),
            roster=cast("Roster", self.known),
            queries=cast("PeopleQueries", self.known),
            clock=SystemClock(),
            new_id=lambda: UUID(int=next(ids)),
        )

    def decide(self, by: Principal = HEAD, *, because: str | None = None) -> None:
        self.commands.decide(
            asked(by), case_id=CASE, outcome=Outcome.UPHOLD, reason=WHY, not_headteacher_because=because
        )

    def decide_about(self, what: About, by: Principal = HEAD) -> None:
        self.commands.decide_about(asked(by), guardian_id=PARENT, decision=what, reason=WHY)

    def report(self, about: UUID, reported_as: ReportedAs) -> UUID:
        answer = self.commands.report_reshare(
            asked(TEACHER), reported_as=reported_as, reported_id=about, shared=Shared.MESSAGE, account="I saw it"
        )
        return UUID(answer.location.rpartition("/")[2])

    def find(self, report: UUID, by: Principal = HEAD) -> None:
        self.commands.decide_reshare(
            asked(by), report_id=report, outcome=Finding.CONFIRM, reason=WHY, not_headteacher_because=None
        )

    def newest(self, stream: str) -> Event:
        return self.log.open(self.log.recorded(stream))[-1]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def asked(by: Principal) -> Asked:
    return Asked(by=by, correlation_id=UUID(int=2), claim=None)


def refused(ask: Callable[[], object]) -> Code:
    with pytest.raises(Refusal) as raised:
        ask()
    return raised.value.code


def test_the_example_is_a_flag_on_conduct():
    assert FLAG.track is Track.CONDUCT


def test_S73_upholding_is_one_append_to_case_conduct_and_record(desk: Desk):
    before = len(desk.log.envelopes)
    desk.decide()
    assert [type(event) for event in desk.log.open(desk.log.envelopes[before:])] == [
        FlagUpheld,
        ParentWarned,
        RecordEntryAdded,
    ]


def test_S76_a_leader_acknowledges(desk: Desk):
    desk.commands.acknowledge(asked(DEPUTY), case_id=CASE)
    assert isinstance(desk.newest(case_stream(CASE)), LeaderAcknowledged)
    assert refused(lambda: desk.commands.acknowledge(asked(LEAD), case_id=CASE)) is LEADERS_ONLY


def test_S06_the_deputy_says_why_the_headteacher_did_not_decide(desk: Desk):
    assert refused(lambda: desk.decide(DEPUTY)) is SAY_WHY_NOT_HEADTEACHER
    desk.decide(DEPUTY, because="She is away today")


@pytest.mark.parametrize("people", [{PARENT}, {FLAG.pupil_id}], ids=["the guardian", "the pupil"])
def test_S06_nothing_is_decided_about_whom_an_event_waits(desk: Desk, people: set[UUID]):
    desk.known.parked = people
    assert refused(desk.decide) is CASE_WAITS
    assert len(desk.log.recorded(conduct_stream(PARENT))) == 0


def test_S06_the_headteacher_decides_nothing_about_a_guardian_of_whom_an_event_waits(desk: Desk):
    desk.known.parked = {PARENT}
    assert refused(lambda: desk.decide_about(About.REMOVE)) is CASE_WAITS
    report = desk.report(PARENT, ReportedAs.GUARDIAN)
    assert refused(lambda: desk.find(report)) is CASE_WAITS


def test_S06_what_waits_about_somebody_else_holds_nobody_up(desk: Desk):
    desk.known.parked = {UUID(int=99)}
    desk.decide()


def test_S75_a_leader_who_is_the_guardian_finds_no_case(desk: Desk):
    for ask in (
        lambda: desk.decide(PARENT_AS_HEAD),
        lambda: desk.commands.acknowledge(asked(PARENT_AS_HEAD), case_id=CASE),
        lambda: desk.decide_about(About.REMOVE, PARENT_AS_HEAD),
        lambda: desk.commands.add_to_record(
            asked(PARENT_AS_HEAD), record_id=RECORD, kind=EntryKind.NOTE, text="It was not so"
        ),
    ):
        assert refused(ask) is NOT_FOUND


def test_S06_what_is_the_headteacher_s_is_no_deputy_s(desk: Desk):
    for what in About:
        assert refused(lambda what=what: desk.decide_about(what, DEPUTY)) is HEADTEACHER_ONLY  # type: ignore[misc]


def test_S06_about_somebody_who_is_no_guardian_here_nothing_is_decided(desk: Desk):
    nobody = UUID(int=98)
    assert (
        refused(lambda: desk.commands.decide_about(asked(HEAD), guardian_id=nobody, decision=About.REMOVE, reason=WHY))
        is NOT_FOUND
    )


def test_S06_S72_each_decision_of_the_headteacher_is_what_it_says(desk: Desk):
    stream = conduct_stream(PARENT)
    steps: list[tuple[About, type[Event]]] = [
        (About.RESCIND_WARNING, WarningRescinded),
        (About.REMOVE, ParentRemoved),
        (About.REINSTATE, ParentReinstated),
    ]
    desk.decide()
    for what, event in steps:
        desk.decide_about(what)
        assert type(desk.newest(stream)) is event
    desk.find(desk.report(PARENT, ReportedAs.GUARDIAN))
    for what, event in (
        (About.KEEP_SUSPENSION, SuspensionKept),
        (About.REMOVE_FOR_RESHARING, ParentRemoved),
        (About.LIFT_SUSPENSION, SuspensionLifted),
    ):
        desk.decide_about(what)
        assert type(desk.newest(stream)) is event
    bases = [event.basis for event in desk.log.open(desk.log.recorded(stream)) if isinstance(event, ParentRemoved)]
    assert bases == [RemovalBasis.OVERRIDE, RemovalBasis.RESHARING]


def test_S70_a_confirmed_report_about_a_guardian_suspends_in_the_same_append(desk: Desk):
    report, before = desk.report(PARENT, ReportedAs.GUARDIAN), len(desk.log.envelopes)
    desk.find(report)
    assert [type(event) for event in desk.log.open(desk.log.envelopes[before:])] == [
        ReshareConfirmed,
        AccountSuspended,
    ]


def test_S65_a_confirmed_report_about_staff_is_recorded_and_suspends_nobody(desk: Desk):
    report, before = desk.report(COLLEAGUE, ReportedAs.STAFF), len(desk.log.envelopes)
    desk.find(report)
    assert [type(event) for event in desk.log.open(desk.log.envelopes[before:])] == [ReshareConfirmed]
    assert desk.log.recorded(reshare_stream(report))


def test_S65_a_report_is_about_somebody_who_is_that_here(desk: Desk):
    assert refused(lambda: desk.report(COLLEAGUE, ReportedAs.GUARDIAN)) is NOT_FOUND
    assert refused(lambda: desk.report(PARENT, ReportedAs.STAFF)) is NOT_FOUND


def test_S16_a_report_does_not_tell_whether_anything_was_decided_about_somebody_who_has_left(desk: Desk):
    """Whoever was here knows their id; a leader goes on reading what was decided about them."""
    desk.decide()
    desk.known.linked = False
    assert refused(lambda: desk.report(PARENT, ReportedAs.GUARDIAN)) is NOT_FOUND
    desk.decide_about(About.RESCIND_WARNING)


def test_S65_a_leader_who_is_reported_does_not_find_the_report(desk: Desk):
    report = desk.report(COLLEAGUE, ReportedAs.STAFF)
    themself = principal(Capacity.STAFF, Role.HEADTEACHER, person=COLLEAGUE)
    assert refused(lambda: desk.find(report, themself)) is NOT_FOUND


def test_T7_a_guardian_appeals_for_themself(desk: Desk):
    desk.decide()
    desk.commands.appeal(asked(THEMSELF), text="Please look at this again")
    assert isinstance(desk.newest(conduct_stream(PARENT)), AppealLodged)


def test_S77_the_lead_adds_to_a_record(desk: Desk):
    desk.commands.add_to_record(asked(LEAD), record_id=RECORD, kind=EntryKind.ACTION, text="Phoned home")
    added = desk.newest(record_stream(RECORD))
    assert isinstance(added, RecordEntryAdded)
    assert (added.kind, added.staff_id) == (EntryKind.ACTION, LEAD.person_id)
    with_no_record = UUID(int=97)
    assert (
        refused(
            lambda: desk.commands.add_to_record(
                asked(LEAD), record_id=with_no_record, kind=EntryKind.NOTE, text="Nothing"
            )
        )
        is NOT_FOUND
    )


def test_a_school_that_is_still_on_its_way_here_is_waited_for(desk: Desk):
    desk.known.partition = None
    assert refused(desk.decide) is NOT_YET_VISIBLE
