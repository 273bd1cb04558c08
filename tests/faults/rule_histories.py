"""Days of chance at a school: guardians, teachers and leaders act through the gateway, and nobody waits for anybody.

What people did is read back from the logs themselves, as their ids tell it; texts stay sealed.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid5

from shared.testing.driver import Refused, Saw, Session, Wrote
from shared.testing.school import InventedPerson
from tests.installation import Bench, School
from tests.oracle.one_warning import Decided, Said

PASSING = frozenset({0, 502, 503, 504})
"""Answers of a client's that may be followed by another try: nobody answered, or not now."""
SAID = {
    "messaging.MessageSent": ("sent", "message_id"),
    "messaging.WarningRecorded": ("warning", "warning_id"),
    "messaging.WarningReceived": ("delivered", "warning_id"),
    "messaging.WarningHandedOver": ("delivered", "warning_id"),
    "messaging.WarningRescissionRecorded": ("rescinded", "warning_id"),
    "messaging.RemovalRecorded": ("removed", "removal_id"),
    "messaging.ReinstatementRecorded": ("reinstated", "removal_id"),
    "messaging.SuspensionRecorded": ("suspended", "suspension_id"),
    "messaging.SuspensionEndRecorded": ("lifted", "suspension_id"),
}
DECIDED = {
    "moderation.WarningRescinded": "rescind",
    "moderation.ParentReinstated": "reinstate",
    "moderation.SuspensionLifted": "lift",
}
ACTS = {
    "moderation.ParentWarned": "warned",
    "moderation.WarningDelivered": "delivered",
    "moderation.WarningRescinded": "rescinded",
    "moderation.ParentRemoved": "removed",
    "moderation.ParentReinstated": "reinstated",
    "moderation.AccountSuspended": "suspended",
}


@dataclass(slots=True)
class History:
    """One guardian's: everyone in it has a client of their own, so that nobody sees what another was answered.

    Attributes:
        sends: (messaging's head before, after, what was answered) of every send.
    """

    school: School
    guardian: InventedPerson
    class_no: int
    seed: int
    head_of_messaging: Callable[[], int]
    sends: list[tuple[int, int, str]] = field(default_factory=list)
    messages: list[UUID] = field(default_factory=list)
    _conversation: UUID | None = None

    def play(self, steps: int) -> UUID:
        """Acts by chance, mostly to some purpose. Returns the guardian's id."""
        chance = random.Random(self.seed)  # noqa: S311 - chance, not secrecy
        people = self.school.people
        parent = self._signed_in(self.guardian, "guardian")
        staff = {
            role: self._signed_in(person, "staff")
            for role, person in (
                ("teacher", people.teacher(self.class_no)),
                ("head", people.headteacher),
                ("deputy", people.deputy),
            )
        }
        for _ in range(steps):
            answer = self._act(chance, self._next(chance), parent, staff)
            if isinstance(answer, Refused) and answer.code == "NOT_SIGNED_IN":
                parent = self._signed_in(self.guardian, "guardian")
        return parent.person_id

    def _next(self, chance: random.Random) -> str:
        """What there is reason for, or anything."""
        if chance.random() < 0.3:
            return chance.choice(("send", "flag", "decide", "receive", "about"))
        if self.sends and self.sends[-1][2] == "WARNING_UNREAD":
            return "receive"
        if self.sends and self.sends[-1][2] in {"REMOVED", "SUSPENDED"}:
            return "about"
        return chance.choices(("send", "flag", "decide"), (4, 4, 5))[0]

    def _act(self, chance: random.Random, what: str, parent: Session, staff: Mapping[str, Session]) -> Any:
        if what in {"flag", "decide"} and not self.messages:
            what = "send"
        newest = self.messages[-1:] if chance.random() < 0.7 else self.messages[-4:]
        match what:
            case "send":
                return self._send(parent)
            case "flag":
                track = "child_concern" if chance.random() < 0.15 else "conduct"
                return staff["teacher"].flag(chance.choice(newest), track=track, category="other")
            case "decide":
                case = uuid5(chance.choice(newest), "conduct")
                outcome = "uphold" if chance.random() < 0.85 else "dismiss"
                if chance.random() < 0.7:
                    return staff["head"].decide(case, outcome, "Read with care")
                return staff["deputy"].decide(case, outcome, "Read", not_headteacher_because="At a meeting")
            case "receive":
                return self._receive(parent)
            case _:
                decision = chance.choice(("reinstate", "reinstate", "rescind_warning"))
                return staff["head"].decide_about(parent.person_id, decision, "Talked it over")

    def _send(self, parent: Session) -> Wrote | Refused:
        if self._conversation is None:
            me = parent.me()
            if isinstance(me, Refused):
                return me
            opened = parent.open_conversation(me["children"][0]["pupil_id"])
            if isinstance(opened, Refused):
                return opened
            self._conversation = opened.id
        before = self.head_of_messaging()
        answer = parent.send(self._conversation, "A word")
        if isinstance(answer, Wrote):
            self.messages.append(answer.id)
            self.sends.append((before, self.head_of_messaging(), "sent"))
        elif answer.status not in PASSING and answer.code != "NOT_SIGNED_IN":
            self.sends.append((before, self.head_of_messaging(), answer.code))
        return answer

    def _receive(self, parent: Session) -> Saw | Wrote | Refused:
        standing = parent.my_standing()
        if isinstance(standing, Refused) or standing["warning"] is None:
            return standing
        return parent.receive_warning(standing["warning"]["warning_id"])

    def _signed_in(self, person: InventedPerson, capacity: str) -> Session:
        """A session of this history's own, in a client that knows of nothing that was written elsewhere."""
        session = self.school.newly_signed_in(person, capacity)
        return Session(session.bookbag.forgetful(), session.token, session.person_id, session.capacity)


