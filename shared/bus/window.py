"""What a relay may save and publish next: order and progress, without a broker, a database or a clock."""

from collections.abc import Iterable


class OutOfOrder(Exception):  # noqa: N818 - said as it is
    """The events to publish do not follow one another, or the broker confirmed what was not published."""


class Window:
    """One batch of a partition on its way: which of its positions the broker has confirmed.

    Args:
        saved: the position up to which everything was confirmed before.
        tag: the last delivery tag of the channel before this batch; the batch's own go on from there by ones.
    """

    def __init__(self, saved: int, tag: int) -> None:
        self._saved, self._tag = saved, tag
        self._sent = 0
        self._open: set[int] = set()
        self._refused: set[int] = set()

    @property
    def tag(self) -> int:
        """The last delivery tag used."""
        return self._tag + self._sent

    @property
    def settled(self) -> int:
        """The position that may be saved: it and all before it are confirmed. Never beyond one that is not."""
        return min(self._open | self._refused, default=self._saved + self._sent + 1) - 1

    @property
    def waiting(self) -> bool:
        """Whether the broker has yet to answer for something."""
        return bool(self._open)

    @property
    def refused(self) -> bool:
        """Whether the broker would not take something: it is to be published again, and what came after it."""
        return bool(self._refused)

    def send(self, position: int) -> None:
        """Notes that a position is published next; call it before, for the answer may come while it is sent.

        Raises:
            OutOfOrder: it is not the next one.
        """
        if position != self._saved + self._sent + 1:
            raise OutOfOrder(f"position {position} does not follow {self._saved + self._sent}")
        self._sent += 1
        self._open.add(position)

    def confirm(self, tag: int, multiple: bool) -> None:  # noqa: FBT001 - as the protocol has it
        """The broker has taken a tag; with `multiple`, also all before it that were still open."""
        self._open.difference_update(self._answered(tag, multiple=multiple))

    def refuse(self, tag: int, multiple: bool) -> None:  # noqa: FBT001 - as the protocol has it
        """The broker could not take a tag; with `multiple`, none that was still open up to it."""
        refused = self._open.intersection(self._answered(tag, multiple=multiple))
        self._open -= refused
        self._refused |= refused

    def _answered(self, tag: int, *, multiple: bool) -> Iterable[int]:
        if not self._tag < tag <= self.tag:
            raise OutOfOrder(f"an answer for {tag}, which was not published")
        position = self._saved + tag - self._tag
        return [p for p in self._open if p <= position] if multiple else [position]
