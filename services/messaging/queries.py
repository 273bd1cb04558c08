"""Reads of messaging's read models and of its roster: plain SQL, in a transaction that shows one school's rows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.messaging.domain.permission import Relations
from services.messaging.domain.reply import ReplyTerms
from shared.policy.parameters import Parameters
from shared.projections.roster_queries import FOLLOWED, PUPIL_FACTS, Roster, SchoolFacts, pupil_facts
from shared.runtime.database import Pool
from shared.runtime.reading import read_row, read_rows, read_tuples


@dataclass(frozen=True, slots=True)
class ConversationRow:
    conversation_id: UUID
    guardian_id: UUID
    guardian_given_name: str | None
    guardian_family_name: str | None
    pupil_id: UUID
    pupil_given_name: str | None
    class_id: UUID
    class_name: str | None
    position: int
    last_message_at: datetime | None


@dataclass(frozen=True, slots=True)
class TeacherRow:
    class_id: UUID
    staff_id: UUID
    given_name: str | None
    family_name: str | None


@dataclass(frozen=True, slots=True)
class MessageRow:
    message_id: UUID
    conversation_id: UUID
    guardian_id: UUID
    pupil_id: UUID
    class_id: UUID
    position: int
    sender: str
    sender_given_name: str | None
    sender_family_name: str | None
    text: str | None
    sent_at: datetime
    replied_at: datetime | None
    asked_to_phone_at: datetime | None


_CONVERSATIONS = (
    "SELECT c.conversation_id, c.guardian_id, g.given_name AS guardian_given_name,"
    " g.family_name AS guardian_family_name, c.pupil_id, p.given_name AS pupil_given_name, c.class_id,"
    " k.name AS class_name, c.position, c.last_message_at FROM conversation c"
    " LEFT JOIN roster_person g ON g.person_id = c.guardian_id LEFT JOIN roster_pupil p ON p.pupil_id = c.pupil_id"
    " LEFT JOIN roster_class k ON k.class_id = c.class_id"
)
_BEFORE = (
    " AND (%(position)s::bigint IS NULL OR (c.position, c.conversation_id) < (%(position)s, %(id)s))"
    " ORDER BY c.position DESC, c.conversation_id DESC LIMIT %(limit)s"
)
_MESSAGES = (
    "SELECT m.message_id, m.conversation_id, m.guardian_id, m.pupil_id, m.class_id, m.position, m.sender,"
    " s.given_name AS sender_given_name, s.family_name AS sender_family_name, m.text, m.sent_at,"
    " r.sent_at AS replied_at, p.asked_at AS asked_to_phone_at FROM message m"
    " LEFT JOIN roster_person s ON s.person_id = m.sender_id"
    " LEFT JOIN phone_request p ON p.message_id = m.message_id"
    # What staff wrote next in the conversation answers all that waited there.
    " LEFT JOIN LATERAL (SELECT n.sent_at FROM message n WHERE n.conversation_id = m.conversation_id"
    " AND n.position > m.position AND n.sender = 'staff' AND m.sender = 'guardian'"
    " ORDER BY n.position LIMIT 1) r ON true"
)
_AWAITING = (
    " JOIN conversation c ON c.conversation_id = m.conversation_id WHERE c.class_id = ANY(%(classes)s)"
    " AND c.class_id IN (SELECT class_id FROM roster_class_staff WHERE staff_id = %(who)s AND post = 'class_teacher')"
    " AND m.sender = 'guardian' AND r.sent_at IS NULL AND p.message_id IS NULL"
    " AND (%(after)s::bigint IS NULL OR m.position > %(after)s) ORDER BY m.position LIMIT %(limit)s"
)

_RELATIONS = (
    f"SELECT {PUPIL_FACTS}, ARRAY(SELECT k.class_id FROM roster_class k JOIN roster_enrolment e"  # noqa: S608 - constants
    " ON e.school_id = k.school_id AND e.class_id = k.class_id"
    " WHERE k.open AND e.school_id = p.school_id AND e.pupil_id = p.pupil_id),"
    " ARRAY(SELECT ARRAY[s.class_id, s.staff_id] FROM roster_class_staff s"
    " WHERE s.school_id = p.school_id AND s.post = 'class_teacher' AND (s.class_id = %s::uuid OR s.class_id IN"
    " (SELECT e.class_id FROM roster_enrolment e WHERE e.school_id = p.school_id AND e.pupil_id = p.pupil_id)))"
    " FROM roster_pupil p WHERE p.pupil_id = %s"
)

POLICY_S = Parameters()
"""What holds where a school has said nothing."""

Before = tuple[int, UUID] | None
"""The position and id of the last conversation that was seen."""


@dataclass(frozen=True, slots=True)
class MessagingQueries:
    reader: Pool
    roster: Roster

    # -- the roster --------------------------------------------------------------------------------------------

    def school(self, school_id: UUID) -> SchoolFacts | None:
        return self.roster.school(school_id)

    def relations(self, school_id: UUID, pupil_id: UUID, class_id: UUID | None = None) -> Relations | None:
        """What holds now of a child, its classes and their teachers, and of one class more where it is named."""
        found = read_tuples(self.reader, school_id, _RELATIONS, (*FOLLOWED, class_id, pupil_id))
        if not found:
            return None
        *facts, of_open_classes, taught = found[0]
        pupil = pupil_facts(pupil_id, facts)
        classes = frozenset(of_open_classes if pupil.on_roll else ())
        return Relations(
            pupil_id=pupil_id,
            guardians=pupil.guardians,
            classes=classes,
            teachers=_by_class((one, teacher) for one, teacher in taught if one == class_id or one in classes),
            roster_position=pupil.roster_position,
        )

    def class_teachers(self, school_id: UUID, class_ids: Iterable[UUID]) -> Mapping[UUID, frozenset[UUID]]:
        """The class teachers of some classes now; support staff of the class are none."""
        return _by_class((row.class_id, row.staff_id) for row in self.teachers(school_id, class_ids))

    def teachers(self, school_id: UUID, class_ids: Iterable[UUID]) -> Sequence[TeacherRow]:
        """The same with their names."""
        return self._rows(
            TeacherRow,
            school_id,
            "SELECT s.class_id, s.staff_id, p.given_name, p.family_name FROM roster_class_staff s"
            " LEFT JOIN roster_person p ON p.person_id = s.staff_id"
            " WHERE s.post = 'class_teacher' AND s.class_id = ANY(%(classes)s) ORDER BY p.family_name, s.staff_id",
            {"classes": list(class_ids)},
        )

    # -- conversations and messages ------------------------------------------------------------------------------

    def conversation(self, school_id: UUID, conversation_id: UUID) -> ConversationRow | None:
        sql = f"{_CONVERSATIONS} WHERE c.conversation_id = %(id)s"
        return read_row(self.reader, school_id, ConversationRow, sql, {"id": conversation_id})

    def conversations_of_guardian(
        self, school_id: UUID, guardian_id: UUID, before: Before, limit: int
    ) -> Sequence[ConversationRow]:
        """A guardian's own, the most recent first."""
        return self._conversations(school_id, "c.guardian_id = %(who)s", {"who": guardian_id}, before, limit)

    def conversations_of_teacher(
        self, school_id: UUID, staff_id: UUID, classes: Iterable[UUID], before: Before, limit: int
    ) -> Sequence[ConversationRow]:
        """Those of the classes whose class teacher this is, of these classes at most; the most recent first."""
        where = (
            "c.class_id = ANY(%(classes)s) AND c.class_id IN (SELECT class_id FROM roster_class_staff"
            " WHERE staff_id = %(who)s AND post = 'class_teacher')"
        )
        return self._conversations(school_id, where, {"who": staff_id, "classes": list(classes)}, before, limit)

    def message(self, school_id: UUID, message_id: UUID) -> MessageRow | None:
        return read_row(
            self.reader, school_id, MessageRow, f"{_MESSAGES} WHERE m.message_id = %(id)s", {"id": message_id}
        )

    def messages_of(
        self, school_id: UUID, conversation_id: UUID, before: int | None, limit: int
    ) -> Sequence[MessageRow]:
        """The newest before a position, the newest first."""
        return self._rows(
            MessageRow,
            school_id,
            f"{_MESSAGES} WHERE m.conversation_id = %(id)s AND (%(before)s::bigint IS NULL OR m.position < %(before)s)"
            " ORDER BY m.position DESC LIMIT %(limit)s",
            {"id": conversation_id, "before": before, "limit": limit},
        )

    def awaiting_reply(
        self, school_id: UUID, staff_id: UUID, classes: Iterable[UUID], after: int | None, limit: int
    ) -> Sequence[MessageRow]:
        """What guardians of the class teacher's own classes wrote and nobody has answered, the oldest first."""
        values = {"who": staff_id, "classes": list(classes), "after": after, "limit": limit}
        return self._rows(MessageRow, school_id, f"{_MESSAGES}{_AWAITING}", values)

    def reply_terms(self, school_id: UUID) -> Sequence[ReplyTerms]:
        """How the school has counted the time for a reply, the oldest terms first."""
        sql = "SELECT since, reply_clock, closure_days FROM reply_term ORDER BY position"
        rows = read_tuples(self.reader, school_id, sql)
        return [
            ReplyTerms.of(Parameters(reply_clock=row[1] or POLICY_S.reply_clock, closure_days=row[2] or ""), row[0])
            for row in rows
        ]

    def office_phone(self, school_id: UUID) -> str:
        """Empty where the school has not said."""
        school = self.roster.school(school_id)
        return "" if school is None else Parameters.from_mapping(school.parameters).office_phone

    def held_about_guardian(
        self, school_id: UUID, guardian_id: UUID, after: int | None, limit: int
    ) -> Sequence[MessageRow]:
        """Every message of a guardian's own conversations, whoever wrote it, the oldest first."""
        return self._held(school_id, "m.guardian_id = %(who)s", guardian_id, after, limit)

    def held_about_staff(self, school_id: UUID, staff_id: UUID, after: int | None, limit: int) -> Sequence[MessageRow]:
        """What a member of staff wrote as staff, the oldest first."""
        return self._held(school_id, "m.sender_id = %(who)s AND m.sender = 'staff'", staff_id, after, limit)

    def _conversations(
        self, school_id: UUID, where: str, values: dict[str, Any], before: Before, limit: int
    ) -> list[ConversationRow]:
        position, conversation_id = before or (None, None)
        values |= {"position": position, "id": conversation_id, "limit": limit}
        return self._rows(ConversationRow, school_id, f"{_CONVERSATIONS} WHERE {where}{_BEFORE}", values)

    def _held(self, school_id: UUID, where: str, who: UUID, after: int | None, limit: int) -> list[MessageRow]:
        return self._rows(
            MessageRow,
            school_id,
            f"{_MESSAGES} WHERE {where} AND (%(after)s::bigint IS NULL OR m.position > %(after)s)"
            " ORDER BY m.position LIMIT %(limit)s",
            {"who": who, "after": after, "limit": limit},
        )

    def _rows(self, kind: type[Any], school_id: UUID, sql: str, values: Mapping[str, Any]) -> list[Any]:
        return read_rows(self.reader, school_id, kind, sql, values)


def _by_class(taught: Iterable[tuple[UUID, UUID]]) -> dict[UUID, frozenset[UUID]]:
    """Class -> its class teachers, of (class, class teacher)."""
    found: dict[UUID, frozenset[UUID]] = {}
    for class_id, staff_id in taught:
        found[class_id] = found.get(class_id, frozenset()) | {staff_id}
    return found
