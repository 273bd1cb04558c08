"""What goes wrong in a schedule, and what goes on wherever somebody waits."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from shared.policy.refusal import Refusal
from tests.property.memory_house import Chance, Crashed

Doings: TypeAlias = Sequence[tuple[Callable[[], None], float]]
"""What may be done, each with its weight."""


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
        self.machines: Doings = ()
        self.quiet, self._inside, self.did = False, False, list[str]()
        self.deaths = self.lies = 0

    def is_over(self) -> None:
        self.quiet, self.weather.bus = True, 0

    def someone_dies(self) -> bool:
        """Asked before and after each commit."""
        dies = not self.quiet and self.chance.happens(self.weather.crash)
        self.deaths += dies
        return dies

    def meanwhile(self) -> None:
        """Where a process waits, others go on: any machine, and not only once."""
        if self.quiet or self._inside:
            return
        self._inside = True
        while self.chance.happens(self.weather.between):
            self.one_of(self.machines)
        self._inside = False

    def one_of(self, doings: Doings) -> None:
        [do] = self.chance.random.choices([doing for doing, _ in doings], [weight for _, weight in doings])
        whose: Any = getattr(do, "__self__", None)
        name = getattr(whose, "name", "") or getattr(getattr(whose, "consumer", None), "name", "")
        self.did.append(f"{name} {do.__name__}".strip())
        try:
            do()
        except (Refusal, Crashed):
            return
