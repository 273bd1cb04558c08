"""The garbage collector of a process that answers: it may not stop all threads for longer than anybody notices."""

import gc

YOUNG, MIDDLE, FULL = 700, 10, 1_000
"""Python's own, but for the last: collections of the middle generation between two full ones, there 10.

Next to nothing of ours is in a cycle, and what is dies young. A full collection looks through all that is remembered
(states, answers, keys) and holds the interpreter meanwhile: 70 to 180 ms, every ten seconds at 200 commands/s, in
which as many commands wait as a process takes before it sends somebody away.
"""


def settle() -> None:
    """To be called when all that stays is there: it is taken out of the collector's sight, and full ones are rare."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, FULL)
