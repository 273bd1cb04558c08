"""How a test that failed is run again: its own command, and that of the whole order, for what only an order shows."""

import shlex


def again(node: str, seed: int) -> str:
    """The command that runs one test with the very seed."""
    return _make(f"--randomly-seed={seed}", node)


def in_that_order(arguments: list[str], seed: int) -> str:
    """The command that runs all that was run, in the order that it had.

    Args:
        arguments: what pytest was called with; its own folder and an earlier seed do not count.
        seed: of the order.
    """
    kept = [one for one in arguments if not one.startswith(("--basetemp", "--randomly-seed"))]
    return _make(f"--randomly-seed={seed}", *kept)


def _make(*arguments: str) -> str:
    # The shell of the terminal reads it, then make, then the shell that make starts.
    given = shlex.join(arguments).replace("$", "$$")
    return f"make test ARGS={shlex.quote(given)}"
