"""What the bus has brought, as a source in front of the feed: the queue is a hint, the feed is the truth."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from shared.events.envelope import Envelope
from shared.log.read import Head
from shared.projections.runner import Source
from shared.runtime.metrics import BUS_DISCARDED


@dataclass(slots=True)
class Delivered:
    """One batch of one partition, in whatever order and however often it was delivered.

    That each event's hash follows from it was found when its message was read. Answers from the batch where it links to
    where the consumer stands, from the feed where it leaves a gap, and nothing where it holds nothing new.
    """

    name: str
    feed: Source
    envelopes: Iterable[Envelope]
    _in_order: list[Envelope] = field(init=False)

    def __post_init__(self) -> None:
        self._in_order = sorted(self.envelopes, key=lambda envelope: envelope.position)

    def heads(self) -> Mapping[int, Head]:
        return self.feed.heads()

    def after(self, partition: int, at: Head, limit: int) -> list[Envelope]:
        run: list[Envelope] = []
        here, unread = at, False
        for envelope in self._in_order:
            if envelope.position <= here.position:
                continue  # a duplicate
            unread = True
            if envelope.position > here.position + 1:
                break
            if envelope.previous != here.hash:
                BUS_DISCARDED.labels(self.name, "does not link").inc()
                continue
            run.append(envelope)
            here = Head(position=envelope.position, hash=envelope.hash)
        if run or not unread:
            return run[:limit]
        return self.feed.after(partition, at, limit)
