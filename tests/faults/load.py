"""Invented people at a school who go on with their day while faults are played, and keep what they were answered.

As a client app does, each asks again, with the same key, until somebody answers. What was refused is no command.
"""

import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4, uuid5

from shared.testing.driver import Bookbag, Refused, Saw, Session, Wrote
from shared.testing.school import InventedPerson
from tests.faults.invariants import Answered, Asked, Kept, LetIn, Written
from tests.faults.rule_histories import PASSING, guardians_of
from tests.installation import School, patiently, went

GIVES_UP_AFTER = 240.0
"""Seconds for which somebody asks the same again. Whatever is done to the installation is over by then."""
AGAIN, PACE = 0.1, 0.03
"""Seconds until somebody asks the same again, and between two things that one person does."""
AT_HAND = 30
"""Messages of guardians that a class teacher may still come to flag."""
NEVER_RIGHT = frozenset({400, 405, 406, 411, 413, 414, 415, 500, 501, 505})
"""Statuses that no fault excuses: the request is well formed, and an error of the product's own has no words."""
AT_THE_DOOR = frozenset({"REMOVED", "SUSPENDED"})
"""Said before anybody looks what became of an earlier try: who was removed meanwhile never hears of it."""
WITHHELD = "NOT_SIGNED_IN"
"""Said also of what was done, where the session ended before its answer went out."""


@dataclass(slots=True)
class Person:
    """One person in a client of their own.

    Attributes:
        operator: signs an operator in, who gives people their codes.
        opened_at: when the session was opened, in monotonic seconds.
        unheard: whether a try of what was asked last went without an answer: it may have been done.
    """

    school: School
    invented: InventedPerson
    capacity: str
    kept: Kept
    operator: Callable[[], Session]
    chance: random.Random
    session: Session
    opened_at: float
    unheard: bool = field(default=False, kw_only=True)

    def writes(
        self,
        path: str,
        body: Mapping[str, Any] | None,
        event: str,
        named: str = "",
        thing: UUID | None = None,
        *,
        rests_on: tuple[str, ...] = ("identity",),
    ) -> Wrote | Refused:
        """One command, asked until answered. Without a name, the event is known by its position alone.

        Args:
            path, body, rests_on: as the driver has them.
            event: the type that it must stand in the log as.
            named, thing: the field that names what was made, and its value; None: the location's own id.
        """
        key = str(uuid4())
        answer: Wrote | Refused = self._until_answered(
            lambda: self.session._write(path, body, key=key, rests_on=rests_on), wrote=True
        )
        if isinstance(answer, Wrote):
            found = thing or (answer.id if named else None)
            self.kept.answered.append(
                Answered(
                    school_id=self.school.school_id,
                    person_id=self.session.person_id,
                    key=key,
                    event=event,
                    named=named,
                    thing=found,
                    position=answer.position,
                    location=answer.location,
                    at=time.monotonic(),
                )
            )
        elif answer.status in PASSING or answer.code == WITHHELD or (self.unheard and answer.code in AT_THE_DOOR):
            self.kept.given_up.append(
                Asked(school_id=self.school.school_id, person_id=self.session.person_id, key=key, event=event)
            )
        return answer

    def reads(self, ask: Callable[[], Saw | Refused]) -> Saw | Refused:
        answer: Saw | Refused = self._until_answered(ask)
        return answer

    def signs_in_again(self) -> None:
        """In the same client; a sanction has ended the session."""
        ends = time.monotonic() + GIVES_UP_AFTER
        while time.monotonic() < ends:
            code = self.school.operator.one_time_code(self.school.slug, self.invented.login)
            if isinstance(code, Refused):
                if code.code == "NOT_SIGNED_IN":  # an operator's session lasts an hour
                    self.school.operator = self.operator()
            else:
                opened = time.monotonic()
                signed_in = self.session.bookbag.sign_in(
                    self.school.slug, self.invented.login, code=code, capacity=self.capacity
                )
                if isinstance(signed_in, Session):
                    self.session, self.opened_at = signed_in, opened
                    return
            threading.Event().wait(AGAIN)
        raise AssertionError("nobody is let in any more")

    def _until_answered(self, ask: Callable[[], Wrote | Saw | Refused], *, wrote: bool = False) -> Any:
        ends, self.unheard = time.monotonic() + GIVES_UP_AFTER, False
        while True:
            began, opened_at = time.monotonic(), self.opened_at
            answer = ask()
            if not isinstance(answer, Refused):
                if self.capacity == "guardian":
                    self.kept.let_in.append(LetIn(self.session.person_id, opened_at, began, wrote))
                return answer
            if answer.status in NEVER_RIGHT:
                self.kept.surprises.append(f"{self.capacity} was answered {answer.status} {answer.code}")
            if answer.status not in PASSING or time.monotonic() > ends:
                return answer
            self.unheard = self.unheard or answer.code != "NOT_YET_VISIBLE"
            self.kept.passing[f"{answer.status} {answer.code}"] += 1
            threading.Event().wait(AGAIN)


