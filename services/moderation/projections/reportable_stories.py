"""Stories as things that can be reported: which story, by whom, for whom. Never what it says or shows."""

from shared.events.envelope import Envelope
from shared.events.stories import StoryPosted
from shared.projections.declaration import Projection, Table, Tx

reportable_stories = Projection(
    name="reportable_stories",
    version=1,
    source="stories",
    tables=(
        Table(
            "reportable_story",
            {
                "story_id": "uuid",
                "author_id": "uuid NOT NULL",
                "audience": "text NOT NULL",
                "class_id": "uuid NOT NULL",
                "pupil_id": "uuid",
                "at": "timestamptz NOT NULL",
            },
            ("story_id",),
        ),
    ),
)


@reportable_stories.on(StoryPosted)
def _(tx: Tx, e: StoryPosted, meta: Envelope) -> None:
    tx.execute(
        "INSERT INTO {reportable_story} (school_id, story_id, author_id, audience, class_id, pupil_id, at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s)",
        meta.school_id,
        e.story_id,
        e.author_id,
        e.audience,
        e.class_id,
        e.pupil_id,
        meta.occurred_at,
    )
