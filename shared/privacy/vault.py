"""Seals personal values for the log and opens them again: AES-256-GCM under the subject's key.

School, event id and field are bound in as associated data, so that ciphertext cannot be moved to another place.
"""

import threading
from base64 import b64decode
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.events.declaration import REGISTRY, Erased, Event, PersonalMark, Sealed, personal_marks
from shared.events.envelope import Envelope
from shared.events.wire import PersonalPart, WireError, at_latest, from_wire, to_wire, uuid_from_wire, uuid_to_wire
from shared.privacy.categories import CATEGORIES
from shared.privacy.keystore import Owner, SubjectKey
from shared.runtime.randomness import random_bytes

NONCE_BYTES = 12
CACHE_SECONDS = 60.0
"""How long an opened key stays in memory: so long after its destruction a process may still read."""


class Keys(Protocol):
    """What the vault needs of a key store."""

    def obtain(self, owners: Sequence[Owner]) -> Mapping[Owner, SubjectKey]:
        """The key of each owner, made where there was none and committed on return."""

    def fetch(self, key_ids: Sequence[UUID]) -> Mapping[UUID, bytes | None]:
        """Each key by id, None for a destroyed one. An error where one is neither held nor destroyed."""


class Tampered(Exception):  # noqa: N818 - said as it is
    """A ciphertext does not open in its place. Its text names the event's type and field, never a value."""


@dataclass(frozen=True, slots=True)
class _Cached:
    key: bytes | None
    until: float


class Boxes:
    """Opens what is sealed in many events, straight from the log's text. Keeps opened keys as long as a vault does."""

    def __init__(
        self, fetch: Callable[[set[UUID]], Mapping[UUID, bytes | None]], monotonic: Callable[[], float]
    ) -> None:
        self._fetch, self._monotonic, self._until = fetch, monotonic, 0.0
        # One cipher a key: making it takes as long as using it.
        self._ciphers: dict[str, AESGCM | None] = {}

    def opened(
        self,
        boxes: Sequence[Mapping[str, str] | None],
        schools: Sequence[bytes],
        events: Sequence[bytes],
        names: Sequence[str],
    ) -> list[Any]:
        """What is in one field of many events: the JSON value of each box as it stands in the event's data, None where
        there is no box or its key is destroyed. Asks the key database at most once; call it while no transaction is
        open.

        Args:
            boxes: of each event.
            schools: of each event, the school's id.
            events: the event's own.
            names: the field's own and those that it had.

        Raises:
            KeyMissing: as `Vault.open`.
            Tampered: a ciphertext does not belong there.
        """  # noqa: D205 - the first sentence needs more than one line
        ciphers, bound = self._ciphers_of({box["key"] for box in boxes if box}), [name.encode() for name in names]
        return [
            _unboxed(cipher, box, school, event, bound) if box and (cipher := ciphers[box["key"]]) else None
            for box, school, event in zip(boxes, schools, events, strict=True)
        ]

    def _ciphers_of(self, key_ids: AbstractSet[str]) -> Mapping[str, AESGCM | None]:
        now = self._monotonic()
        if now >= self._until:
            self._ciphers, self._until = {}, now + CACHE_SECONDS
        if missing := key_ids - self._ciphers.keys():
            found = self._fetch({UUID(key_id) for key_id in missing})
            self._ciphers |= {str(key_id): None if key is None else AESGCM(key) for key_id, key in found.items()}
        return self._ciphers


def _unboxed(cipher: AESGCM, box: Mapping[str, str], school: bytes, event: bytes, names: Sequence[bytes]) -> Any:
    nonce, text = a2b_base64(box["nonce"]), a2b_base64(box["text"])
    for name in names:
        try:
            return orjson.loads(cipher.decrypt(nonce, text, _bound(school, event, name)))
        except InvalidTag:
            continue
    raise Tampered(f"{names[0].decode()} of event {UUID(bytes=event)}")


