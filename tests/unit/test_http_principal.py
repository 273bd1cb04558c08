import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from shared.http import principal as principal_module
from shared.http.principal import (
    CLOCK_SKEW,
    FRESH_FOR,
    MAX_HEADER,
    VALID_FOR,
    Verified,
    is_older_than,
    private_key_from_pem,
    public_key_from_pem,
    sign,
    verify,
)
from shared.policy.principal import AccessState, Capacity, Principal, Role
from shared.policy.refusal import Refusal

KEY = Ed25519PrivateKey.generate()
NOW = datetime(2026, 1, 5, 9, 0, 0, 123456, tzinfo=UTC)
A_MOMENT = timedelta(microseconds=1)
TEACHER = Principal(
    session_id=uuid4(),
    school_id=uuid4(),
    person_id=uuid4(),
    capacity=Capacity.STAFF,
    roles=frozenset({Role.TEACHER, Role.SAFEGUARDING_LEAD}),
    classes=frozenset({uuid4(), uuid4()}),
    children=frozenset(),
    access=AccessState.ACTIVE,
    access_known=True,
    issued_at=NOW,
)


def refused_code(header: str, now: datetime = NOW) -> str:
    with pytest.raises(Refusal) as caught:
        verify(header, KEY.public_key(), now)
    return caught.value.code.name


def as_sent(principal: Principal) -> dict[str, Any]:
    payload, _, _ = sign(principal, KEY).partition(".")
    sent: dict[str, Any] = orjson.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return sent


def forged(payload: bytes) -> str:
    text = base64.urlsafe_b64encode(payload).rstrip(b"=").decode()
    signature = base64.urlsafe_b64encode(KEY.sign(b"bookbag principal 1\0" + text.encode())).rstrip(b"=").decode()
    return f"{text}.{signature}"


@pytest.mark.parametrize(
    "principal",
    [
        TEACHER,
        replace(TEACHER, capacity=Capacity.GUARDIAN, roles=frozenset(), children=frozenset({uuid4()})),
        replace(TEACHER, capacity=Capacity.OPERATOR, school_id=None, roles=frozenset(), classes=frozenset()),
        replace(TEACHER, access=AccessState.REMOVED),
        replace(TEACHER, capacity=Capacity.GUARDIAN, roles=frozenset(), access_known=False),
    ],
)
def test_what_identity_signs_is_what_a_service_reads(principal: Principal) -> None:
    assert verify(sign(principal, KEY), KEY.public_key(), NOW) == principal


def test_a_principal_holds_for_five_seconds_and_not_a_moment_longer() -> None:
    header = sign(TEACHER, KEY)
    assert verify(header, KEY.public_key(), NOW + VALID_FOR) == TEACHER
    assert refused_code(header, NOW + VALID_FOR + A_MOMENT) == "PRINCIPAL_EXPIRED"


def test_a_principal_from_the_future_is_refused_beyond_the_skew_of_clocks() -> None:
    header = sign(TEACHER, KEY)
    assert verify(header, KEY.public_key(), NOW - CLOCK_SKEW) == TEACHER
    assert refused_code(header, NOW - CLOCK_SKEW - A_MOMENT) == "NOT_SIGNED_IN"


def test_a_principal_signed_by_another_key_is_refused() -> None:
    assert refused_code(sign(TEACHER, Ed25519PrivateKey.generate())) == "NOT_SIGNED_IN"


def test_what_was_verified_once_expires_all_the_same() -> None:
    verified, header = Verified(KEY.public_key()), sign(TEACHER, KEY)
    assert verified(header, NOW) == verified(header, NOW + VALID_FOR) == TEACHER
    for at, code in ((NOW + VALID_FOR + A_MOMENT, "PRINCIPAL_EXPIRED"), (NOW - CLOCK_SKEW - A_MOMENT, "NOT_SIGNED_IN")):
        with pytest.raises(Refusal) as caught:
            verified(header, at)
        assert caught.value.code.name == code


