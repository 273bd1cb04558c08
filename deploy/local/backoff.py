"""How long a process that died waits before it is started again, and when it is not."""

from collections import deque

FIRST, LONGEST = 0.2, 5.0
WINDOW = 60.0
DEATHS_IN_A_MINUTE = 5


class Deaths:
    """The deaths of one process within the last minute. Times are seconds of one monotonic clock."""

    def __init__(self, limit: int = DEATHS_IN_A_MINUTE) -> None:
        self._limit = limit
        self._times: deque[float] = deque()

    def add(self, now: float) -> float | None:
        """Seconds until the next start, or None where it has died too often."""
        self._times.append(now)
        while now - self._times[0] >= WINDOW:
            self._times.popleft()
        if len(self._times) >= self._limit:
            return None
        return min(LONGEST, FIRST * 2.0 ** min(len(self._times) - 1, 10))
