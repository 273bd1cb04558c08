"""What is asked for at the same time is done together: in order, within bounds, each with an outcome of its own."""

import signal
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from shared.runtime import together as module
from shared.runtime.together import NotDone, PerhapsDone, Together


@dataclass(slots=True)
class Desk:
    """Doubles what it is asked; its first group waits at the door until it is let through."""

    groups: list[list[int]] = field(default_factory=list)
    begun: threading.Event = field(default_factory=threading.Event)
    door: threading.Event = field(default_factory=threading.Event)

    def do(self, questions: Sequence[int]) -> list[int | Exception]:
        self.groups.append(list(questions))
        self.begun.set()
        assert self.door.wait(timeout=20)
        return [ValueError(str(one)) if one < 0 else 2 * one for one in questions]


class Crowd:
    """People who ask, each on a thread of their own."""

    def __init__(self, together: Together[int, int]) -> None:
        self._together = together
        self.outcomes: dict[int, int | BaseException] = {}
        self._threads: list[threading.Thread] = []

    def ask(self, question: int) -> None:
        def one() -> None:
            try:
                self.outcomes[question] = self._together.ask(question)
            except BaseException as error:  # noqa: BLE001 - it is what is looked at
                self.outcomes[question] = error

        self._threads.append(threading.Thread(target=one))
        self._threads[-1].start()

    def asks_and_is_at_work(self, question: int) -> None:
        self.ask(question)
        while not self._together._busy:
            pass

    def all_queue(self, number: int) -> None:
        while len(self._together._waiting) < number:
            pass

    def all_go(self) -> None:
        for thread in self._threads:
            thread.join(timeout=20)
        assert not any(thread.is_alive() for thread in self._threads)


def a_crowd(do: Callable[[Sequence[int]], Sequence[int | Exception]], **bounds: float) -> Crowd:
    given = {"most": 8, "waiting": 8, "seconds": 20.0} | bounds
    return Crowd(Together(do, most=int(given["most"]), waiting=int(given["waiting"]), seconds=given["seconds"]))


def queued_behind_the_first(desk: Desk, crowd: Crowd, *questions: int) -> None:
    crowd.ask(1)
    assert desk.begun.wait(timeout=20)
    for number, question in enumerate(questions, start=1):
        crowd.ask(question)
        crowd.all_queue(number)


def test_who_comes_alone_is_served_on_their_own_thread():
    served: list[int] = []

    def do(questions: Sequence[int]) -> list[int | Exception]:
        served.append(threading.get_ident())
        return [*questions]

    assert Together(do, most=8, waiting=8, seconds=1).ask(7) == 7
    assert served == [threading.get_ident()]


def test_those_who_came_while_one_was_served_are_served_together_in_their_order():
    desk = Desk()
    crowd = a_crowd(desk.do)
    queued_behind_the_first(desk, crowd, 2, 3, 4)
    desk.door.set()
    crowd.all_go()
    assert desk.groups == [[1], [2, 3, 4]]
    assert crowd.outcomes == {1: 2, 2: 4, 3: 6, 4: 8}


def test_no_more_than_the_most_are_served_at_once():
    desk = Desk()
    crowd = a_crowd(desk.do, most=2)
    queued_behind_the_first(desk, crowd, 2, 3, 4)
    desk.door.set()
    crowd.all_go()
    assert desk.groups == [[1], [2, 3], [4]]


def test_an_outcome_that_is_an_exception_is_its_own_asker_s_alone():
    desk = Desk()
    crowd = a_crowd(desk.do)
    queued_behind_the_first(desk, crowd, 2, -3, 4)
    desk.door.set()
    crowd.all_go()
    assert isinstance(crowd.outcomes.pop(-3), ValueError)
    assert crowd.outcomes == {1: 2, 2: 4, 4: 8}


def test_who_finds_the_queue_full_is_turned_away_at_once():
    desk = Desk()
    crowd = a_crowd(desk.do, waiting=2)
    queued_behind_the_first(desk, crowd, 2, 3)
    with pytest.raises(NotDone):
        crowd._together.ask(4)
    desk.door.set()
    crowd.all_go()
    assert desk.groups == [[1], [2, 3]]


def test_who_has_waited_too_long_in_the_queue_is_taken_out_of_it_and_nothing_is_done():
    desk = Desk()
    crowd = a_crowd(desk.do, seconds=0.01)
    crowd.ask(1)
    assert desk.begun.wait(timeout=20)
    with pytest.raises(NotDone):
        crowd._together.ask(2)
    desk.door.set()
    crowd.all_go()
    assert crowd._together.ask(3) == 6
    assert desk.groups == [[1], [3]]