def test_a_header_that_differs_from_a_verified_one_by_a_letter_is_refused() -> None:
    verified, header = Verified(KEY.public_key()), sign(TEACHER, KEY)
    assert verified(header, NOW) == TEACHER
    payload, _, signature = header.partition(".")
    changed = "B" if signature[0] == "A" else "A"
    for other in (f"{payload[:-1]}.{signature}", f"{payload}.{changed}{signature[1:]}", f"{payload[1:]}.{signature}"):
        for _ in range(2):
            with pytest.raises(Refusal) as caught:
                verified(other, NOW)
            assert caught.value.code.name == "NOT_SIGNED_IN"


def test_no_more_is_remembered_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(principal_module, "MOST_REMEMBERED", 3)
    verified = Verified(KEY.public_key())
    for _ in range(10):
        someone = replace(TEACHER, session_id=uuid4())
        assert verified(sign(someone, KEY), NOW) == someone
        assert verified.remembered <= 3


def test_a_signature_of_one_principal_does_not_carry_another() -> None:
    mine, _, signature = sign(TEACHER, KEY).partition(".")
    other, _, _ = sign(replace(TEACHER, roles=frozenset({Role.HEADTEACHER})), KEY).partition(".")
    assert refused_code(f"{other}.{signature}") == "NOT_SIGNED_IN"
    assert mine != other


def test_a_signature_over_the_same_text_for_another_purpose_is_refused() -> None:
    payload, _, _ = sign(TEACHER, KEY).partition(".")
    bare = base64.urlsafe_b64encode(KEY.sign(payload.encode())).rstrip(b"=").decode()
    assert refused_code(f"{payload}.{bare}") == "NOT_SIGNED_IN"


@pytest.mark.parametrize("place", range(0, 400, 13))
def test_no_character_of_the_header_can_be_another(place: int) -> None:
    header = sign(TEACHER, KEY)
    changed = "B" if header[place] == "A" else "A"
    assert refused_code(header[:place] + changed + header[place + 1 :]) == "NOT_SIGNED_IN"


@pytest.mark.parametrize(
    "header", ["", ".", "a.b", "x" * 5000, f"{'A' * 10}.{'A' * 86}", "é.é", sign(TEACHER, KEY) + "="]
)
def test_what_is_no_principal_is_refused(header: str) -> None:
    assert refused_code(header) == "NOT_SIGNED_IN"


@pytest.mark.parametrize(
    "payload",
    [
        b"not json",
        b"[]",
        b"null",
        b"{}",
        orjson.dumps({"session": "x"}),
        *(orjson.dumps(as_sent(TEACHER) | {"known": flag}) for flag in (1, "true", None)),
    ],
)
def test_even_a_signed_payload_is_read_strictly(payload: bytes) -> None:
    assert refused_code(forged(payload)) == "NOT_SIGNED_IN"


def test_a_principal_too_long_for_its_header_is_not_signed() -> None:
    many = frozenset(UUID(int=number) for number in range(100))
    with pytest.raises(ValueError, match="header"):
        sign(replace(TEACHER, classes=many), KEY)
    assert len(sign(replace(TEACHER, classes=frozenset(list(many)[:60])), KEY)) <= MAX_HEADER


def test_a_principal_is_fresh_for_300_milliseconds() -> None:
    assert not is_older_than(TEACHER, NOW + FRESH_FOR, FRESH_FOR)
    assert is_older_than(TEACHER, NOW + FRESH_FOR + A_MOMENT, FRESH_FOR)


def test_keys_are_read_from_pem_and_only_ed25519_is_taken() -> None:
    private = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    assert verify(sign(TEACHER, private_key_from_pem(private)), public_key_from_pem(public), NOW) == TEACHER
    other = X25519PrivateKey.generate()
    with pytest.raises(ValueError, match="Ed25519"):
        private_key_from_pem(other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(ValueError, match="Ed25519"):
        public_key_from_pem(other.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