@dataclass(frozen=True, slots=True)
class Logs:
    """What both logs hold of a school, by their ids."""

    messaging: list[tuple[int, Said]]
    decisions: list[Decided]
    acts: Mapping[str, list[tuple[str, str, str]]]
    cases: list[str]

    def said_up_to(self, position: int) -> list[Said]:
        return [said for at, said in self.messaging if at <= position]


def read_logs(bench: Bench, school_id: UUID) -> Logs:
    sql = "SELECT position, type, data::text::jsonb FROM log_event WHERE school_id = %s ORDER BY position"
    messaging = [
        (at, said) for at, kind, data in bench.ask("messaging", sql, (school_id,)) if (said := _said(kind, data))
    ]
    decisions: list[Decided] = []
    acts: dict[str, list[tuple[str, str, str]]] = {}
    cases: dict[str, Mapping[str, Any]] = {}
    for _, kind, data in bench.ask("moderation", sql, (school_id,)):
        if kind == "moderation.CaseOpened":
            assert data["case_id"] not in cases, "one case opened twice"
            cases[data["case_id"]] = data
        elif kind == "moderation.FlagUpheld":
            concern = cases[data["case_id"]]["track"] == "child_concern"
            decisions.append(Decided(data["guardian_id"], "upheld", data["message_id"], concern))
        elif kind in DECIDED:
            decisions.append(Decided(data["guardian_id"], DECIDED[kind]))
        if kind in ACTS:
            on = cases[data["case_id"]]["message_id"] if data.get("case_id") else ""
            basis = "warning" if data.get("basis") == "misuse_after_warning" else ""
            acts.setdefault(data["guardian_id"], []).append((ACTS[kind], on, basis))
    return Logs(messaging, decisions, acts, list(cases))


def _said(kind: str, data: Mapping[str, Any]) -> Said | None:
    if kind not in SAID:
        return None
    what, name = SAID[kind]
    return Said(data["guardian_id"], what, data[name])


def settle(bench: Bench, watcher: Session) -> None:
    """Returns when neither of the two logs leads to anything more in the other."""
    heads = {service: at for service, at in bench.heads().items() if service in {"messaging", "moderation"}}
    for _ in range(60):
        waited = [
            watcher.bookbag.client.get(
                path,
                headers={
                    "Authorization": f"Bearer {watcher.token}",
                    "Bookbag-Position": f"{service}.1.{heads[service]}",
                },
            )
            for path, service in (("/v1/moderation/cases", "messaging"), ("/v1/conversations", "moderation"))
            if heads[service]
        ]
        now = {service: at for service, at in bench.heads().items() if service in heads}
        if now == heads and all(answer.is_success for answer in waited):
            return
        heads = now
    raise AssertionError("the logs never came to rest")


def guardians_of(school: School) -> list[tuple[InventedPerson, int]]:
    """Each guardian of one child, with the number of the child's class."""
    children: dict[str, list[tuple[InventedPerson, int]]] = {}
    for class_no, one in enumerate(school.people.classes, start=1):
        for pupil in one.pupils:
            for guardian in school.people.guardians_of(pupil):
                children.setdefault(guardian.login, []).append((guardian, class_no))
    return [found[0] for found in children.values() if len(found) == 1 and "teacher" not in found[0][0].roles]
