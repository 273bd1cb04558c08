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

PASSING = frozenset({0, 502, 503, 504})
"""Answers of a client's that may be followed by another try: nobody answered, or not now."""


@dataclass(slots=True)
class History:
    """One guardian's: everyone in it has a client of their own, so that nobody sees what another was answered.

    Attributes:
        sends: (messaging's head before and after, moderation's after, what was answered) of every send.
        open: messages that were flagged and, as far as these people know, not decided.
    """

    school: School
    guardian: InventedPerson
    class_no: int
    seed: int
    head_of: Callable[[str], int]
    sends: list[tuple[int, int, int, str]] = field(default_factory=list)
    messages: list[UUID] = field(default_factory=list)
    flagged: set[UUID] = field(default_factory=set)
    open: list[UUID] = field(default_factory=list)
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
        if self.sends and self.sends[-1][-1] == "WARNING_UNREAD":
            return "receive"
        if self.sends and self.sends[-1][-1] in {"REMOVED", "SUSPENDED"}:
            return "about"
        if self.open:
            return "decide"
        return "flag" if set(self.messages[-1:]) - self.flagged else "send"

    def _act(self, chance: random.Random, what: str, parent: Session, staff: Mapping[str, Session]) -> Any:
        if what in {"flag", "decide"} and not self.messages:
            what = "send"
        newest = self.messages[-1:] if chance.random() < 0.7 else self.messages[-4:]
        match what:
            case "send":
                return self._send(parent)
            case "flag":
                return self._flag(staff["teacher"], chance.choice(newest), concern=chance.random() < 0.15)
            case "decide":
                message = self.open[0] if self.open and chance.random() < 0.8 else chance.choice(newest)
                outcome = "uphold" if chance.random() < 0.85 else "dismiss"
                return self._decide(staff, message, outcome, by_head=chance.random() < 0.7)
            case "receive":
                return self._receive(parent)
            case _:
                decision = chance.choice(("reinstate", "reinstate", "rescind_warning"))
                return staff["head"].decide_about(parent.person_id, decision, "Talked it over")

    def _flag(self, teacher: Session, message: UUID, *, concern: bool) -> Wrote | Refused:
        answer = teacher.flag(message, track="child_concern" if concern else "conduct", category="other")
        if isinstance(answer, Wrote) and not concern:
            self.flagged.add(message)
            self.open.append(message)
        return answer

    def _decide(self, staff: Mapping[str, Session], message: UUID, outcome: str, *, by_head: bool) -> Wrote | Refused:
        case = uuid5(message, "conduct")
        if by_head:
            answer = staff["head"].decide(case, outcome, "Read with care")
        else:
            answer = staff["deputy"].decide(case, outcome, "Read", not_headteacher_because="At a meeting")
        if isinstance(answer, Wrote) or answer.code == "DECIDED_BEFORE":
            self.open = [one for one in self.open if one != message]
        return answer

    def _send(self, parent: Session) -> Wrote | Refused:
        if self._conversation is None:
            me = parent.me()
            if isinstance(me, Refused):
                return me
            opened = parent.open_conversation(me["children"][0]["pupil_id"])
            if isinstance(opened, Refused):
                return opened
            self._conversation = opened.id
        before = self.head_of("messaging")
        answer = parent.send(self._conversation, "A word")
        if isinstance(answer, Wrote):
            self.messages.append(answer.id)
            self.sends.append((before, self.head_of("messaging"), self.head_of("moderation"), "sent"))
        elif answer.status not in PASSING and answer.code != "NOT_SIGNED_IN":
            self.sends.append((before, self.head_of("messaging"), self.head_of("moderation"), answer.code))
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