@dataclass(slots=True)
class Guardian(Person):
    """Writes to the class teacher, reads what they are told, and now and then says what may be shared."""

    conversation: UUID
    pupil: UUID
    class_no: int
    allowed: bool = False

    def acts(self, day: "Day") -> None:
        if self.chance.random() < 0.15:
            self._answers_sharing()
            return
        text = f"A word about Friday, number {self.chance.randrange(10**9)}."
        body = {"text": text}
        path = f"/v1/conversations/{self.conversation}/messages"
        rests_on = ("identity", "messaging", "moderation")
        answer = self.writes(path, body, "messaging.MessageSent", "message_id", rests_on=rests_on)
        if isinstance(answer, Wrote):
            self.kept.written.append(Written("messaging", "message", "message_id", answer.id, text))
            day.sent[self.class_no].append((answer.id, self.session.person_id))
        else:
            self._refused(answer)

    def _refused(self, answer: Refused) -> None:
        if answer.code == "NOT_SIGNED_IN":
            self.signs_in_again()
        elif answer.code == "WARNING_UNREAD":
            standing = self.reads(self.session.my_standing)
            if isinstance(standing, Saw) and standing["warning"] is not None:
                warning = UUID(standing["warning"]["warning_id"])
                told = ("messaging.WarningReceived", "warning_id", warning)
                self.writes(f"/v1/warnings/{warning}/receipt", None, *told, rests_on=("identity", "moderation"))

    def _answers_sharing(self) -> None:
        path, allowed = f"/v1/pupils/{self.pupil}/sharing-permissions", not self.allowed
        answer = self.writes(path, {"kind": "photo", "allowed": allowed}, "identity.SharePermissionAnswered")
        if isinstance(answer, Wrote):
            self.allowed = allowed
        elif answer.code == "NOT_SIGNED_IN":
            self.signs_in_again()


@dataclass(slots=True)
class Teacher(Person):
    """Awards, takes back, posts, withdraws, answers, and flags what guardians of the class wrote."""

    class_no: int
    class_id: str
    pupils: list[UUID]
    behaviour: UUID
    awards: list[UUID] = field(default_factory=list)
    stories: list[UUID] = field(default_factory=list)

    def acts(self, day: "Day") -> None:
        what = self.chance.choices(("award", "revoke", "post", "withdraw", "flag"), (6, 1, 2, 1, 4))[0]
        if what == "flag" and day.sent[self.class_no]:
            self._flags(day)
        elif what == "revoke" and self.awards:
            award = self.awards.pop(self.chance.randrange(len(self.awards)))
            body, told = {"reason": "Given twice."}, ("points.PointRevoked", "award_id", award)
            self.writes(f"/v1/points/{award}/revocation", body, *told, rests_on=("identity", "points"))
        elif what == "post":
            self._posts()
        elif what == "withdraw" and self.stories:
            story = self.stories.pop(self.chance.randrange(len(self.stories)))
            told = ("stories.StoryWithdrawn", "story_id", story)
            self.kept.gone.add(story)
            self.writes(f"/v1/stories/{story}/withdrawal", None, *told, rests_on=("identity", "stories"))
        else:
            pupil, behaviour = self.chance.choice(self.pupils), str(self.behaviour)
            body = {"pupil_id": str(pupil), "behaviour_id": behaviour}
            answer = self.writes("/v1/points", body, "points.PointAwarded", "award_id")
            if isinstance(answer, Wrote):
                self.awards.append(answer.id)

    def _flags(self, day: "Day") -> None:
        # The newest: what was sent before a warning was heard removes nobody.
        message, guardian = day.sent[self.class_no].pop()
        body = {"track": "conduct", "category": "other", "note": "As it reads."}
        told = ("messaging.MessageFlagged", "message_id", message)
        path, rests_on = f"/v1/messages/{message}/flags", ("identity", "messaging")
        if isinstance(self.writes(path, body, *told, rests_on=rests_on), Wrote):
            day.flagged.append((message, guardian))

    def _posts(self) -> None:
        text = f"We read on together, page {self.chance.randrange(10**9)}."
        body = {"text": text, "kind": "news", "names": [], "confirmed": False, "pictures": []}
        path = f"/v1/classes/{self.class_id}/stories"
        answer = self.writes(path, body, "stories.StoryPosted", "story_id", rests_on=("identity", "stories"))
        if isinstance(answer, Wrote):
            self.stories.append(answer.id)
            self.kept.written.append(Written("stories", "story", "story_id", answer.id, text))
        elif answer.code == "PERMISSION_LIST_UNREAD":
            self.reads_the_list()

    def reads_the_list(self) -> None:
        shown = self.reads(lambda: self.session.sharing_list(self.class_id))
        if isinstance(shown, Saw):
            path = f"/v1/classes/{self.class_id}/sharing-permissions/acknowledgement"
            body = {"list_version": shown["list_version"]}
            self._until_answered(lambda: self.session._write(path, body, key=str(uuid4())))


