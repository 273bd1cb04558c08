"""What a parent is shown of a message."""

from services.messaging.schemas import ConversationShown, HeldMessage, MessagePage, MessageShown
from shared.http.schemas import Schema


def names_of(schema: type[Schema]) -> set[str]:
    return {name.lower() for name in schema().fields}


def test_S50_nothing_that_is_shown_tells_whether_or_when_a_message_was_read():
    shown = set().union(*map(names_of, (ConversationShown, MessageShown, MessagePage, HeldMessage)))
    assert "sent_at" in shown
    assert [name for name in shown if any(word in name for word in ("read", "seen", "opened", "viewed"))] == []
