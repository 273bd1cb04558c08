"""The seed of a run: another each time, unless it is named, so that what failed can be seen again."""

import os
import secrets

VARIABLE = "BOOKBAG_FUZZ_SEED"
SEED = int(os.environ.get(VARIABLE) or secrets.randbelow(2**32))


def again(test: str) -> str:
    """The command that runs a test of this folder once more as it was."""
    return f'{VARIABLE}={SEED} make test ARGS="{test}"'
