"""Reads of stories' tables, each in a transaction that shows one school's rows, and what its roster says of a class.

Whether a picture or a text may still be shown is part of each query, so that nothing is shown on an older answer; and
nobody is shown at all, in a picture or by name, while it is not known that the roster is up to date (decision 19).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from psycopg.rows import class_row

from services.stories.domain.permission import Addressed, Reader, Relations
from shared.events.stories import Audience
from shared.projections.roster_queries import Roster, SchoolFacts
from shared.projections.sharing import showable
from shared.runtime.database import Pool, reading


@dataclass(frozen=True, slots=True)
class StoryRow:
    """A story as it may be shown now.

    Attributes:
        text: None where it was erased, or names a child who may not be named now.
        pictures: all of them, in order: media_id, kind, whom it shows, whether it may be shown.
    """

    story_id: UUID
    class_id: UUID
    class_name: str | None
    author_id: UUID
    author_given_name: str | None
    author_family_name: str | None
    kind: str
    audience: str
    pupil_id: UUID | None
    event_on: date | None
    text: str | None
    text_shown: bool
    names: Sequence[UUID]
    pictures: Sequence[Mapping[str, Any]]
    position: int
    posted_at: datetime

    @property
    def addressed(self) -> Addressed:
        """Whom it is for."""
        return Addressed(class_id=self.class_id, audience=Audience(self.audience), pupil_id=self.pupil_id)


_SHOWN = (  # constants
    "NOT EXISTS (SELECT FROM story_tag t WHERE t.item_id = {item} AND NOT (%(up_to_date)s::boolean AND "  # noqa: S608
    + showable("t.pupil_id", "t.kind", "t.approved")
    # What the roster could not take of a child may be that a permission was withdrawn.
    + " AND NOT EXISTS (SELECT FROM parked_event k WHERE k.source = 'identity' AND t.pupil_id = ANY(k.concerns))))"
)
_TEXT_SHOWN = _SHOWN.format(item="s.story_id")
_PICTURE_SHOWN = _SHOWN.format(item="m.media_id")
_STORIES = f"""
    SELECT s.story_id, s.class_id, k.name AS class_name, s.author_id, a.given_name AS author_given_name,
        a.family_name AS author_family_name, s.kind, s.audience, s.pupil_id, s.event_on,
        CASE WHEN {_TEXT_SHOWN} THEN s.text END AS text, {_TEXT_SHOWN} AS text_shown,
        ARRAY(SELECT t.pupil_id FROM story_tag t WHERE t.item_id = s.story_id ORDER BY t.pupil_id) AS names,
        coalesce((
            SELECT json_agg(json_build_object('media_id', m.media_id, 'kind', m.kind, 'shown', {_PICTURE_SHOWN},
                'shows', ARRAY(SELECT t.pupil_id FROM story_tag t WHERE t.item_id = m.media_id ORDER BY t.pupil_id))
                ORDER BY m.place)
            FROM story_picture m WHERE m.story_id = s.story_id
        ), '[]'::json) AS pictures,
        s.position, s.posted_at
    FROM story s LEFT JOIN roster_person a ON a.person_id = s.author_id
    LEFT JOIN roster_class k ON k.class_id = s.class_id
