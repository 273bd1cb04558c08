"""A pupil's picture: chosen by the pupil, from a fixed set, and never uploaded."""

from uuid import UUID

import pytest
from marshmallow import ValidationError

from services.identity.domain.avatar import AvatarEvent, ChooseAvatar, Chooser, decide, evolve
from services.identity.domain.permission import may_choose_avatar
from services.identity.schemas import NewAvatar
from shared.events.identity import Avatar, AvatarChosen, PupilAdmitted, PupilId, PupilLeft, YearGroup
from shared.policy.codes import NOT_FOUND, PUPILS_ONLY
from shared.policy.principal import Capacity, Principal, Role
from shared.policy.refusal import Refusal
from shared.testing.principals import principal

PUPIL = PupilId(UUID(int=1))
ADMITTED = PupilAdmitted(
    pupil_id=PUPIL, year_group=YearGroup.YEAR_1, given_name="Wren", family_name="Ashby", birth_date=None
)
LEFT = PupilLeft(pupil_id=PUPIL)


def chosen(avatar: Avatar) -> AvatarChosen:
    return AvatarChosen(pupil_id=PUPIL, avatar=avatar)


def choosing(avatar: Avatar, *before: AvatarEvent) -> list[AvatarChosen]:
    state = Chooser()
    for event in before:
        state = evolve(state, event)
    return decide(ChooseAvatar(pupil_id=PUPIL, avatar=avatar), state)


def test_S30_a_pupil_chooses_a_picture_and_may_choose_another_later():
    assert choosing(Avatar.OWL, ADMITTED) == [chosen(Avatar.OWL)]
    assert choosing(Avatar.FOX, ADMITTED, chosen(Avatar.OWL)) == [chosen(Avatar.FOX)]
    assert choosing(Avatar.OWL, ADMITTED, chosen(Avatar.OWL), chosen(Avatar.FOX)) == [chosen(Avatar.OWL)]


def test_S30_the_same_picture_again_is_nothing_new():
    assert choosing(Avatar.OWL, ADMITTED, chosen(Avatar.OWL)) == []


@pytest.mark.parametrize("before", [(), (ADMITTED, LEFT)], ids=["never came", "has left"])
def test_S30_who_is_no_pupil_here_chooses_none(before: tuple[AvatarEvent, ...]):
    with pytest.raises(Refusal) as caught:
        choosing(Avatar.OWL, *before)
    assert caught.value.code is NOT_FOUND


def test_S30_a_pupil_alone_chooses_and_no_adult_does_it_for_them():
    may_choose_avatar(principal(Capacity.PUPIL, person=PUPIL))
    adults: list[Principal] = [
        principal(Capacity.GUARDIAN, children=(PUPIL,)),
        principal(Capacity.STAFF, Role.TEACHER),
        principal(Capacity.STAFF, Role.HEADTEACHER),
        principal(Capacity.OPERATOR),
    ]
    for adult in adults:
        with pytest.raises(Refusal) as caught:
            may_choose_avatar(adult)
        assert (caught.value.code, caught.value.clause) == (PUPILS_ONLY, "S30")


@pytest.mark.parametrize("sent", ["me.jpg", "https://school.example/me.jpg", "OWL", "", None, 1, ["owl"]])
def test_S30_nothing_but_a_picture_of_the_fixed_set_is_taken(sent: object):
    assert NewAvatar().load({"avatar": "owl"}) == {"avatar": Avatar.OWL}
    with pytest.raises(ValidationError):
        NewAvatar().load({"avatar": sent})
