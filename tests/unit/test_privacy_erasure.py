"""Every personal text is listed with whom it concerns, and is found again by the log's plain ids."""

from dataclasses import dataclass, replace
from importlib import import_module
from uuid import UUID

import pytest

from deploy.services import SERVICES
from services.messaging.erasure import CONCERNS as OF_MESSAGING
from services.moderation.erasure import CONCERNS as OF_MODERATION
from services.points.erasure import CONCERNS as OF_POINTS
from shared.events.declaration import REGISTRY, Event, Registry, event, personal_marks
from shared.events.envelope import Envelope
from shared.events.messaging import MessageSent
from shared.events.moderation import SafeguardingRecordOpened
from shared.events.points import PointAwarded
from shared.events.wire import to_wire
from shared.privacy.categories import Category
from shared.privacy.erasure import Concerns, Items, owners_concerning
from shared.privacy.keystore import Owner
from shared.testing.envelopes import envelope_of
from shared.testing.examples import example_of

SCHOOL, SOMEONE, OTHER = UUID(int=101), UUID(int=102), UUID(int=103)
SEALED = {"key": str(UUID(int=0)), "nonce": "", "text": ""}


def concerns_of(service: str) -> Concerns:
    found: Concerns = import_module(f"services.{service}.erasure").CONCERNS
    return found


@pytest.mark.parametrize("service", SERVICES)
def test_S18_every_event_with_a_personal_text_is_listed_with_whom_it_concerns(service: str):
    declared = [REGISTRY.of(name) for name in REGISTRY.names() if name.startswith(f"{service}.")]
    assert {found for found in declared if found and personal_marks(found)} == set(concerns_of(service))


@pytest.mark.parametrize("service", SERVICES)
def test_S18_every_item_is_concerned_with_someone_by_one_of_its_events(service: str):
    """An event that names nobody rests on another one of the same item."""
    concerns = concerns_of(service)
    items = {kind: {(mark.category, mark.subject) for mark in personal_marks(kind).values()} for kind in concerns}
    named = {item for kind, names in concerns.items() if names for item in items[kind]}
    assert {item for found in items.values() for item in found} - named == set()
    for kind, names in concerns.items():
        fields = {name.field if isinstance(name, Items) else name for name in names}
        assert fields <= set(kind.__dataclass_fields__)


def recorded(what: Event, **plain: str) -> Envelope:
    data, parts = to_wire(what)
    return envelope_of(what, school_id=SCHOOL, data=data | {part.field: SEALED for part in parts} | plain)


def test_S18_a_conversation_is_found_for_its_guardian_and_for_its_pupil_and_for_nobody_else():
    sent = recorded(example_of(MessageSent), guardian_id=str(SOMEONE), pupil_id=str(OTHER), conversation_id=str(SCHOOL))
    conversation = frozenset({Owner(SCHOOL, SCHOOL, Category.MESSAGE)})
    assert owners_concerning(SOMEONE, OF_MESSAGING, [sent]) == conversation
    assert owners_concerning(OTHER, OF_MESSAGING, [sent]) == conversation
    assert owners_concerning(UUID(sent.data["sender_id"]), OF_MESSAGING, [sent]) == frozenset()


def test_a_note_is_the_pupil_s_and_an_award_without_one_has_no_key():
    award = recorded(example_of(PointAwarded), pupil_id=str(SOMEONE), award_id=str(OTHER))
    assert owners_concerning(SOMEONE, OF_POINTS, [award]) == {Owner(SCHOOL, OTHER, Category.POINTS_NOTE)}
    without = replace(award, data={**award.data, "note": None})
    assert owners_concerning(SOMEONE, OF_POINTS, [without]) == frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hung:
    painting_id: UUID
    painters: tuple[UUID, ...]


@event("tests.WallHung", version=1, registry=Registry())
class WallHung(Event):
    wall_id: UUID
    thanks: tuple[UUID, ...]
    paintings: tuple[Hung, ...]


def test_S18_of_what_an_event_lists_those_are_found_that_concern_the_person():
    paintings = Items(field="paintings", who="painters", item="painting_id", category=Category.MEDIA)
    mine, ours, theirs = (UUID(int=number) for number in (201, 202, 203))
    hung = WallHung(
        wall_id=UUID(int=200),
        thanks=(OTHER,),
        paintings=(
            Hung(painting_id=mine, painters=(SOMEONE,)),
            Hung(painting_id=ours, painters=(OTHER, SOMEONE)),
            Hung(painting_id=theirs, painters=(OTHER,)),
        ),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(REGISTRY, "_events", {WallHung.event_type: WallHung})
        found = owners_concerning(SOMEONE, {WallHung: ("thanks", paintings)}, [recorded(hung)])
    assert {(owner.subject_id, owner.category) for owner in found} == {(mine, Category.MEDIA), (ours, Category.MEDIA)}


def test_T1_what_concerns_a_person_in_a_safeguarding_record_is_of_the_category_that_is_kept():
    opened = recorded(example_of(SafeguardingRecordOpened), guardian_id=str(SOMEONE))
    found = owners_concerning(SOMEONE, OF_MODERATION, [opened])
    assert {owner.category for owner in found} == {Category.SAFEGUARDING}
