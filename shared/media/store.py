"""Pictures as rows of ciphertext: AES-256-GCM under a key of the item's own, which opens nothing else.

School, item and variant are bound in as associated data, so that one picture cannot be shown in another's place. Who
destroys the key has made the picture unreadable everywhere, also in backups.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from psycopg import Connection
from psycopg.rows import TupleRow

from shared.events.declaration import Erased
from shared.privacy.categories import Category
from shared.privacy.keystore import Owner
from shared.privacy.vault import NONCE_BYTES, Keys, Tampered
from shared.runtime.database import Pool, reading


class Variant(StrEnum):
    """What is kept of an item."""

    PICTURE = "picture"
    THUMBNAIL = "thumbnail"


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedMedia:
    """An item ready to be stored. Its key is committed."""

    school_id: UUID
    media_id: UUID
    key_id: UUID
    boxes: Mapping[Variant, tuple[bytes, bytes]] = field(repr=False)
    """Nonce and ciphertext of each variant."""


class MediaStore:
    """Seals, stores and opens pictures with one service's keys. Safe between threads.

    Keys are not kept at hand: a picture whose key was destroyed is not shown again, by any process.
    """

    def __init__(self, keys: Keys, random: Callable[[int], bytes] = os.urandom) -> None:
        self._keys, self._random = keys, random

    def seal(self, school_id: UUID, media_id: UUID, pictures: Mapping[Variant, bytes]) -> SealedMedia:
        """The item under a key of its own; call it before the transaction that stores it.

        Raises:
            Destroyed: the item was erased before.
        """
        owner = Owner(school_id, media_id, Category.MEDIA)
        key = self._keys.obtain([owner])[owner]
        boxes = {}
        for variant, picture in pictures.items():
            nonce = self._random(NONCE_BYTES)
            boxes[variant] = nonce, AESGCM(key.key).encrypt(nonce, picture, _bound(school_id, media_id, variant))
        return SealedMedia(school_id=school_id, media_id=media_id, key_id=key.key_id, boxes=boxes)

    def read(self, pool: Pool, school_id: UUID, media_id: UUID, variant: Variant) -> bytes | Erased | None:
        """A picture of that school, with the reader's role; None where there is none.

        Raises:
            KeyMissing: its key is neither held by this service nor on the list of destroyed keys.
            Tampered: the ciphertext does not belong where it stands.
        """
        with reading(pool, school_id) as cursor:
            row = cursor.execute(
                "SELECT key_id, nonce, ciphertext FROM media_item"
                " WHERE school_id = %s AND media_id = %s AND variant = %s",
                (school_id, media_id, variant),
            ).fetchone()
        if row is None:
            return None
        # The transaction has ended: a key is fetched from another database.
        key = self._keys.fetch([row[0]])[row[0]]
        if key is None:
            return Erased()
        try:
            return AESGCM(key).decrypt(bytes(row[1]), bytes(row[2]), _bound(school_id, media_id, variant))
        except InvalidTag:
            raise Tampered(f"the {variant} of an item") from None


def insert(connection: Connection[TupleRow], sealed: SealedMedia, stored_at: datetime) -> None:
    """Stores an item in the caller's transaction, with the writer's role. It is stored once: again is an error."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO media_item (school_id, media_id, variant, key_id, nonce, ciphertext, stored_at)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s)",
            [
                (sealed.school_id, sealed.media_id, variant, sealed.key_id, nonce, ciphertext, stored_at)
                for variant, (nonce, ciphertext) in sealed.boxes.items()
            ],
        )


def delete(connection: Connection[TupleRow], school_id: UUID, media_id: UUID) -> int:
    """Takes an item away, with the worker's role, after its key was destroyed. Returns how many variants there were."""
    return connection.execute(
        "DELETE FROM media_item WHERE school_id = %s AND media_id = %s", (school_id, media_id)
    ).rowcount


def _bound(school_id: UUID, media_id: UUID, variant: Variant) -> bytes:
    return b"\0".join((school_id.bytes, media_id.bytes, variant.encode()))
