"""The short way of the gateway's question: who may ask it, and what goes the long way all the same."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from services.identity.door import Door
from shared.http.internal import PRINCIPAL_PATH
from shared.runtime.config import Secret

SECRET, TOKEN, HEADER = "of the gateway", "a-token", "signed"
PLAIN = {
    "REQUEST_METHOD": "GET",
    "PATH_INFO": PRINCIPAL_PATH,
    "HTTP_AUTHORIZATION": f"Bearer {TOKEN}",
    "HTTP_BOOKBAG_GATEWAY": SECRET,
}


class Known:
    """Stands where the look-up does."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.fails = False

    def of_token(self, token: str) -> str | None:
        self.asked.append(token)
        if self.fails:
            raise ConnectionError
        return HEADER if token == TOKEN else None


def long_way(_environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    start_response("401 the long way", [])
    return [b"refused"]


@pytest.fixture
def known() -> Known:
    return Known()


def asked(known: Known, **others: str | None) -> tuple[str, dict[str, str]]:
    door = Door(long_way, known, Secret(SECRET))  # type: ignore[arg-type]
    answers: list[tuple[str, dict[str, str]]] = []
    environ = {name: value for name, value in {**PLAIN, **others}.items() if value is not None}
    b"".join(door(environ, lambda status, headers: answers.append((status, dict(headers)))))
    return answers[0]


def test_S21_who_is_signed_in_is_vouched_for(known: Known):
    status, headers = asked(known)
    assert status.startswith("204")
    assert headers == {"Bookbag-Principal": HEADER, "Cache-Control": "no-store"}


@pytest.mark.parametrize(
    "others",
    [
        {"HTTP_BOOKBAG_GATEWAY": None},
        {"HTTP_BOOKBAG_GATEWAY": "guessed"},
        {"HTTP_BOOKBAG_GATEWAY": ""},
    ],
    ids=["no secret", "another secret", "an empty secret"],
)
def test_who_is_not_the_gateway_is_told_nothing_and_nothing_is_looked_up(known: Known, others: dict[str, str | None]):
    assert asked(known, **others) == ("401 the long way", {})
    assert known.asked == []


@pytest.mark.parametrize(
    "others",
    [
        {"PATH_INFO": "/v1/me"},
        {"PATH_INFO": f"{PRINCIPAL_PATH}/"},
        {"REQUEST_METHOD": "POST"},
        {"HTTP_AUTHORIZATION": None},
        {"HTTP_AUTHORIZATION": "Bearer "},
        {"HTTP_AUTHORIZATION": f"Basic {TOKEN}"},
        {"HTTP_AUTHORIZATION": TOKEN},
        {"HTTP_AUTHORIZATION": "Bearer another"},
        {"HTTP_BOOKBAG_POSITION": "moderation.1.7"},
    ],
    ids=(
        *("another path", "a longer path", "another method", "nothing", "no token", "another scheme", "no scheme"),
        *("an unknown token", "with a position that must be waited for"),
    ),
)
def test_what_is_not_the_plain_question_of_a_signed_in_session_goes_the_long_way(
    known: Known, others: dict[str, str | None]
):
    assert asked(known, **others) == ("401 the long way", {})


def test_a_look_up_that_fails_is_left_to_the_long_way(known: Known):
    known.fails = True
    assert asked(known) == ("401 the long way", {})
