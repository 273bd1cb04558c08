"""Stories as they are read: newest first, with their pictures and with whom each shows or names.

A tag bears the position of identity's log at which somebody knew that it may be shared; whether it still may be is
asked of the roster at each reading (S64). What was withdrawn is not here.
"""

from shared.events.envelope import Envelope
from shared.events.identity import PupilId, SharedKind
from shared.events.stories import StoryMediaApproved, StoryPosted, StoryWithdrawn
from shared.projections.declaration import Projection, Table, Tx
from shared.projections.roster import shown

stories = Projection(
    name="stories",
    version=1,
    source="stories",
    tables=(
        Table(
            "story",
            {
                "story_id": "uuid",
                "class_id": "uuid NOT NULL",
                "author_id": "uuid NOT NULL",
                "kind": "text NOT NULL",
                "audience": "text NOT NULL",
                "pupil_id": "uuid",
                "event_on": "date",
                "text": "text",
                "position": "bigint NOT NULL",
                "posted_at": "timestamptz NOT NULL",
            },
            ("story_id",),
            (("class_id", "position"), ("author_id", "position"), ("pupil_id", "position")),
        ),
        Table(
            "story_picture",
            {"media_id": "uuid", "story_id": "uuid NOT NULL", "place": "integer NOT NULL", "kind": "text NOT NULL"},
            ("media_id",),
            (("story_id",),),
        ),
        # Of a picture, or of a story's text.
        Table(
            "story_tag",
            {
                "item_id": "uuid",
                "pupil_id": "uuid",
                "kind": "text NOT NULL",
                "story_id": "uuid NOT NULL",
                "approved": "bigint NOT NULL",
            },
            ("item_id", "pupil_id"),
            (("story_id",),),
        ),
    ),
)


@stories.on(StoryPosted)
def _(tx: Tx, e: StoryPosted, meta: Envelope) -> None:
    tx.execute(
        "INSERT INTO {story} (school_id, story_id, class_id, author_id, kind, audience, pupil_id, event_on, text,"
        " position, posted_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        meta.school_id,
        e.story_id,
        e.class_id,
        e.author_id,
        e.kind,
        e.audience,
        e.pupil_id,
        e.event_on,
        shown(e.text),
        meta.position,
        meta.occurred_at,
    )
    for pupil in e.names:
        _tag(tx, e, meta, (e.story_id, pupil, SharedKind.MESSAGE))
    for place, picture in enumerate(e.pictures):
        tx.execute(
            "INSERT INTO {story_picture} (school_id, media_id, story_id, place, kind) VALUES (%s, %s, %s, %s, %s)",
            meta.school_id,
            picture.media_id,
            e.story_id,
            place,
            picture.kind,
        )
        for pupil in picture.shows:
            _tag(tx, e, meta, (picture.media_id, pupil, SharedKind(picture.kind)))


def _tag(tx: Tx, e: StoryPosted, meta: Envelope, tag: tuple[object, PupilId, SharedKind]) -> None:
    tx.execute(
        "INSERT INTO {story_tag} (school_id, item_id, pupil_id, kind, story_id, approved)"
        " VALUES (%s, %s, %s, %s, %s, %s)",
        meta.school_id,
        *tag,
        e.story_id,
        e.roster_position,
    )


@stories.on(StoryMediaApproved)
def _(tx: Tx, e: StoryMediaApproved, meta: Envelope) -> None:
    tx.execute(
        "UPDATE {story_tag} SET approved = greatest(approved, %s)"
        " WHERE school_id = %s AND story_id = %s AND item_id = ANY(%s)",
        e.roster_position,
        meta.school_id,
        e.story_id,
        [*e.media_ids, *([e.story_id] if e.text else [])],
    )


@stories.on(StoryWithdrawn)
def _(tx: Tx, e: StoryWithdrawn, meta: Envelope) -> None:
    for statement in (
        "DELETE FROM {story_tag} WHERE school_id = %s AND story_id = %s",
        "DELETE FROM {story_picture} WHERE school_id = %s AND story_id = %s",
        "DELETE FROM {story} WHERE school_id = %s AND story_id = %s",
    ):
        tx.execute(statement, meta.school_id, e.story_id)
