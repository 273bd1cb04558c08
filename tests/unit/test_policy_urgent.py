import pytest

from shared.policy.urgent import hint


@pytest.mark.parametrize(
    "text",
    [
        "This is an emergency",
        "URGENT please read",
        "My child is in danger",
        "I called 999",
        "She can\u2019t breathe",
        "He has gone missing",
        "She is scared to go home",
        "He wants to kill himself",
        "I am running late",
        "Her nan will pick her up today",
        "He will be picked up by his uncle",
        "Please ring me straight away",
        "em\u200bergency",
    ],
)
def test_S51_a_message_that_sounds_urgent_gets_the_hint(text: str) -> None:
    said = hint(text, "0151 496 0000")
    assert said is not None
    assert "call 999" in said
    assert "phone the school office: 0151 496 0000." in said


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Thank you for today, she loved it",
        "When is the trip?",
        "His jumper and a tooth are missing",
        "She collects stamps",
        "It costs 19990 pence, or 1.12 more",
        "We read about insurgents",
    ],
)
def test_S51_an_everyday_message_gets_none(text: str) -> None:
    assert hint(text, "0151 496 0000") is None


def test_S51_a_school_that_gave_no_number_is_hinted_at_without_one() -> None:
    assert hint("urgent", "") == (
        "If a child is in danger, call 999. If this cannot wait until staff read it, please phone the school office."
    )
