"""A school in memory: one class, two teachers, two leaders, two guardians of one child; their days are chance."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, cast
from uuid import UUID

from services.messaging.commands import MessagingCommands
from services.messaging.domain.conversation import Conversation, conversation_id_of
from services.messaging.domain.permission import Relations
from services.messaging.reactions import outcomes
from services.moderation.commands import About, Finding, ModerationCommands, Outcome
from services.moderation.domain.case import case_of
from services.moderation.reactions import messaging_followed
from shared.events import messaging as said
from shared.events import moderation as decided
from shared.events.declaration import Event
from shared.events.identity import ClassId, GuardianId, PupilId
from shared.events.messaging import DeliveryMeans, FlagCategory, MessageId, Sender, Track
from shared.log.commands import Asked
from shared.policy.codes import NOT_FOUND
from shared.policy.parameters import Parameters
from shared.policy.principal import Capacity, Principal, Role
from shared.policy.refusal import Refusal
from shared.projections.roster_names import NO_NAMES, KnownNames
from shared.projections.roster_queries import SchoolFacts
from shared.testing.principals import principal
from tests.oracle.one_warning import Decided, Said
from tests.property.memory_house import Chance, MemoryHandler, MemoryLog, MemoryWorkers

CLASS, ADA, BAO = ClassId(UUID(int=50)), PupilId(UUID(int=60)), PupilId(UUID(int=61))
MUM, DAD = (GuardianId(UUID(int=n)) for n in (70, 71))
TEACHER, AIDE = UUID(int=80), UUID(int=81)
CORRELATION = UUID(int=3)
CHILDREN = {MUM: (ADA, BAO), DAD: (ADA,)}
CONVERSATIONS = {
    (guardian, pupil): conversation_id_of(Conversation(guardian_id=guardian, pupil_id=pupil, class_id=CLASS))
    for guardian, children in CHILDREN.items()
    for pupil in children
}

HEAD = principal(Capacity.STAFF, Role.HEADTEACHER, person=UUID(int=90))
DEPUTY = principal(Capacity.STAFF, Role.DEPUTY_HEADTEACHER, person=UUID(int=91))
TEACHERS = [principal(Capacity.STAFF, Role.TEACHER, person=who, classes=(CLASS,)) for who in (TEACHER, AIDE)]
GUARDIANS = {who: principal(Capacity.GUARDIAN, person=who, children=CHILDREN[who]) for who in CHILDREN}


_RELATIONS: Mapping[UUID, Relations] = {
    pupil_id: Relations(
        pupil_id=pupil_id,
        guardians=frozenset(who for who, children in CHILDREN.items() if pupil_id in children),
        classes=frozenset({CLASS}),
        teachers={CLASS: frozenset({TEACHER, AIDE})},
        roster_position=1,
    )
    for pupil_id in (ADA, BAO)
}


@dataclass(slots=True)
class Facts:
    """What the services' rosters know, and what of moderation's queries a command asks."""

    parameters: Parameters
    _school: SchoolFacts = field(init=False)

    def __post_init__(self) -> None:
        self._school = SchoolFacts(partition=1, parameters=self.parameters.to_mapping())

    def school(self, _school_id: UUID) -> SchoolFacts:
        return self._school

    def relations(self, _school_id: UUID, pupil_id: UUID, _class_id: UUID | None = None) -> Relations:
        return _RELATIONS[pupil_id]

    def is_guardian(self, _school_id: UUID, person_id: UUID) -> bool:
        return person_id in CHILDREN

    has_guardian = is_guardian

    def of(self, _school_id: UUID, _class_id: UUID, _at: int) -> KnownNames:
        return NO_NAMES

    def is_staff(self, _school_id: UUID, _person_id: UUID) -> bool:
        return False

    def waits(self, _school_id: UUID, _people: Collection[UUID]) -> bool:
        return False


@dataclass
class MemorySchool:
    """Attributes: sends: (guardian, how long messaging's log was, what was answered) of every send that was tried."""

    chance: Chance
    parameters: Parameters = field(default_factory=Parameters)
    sends: list[tuple[GuardianId, int, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        facts = Facts(self.parameters)
        self.messaging, self.moderation = MemoryLog("messaging", self.chance), MemoryLog("moderation", self.chance)
        self.to_moderation = MemoryWorkers(
            messaging_followed, self.moderation, self.messaging, self.chance, lambda: self.parameters
        )
        self.to_messaging = MemoryWorkers(
            outcomes, self.messaging, self.moderation, self.chance, lambda: self.parameters
        )
        self.messages = MessagingCommands(
            handler=cast("Any", MemoryHandler(self.messaging, self.chance, self.to_messaging.step)),
            roster=facts,
            names=facts,
            open=self.messaging.open,
            clock=self.chance,
            new_id=self.chance.new_id,
        )
        self.leaders = ModerationCommands(
            handler=cast("Any", MemoryHandler(self.moderation, self.chance, self.to_moderation.step)),
            roster=cast("Any", facts),
            queries=cast("Any", facts),
            clock=self.chance,
            new_id=self.chance.new_id,
        )

    # What people do. Each is refused or not; the sends are kept, for the oracle answers them too.

    def people(self) -> tuple[tuple[Callable[[], None], float], ...]:
        """What people do here, and how often beside one another."""
        return (
            (self.someone_sends, 6),
            (self.a_teacher_flags, 5),
            (self.a_leader_decides, 6),
            (self.a_warning_is_received, 6),
            (self.the_head_hands_a_warning_over, 1),
            (self.the_head_decides, 3),
            (self.resharing_is_confirmed, 0.2),
        )

    def a_day(self, steps: int) -> None:
        doings = (*self.people(), (self.to_moderation.step, 6), (self.to_messaging.step, 6))
        for _ in range(steps):
            [do] = self.chance.random.choices([doing for doing, _ in doings], [weight for _, weight in doings])
            try:
                do()
            except Refusal:
                continue

    def settle(self) -> None:
        """Until neither log grows any more."""
        while True:
            before = len(self.messaging.envelopes), len(self.moderation.envelopes)
            self.to_moderation.catch_up()
            self.to_messaging.catch_up()
            if before == (len(self.messaging.envelopes), len(self.moderation.envelopes)):
                return

    def someone_sends(self) -> None:
        guardian = self.chance.random.choice(list(CHILDREN))
        pupil = self.chance.random.choice(CHILDREN[guardian])
        self.messages.open_conversation(asked(GUARDIANS[guardian]), pupil_id=pupil, guardian_id=None, class_id=None)
        try:
            self.messages.send(
                asked(GUARDIANS[guardian]), conversation_id=CONVERSATIONS[guardian, pupil], text="A word."
            )
        except Refusal as refusal:
            self.sends.append((guardian, len(self.messaging.envelopes), refusal.code.name))
            raise
        self.sends.append((guardian, len(self.messaging.envelopes) - 1, "sent"))

    def a_teacher_flags(self) -> None:
        flagged = {e.message_id for e in self.messaging.events.values() if isinstance(e, said.MessageFlagged)}
        new = self.chance.happens(0.8)
        message = self._one_of(
            said.MessageSent, lambda e: e.sender is Sender.GUARDIAN and not (new and e.message_id in flagged)
        )
        concern = self.chance.happens(0.2)
        self.messages.flag(
            asked(self.chance.random.choice(TEACHERS)),
            message_id=message.message_id,
            track=Track.CHILD_CONCERN if concern else Track.CONDUCT,
            category=FlagCategory.OTHER,
            note="As it reads.",
        )

    def a_leader_decides(self) -> None:
        done = {
            e.case_id
            for e in self.moderation.events.values()
            if isinstance(e, decided.FlagUpheld | decided.FlagDismissed)
        }
        new = self.chance.happens(0.9)
        case = self._one_of(decided.CaseOpened, lambda e: not (new and e.case_id in done), in_messaging=False)
        head = self.chance.happens(0.6)
        self.leaders.decide(
            asked(HEAD if head else DEPUTY),
            case_id=case.case_id,
            outcome=Outcome.UPHOLD if self.chance.happens(0.8) else Outcome.DISMISS,
            reason="Read with care.",
            not_headteacher_because=None if head else "At a meeting.",
        )

    def a_warning_is_received(self) -> None:
        warning = self._one_of(said.WarningRecorded)
        self.messages.receive_warning(asked(GUARDIANS[warning.guardian_id]), warning_id=warning.warning_id)

    def the_head_hands_a_warning_over(self) -> None:
        warning = self._one_of(said.WarningRecorded)
        self.messages.hand_over_warning(
            asked(HEAD),
            warning_id=warning.warning_id,
            guardian_id=warning.guardian_id,
            means=DeliveryMeans.LETTER,
            reason="No sign-in for weeks.",
        )

    def the_head_decides(self) -> None:
        """Mostly what there is reason for: reinstating who was removed, lifting what was suspended."""
        sanction = self._one_of(
            (decided.ParentWarned, decided.ParentRemoved, decided.AccountSuspended), in_messaging=False
        )
        about, guardian = self.chance.random.choice(list(About)), sanction.guardian_id
        match sanction:
            case decided.ParentRemoved() if self.chance.happens(0.9):
                about = About.REINSTATE
            case decided.AccountSuspended() if self.chance.happens(0.8):
                about = About.LIFT_SUSPENSION
            case decided.ParentWarned() if self.chance.happens(0.5):
                about = About.RESCIND_WARNING
            case _:
                pass
        self.leaders.decide_about(asked(HEAD), guardian_id=guardian, decision=about, reason="Talked it over.")

    def resharing_is_confirmed(self) -> None:
        guardian = self.chance.random.choice(list(CHILDREN))
        report = self.leaders.report_reshare(
            asked(self.chance.random.choice(TEACHERS)),
            reported_as=decided.ReportedAs.GUARDIAN,
            reported_id=guardian,
            shared=decided.Shared.PHOTOGRAPH,
            account="Seen online.",
        )
        self.leaders.decide_reshare(
            asked(HEAD),
            report_id=UUID(report.location.rpartition("/")[2]),
            outcome=Finding.CONFIRM if self.chance.happens(0.7) else Finding.DISMISS,
            reason="Shown to us.",
            not_headteacher_because=None,
        )

    def _one_of(self, kind: Any, fits: Any = lambda _event: True, *, in_messaging: bool = True) -> Any:
        """Mostly something new, as people do, and now and then something long past."""
        log = self.messaging if in_messaging else self.moderation
        found = [event for event in log.events.values() if isinstance(event, kind) and fits(event)]
        if not found:
            raise Refusal(NOT_FOUND)  # there is nothing of the kind yet
        return self.chance.random.choice(found[-3:] if self.chance.happens(0.7) else found)

    # What the logs hold, in the oracle's words.

    def said(self) -> list[Said]:
        return [_said(event) for event in self.messaging.open(self.messaging.envelopes)]

    def decisions(self) -> list[Decided]:
        cases: dict[UUID, decided.CaseOpened] = {}
        reports: dict[UUID, decided.ReshareReported] = {}
        found: list[Decided] = []
        for event in self.moderation.open(self.moderation.envelopes):
            match event:
                case decided.CaseOpened():
                    cases[event.case_id] = event
                case decided.ReshareReported():
                    reports[event.report_id] = event
                case decided.FlagUpheld():
                    concern = cases[event.case_id].track == Track.CHILD_CONCERN
                    found.append(Decided(str(event.guardian_id), "upheld", str(event.message_id), concern))
                case decided.ReshareConfirmed():
                    found.append(Decided(str(reports[event.report_id].reported_id), "confirm"))
                case decided.WarningRescinded():
                    found.append(Decided(str(event.guardian_id), "rescind"))
                case decided.ParentReinstated():
                    found.append(Decided(str(event.guardian_id), "reinstate"))
                case decided.SuspensionLifted():
                    found.append(Decided(str(event.guardian_id), "lift"))
                case decided.ParentRemoved(basis=basis) if basis is not decided.RemovalBasis.MISUSE_AFTER_WARNING:
                    found.append(Decided(str(event.guardian_id), "override"))
                case _:
                    continue
        return found

    def sanctions(self, guardian: GuardianId) -> list[tuple[str, str]]:
        """What moderation's log holds of sanctions on a guardian: (what, the message or nothing)."""
        return [(what, on) for what, on, _ in self._acts(guardian) if what in {"warned", "removed", "suspended"}]

    def promises(self, guardian: GuardianId) -> list[tuple[str, str]]:
        """The same with what came between, and what each removal rests on."""
        return [(what, basis) for what, _, basis in self._acts(guardian)]

    def _acts(self, guardian: GuardianId) -> list[tuple[str, str, str]]:
        messages = {
            event.case_id: str(event.message_id)
            for event in self.moderation.events.values()
            if isinstance(event, decided.CaseOpened)
        }
        found: list[tuple[str, str, str]] = []
        for event in self.moderation.open(self.moderation.streams.get(f"conduct-{guardian}", ())):
            match event:
                case decided.ParentWarned():
                    found.append(("warned", str(event.message_id), ""))
                case decided.WarningDelivered():
                    found.append(("delivered", "", ""))
                case decided.WarningRescinded():
                    found.append(("rescinded", "", ""))
                case decided.ParentRemoved(case_id=case_id):
                    basis = "warning" if event.basis is decided.RemovalBasis.MISUSE_AFTER_WARNING else "override"
                    found.append(("removed", messages[case_id] if case_id else "", basis))
                case decided.ParentReinstated():
                    found.append(("reinstated", "", ""))
                case decided.AccountSuspended():
                    found.append(("suspended", "", ""))
                case _:
                    continue
        return found


def asked(by: Principal) -> Asked:
    return Asked(by=by, correlation_id=CORRELATION, claim=None)


def one_case_each(log: MemoryLog) -> bool:
    """Whether each message and track has one case, and each case one record."""
    cases = [event for event in log.events.values() if isinstance(event, decided.CaseOpened)]
    records = [event.case_id for event in log.events.values() if isinstance(event, decided.SafeguardingRecordOpened)]
    named = [case_of(MessageId(case.message_id), Track(case.track)) for case in cases]
    return (
        named == [case.case_id for case in cases] and len(set(named)) == len(named) and sorted(records) == sorted(named)
    )


_IN_THE_ORACLES_WORDS: Mapping[type[Event], tuple[str, str]] = {
    said.MessageSent: ("sent", "message_id"),
    said.WarningRecorded: ("warning", "warning_id"),
    said.WarningReceived: ("delivered", "warning_id"),
    said.WarningHandedOver: ("delivered", "warning_id"),
    said.WarningRescissionRecorded: ("rescinded", "warning_id"),
    said.RemovalRecorded: ("removed", "removal_id"),
    said.ReinstatementRecorded: ("reinstated", "removal_id"),
    said.SuspensionRecorded: ("suspended", "suspension_id"),
    said.SuspensionEndRecorded: ("lifted", "suspension_id"),
}


def _said(event: Any) -> Said:
    what, name = _IN_THE_ORACLES_WORDS.get(type(event), ("other", "guardian_id"))
    return Said(str(event.guardian_id), what, str(getattr(event, name)))
