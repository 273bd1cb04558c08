"""What goes wrong in a schedule, and what goes on wherever somebody waits."""

from bisect import bisect
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any

from shared.policy.refusal import Refusal
from tests.property.memory_house import Chance, Crashed


class Doings:
    """What may be done, each with its weight."""

    def __init__(self, weighed: Iterable[tuple[Callable[[], None], float]] = ()) -> None:
        self.weighed = tuple(weighed)
        self._doings = [(do, _named(do)) for do, _ in self.weighed]
        self._bounds = list(accumulate(weight for _, weight in self.weighed))

    def one(self, chance: Chance) -> tuple[Callable[[], None], str]:
        """One of them by chance, and what it is called."""
        drawn = chance.random.random() * self._bounds[-1]
        return self._doings[bisect(self._bounds, drawn, 0, len(self._bounds) - 1)]


def _named(do: Callable[[], None]) -> str:
    whose: Any = getattr(do, "__self__", None)
    name = getattr(whose, "name", "") or getattr(getattr(whose, "consumer", None), "name", "")
    return f"{name} {do.__name__}".strip()


@dataclass(slots=True)
class Weather:
    """How much goes wrong in one schedule: the share of times, of what can."""

    crash: float = 0
    between: float = 0
    bus: float = 0
    feed: float = 0

    @classmethod
    def of(cls, chance: Chance) -> "Weather":
        """Some schedules have one kind of trouble, some all: what hides behind another is seen without it."""
        pick = chance.random.choice
        return cls(
            crash=pick((0, 0.002, 0.01)),
            between=pick((0, 0.05, 0.2)),
            bus=pick((0, 0.1, 0.4)),
            feed=pick((0, 0.05, 0.2)),
        )


class Storm:
    """Attributes: quiet: whether the trouble is over. did: what happened, in order. machines: what goes on meanwhile.

    weather_before: as it was while there was trouble.
    """

    def __init__(self, chance: Chance) -> None:
        self.chance, self.weather = chance, Weather.of(chance)
        self.weather_before = replace(self.weather)
        self.machines = Doings()
        self.quiet, self._inside, self.did = False, False, list[str]()
        self.deaths = self.lies = 0

    def is_over(self) -> None:
        self.quiet, self.weather.bus = True, 0

    def someone_dies(self) -> bool:
        """Asked before and after each commit."""
        if self.quiet or not self.chance.happens(self.weather.crash):
            return False
        self.deaths += 1
        return True

    def meanwhile(self) -> None:
        """Where a process waits, others go on: any machine, and not only once."""
        if self.quiet or self._inside:
            return
        self._inside = True
        while self.chance.happens(self.weather.between):
            self.one_of(self.machines)
        self._inside = False

    def one_of(self, doings: Doings) -> None:
        do, name = doings.one(self.chance)
        self.did.append(name)
        try:
            do()
        except (Refusal, Crashed):
            return
