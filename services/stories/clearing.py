"""Takes away what nobody needs: uploads that no story names, and pictures of stories that were withdrawn (decision 24).

The log comes first: once `MediaCleared` stands, nobody can post the picture, and only then are its key and its rows
taken away. A post that comes first moves the stream, and the clearing is decided anew and finds it. What an interrupted
run has left over the next one takes away.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from psycopg import Connection
from psycopg.rows import TupleRow, class_row

from services.stories.commands import media_stream, story_stream
from services.stories.domain import media, story
from services.stories.domain.media import ClearMedia, Media
from services.stories.domain.story import Story
from shared.events.envelope import Actor
from shared.events.stories import MediaId, StoryId
from shared.log.commands import CommandHandler, Drafts, History, Request
from shared.media.store import delete
from shared.policy.refusal import Refusal
from shared.privacy.categories import Category
from shared.privacy.keystore import Eraser, Owner
from shared.runtime.clock import Clock
from shared.runtime.logging import logger

LOCK = 0x436C6561
"""The advisory lock of whoever clears ("Clea"): one worker at a time."""
BATCH = 50
"""Pictures a run: each append is small, and so holds its partition briefly."""

_DUE = """
    SELECT u.school_id, r.partition, u.media_id, u.story_id FROM upload u
    JOIN roster_school r ON r.school_id = u.school_id
    WHERE u.cleared_at IS NULL
    AND u.idle_since < CASE WHEN u.story_id IS NULL THEN %(unposted)s ELSE %(withdrawn)s END
    UNION ALL
    SELECT DISTINCT m.school_id, r.partition, m.media_id, NULL::uuid FROM media_item m
    JOIN roster_school r ON r.school_id = m.school_id
    WHERE m.stored_at < %(unposted)s
    AND NOT EXISTS (SELECT FROM upload u WHERE u.school_id = m.school_id AND u.media_id = m.media_id)
    LIMIT %(batch)s
"""
_LEFT_OVER = """
    SELECT DISTINCT u.school_id, r.partition, u.media_id, u.story_id FROM upload u
    JOIN roster_school r ON r.school_id = u.school_id
    JOIN media_item m ON m.school_id = u.school_id AND m.media_id = u.media_id
    WHERE u.cleared_at IS NOT NULL LIMIT %(batch)s
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """How long a picture is kept that is in no story that stands, by the school's clock.

    Attributes:
        unposted: since its upload.
        withdrawn: since the story that it was in was withdrawn.
    """

    unposted: timedelta = timedelta(hours=24)
    withdrawn: timedelta = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Found:
    """A picture that looks as if it were needed no more. The read model may be behind: the streams decide."""

    school_id: UUID
    partition: int
    media_id: UUID
    story_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Clearing:
    """Attributes: connect: makes a connection of its caller's own, with the worker's role, in autocommit."""

    connect: Callable[[], Connection[TupleRow]]
    handler: CommandHandler
    eraser: Eraser
    clock: Clock
    new_id: Callable[[], UUID]
    kept: Kept

    def run(self, now: datetime) -> int:
        """One batch; nothing while another worker is at it. `now` is real time.

        Returns:
            How many pictures were taken away.
        """
        with self.connect() as connection:
            locked = connection.execute("SELECT pg_try_advisory_lock(%s)", (LOCK,)).fetchone()
            if locked is None or not locked[0]:
                return 0
            due = self._found(connection, _DUE)
            gone = {one.media_id: one for one in due if self._cleared(one)}
            gone |= {one.media_id: one for one in self._found(connection, _LEFT_OVER)}
            if gone:
                self._take_away(connection, list(gone.values()), now)
            # The session's end would let it go too, a moment after the next worker may have asked.
            connection.execute("SELECT pg_advisory_unlock(%s)", (LOCK,))
            return len(gone)

    def _found(self, connection: Connection[TupleRow], query: str) -> Sequence[Found]:
        now = self.clock.now()
        told = {"unposted": now - self.kept.unposted, "withdrawn": now - self.kept.withdrawn, "batch": BATCH}
        with connection.cursor(row_factory=class_row(Found)) as rows:
            return rows.execute(query, told).fetchall()

    def _cleared(self, found: Found) -> bool:
        """Records that the picture is cleared, where its streams say so too. Whether it is, by now."""
        command = ClearMedia(
            media_id=MediaId(found.media_id), story_id=None if found.story_id is None else StoryId(found.story_id)
        )
        stream = media_stream(found.media_id)

        def decide(history: History) -> Drafts:
            state = history.fold(stream, Media(), media.evolve)
            withdrawn = (
                found.story_id is not None
                and history.fold(story_stream(found.story_id), Story(), story.evolve).withdrawn
            )
            return [(stream, event) for event in media.clear(command, state, withdrawn=withdrawn)]

        request = Request(
            school_id=found.school_id,
            partition=found.partition,
            actor=Actor(kind="service", id="stories"),
            occurred_at=self.clock.now(),
            correlation_id=self.new_id(),
        )
        try:
            self.handler.handle(request, decide)
        except Refusal:  # others moved it first, again and again: somebody needs it
            return False
        return self.handler.history(found.school_id).fold(stream, Media(), media.evolve).cleared

    def _take_away(self, connection: Connection[TupleRow], gone: Sequence[Found], now: datetime) -> None:
        """The key first: what is left of the rows after that, also in a backup, can be opened by nobody."""
        self.eraser.destroy([Owner(one.school_id, one.media_id, Category.MEDIA) for one in gone], now)
        with connection.transaction():
            for one in gone:
                delete(connection, one.school_id, one.media_id)
        logger().info("media.cleared", count=len(gone))
