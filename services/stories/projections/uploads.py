"""Pictures by how long nobody has needed them: since when each is in no story that stands. For clearing alone."""

from shared.events.envelope import Envelope
from shared.events.stories import MediaCleared, MediaPosted, MediaUploaded, StoryWithdrawn
from shared.projections.declaration import Projection, Table, Tx

uploads = Projection(
    name="uploads",
    version=1,
    source="stories",
    tables=(
        Table(
            "upload",
            # idle_since: NULL while the story that the picture is in stands.
            {"media_id": "uuid", "story_id": "uuid", "idle_since": "timestamptz", "cleared_at": "timestamptz"},
            ("media_id",),
            (("story_id",),),
        ),
    ),
)


@uploads.on(MediaUploaded)
def _(tx: Tx, e: MediaUploaded, meta: Envelope) -> None:
    tx.execute(
        "INSERT INTO {upload} (school_id, media_id, idle_since) VALUES (%s, %s, %s)",
        meta.school_id,
        e.media_id,
        meta.occurred_at,
    )


@uploads.on(MediaPosted)
def _(tx: Tx, e: MediaPosted, meta: Envelope) -> None:
    tx.execute(
        "UPDATE {upload} SET story_id = %s, idle_since = NULL WHERE school_id = %s AND media_id = %s",
        e.story_id,
        meta.school_id,
        e.media_id,
    )


@uploads.on(StoryWithdrawn)
def _(tx: Tx, e: StoryWithdrawn, meta: Envelope) -> None:
    tx.execute(
        "UPDATE {upload} SET idle_since = %s WHERE school_id = %s AND story_id = %s",
        meta.occurred_at,
        meta.school_id,
        e.story_id,
    )


@uploads.on(MediaCleared)
def _(tx: Tx, e: MediaCleared, meta: Envelope) -> None:
    """Also of one whose upload was never recorded."""
    tx.execute(
        "INSERT INTO {upload} (school_id, media_id, story_id, cleared_at) VALUES (%s, %s, %s, %s)"
        " ON CONFLICT (school_id, media_id) DO UPDATE SET cleared_at = excluded.cleared_at",
        meta.school_id,
        e.media_id,
        e.story_id,
        meta.occurred_at,
    )
