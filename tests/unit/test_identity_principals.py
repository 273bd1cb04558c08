"""How long an answer to "who is this?" is used again: the part of the second after a removal that is spent here."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.identity import principals
from services.identity.bootstrap import PACE
from services.identity.principals import Principals
from shared.http.caller import ANSWER_WITHIN
from shared.http.principal import FRESH_FOR, verify
from shared.policy.codes import NOT_SIGNED_IN
from shared.policy.principal import AccessState, Capacity, Role
from shared.policy.refusal import Refusal
from shared.runtime.clock import FixedClock

SESSION, SCHOOL, PERSON = UUID(int=1), UUID(int=2), UUID(int=3)
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
NOW = datetime(2026, 9, 7, 9, 0, tzinfo=UTC)
SCHOOL_TIME = NOW + timedelta(days=90)


class Desk:
    """Stands where the database does: sessions by what asks for them, every look-up counted."""

    def __init__(self) -> None:
        self.signed_in = True
        self.who: tuple[Any, ...] = ("staff", ["teacher"], [], [], "active", True)
        self.asked: list[tuple[bytes | None, UUID | None]] = []
        self.as_of: datetime | None = None
        self.meanwhile: Callable[[], None] = lambda: None
        self.at = 0.0

    def look(self, hashed: bytes | None, session_id: UUID | None, at: datetime) -> tuple[Any, ...] | None:
        self.asked.append((hashed, session_id))
        self.as_of = at
        row = (SESSION, SCHOOL, PERSON, *self.who)
        found = row if self.signed_in else None
        self.meanwhile()
        return found

    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return self.at


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def found(desk: Desk) -> Principals:
    # The desk is the real clock too.
    return Principals(desk.look, KEY, FixedClock(SCHOOL_TIME), desk, desk.monotonic)


def test_S21_who_is_signed_in_is_vouched_for_as_they_are_now(found: Principals):
    header = found.of_token("token")
    assert header is not None
    who = verify(header, KEY.public_key(), NOW)
    assert (who.session_id, who.school_id, who.person_id) == (SESSION, SCHOOL, PERSON)
    assert (who.capacity, who.roles, who.issued_at) == (Capacity.STAFF, frozenset({Role.TEACHER}), NOW)


def test_S21_sessions_expire_by_the_school_s_clock_and_what_vouches_for_them_by_the_real_one(
    desk: Desk, found: Principals
):
    assert verify(found.now(SESSION), KEY.public_key(), NOW).issued_at == NOW
    assert desk.as_of == SCHOOL_TIME


@pytest.mark.parametrize("access", list(AccessState))
@pytest.mark.parametrize("known", [True, False])
def test_S70_S73_how_far_a_guardian_s_session_reaches_is_said_and_whether_that_is_known(
    desk: Desk, found: Principals, access: AccessState, known: bool
):
    desk.who = ("guardian", [], [], [UUID(int=4)], access.value, known)
    who = verify(found.now(SESSION), KEY.public_key(), NOW)
    assert (who.capacity, who.access, who.access_known) == (Capacity.GUARDIAN, access, known)


def test_who_names_a_decision_is_looked_up_anew_and_the_next_uses_that_answer(desk: Desk, found: Principals):
    assert found.of_token("token") is not None
    desk.signed_in = False
    assert found.of_token("token") is not None
    assert found.of_token("token", anew=True) is None
    assert found.of_token("token") is None


def test_the_second_after_a_sanction_is_spent_as_it_was_planned():
    """300 ms until identity knows, with a pause, a question and a commit in them; 200 ms; 500 ms."""
    assert PACE["moderation"] <= 0.3 / 2
    assert principals.REUSED_FOR <= 0.2
    assert FRESH_FOR < ANSWER_WITHIN <= timedelta(milliseconds=500)


def test_an_answer_is_used_again_for_less_than_200_milliseconds(desk: Desk, found: Principals):
    first = found.of_token("token")
    desk.signed_in = False
    desk.at = 0.199
    assert found.of_token("token") == first
    desk.at = 0.2
    assert found.of_token("token") is None
    assert len(desk.asked) == 2


def test_the_200_milliseconds_begin_before_the_look_up(desk: Desk, found: Principals):
    """A look-up that took its time is used the less: what it saw may be as old as its beginning."""

    def slowly() -> None:
        desk.at += 0.15

    desk.meanwhile = slowly
    assert found.of_token("token") is not None
    desk.meanwhile, desk.signed_in = (lambda: None), False
    desk.at = 0.2
    assert found.of_token("token") is None


def test_a_no_is_used_again_no_longer_than_a_yes(desk: Desk, found: Principals):
    desk.signed_in = False
    assert found.of_session(SESSION) is None
    desk.signed_in = True
    assert found.of_session(SESSION) is None
    desk.at = 0.2
    assert found.of_session(SESSION) is not None


def test_after_forgetting_it_is_looked_up_at_once(desk: Desk, found: Principals):
    assert found.of_token("token") is not None
    assert found.of_session(SESSION) is not None
    desk.signed_in = False
    found.forget()
    assert found.of_token("token") is None
    assert found.of_session(SESSION) is None


def test_one_token_s_answer_is_not_another_s(desk: Desk, found: Principals):
    assert found.of_token("token") is not None
    desk.signed_in = False
    assert found.of_token("Token") is None
    assert found.of_token("token ") is None
    assert found.of_session(SESSION) is None
    assert len(set(desk.asked)) == 4


def test_a_token_itself_is_never_asked_for_nor_kept(desk: Desk, found: Principals):
    found.of_token("the-token-itself")
    assert "the-token-itself" not in repr(desk.asked)
    assert "the-token-itself" not in repr(vars(found))


def test_a_token_of_any_bytes_is_nobody_s(desk: Desk, found: Principals):
    """Headers come as latin-1 with whatever bytes a client sends."""
    desk.signed_in = False
    assert [found.of_token(token) for token in ("\udcff", "\x00", "ÿ" * 5000, "")] == [None] * 4


def test_whose_session_has_ended_is_refused(desk: Desk, found: Principals):
    desk.signed_in = False
    with pytest.raises(Refusal) as caught:
        found.now(SESSION)
    assert caught.value.code is NOT_SIGNED_IN


def test_what_is_kept_is_bounded_and_the_newest_waits_not_longer(
    desk: Desk, found: Principals, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(principals, "MOST_KEPT", 3)
    for number in range(10):
        assert found.of_token(f"token {number}") is not None
    assert len(found._kept) == 3
    desk.signed_in = False
    assert found.of_token("token 9") is None, "there was no room to keep it"
    desk.at = 0.2
    assert found.of_token("token 10") is None
    assert len(found._kept) == 1
