"""A command handler that others come between: what a race is, in one thread and in the order that a test wants."""

from collections.abc import Callable
from uuid import UUID

from shared.log.append import Answer
from shared.log.commands import CommandHandler, Drafts, History, Request


class Interrupted:
    """A handler with something in between: what happens, once each, between the next decisions and their append."""

    def __init__(self, handler: CommandHandler) -> None:
        self._handler = handler
        self.meanwhile: list[Callable[[], object]] = []

    def history(self, school_id: UUID) -> History:
        return self._handler.history(school_id)

    def handle(
        self, request: Request, decide: Callable[[History], Drafts], *, status: int = 201, location: str = ""
    ) -> Answer:
        def interrupted(history: History) -> Drafts:
            drafts = decide(history)
            while self.meanwhile:
                self.meanwhile.pop(0)()
            return drafts

        return self._handler.handle(request, interrupted, status=status, location=location)
