"""What must be so after any schedule: the policy's outcome, and the promises of logs, cursors and the bus."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import uuid5

from services.identity.projections.access import guardian_access
from services.messaging.reactions import outcomes
from services.moderation.reactions import messaging_followed
from shared.events import moderation as decided
from shared.events.envelope import GENESIS, Envelope
from shared.events.messaging import MessageFlagged, MessageSent, Sender
from shared.policy.parameters import Parameters
from tests.oracle.one_warning import outcome
from tests.property.memory_house import Chance
from tests.property.memory_school import CHILDREN
from tests.property.test_one_warning_rule import wrong_with
from tests.sim.school import SimulatedSchool

LONGEST = 70


@dataclass(frozen=True, slots=True)
class Access:
    """How far a guardian's sessions reach, and how often such an end has come."""

    removed: bool = False
    suspended: bool = False
    sanctions: int = 0


@dataclass(frozen=True, slots=True)
class Schedule:
    """Attributes: steps: of the storm, where it is cut short to see what the failure needs."""

    seed: int
    steps: int | None = None

    def play(self) -> tuple[SimulatedSchool, list[str]]:
        """What came of it, and what was wrong with it."""
        chance = Chance(self.seed)
        school = SimulatedSchool(chance, Parameters(flag_warns_by_itself=chance.happens(0.2)))
        drawn = chance.random.randint(5, LONGEST)
        wrong: list[str] = []
        try:
            school.a_day(drawn if self.steps is None else self.steps)
            wrong += before_the_quiet(school)
            school.settle()
            wrong += wrong_with(school) + broken(school)
        except Exception as error:  # noqa: BLE001 - whatever it is, it has no business here
            wrong.append(f"{type(error).__name__}: {error}")
        school.is_over()
        return school, wrong


def before_the_quiet(school: SimulatedSchool) -> list[str]:
    """What holds also in the midst of it: effects stand where the cursor does, and no confirm is invented."""
    access = school.lines[2]
    heard = [school.moderation.events[envelope.id] for envelope in school.moderation.envelopes[: access.at.position]]
    expected: dict[str, Access] = {}
    for event in heard:
        was = expected.get(str(getattr(event, "guardian_id", "")), Access())
        match event:
            case decided.ParentRemoved():
                new = Access(removed=True, suspended=was.suspended, sanctions=was.sanctions + 1)
            case decided.AccountSuspended():
                new = Access(removed=was.removed, suspended=True, sanctions=was.sanctions + 1)
            case decided.ParentReinstated():
                new = Access(removed=False, suspended=was.suspended, sanctions=was.sanctions)
            case decided.SuspensionLifted():
                new = Access(removed=was.removed, suspended=False, sanctions=was.sanctions)
            case _:
                continue
        expected[str(event.guardian_id)] = new
    wrong = [] if _access(school) == expected else [f"access is not what was heard: {_access(school)}, not {expected}"]
    return wrong + _unconfirmed(school)


def broken(school: SimulatedSchool) -> list[str]:
    """Which promises the machinery broke, once everything is quiet."""
    return [
        *_access_against_policy(school),
        *_unconfirmed(school),
        *_behind(school),
        *_unheard_flags(school),
        *_unchained(school),
        *_other_ids(school),
        *_said_again(school),
    ]


def _access(school: SimulatedSchool) -> Mapping[str, Access]:
    rows = school.services[2].database.ask(
        f"SELECT guardian_id, removed, suspended, sanctions FROM {guardian_access.physical()['guardian_access']}"
    )
    return {str(guardian): Access(bool(removed), bool(suspended), n) for guardian, removed, suspended, n in rows}


def _access_against_policy(school: SimulatedSchool) -> list[str]:
    wrong, access = list[str](), _access(school)
    messaging, decisions = school.said(), school.decisions()
    for guardian in CHILDREN:
        policy = outcome(str(guardian), messaging, decisions)
        ended = sum(what in {"removed", "suspended"} for what, _ in policy.sanctions)
        expected = Access(policy.removed, policy.suspended, ended)
        if access.get(str(guardian), Access()) != expected:
            wrong.append(f"{guardian}: access is {access.get(str(guardian))}, but the policy says {expected}")
    return wrong


def _unconfirmed(school: SimulatedSchool) -> list[str]:
    return [
        f"{service.name}: {service.published} is saved, but the broker confirmed {school.broker.settled(service.name)}"
        for service in school.services[:2]
        if service.published > school.broker.settled(service.name)
    ]


def _behind(school: SimulatedSchool) -> list[str]:
    wrong = [
        f"{line.consumer.name} stands at {line.at.position} of {line.source.name}, not at its head"
        for line in school.lines
        if line.at != line.source.log.head
    ]
    if school.settled_by == "the bus":
        wrong += [
            f"{service.name}: {service.published} is published, not all"
            for service in school.services[:2]
            if service.published != service.log.head.position
        ]
    back = [
        f"{consumer} went from {here} to {there}"
        for service in school.services
        for consumer, here, there in service.database.ask("SELECT consumer, here, there FROM went_back")
    ]
    parked = [
        f"{service.name} has parked {row}"
        for service in school.services
        for row in service.database.ask("SELECT consumer, position, why FROM parked_event")
    ]
    return [*wrong, *back, *parked]


def _unheard_flags(school: SimulatedSchool) -> list[str]:
    flagged = sorted(e.flag_id for e in school.messaging.events.values() if isinstance(e, MessageFlagged))
    received = sorted(e.flag_id for e in school.moderation.events.values() if isinstance(e, decided.FlagReceived))
    return [] if flagged == received else [f"{len(flagged)} flags were raised, {len(received)} were received"]


def _unchained(school: SimulatedSchool) -> list[str]:
    wrong = []
    for service in school.services:
        previous, versions = GENESIS, dict[str, int]()
        for position, envelope in enumerate(service.log.envelopes, start=1):
            versions[envelope.stream] = versions.get(envelope.stream, 0) + 1
            in_place = (envelope.position, envelope.stream_version) == (position, versions[envelope.stream])
            if not in_place or envelope.previous != previous or not envelope.hash_is_right():
                wrong.append(f"{service.name}: position {position} does not continue the log")
            previous = envelope.hash
    return wrong


def _other_ids(school: SimulatedSchool) -> list[str]:
    """An effect's id follows from its cause, so that whoever meets it twice knows it."""
    wrong = []
    for log, reaction in ((school.messaging, outcomes), (school.moderation, messaging_followed)):
        effects: dict[object, list[Envelope]] = {}
        for envelope in log.envelopes:
            if envelope.causation_id is not None:
                effects.setdefault(envelope.causation_id, []).append(envelope)
        for cause, caused in effects.items():
            ids = [
                uuid5(envelope.causation_id or envelope.id, f"{reaction.name}:{n}") for n, envelope in enumerate(caused)
            ]
            if [envelope.id for envelope in caused] != ids:
                wrong.append(f"{reaction.name}: the ids of what {cause} led to do not follow from it")
    return wrong


def _said_again(school: SimulatedSchool) -> list[str]:
    """A guardian's app that asks again with the same key has still said it once."""
    sent = [e for e in school.messaging.events.values() if isinstance(e, MessageSent) and e.sender is Sender.GUARDIAN]
    answered = [answer for _, _, answer in school.sends if answer == "sent"]
    return [] if len(sent) == len(answered) else [f"{len(answered)} messages were sent, the log holds {len(sent)}"]