class Patience:
    """The lock that somebody waits at, and whose wait is over when a test says so."""

    def __init__(self) -> None:
        self.over = threading.Event()

    def acquire(self, timeout: float) -> bool:  # noqa: ARG002 - as a lock has it
        return not self.over.wait(timeout=20)

    def release(self) -> None:
        raise AssertionError("who waits no more was woken")


class TwoDoors:
    """Answers who comes with question 2 behind one door, and everybody else behind another; 3 has a wait of its own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.first, self.second, self.begun = threading.Event(), threading.Event(), threading.Event()
        self.patience_of_3 = patience = Patience()

        class Asked(module._Asked[int, int]):
            def __init__(self, question: int) -> None:
                super().__init__(question)
                if question == 3:
                    self.signal = patience  # type: ignore[assignment]

        monkeypatch.setattr(module, "_Asked", Asked)

    def do(self, questions: Sequence[int]) -> list[int | Exception]:
        if 2 in questions:
            self.begun.set()
            assert self.second.wait(timeout=20)
        else:
            assert self.first.wait(timeout=20)
        return [*questions]

    def opened_once_3_has_given_up(self, crowd: Crowd) -> None:
        """Lets the first pass, and those with question 2 as soon as 3 waits for them no more."""
        self.first.set()
        assert self.begun.wait(timeout=20)
        self.patience_of_3.over.set()
        while 3 not in crowd.outcomes:
            pass
        self.second.set()
        crowd.all_go()


def test_whose_wait_ends_while_their_own_is_under_way_is_told_that_nobody_knows(monkeypatch: pytest.MonkeyPatch):
    doors = TwoDoors(monkeypatch)
    crowd = a_crowd(doors.do)
    crowd.asks_and_is_at_work(1)
    crowd.ask(2)
    crowd.all_queue(1)
    crowd.ask(3)
    crowd.all_queue(2)
    doors.opened_once_3_has_given_up(crowd)
    assert crowd.outcomes.pop(2) == 2, "who does it waits for nobody else"
    assert isinstance(crowd.outcomes[3], PerhapsDone)


def test_who_gave_up_while_their_own_was_under_way_keeps_nobody_behind_them_waiting(monkeypatch: pytest.MonkeyPatch):
    doors = TwoDoors(monkeypatch)
    crowd = a_crowd(doors.do)
    crowd.asks_and_is_at_work(1)
    for number, question in enumerate((2, 3, 4, 5), start=1):
        crowd.ask(question)
        crowd.all_queue(number)
    doors.opened_once_3_has_given_up(crowd)
    assert isinstance(crowd.outcomes.pop(3), PerhapsDone)
    assert crowd.outcomes == {1: 1, 2: 2, 4: 4, 5: 5}


class Interrupted(BaseException):
    """What a signal's handler raises."""


@pytest.mark.parametrize("queues", [True, False], ids=["while it queues", "while it is under way"])
def test_who_is_interrupted_keeps_nobody_behind_them_waiting(queues: bool):
    first, second, interrupted = threading.Event(), threading.Event(), threading.Event()

    def do(questions: Sequence[int]) -> list[int | Exception]:
        assert (first if 1 in questions else second).wait(timeout=20)
        return [*questions]

    crowd = a_crowd(do)
    together, main = crowd._together, threading.get_ident()

    def interrupt(*_: object) -> None:
        raise Interrupted

    def others() -> None:
        crowd.all_queue(2)
        crowd.ask(4)
        crowd.all_queue(3)
        if not queues:
            first.set()
            while together._waiting:
                pass
        signal.pthread_kill(main, signal.SIGUSR1)
        assert interrupted.wait(timeout=20)
        first.set()
        second.set()

    crowd.asks_and_is_at_work(1)
    crowd.ask(2)
    crowd.all_queue(1)
    handled = signal.signal(signal.SIGUSR1, interrupt)
    helper = threading.Thread(target=others)
    helper.start()
    try:
        with pytest.raises(Interrupted):
            together.ask(3)
    finally:
        signal.signal(signal.SIGUSR1, handled)
    interrupted.set()
    helper.join(timeout=20)
    crowd.all_go()
    assert crowd.outcomes == {1: 1, 2: 2, 4: 4}


class Ended(BaseException):
    """Stands for what ends a thread."""


@pytest.mark.parametrize("end", [Ended, RuntimeError])
def test_what_ends_the_one_at_work_leaves_nobody_waiting_and_the_next_goes_on(end: type[BaseException]):
    desk = Desk()

    def do(questions: Sequence[int]) -> Sequence[int | Exception]:
        answers = desk.do(questions)
        if 2 in questions:
            raise end
        return answers

    crowd = a_crowd(do, most=2)
    queued_behind_the_first(desk, crowd, 2, 3, 4)
    desk.door.set()
    crowd.all_go()
    assert isinstance(crowd.outcomes[2], end)
    assert isinstance(crowd.outcomes[3], PerhapsDone)
    assert crowd.outcomes[4] == 8
