"""The copy that a flag carries, and a reason for moderation: messaging seals them, and moderation alone opens them."""

from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from shared.events.declaration import Event, Sealed
from shared.events.envelope import Envelope
from shared.events.messaging import MessageFlagged, WarningHandedOver
from shared.events.moderation import ParentWarned
from shared.privacy.categories import Category
from shared.privacy.keystore import KeyMissing, Owner
from shared.privacy.vault import Vault
from shared.testing.envelopes import envelope_of
from shared.testing.examples import example_of
from tests.integration.conftest import ScratchKeys


def vault(keys: ScratchKeys, service: str) -> Vault:
    return Vault(service, keys.store(service), lambda: 0.0)


def sealed_by(service: str, keys: ScratchKeys, school_id: UUID, event: Event) -> Envelope:
    event_id = uuid4()
    [data] = vault(keys, service).seal(school_id, [(event_id, event)])
    return envelope_of(event, id=event_id, school_id=school_id, data=data)


def test_S77_the_copy_of_a_flagged_message_is_opened_by_moderation_and_no_more_by_messaging(
    keys: ScratchKeys, school_id: UUID
):
    flag = example_of(MessageFlagged)
    envelope = sealed_by("messaging", keys, school_id, flag)
    theirs, ours = vault(keys, "moderation").open([envelope])[0], vault(keys, "messaging").open([envelope])[0]
    assert theirs == flag
    assert isinstance(ours, MessageFlagged)
    assert (ours.copy, ours.note) == (Sealed(), Sealed())


def test_S73_the_reason_of_a_delivery_is_opened_by_moderation_and_not_by_messaging(keys: ScratchKeys, school_id: UUID):
    delivery = example_of(WarningHandedOver)
    envelope = sealed_by("messaging", keys, school_id, delivery)
    ours = vault(keys, "messaging").open([envelope])[0]
    assert vault(keys, "moderation").open([envelope]) == [delivery]
    assert isinstance(ours, WarningHandedOver)
    assert ours.reason == Sealed()


def test_S73_a_warning_whose_own_key_moderation_made_can_be_handed_over(keys: ScratchKeys, school_id: UUID):
    warned: Any = example_of(ParentWarned)
    sealed_by("moderation", keys, school_id, warned)
    # The warning has a key of category conduct already, which messaging can neither read nor make again.
    with pytest.raises(psycopg.errors.UniqueViolation):
        keys.store("messaging").obtain([Owner(school_id, warned.warning_id, Category.CONDUCT)])
    delivery: Any = replace(example_of(WarningHandedOver), warning_id=warned.warning_id)
    envelope = sealed_by("messaging", keys, school_id, delivery)
    assert vault(keys, "moderation").open([envelope]) == [delivery]


@pytest.mark.parametrize("category", [Category.FLAGGED_COPY, Category.CONDUCT])
def test_messaging_adds_keys_that_it_cannot_read_again(keys: ScratchKeys, school_id: UUID, category: Category):
    owner = Owner(school_id, uuid4(), category)
    key = keys.store("messaging").obtain([owner])[owner]
    with pytest.raises(KeyMissing):
        keys.store("messaging").fetch([key.key_id])
    assert keys.store("moderation").fetch([key.key_id]) == {key.key_id: key.key}
    with keys.pool("keys_messaging").connection() as connection:
        found = connection.execute("SELECT count(*) FROM subject_key WHERE category = %s", (category,)).fetchone()
    assert found == (0,)


def test_messaging_can_neither_open_nor_add_a_safeguarding_key(keys: ScratchKeys, school_id: UUID):
    owner = Owner(school_id, uuid4(), Category.SAFEGUARDING)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        keys.store("messaging").obtain([owner])
    key = keys.store("moderation").obtain([owner])[owner]
    with pytest.raises(KeyMissing):
        keys.store("messaging").fetch([key.key_id])


def test_moderation_opens_no_message(keys: ScratchKeys, school_id: UUID):
    owner = Owner(school_id, uuid4(), Category.MESSAGE)
    key = keys.store("messaging").obtain([owner])[owner]
    with pytest.raises(KeyMissing):
        keys.store("moderation").fetch([key.key_id])
