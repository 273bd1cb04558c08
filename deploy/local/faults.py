"""What keeps an installation from starting, in words for the person who typed the command."""


class CannotStart(Exception):  # noqa: N818 - its text is the sentence the person reads
    """One sentence that says what cannot work and, where there is one, the command that mends it."""


class PassedOver(Exception):  # noqa: N818 - a reason, not an error: the next source is tried
    """Why a source of a server is not used."""


class EarlyExit(CannotStart):
    """A program ended before it was ready.

    Attributes:
        name: the program's name.
    """

    def __init__(self, name: str, how: str, last_words: str) -> None:
        self.name = name
        super().__init__(f"{name} {how} before it was ready; its last words {last_words}")
