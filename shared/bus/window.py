"""What a relay may save and publish next: order and progress, without a broker, a database or a clock."""

from collections.abc import Iterable, Sequence


class OutOfOrder(Exception):  # noqa: N818 - said as it is
    """The events to publish do not follow one another, or the broker confirmed what was not published."""


def require_in_order(saved: int, positions: Sequence[int]) -> None:
    """Raises OutOfOrder unless the positions are those that follow `saved`, each once."""
    if list(positions) != list(range(saved + 1, saved + 1 + len(positions))):
        raise OutOfOrder(f"the positions to publish do not follow {saved}")


class Window:
    """One batch of a partition on its way: which of its messages, each of some positions, the broker has confirmed.

    Args:
        saved: the position up to which everything was confirmed before.
        tag: the last delivery tag of the channel before this batch; the batch's own go on from there by ones.
    """

    def __init__(self, saved: int, tag: int) -> None:
        self._tag, self._last = tag, saved
        self._firsts: list[int] = []
        self._open: set[int] = set()
        self._refused: set[int] = set()

    @property
    def tag(self) -> int:
        """The last delivery tag used."""
        return self._tag + len(self._firsts)

    @property
    def settled(self) -> int:
        """The position that may be saved: it and all before it are confirmed. Never beyond one that is not."""
        unsettled = min(self._open | self._refused, default=None)
        return self._last if unsettled is None else self._firsts[unsettled - self._tag - 1] - 1

    @property
    def waiting(self) -> bool:
        """Whether the broker has yet to answer for something."""
        return bool(self._open)

    @property
    def refused(self) -> bool:
        """Whether the broker would not take something: it is to be published again, and what came after it."""
        return bool(self._refused)

    def send(self, first: int, last: int | None = None) -> None:
        """Notes that a message of these positions (of one, without `last`) is published next; call it before, for the
        answer may come while it is sent.

        Raises:
            OutOfOrder: they are not the next ones.
        """  # noqa: D205 - the first sentence needs both lines
        last = first if last is None else last
        if first != self._last + 1 or last < first:
            raise OutOfOrder(f"positions {first} to {last} do not follow {self._last}")
        self._last = last
        self._firsts.append(first)
        self._open.add(self.tag)

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
        return [t for t in self._open if t <= tag] if multiple else [tag]
