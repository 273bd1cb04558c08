"""What a relay may save and publish next: order and progress alone, with no broker, database or clock."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.bus.window import OutOfOrder, Window, require_in_order


def sent(count: int, saved: int = 40, tag: int = 7) -> Window:
    """A window in which the next `count` positions were published."""
    window = Window(saved=saved, tag=tag)
    for position in range(saved + 1, saved + count + 1):
        window.send(position)
    return window


def test_what_is_published_and_not_confirmed_is_not_saved():
    window = sent(3)
    assert window.settled == 40
    assert window.waiting


def test_all_confirmed_is_saved_and_the_next_batch_s_tags_go_on():
    window = sent(3)
    window.confirm(10, multiple=True)
    assert (window.settled, window.waiting, window.tag) == (43, False, 10)


def test_progress_stops_before_the_first_position_that_is_not_confirmed():
    window = sent(3)
    window.confirm(8, multiple=False)
    window.confirm(10, multiple=False)
    assert window.settled == 41
    window.confirm(9, multiple=False)
    assert window.settled == 43


def test_what_the_broker_refuses_is_not_passed_even_when_all_after_it_is_confirmed():
    window = sent(3)
    window.refuse(9, multiple=False)
    window.confirm(10, multiple=True)
    assert (window.settled, window.waiting, window.refused) == (41, False, True)


def test_a_refusal_of_several_leaves_what_was_confirmed_before():
    window = sent(3)
    window.confirm(8, multiple=False)
    window.refuse(10, multiple=True)
    assert (window.settled, window.waiting, window.refused) == (41, False, True)


def test_a_message_of_several_positions_is_settled_as_one():
    window = Window(saved=40, tag=7)
    window.send(41, 43)
    window.send(44, 50)
    window.send(51)
    window.confirm(10, multiple=False)
    window.confirm(8, multiple=False)
    assert (window.settled, window.waiting) == (43, True)
    window.confirm(9, multiple=False)
    assert (window.settled, window.waiting, window.tag) == (51, False, 10)


@pytest.mark.parametrize("positions", [[41, 43], [42], [40, 41], [41, 41], [42, 41]])
def test_positions_that_do_not_follow_one_another_are_not_published(positions: list[int]):
    with pytest.raises(OutOfOrder):
        require_in_order(40, positions)


@pytest.mark.parametrize("position", [40, 42, 1])
def test_a_position_that_is_not_the_next_is_not_published(position: int):
    with pytest.raises(OutOfOrder):
        Window(saved=40, tag=0).send(position)


@pytest.mark.parametrize("tag", [7, 11])
def test_an_answer_to_what_this_batch_did_not_publish_is_an_error(tag: int):
    with pytest.raises(OutOfOrder):
        sent(3).confirm(tag, multiple=True)


@given(
    count=st.integers(min_value=1, max_value=30),
    answers=st.lists(st.tuples(st.integers(min_value=1, max_value=30), st.booleans(), st.booleans()), max_size=40),
)
def test_whatever_the_answers_and_their_order_nothing_unconfirmed_is_passed(
    count: int, answers: list[tuple[int, bool, bool]]
):
    window, confirmed, answered = sent(count, saved=0, tag=0), set[int](), set[int]()
    for tag, multiple, well in answers:
        if tag > count:
            continue
        (window.confirm if well else window.refuse)(tag, multiple)
        # The oracle: a tag's first answer is the one that counts.
        first = set(range(1 if multiple else tag, tag + 1)) - answered
        answered |= first
        if well:
            confirmed |= first
    whole = next((position - 1 for position in range(1, count + 1) if position not in confirmed), count)
    assert window.settled == whole
    assert window.waiting == (len(answered) < count)