"""  # noqa: S608 - constants
_NEWEST = " AND (%(before)s::bigint IS NULL OR s.position < %(before)s) ORDER BY s.position DESC LIMIT %(limit)s"
_MEDIA = f"SELECT m.story_id, {_PICTURE_SHOWN} FROM story_picture m WHERE m.media_id = %(id)s"  # noqa: S608 - constants


@dataclass(frozen=True, slots=True)
class StoriesQueries:
    """Attributes: up_to_date: whether the roster has all that identity had recorded a moment ago."""

    reader: Pool
    roster: Roster
    up_to_date: Callable[[UUID], bool]

    # -- the roster --------------------------------------------------------------------------------------------

    def school(self, school_id: UUID) -> SchoolFacts | None:
        return self.roster.school(school_id)

    def relations(self, school_id: UUID, class_id: UUID, pupil_id: UUID | None = None) -> Relations | None:
        """What holds now of a class, and of one pupil more who may have left it; None for a class that is not there."""
        with reading(self.reader, school_id) as cursor:
            if cursor.execute("SELECT FROM roster_class WHERE class_id = %s", (class_id,)).fetchone() is None:
                return None
            staff = cursor.execute(
                "SELECT staff_id FROM roster_class_staff WHERE class_id = %s", (class_id,)
            ).fetchall()
            rows = cursor.execute(
                "SELECT p.pupil_id, EXISTS (SELECT FROM roster_enrolment e WHERE e.pupil_id = p.pupil_id"
                " AND e.class_id = %(class_id)s) AS here,"
                " ARRAY(SELECT g.guardian_id FROM roster_guardianship g WHERE g.pupil_id = p.pupil_id)"
                " FROM roster_pupil p WHERE p.on_roll AND (p.pupil_id = %(pupil_id)s OR p.pupil_id IN"
                " (SELECT e.pupil_id FROM roster_enrolment e WHERE e.class_id = %(class_id)s))",
                {"class_id": class_id, "pupil_id": pupil_id},
            ).fetchall()
        return Relations(
            staff=frozenset(row[0] for row in staff),
            pupils=frozenset(row[0] for row in rows if row[1]),
            guardians={row[0]: frozenset(row[2]) for row in rows},
        )

    # -- stories -------------------------------------------------------------------------------------------------

    def story(self, school_id: UUID, story_id: UUID) -> StoryRow | None:
        rows = self._rows(school_id, f"{_STORIES} WHERE s.story_id = %(id)s", {"id": story_id})
        return rows[0] if rows else None

    def feed(
        self, school_id: UUID, class_id: UUID, reader: Reader, before: int | None, limit: int
    ) -> Sequence[StoryRow]:
        """A class's stories that the reader may read, the newest first."""
        where = "s.class_id = %(class_id)s AND (%(staff)s OR s.audience = 'class' OR s.pupil_id = ANY(%(children)s))"
        named = {"class_id": class_id, "staff": reader.staff, "children": list(reader.children)}
        return self._page(school_id, where, named, before, limit)

    def notices(
        self, school_id: UUID, guardian_id: UUID, children: Sequence[UUID], before: int | None, limit: int
    ) -> Sequence[StoryRow]:
        """Reminders and events of the classes that these children are in now, the newest first."""
        where = (
            "s.audience = 'class' AND s.kind IN ('reminder', 'event') AND s.class_id IN (SELECT e.class_id"
            " FROM roster_enrolment e JOIN roster_pupil p ON p.pupil_id = e.pupil_id AND p.on_roll"
            " JOIN roster_guardianship g ON g.pupil_id = e.pupil_id AND g.guardian_id = %(guardian_id)s"
            " WHERE e.pupil_id = ANY(%(children)s))"
        )
        return self._page(school_id, where, {"guardian_id": guardian_id, "children": list(children)}, before, limit)

    def written_by(self, school_id: UUID, staff_id: UUID, before: int | None, limit: int) -> Sequence[StoryRow]:
        """What a member of staff posted, the newest first."""
        return self._page(school_id, "s.author_id = %(who)s", {"who": staff_id}, before, limit)

    def written_to(
        self, school_id: UUID, children: Sequence[UUID], before: int | None, limit: int
    ) -> Sequence[StoryRow]:
        """What was posted for the adults of these children alone, the newest first."""
        return self._page(school_id, "s.pupil_id = ANY(%(children)s)", {"children": list(children)}, before, limit)

    def story_of_media(self, school_id: UUID, media_id: UUID) -> tuple[UUID, bool] | None:
        """The story that a picture is in, and whether the picture may be shown now."""
        named = {"id": media_id, "up_to_date": self.up_to_date(school_id)}
        with reading(self.reader, school_id) as cursor:
            row = cursor.execute(_MEDIA, named).fetchone()
        return None if row is None else (row[0], row[1])

    def _page(
        self, school_id: UUID, where: str, named: Mapping[str, Any], before: int | None, limit: int
    ) -> Sequence[StoryRow]:
        values = {**named, "before": before, "limit": limit}
        return self._rows(school_id, f"{_STORIES} WHERE {where}{_NEWEST}", values)

    def _rows(self, school_id: UUID, sql: str, values: Mapping[str, Any]) -> list[StoryRow]:
        named = {**values, "up_to_date": self.up_to_date(school_id)}  # before it is read, and no transaction is open
        with (
            reading(self.reader, school_id) as cursor,
            cursor.connection.cursor(row_factory=class_row(StoryRow)) as rows,
        ):
            return rows.execute(sql, named).fetchall()