class Vault:
    """Seals and opens with one service's keys. Safe to share between threads."""

    def __init__(
        self,
        service: str,
        keys: Keys,
        monotonic: Callable[[], float],
        random: Callable[[int], bytes] = random_bytes,
    ) -> None:
        self._service, self._keys, self._monotonic, self._random = service, keys, monotonic, random
        self._cache: dict[UUID, _Cached] = {}
        self._lock = threading.Lock()

    def seal(self, school_id: UUID, events: Sequence[tuple[UUID, Event]]) -> list[dict[str, Any]]:
        """The data to store of each (event id, event). Keys are committed on return: call it before the transaction.

        Raises:
            Destroyed: a subject's key was destroyed.
        """
        return self.sealing(school_id, events)()

    def sealing(self, school_id: UUID, events: Sequence[tuple[UUID, Event]]) -> Callable[[], list[dict[str, Any]]]:
        """The same in two steps: the keys are at hand and committed on return; what is returned seals, when called.

        Raises:
            Destroyed: as `seal`.
        """
        owners = {
            _owner(school_id, getattr(event, mark.subject), mark)
            for _, event in events
            for name, mark in personal_marks(type(event)).items()
            if getattr(event, name) is not None
        }
        keys = self._keys.obtain(list(owners)) if owners else {}

        return lambda: [self._data(school_id, event_id, event, keys) for event_id, event in events]

    def open(self, envelopes: Sequence[Envelope]) -> list[Event]:
        """The events with their personal values open: Erased where the key is destroyed, Sealed where the category is
        not this service's. Asks the key database at most once; call it while no transaction is open.

        Raises:
            KeyMissing: a key can neither be found nor is it on the list of destroyed keys.
            Tampered: a ciphertext does not belong where it stands.
            WireError: an event of a type or form that is not known here.
        """  # noqa: D205 - the first sentence needs both lines
        sealed = [(envelope, _sealed_fields(envelope)) for envelope in envelopes]
        wanted = {
            uuid_from_wire(box["key"])
            for envelope, fields in sealed
            for name, box in fields.items()
            if self._may_open(envelope, name)
        }
        keys = self._keys_of(wanted)
        return [
            from_wire(
                envelope.type,
                envelope.schema_version,
                envelope.data,
                {name: self._opened(envelope, name, box, keys) for name, box in fields.items()},
            )
            for envelope, fields in sealed
        ]

    def boxes(self) -> Boxes:
        """For whoever opens very much at once."""
        return Boxes(lambda key_ids: self._keys.fetch(list(key_ids)), self._monotonic)

    @staticmethod
    def opens(service: str, mark: PersonalMark) -> bool:
        """Whether a field so marked is this service's to open."""
        return service in CATEGORIES[mark.category].opened_by

    def _data(self, school_id: UUID, event_id: UUID, event: Event, keys: Mapping[Owner, SubjectKey]) -> dict[str, Any]:
        data, parts = to_wire(event)
        for part in parts:
            data[part.field] = self._sealed(school_id, event_id, part, keys)
        return data

    def _sealed(
        self, school_id: UUID, event_id: UUID, part: PersonalPart, keys: Mapping[Owner, SubjectKey]
    ) -> dict[str, str]:
        key, nonce = keys[_owner(school_id, part.subject, part.mark)], self._random(NONCE_BYTES)
        text = key.cipher.encrypt(nonce, part.text, _bound(school_id.bytes, event_id.bytes, part.field.encode()))
        return {
            "key": uuid_to_wire(key.key_id),
            "nonce": b2a_base64(nonce, newline=False).decode(),
            "text": b2a_base64(text, newline=False).decode(),
        }

    def _may_open(self, envelope: Envelope, field: str) -> bool:
        cls = REGISTRY.of(envelope.type)
        marks = personal_marks(cls) if cls else {}
        return field in marks and self.opens(self._service, marks[field])

    def _opened(
        self, envelope: Envelope, field: str, box: Mapping[str, str], keys: Mapping[UUID, bytes | None]
    ) -> bytes | Erased | Sealed:
        if not self._may_open(envelope, field):
            return Sealed()
        key = keys[UUID(box["key"])]
        if key is None:
            return Erased()
        mark = personal_marks(REGISTRY.of(envelope.type))[field]  # type: ignore[arg-type]
        for name in (field, *mark.formerly):
            try:
                nonce, text = b64decode(box["nonce"], validate=True), b64decode(box["text"], validate=True)
                place = _bound(envelope.school_id.bytes, envelope.id.bytes, name.encode())
                return AESGCM(key).decrypt(nonce, text, place)
            except (InvalidTag, ValueError):  # no base64, or a nonce of another length
                continue
        raise Tampered(f"{envelope.type}.{field} at {envelope.partition}.{envelope.position}")

    def _keys_of(self, wanted: set[UUID]) -> dict[UUID, bytes | None]:
        now = self._monotonic()
        with self._lock:
            self._cache = {key_id: cached for key_id, cached in self._cache.items() if cached.until > now}
            found = {key_id: self._cache[key_id].key for key_id in wanted if key_id in self._cache}
        if missing := [key_id for key_id in wanted if key_id not in found]:
            fetched = self._keys.fetch(missing)
            with self._lock:
                self._cache |= {key_id: _Cached(key, now + CACHE_SECONDS) for key_id, key in fetched.items()}
            found |= fetched
        return found


def folded(envelopes: Sequence[Envelope]) -> list[Event]:
    """The events with every personal value Sealed: all that `evolve` needs, without a key."""
    return [from_wire(e.type, e.schema_version, e.data, {}) for e in envelopes]


def _sealed_fields(envelope: Envelope) -> dict[str, Mapping[str, str]]:
    cls = REGISTRY.of(envelope.type)
    if cls is None:
        return {}
    data = at_latest(envelope.type, envelope.schema_version, envelope.data)
    boxes = {name: data.get(name) for name in personal_marks(cls)}
    for name, box in boxes.items():
        if box is not None and not _is_box(box):
            raise WireError(f"{envelope.type}.{name} is not sealed")
    return {name: box for name, box in boxes.items() if box is not None}


def _is_box(found: Any) -> bool:
    return (
        isinstance(found, Mapping)
        and found.keys() == {"key", "nonce", "text"}
        and all(isinstance(part, str) for part in found.values())
    )


def _owner(school_id: UUID, subject: UUID, mark: PersonalMark) -> Owner:
    return Owner(school_id, subject, mark.category)


def _bound(school: bytes, event: bytes, field: bytes) -> bytes:
    return b"\0".join((school, event, field))
