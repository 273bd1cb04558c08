"""Idempotency-Key, Bookbag-Position and the tokens of our own services."""

import hashlib
import threading
from collections.abc import Callable

import pytest

from shared.http.idempotency import body_mac, read_key
from shared.http.internal import consumer_of, is_gateway
from shared.http.position import LONGEST_WAIT, LogPosition, Waiter
from shared.policy.refusal import Refusal

SECRET = bytes(range(32))
HERE = LogPosition(service="points", partition=1, position=42)


def refusal_of(act: Callable[[], object]) -> Refusal:
    with pytest.raises(Refusal) as caught:
        act()
    return caught.value


@pytest.mark.parametrize("key", ["a", "k" * 128, "!~{}\"'", "0190c0de-0000-7000-8000-000000000000"])
def test_a_key_is_kept_as_sent(key: str) -> None:
    assert read_key(key) == key


@pytest.mark.parametrize("header", [None, "", "k" * 129, "two words", "tab\t", "é", "a\n", "\x7f"])
def test_a_post_without_a_readable_key_is_refused(header: str | None) -> None:
    assert refusal_of(lambda: read_key(header)).code.name == "IDEMPOTENCY_KEY_REQUIRED"


def test_the_mac_tells_every_part_of_a_request_apart() -> None:
    parts = [
        (SECRET, "POST", "/v1/points", b"{}"),
        (bytes(32), "POST", "/v1/points", b"{}"),
        (SECRET, "PUT", "/v1/points", b"{}"),
        (SECRET, "POST", "/v1/point", b"s{}"),
        (SECRET, "POST", "/v1/points", b"{} "),
        (SECRET, "POST", "/v1/points{}", b""),
    ]
    assert len({body_mac(*part) for part in parts}) == len(parts)
    assert body_mac(*parts[0]) == body_mac(*parts[0])
    assert len(body_mac(*parts[0])) == 32


def test_a_path_cannot_shift_the_border_to_the_body() -> None:
    with pytest.raises(ValueError, match="NUL"):
        body_mac(SECRET, "POST", "/v1/points\0", b"")


def test_a_position_is_written_in_one_way() -> None:
    assert str(HERE) == "points.1.42"
    assert LogPosition.parse("points.1.42") == HERE


@pytest.mark.parametrize(
    "text",
    [
        "",
        "points",
        "points.1",
        "points.1.0",
        "points.0.1",
        "points.01.1",
        "points.1.-1",
        "Points.1.1",
        "points.1.1 ",
        "points.1.1\n",
        "points.1.9999999999999999",
        "points.1.\N{ARABIC-INDIC DIGIT ONE}",
        "a.b.1.1",
    ],
)
def test_what_is_no_position_is_refused(text: str) -> None:
    assert refusal_of(lambda: LogPosition.parse(text)).code.name == "BAD_HEADER"


class Time:
    """A clock that only pauses move, and what each pause was."""

    def __init__(self) -> None:
        self.now, self.pauses = 0.0, list[float]()

    def monotonic(self) -> float:
        return self.now

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


def test_a_query_goes_on_as_soon_as_its_position_is_reached() -> None:
    time, answers = Time(), iter([False, False, False, True])
    Waiter(1, monotonic=time.monotonic, pause=time.pause).wait(
        [HERE], lambda position: position == HERE and next(answers)
    )
    assert time.pauses == [0.005, 0.010, 0.020]


def test_a_query_whose_position_is_reached_does_not_wait_even_where_nobody_more_may() -> None:
    time = Time()
    waiter = Waiter(1, monotonic=time.monotonic, pause=time.pause)
    waiter._places.acquire()
    waiter.wait([HERE], lambda _: True)
    assert time.pauses == []


def test_S16_a_position_that_nobody_was_told_is_passed_over() -> None:
    """Else whoever tries numbers learns where another log ends, and so that something has happened to others."""
    time = Time()
    waiter = Waiter(1, monotonic=time.monotonic, pause=time.pause)
    waiter._places.acquire()
    waiter.wait([HERE], lambda _: False, lambda _: False)
    assert time.pauses == []


def test_a_query_waits_two_seconds_and_then_says_when_to_come_again() -> None:
    time = Time()
    waiter = Waiter(1, monotonic=time.monotonic, pause=time.pause)
    refusal = refusal_of(lambda: waiter.wait([HERE], lambda _: False))
    assert (refusal.code.name, refusal.retry_after) == ("NOT_YET_VISIBLE", 1)
    assert time.now == pytest.approx(LONGEST_WAIT)
    assert max(time.pauses) <= 0.040
    found = iter([False, True])
    waiter.wait([HERE], lambda _: next(found))  # its place is free again


def test_one_more_than_may_wait_is_told_at_once() -> None:
    waiting, release = threading.Barrier(3), threading.Event()

    def pause(_: float) -> None:
        if not release.is_set():
            waiting.wait()
            release.wait()

    waiter = Waiter(2, pause=pause)
    threads = [threading.Thread(target=lambda: waiter.wait([HERE], lambda _: release.is_set())) for _ in range(2)]
    for thread in threads:
        thread.start()
    waiting.wait()
    refusal = refusal_of(lambda: waiter.wait([HERE], lambda _: False))
    release.set()
    for thread in threads:
        thread.join()
    assert (refusal.code.name, refusal.retry_after) == ("NOT_YET_VISIBLE", 1)


def test_a_place_is_given_back_when_the_question_itself_goes_wrong() -> None:
    answers = iter([False])
    waiter = Waiter(1, pause=lambda _: None)
    with pytest.raises(StopIteration):
        waiter.wait([HERE], lambda _: next(answers))
    again = iter([False, True])
    waiter.wait([HERE], lambda _: next(again))


TOKENS = {"moderation": "m" * 43, "points": "p" * 43}
CREDENTIALS = {name: hashlib.sha256(token.encode()).hexdigest() for name, token in TOKENS.items()}


def test_a_service_is_known_by_its_token() -> None:
    assert consumer_of(f"Bearer {TOKENS['points']}", CREDENTIALS) == "points"
    assert consumer_of(f"bearer {TOKENS['moderation']}", CREDENTIALS) == "moderation"


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer x",
        f"Basic {'p' * 43}",
        "p" * 43,
        f"Bearer  {'p' * 43}",
        "Bearer �",
        f"Bearer {'p' * 44}",
        f"Bearer {CREDENTIALS['points']}",
    ],
)
def test_whoever_is_no_service_of_ours_is_refused(header: str | None) -> None:
    assert refusal_of(lambda: consumer_of(header, CREDENTIALS)).code.status == 401


def test_where_no_consumer_is_named_nobody_is_let_in() -> None:
    assert refusal_of(lambda: consumer_of("Bearer ", {})).code.name == "SERVICE_ONLY"


@pytest.mark.parametrize(
    ("sent", "yes"), [("secret", True), ("Secret", False), ("", False), (None, False), ("é", False)]
)
def test_the_gateway_is_known_by_the_shared_secret(sent: str | None, yes: bool) -> None:
    assert is_gateway(sent, "secret") is yes
