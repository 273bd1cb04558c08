"""Personal values: sealed in their place, opened by who may, erased when the key is destroyed, never mistaken."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.events.declaration import Erased, Sealed
from shared.events.envelope import Envelope
from shared.events.identity import PupilAdmitted, PupilId, StaffId, YearGroup
from shared.events.points import AwardId, BehaviourId, PointAwarded, ValueId
from shared.privacy.keystore import KeyMissing, Owner, SubjectKey
from shared.privacy.vault import CACHE_SECONDS, Tampered, Vault
from shared.testing.envelopes import envelope_of

SCHOOL, PUPIL = uuid4(), PupilId(uuid4())


class HeldKeys:
    """Keys in memory, as the key database would answer."""

    def __init__(self) -> None:
        self.held: dict[Owner, SubjectKey] = {}
        self.destroyed: set[UUID] = set()
        self.asked = 0

    def obtain(self, owners: Sequence[Owner]) -> Mapping[Owner, SubjectKey]:
        for owner in owners:
            self.held.setdefault(owner, SubjectKey(uuid4(), bytes([len(self.held) + 1]) * 32))
        return {owner: self.held[owner] for owner in owners}

    def fetch(self, key_ids: Sequence[UUID]) -> Mapping[UUID, bytes | None]:
        self.asked += 1
        by_id = {key.key_id: key.key for key in self.held.values()}
        missing = [key_id for key_id in key_ids if key_id not in by_id and key_id not in self.destroyed]
        if missing:
            raise KeyMissing("missing")
        return {key_id: None if key_id in self.destroyed else by_id[key_id] for key_id in key_ids}

    def destroy(self) -> None:
        self.destroyed |= {key.key_id for key in self.held.values()}


class Watch:
    """A monotonic clock that is moved by hand."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


def a_pupil(name: str = "Ada") -> PupilAdmitted:
    return PupilAdmitted(
        pupil_id=PUPIL, year_group=YearGroup.YEAR_1, given_name=name, family_name="Young", birth_date=None
    )


def recorded(vault: Vault, event: Any, school: UUID = SCHOOL) -> Envelope:
    event_id = uuid4()
    [data] = vault.seal(school, [(event_id, event)])
    return envelope_of(event, id=event_id, school_id=school, data=data)


@pytest.fixture
def keys() -> HeldKeys:
    return HeldKeys()


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def vault(keys: HeldKeys, watch: Watch) -> Vault:
    return Vault("identity", keys, watch)


def test_what_was_sealed_comes_back_and_is_not_to_be_read_in_the_log(vault: Vault):
    envelope = recorded(vault, a_pupil("Canary"))
    assert "Canary" not in str(envelope.data)
    assert vault.open([envelope]) == [a_pupil("Canary")]


def test_an_absent_personal_value_stays_absent(vault: Vault):
    envelope = recorded(vault, a_pupil())
    assert envelope.data["birth_date"] is None


def test_a_destroyed_key_erases_the_value_and_nothing_else(vault: Vault, keys: HeldKeys):
    envelope = recorded(vault, a_pupil())
    keys.destroy()
    [read] = vault.open([envelope])
    assert isinstance(read, PupilAdmitted)
    assert read.given_name == Erased()
    assert read.year_group is YearGroup.YEAR_1


def test_an_opened_key_is_forgotten_after_sixty_seconds(vault: Vault, keys: HeldKeys, watch: Watch):
    envelope = recorded(vault, a_pupil())
    assert vault.open([envelope]) == [a_pupil()]
    keys.destroy()
    watch.at = CACHE_SECONDS - 0.1
    assert vault.open([envelope]) == [a_pupil()]
    watch.at = CACHE_SECONDS
    [read] = vault.open([envelope])
    assert isinstance(read, PupilAdmitted)
    assert read.given_name == Erased()


def test_a_category_of_another_service_stays_sealed_and_its_key_is_not_asked_for(keys: HeldKeys, watch: Watch):
    award = PointAwarded(
        award_id=AwardId(uuid4()),
        pupil_id=PUPIL,
        staff_id=StaffId(uuid4()),
        behaviour_id=BehaviourId(uuid4()),
        value_id=ValueId(uuid4()),
        points=1,
        roster_position=1,
        note="Canary",
    )
    envelope = recorded(Vault("points", keys, watch), award)
    asked = keys.asked
    [read] = Vault("identity", keys, watch).open([envelope])
    assert isinstance(read, PointAwarded)
    assert read.note == Sealed()
    assert keys.asked == asked


def test_a_key_that_cannot_be_reached_is_an_error_and_never_an_erasure(vault: Vault, keys: HeldKeys):
    envelope = recorded(vault, a_pupil())
    keys.held.clear()
    with pytest.raises(KeyMissing):
        vault.open([envelope])


@pytest.mark.parametrize("where", ["school", "event", "field"])
def test_ciphertext_does_not_open_in_another_place(vault: Vault, where: str):
    envelope = recorded(vault, a_pupil())
    moved = {
        "school": replace(envelope, school_id=uuid4()),
        "event": replace(envelope, id=uuid4()),
        "field": replace(envelope, data={**envelope.data, "family_name": envelope.data["given_name"]}),
    }[where]
    with pytest.raises(Tampered) as raised:
        vault.open([moved])
    assert "Ada" not in str(raised.value)


def test_many_events_ask_for_their_keys_once(vault: Vault, keys: HeldKeys):
    envelopes = [recorded(vault, a_pupil()) for _ in range(5)]
    vault.open(envelopes)
    assert keys.asked == 1


def test_who_seals_in_two_steps_has_the_keys_after_the_first(keys: HeldKeys, watch: Watch):
    event_id, vault = uuid4(), Vault("identity", keys, watch)
    seal = vault.sealing(SCHOOL, [(event_id, a_pupil())])
    held = dict(keys.held)
    assert len(held) == 1
    [data] = seal()
    assert keys.held == held
    assert vault.open([envelope_of(a_pupil(), id=event_id, school_id=SCHOOL, data=data)]) == [a_pupil()]
