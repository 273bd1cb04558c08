"""Keys that were used to seal stay at hand for a while: the next text of a conversation asks no database for its key.

What is sealed under a key in the minute after its destruction opens for nobody: it is erased as it is written. That an
erased person is written about no more is decided from the log, and not from the keys.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from shared.privacy.keystore import Owner, SubjectKey
from shared.privacy.vault import CACHE_SECONDS, Keys

MOST_KEYS = 20_000


@dataclass(frozen=True, slots=True)
class _Kept:
    key: SubjectKey
    until: float


class KeptKeys:
    """A key store for a vault that remembers what it obtained, as long as a vault does what it opened."""

    def __init__(self, keys: Keys, monotonic: Callable[[], float], most: int = MOST_KEYS) -> None:
        self._keys, self._monotonic, self._most = keys, monotonic, most
        self._kept: OrderedDict[Owner, _Kept] = OrderedDict()
        self._lock = threading.Lock()

    def obtain(self, owners: Sequence[Owner]) -> Mapping[Owner, SubjectKey]:
        """The key of each owner, made where there was none and committed on return.

        Raises:
            Destroyed: one of them was destroyed, and is not at hand any more.
        """
        now = self._monotonic()
        with self._lock:
            # Each is kept equally long, so the oldest stand in front.
            while self._kept and next(iter(self._kept.values())).until <= now:
                self._kept.popitem(last=False)
            found = {owner: kept.key for owner in owners if (kept := self._kept.get(owner))}
        if missing := [owner for owner in owners if owner not in found]:
            obtained = self._keys.obtain(missing)
            found |= obtained
            self._keep(obtained, now + CACHE_SECONDS)
        return found

    def fetch(self, key_ids: Sequence[UUID]) -> Mapping[UUID, bytes | None]:
        """Each key by id, as the key store has it."""
        return self._keys.fetch(key_ids)

    def _keep(self, obtained: Mapping[Owner, SubjectKey], until: float) -> None:
        with self._lock:
            for owner, key in obtained.items():
                self._kept.pop(owner, None)
                self._kept[owner] = _Kept(key, until)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
