"""What a command answers with where others write into the stream that it rests on (decision 20).

Who says again what they said before has nothing recorded, and is answered with the newest position of what the command
rests on. Where that may be another person's doing, it would tell them that there was any.
"""

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

from shared.events.envelope import Envelope
from shared.log.append import Answer
from shared.log.commands import CommandHandler


def at_own_place(
    answer: Answer, handler: CommandHandler, school_id: UUID, stream: str, is_own: Callable[[Envelope], bool]
) -> Answer:
    """The answer with the position of the last event up to it that is the caller's to know of; 0 where none is."""
    recorded = handler.history(school_id).recorded(stream)
    known = (one.position for one in recorded if one.position <= answer.position and is_own(one))
    return replace(answer, position=max(known, default=0))