@dataclass(slots=True)
class Head(Person):
    """Decides what was flagged, and talks with guardians about warnings and removals."""

    def acts(self, day: "Day") -> None:
        rests_on = ("identity", "messaging", "moderation")
        if day.flagged and self.chance.random() < 0.8:
            message, guardian = day.flagged.popleft()
            upheld = self.chance.random() < 0.85
            body = {"outcome": "uphold" if upheld else "dismiss", "reason": "Read with care."}
            event = "moderation.FlagUpheld" if upheld else "moderation.FlagDismissed"
            case = uuid5(message, "conduct")
            path = f"/v1/moderation/cases/{case}/decision"
            answer = self.writes(path, body, event, "case_id", case, rests_on=rests_on)
            if isinstance(answer, Refused) and answer.code == "NOT_FOUND":
                day.flagged.append((message, guardian))  # moderation has not heard of it yet
            elif isinstance(answer, Wrote):
                day.decided.append(guardian)
        elif day.decided and self.chance.random() < 0.5:
            guardian = day.decided.popleft()
            rescinds = self.chance.random() < 0.15  # else hardly anybody would be warned for long enough to be removed
            decision = "rescind_warning" if rescinds else "reinstate"
            event = "moderation.WarningRescinded" if rescinds else "moderation.ParentReinstated"
            body = {"decision": decision, "reason": "Talked it over."}
            self.writes(f"/v1/moderation/guardians/{guardian}/decisions", body, event, rests_on=rests_on)


@dataclass(slots=True)
class Day:
    """A day at a school: people act, each in a thread, while `going`; nothing of theirs is under way afterwards.

    Attributes:
        sent, flagged, decided: what one person's act gives another to do.
    """

    school: School
    people: list[Guardian | Teacher | Head]
    kept: Kept
    sent: dict[int, deque[tuple[UUID, UUID]]]
    flagged: deque[tuple[UUID, UUID]] = field(default_factory=deque)
    decided: deque[UUID] = field(default_factory=deque)
    _failed: list[BaseException] = field(default_factory=list)

    @contextmanager
    def going(self) -> Iterator[None]:
        """People act from here on; at the end each finishes what they are at.

        Raises:
            AssertionError: somebody could not go on at all.
        """
        over = threading.Event()
        threads = [threading.Thread(target=self._live, args=(person, over)) for person in self.people]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            over.set()
            for thread in threads:
                thread.join()
        assert not self._failed, self._failed[0]

    def acts_of(self, number: int) -> None:
        """Each person acts so many times, one after the other: the same acts for the same seed, while none fails."""
        for _ in range(number):
            for person in self.people:
                person.acts(self)

    def _live(self, person: Guardian | Teacher | Head, over: threading.Event) -> None:
        try:
            while not over.wait(PACE):
                person.acts(self)
        except BaseException as error:  # noqa: BLE001 - it is raised where the day ends
            self._failed.append(error)


def a_day(school: School, seed: int, kept: Kept, operator: Callable[[], Session], *, guardians: int = 4) -> Day:
    """Signs the people of a day in: the head, the class teachers, some guardians. Nobody else acts at this school.

    Args:
        school, seed, kept: where, of which chances, and where answers are kept.
        operator: signs an operator in anew.
        guardians: how many of them.
    """
    kept.schools.append(school.school_id)
    behaviour = school.a_behaviour("Kept going")
    classes = len(school.people.classes)

    def base(person: InventedPerson, capacity: str, number: int) -> dict[str, Any]:
        opened_at = time.monotonic()
        session = school.newly_signed_in(person, capacity)
        # A client of their own: nobody waits for what another has written.
        client = Bookbag(str(session.bookbag.client.base_url))
        return {
            "school": school,
            "invented": person,
            "capacity": capacity,
            "kept": kept,
            "operator": operator,
            "chance": random.Random(f"{seed}/{number}"),  # noqa: S311 - chance, not secrecy
            "session": Session(client, session.token, session.person_id, session.capacity),
            "opened_at": opened_at,
        }

    people: list[Guardian | Teacher | Head] = [Head(**base(school.people.headteacher, "staff", 0))]
    for class_no in range(1, classes + 1):
        told = base(school.people.teacher(class_no), "staff", class_no)
        class_id = str(patiently(told["session"].me)["classes"][0]["class_id"])
        pupils = [school.pupil(class_no, number).person_id for number in (1, 2, 3)]
        teacher = Teacher(**told, class_no=class_no, class_id=class_id, pupils=pupils, behaviour=behaviour)
        teacher.reads_the_list()
        people.append(teacher)
    found = guardians_of(school)
    for number, (person, class_no) in enumerate(found[:: max(1, len(found) // guardians)][:guardians]):
        told = base(person, "guardian", classes + 1 + number)
        pupil = UUID(patiently(told["session"].me)["children"][0]["pupil_id"])
        conversation = went(told["session"].open_conversation(pupil)).id
        people.append(Guardian(**told, conversation=conversation, pupil=pupil, class_no=class_no))
    return Day(school, people, kept, {class_no: deque(maxlen=AT_HAND) for class_no in range(1, classes + 1)})


def put_away(day: Day) -> None:
    """Closes the people's clients."""
    for person in day.people:
        person.session.bookbag.close()
