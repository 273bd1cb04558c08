"""`python -m tests.property.hunt COUNT`: exit code 3 at the first history in which product and policy part ways."""

import sys

from tests.property.test_one_warning_rule import a_history, wrong_with

CAUGHT = 3


def main() -> None:
    for seed in range(int(sys.argv[1])):
        if wrong := wrong_with(a_history(seed)):
            print(f"a_history({seed}): {wrong[0]}")  # noqa: T201 - its caller shows it
            sys.exit(CAUGHT)


if __name__ == "__main__":
    main()
