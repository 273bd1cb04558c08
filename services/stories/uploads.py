"""A picture on its way in: encoded anew, sealed under a key of its own and stored, before it is in any story."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from shared.media.images import Darkroom, Encoded
from shared.media.store import MediaStore, Variant, insert
from shared.runtime.clock import Clock
from shared.runtime.database import Pool


@dataclass(frozen=True, slots=True)
class Uploads:
    """Attributes: writer: stores in a transaction of its own; nobody is shown a picture that no story has."""

    darkroom: Darkroom
    media: MediaStore
    writer: Pool
    clock: Clock

    def keeping(self, school_id: UUID, media_id: UUID, data: bytes) -> Callable[[], Encoded]:
        """What keeps the upload once, however often it is called, and answers with the picture that is kept.

        It raises the refusals of `Darkroom.reencode`.
        """
        kept: list[Encoded] = []

        def keep() -> Encoded:
            if not kept:
                made = self.darkroom.reencode(data)
                pictures = {Variant.PICTURE: made.picture.jpeg, Variant.THUMBNAIL: made.thumbnail.jpeg}
                sealed = self.media.seal(school_id, media_id, pictures)
                with self.writer.connection() as connection:
                    insert(connection, sealed, self.clock.now())
                kept.append(made.picture)
            return kept[0]

        return keep
