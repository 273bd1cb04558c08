"""An event that a newer process has written: an older one says that it does not know it, and takes it for nothing."""

from uuid import uuid4

import pytest

from shared.events.points import BehaviourRetired
from shared.events.wire import NotKnownHere, WireError, from_wire, to_wire
from shared.hosting.api import TRANSLATIONS
from shared.policy.codes import UNAVAILABLE
from shared.privacy.vault import folded
from shared.testing.envelopes import an_envelope

RETIRED, _ = to_wire(BehaviourRetired(school_id=uuid4(), behaviour_id=uuid4()))  # type: ignore[arg-type]
NAME = BehaviourRetired.event_type


@pytest.mark.parametrize(("name", "version"), [(NAME, BehaviourRetired.schema_version + 1), ("points.NotYet", 1)])
def test_a_newer_version_or_type_is_not_known_here_though_its_fields_would_fit(name: str, version: int):
    with pytest.raises(NotKnownHere):
        from_wire(name, version, RETIRED, {})
    with pytest.raises(NotKnownHere):
        folded([an_envelope(type=name, schema_version=version, data=RETIRED)])


def test_a_version_that_never_was_is_no_newer_one():
    with pytest.raises(WireError) as caught:
        from_wire(NAME, 0, RETIRED, {})
    assert not isinstance(caught.value, NotKnownHere)


def test_a_client_is_told_to_try_again_for_a_newer_process_may_answer():
    refusal = TRANSLATIONS[NotKnownHere](NotKnownHere())
    assert (refusal.code, refusal.retry_after) == (UNAVAILABLE, 1)
