"""What a process remembers of a log: bounded, the newest, and only what can be found again."""

from uuid import UUID

import pytest

from shared.log.append import Answer, Claim, KeyReused
from shared.log.states import Answers, State, States

SCHOOL = UUID(int=1)


def count(state: int, _event: object) -> int:
    return state + 1


def double(state: int, _event: object) -> int:
    return 2 * state


def kept(states: States, stream: str) -> int | None:
    found = states.find(SCHOOL, stream, 0, count)
    return None if found is None else found.value


def test_a_state_is_found_by_its_school_its_stream_and_how_it_was_folded():
    states = States()
    states.keep(SCHOOL, "points-a", count, State(0, 3, 3))
    assert kept(states, "points-a") == 3
    assert kept(states, "points-b") is None
    assert states.find(UUID(int=2), "points-a", 0, count) is None
    assert states.find(SCHOOL, "points-a", 1, count) is None
    assert states.find(SCHOOL, "points-a", 0, double) is None


def test_the_newer_of_two_states_stays_whoever_comes_last():
    states = States()
    states.keep(SCHOOL, "points-a", count, State(0, 3, 3))
    states.keep(SCHOOL, "points-a", count, State(0, 2, 2))
    assert kept(states, "points-a") == 3


def test_what_was_not_asked_for_longest_goes_first_once_there_is_too_much():
    states = States(most_events=10)
    for stream in ("points-a", "points-b", "points-c"):
        states.keep(SCHOOL, stream, count, State(0, 3, 3))
    assert kept(states, "points-a") == 3
    states.keep(SCHOOL, "points-d", count, State(0, 4, 4))
    assert [kept(states, f"points-{one}") for one in "abcd"] == [3, None, 3, 4]


def nothing(_state: None, _event: object) -> None:
    """Of the stream its version is all that counts."""


def test_a_version_alone_leaves_room_for_as_many_more_however_long_its_stream_is():
    states = States(most_events=10)
    for stream in ("points-a", "points-b"):
        states.keep(SCHOOL, stream, nothing, State(None, None, 1_000_000))
        states.keep(SCHOOL, stream, nothing, State(None, None, 1_000_001))
    states.keep(SCHOOL, "values-c", count, State(0, 8, 8))
    found = [states.find(SCHOOL, f"points-{one}", None, nothing) for one in "ab"]
    assert [state and state.version for state in found] == [1_000_001, 1_000_001]
    assert kept(states, "values-c") == 8


def test_of_many_short_streams_only_so_many_are_kept():
    states = States(most_events=1000, most_streams=2)
    for stream in ("message-a", "message-b", "message-c"):
        states.keep(SCHOOL, stream, count, State(0, 1, 1))
    assert [kept(states, f"message-{one}") for one in "abc"] == [None, 1, 1]


def test_what_would_fill_the_memory_alone_is_not_kept_and_leaves_room_as_before():
    states = States(most_events=10)
    states.keep(SCHOOL, "points-a", count, State(0, 11, 11))
    assert kept(states, "points-a") is None
    states.keep(SCHOOL, "points-b", count, State(0, 10, 10))
    assert kept(states, "points-b") == 10


def test_nothing_is_kept_of_a_function_made_on_the_spot():
    states = States()
    on_the_spot = lambda state, _event: state  # noqa: E731
    states.keep(SCHOOL, "points-b", on_the_spot, State(0, 1, 1))
    assert states.find(SCHOOL, "points-b", 0, on_the_spot) is None


def test_what_was_old_is_forgotten_and_what_is_newer_stays():
    states = States()
    for stream in ("points-a", "points-b"):
        states.keep(SCHOOL, stream, count, State(0, 3, 3))
    states.forget(SCHOOL, {"points-a": 3, "points-b": 2, "points-c": 1})
    assert kept(states, "points-a") is None
    assert kept(states, "points-b") == 3


def an_answer(position: int) -> Answer:
    return Answer(status=201, location="/v1/points/1", partition=1, position=position)


def a_claim(key: str, body: int = 0) -> Claim:
    return Claim(person_id=UUID(int=2), key=key, body_mac=bytes([body]) * 32)


def test_an_answer_is_found_by_school_person_key_and_body():
    answers = Answers()
    answers.keep(SCHOOL, a_claim("k"), an_answer(1))
    assert answers.find(SCHOOL, a_claim("k")) == an_answer(1)
    assert answers.find(SCHOOL, a_claim("l")) is None
    assert answers.find(UUID(int=3), a_claim("k")) is None
    with pytest.raises(KeyReused):
        answers.find(SCHOOL, a_claim("k", body=1))


def test_the_last_answers_are_kept():
    answers = Answers(most=2)
    for number in range(3):
        answers.keep(SCHOOL, a_claim(str(number)), an_answer(number))
    assert [answers.find(SCHOOL, a_claim(str(number))) for number in range(3)] == [None, an_answer(1), an_answer(2)]
