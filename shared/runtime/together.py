"""What many threads ask for at the same time is done together: one of them does it for all who wait, then the next one.

Nobody waits for company: who comes alone is served at once, on their own thread. While one is at work, those who come
queue; then the first of the queue works for all of it. There is no thread to start, to stop or to drain.

Those who are answered wake one another, one after the other: woken all at once they would only wait again, for the
interpreter, and the one at work with them.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from itertools import repeat
from typing import Generic, TypeVar

Q = TypeVar("Q")
A = TypeVar("A")


class NotDone(Exception):  # noqa: N818 - an outcome that the caller turns into a refusal
    """It was not done, and will not be: too many wait, or the wait was too long."""


class PerhapsDone(Exception):  # noqa: N818 - an outcome that the caller turns into a refusal
    """Nobody can say whether it was done: it was under way when the wait ended, or the connection went."""


class _Asked(Generic[Q, A]):
    """One question, and the thread that waits for its outcome."""

    __slots__ = ("following", "gone", "leads", "outcome", "question", "signal")

    def __init__(self, question: Q) -> None:
        self.question = question
        self.outcome: A | Exception | None = None
        self.leads = self.gone = False  # it works for all; it waits for its answer no more
        # Who is woken by this one; None for the last.
        self.following: _Asked[Q, A] | None = None
        # A bare lock: an Event costs ten times as much, and this is paid once a command.
        self.signal = threading.Lock()
        self.signal.acquire()


class Together(Generic[Q, A]):
    """Answers questions in the order in which they came, as many at once as have come.

    Args:
        do: answers some questions, with an exception for each that has no answer. Never called twice at once.
        most: questions that are answered at once.
        waiting: questions that may wait; who comes then is turned away.
        seconds: how long one may wait for others. What is then under way goes on.
    """

    def __init__(
        self, do: Callable[[Sequence[Q]], Sequence[A | Exception]], *, most: int, waiting: int, seconds: float
    ) -> None:
        self._do, self._most, self._most_waiting, self._seconds = do, most, waiting, seconds
        self._lock = threading.Lock()
        self._waiting: deque[_Asked[Q, A]] = deque()
        self._busy = False

    def ask(self, question: Q) -> A:
        """The answer, or the exception that the question's own outcome is.

        Raises:
            NotDone: nothing was done.
            PerhapsDone: it was under way when the wait ended.
        """
        asked: _Asked[Q, A] = _Asked(question)
        with self._lock:
            if self._busy:
                if len(self._waiting) >= self._most_waiting:
                    raise NotDone
                self._waiting.append(asked)
            else:
                self._busy = asked.leads = True
        try:
            if not asked.leads:
                self._wait(asked)
            if asked.leads:
                self._lead(asked)
        finally:
            if asked.following:
                asked.following.signal.release()
        if isinstance(asked.outcome, Exception):
            raise asked.outcome
        return asked.outcome  # type: ignore[return-value] # None only where None is an answer

    def _wait(self, asked: _Asked[Q, A]) -> None:
        try:
            woken = asked.signal.acquire(timeout=self._seconds)
        except BaseException:
            # A signal's handler, or what ends a green thread. Nobody may go on to count on this one.
            with suppress(NotDone, PerhapsDone):
                self._give_up(asked)
            if asked.leads:
                self._pass_on()
            raise
        if not woken:
            self._give_up(asked)

    def _give_up(self, asked: _Asked[Q, A]) -> None:
        with self._lock:
            if asked in self._waiting:
                self._waiting.remove(asked)
                raise NotDone
            if not asked.leads and asked.outcome is None:
                asked.gone = True
                raise PerhapsDone
            # Its outcome, or its turn to lead, came in this very moment.

    def _lead(self, own: _Asked[Q, A]) -> None:
        group = [own]
        with self._lock:
            while self._waiting and len(group) < self._most:
                group.append(self._waiting.popleft())
        outcomes: Sequence[A | Exception] | None = None
        try:
            outcomes = self._do([asked.question for asked in group])
        finally:
            self._tell(group, outcomes or repeat(PerhapsDone()))
            # First the next one starts, then these are told: the database works while they go on.
            self._pass_on()

    def _tell(self, group: Sequence[_Asked[Q, A]], outcomes: Iterable[A | Exception]) -> None:
        """Each its outcome, and whom it wakes; the first wakes the second as it leaves."""
        with self._lock:
            awake = group[0]
            for asked, outcome in zip(group, outcomes, strict=False):
                asked.outcome = outcome
                if asked is not awake and not asked.gone:
                    awake.following = asked
                    awake = asked

    def _pass_on(self) -> None:
        with self._lock:
            if not self._waiting:
                self._busy = False
                return
            following = self._waiting.popleft()
            following.leads = True
        following.signal.release()
