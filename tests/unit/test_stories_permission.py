"""Who posts and who reads stories, as tables: default deny, and another family learns of nothing."""

from collections.abc import Callable
from uuid import UUID

import pytest

from services.stories.domain.permission import (
    Addressed,
    Reader,
    Relations,
    may_post,
    may_read,
    may_read_notices,
    may_upload,
    may_withdraw,
    reader_of,
)
from shared.events.stories import Audience
from shared.policy.codes import GUARDIANS_ONLY, LEADERS_ONLY, NOT_CLASS_TEACHER, NOT_FOUND, STAFF_ONLY, Code
from shared.policy.principal import Capacity, Principal, Role
from shared.policy.refusal import Refusal
from shared.testing.principals import principal

CLASS, OTHER_CLASS = UUID(int=2), UUID(int=3)
PUPIL, CLASSMATE, MOVED_ON, STRANGER = UUID(int=5), UUID(int=6), UUID(int=7), UUID(int=8)
MUM, DAD, OTHER_MUM = UUID(int=10), UUID(int=11), UUID(int=12)
GREEN, HELPER, BROWN, LEADER = UUID(int=20), UUID(int=21), UUID(int=22), UUID(int=23)

RELATIONS = Relations(
    staff=frozenset({GREEN, HELPER}),
    pupils=frozenset({PUPIL, CLASSMATE}),
    guardians={PUPIL: frozenset({MUM}), CLASSMATE: frozenset({DAD}), MOVED_ON: frozenset({MUM})},
)
FOR_CLASS = Addressed(class_id=CLASS, audience=Audience.CLASS, pupil_id=None)
FOR_PUPIL = Addressed(class_id=CLASS, audience=Audience.GUARDIANS, pupil_id=PUPIL)
FOR_MOVED_ON = Addressed(class_id=CLASS, audience=Audience.GUARDIANS, pupil_id=MOVED_ON)

STAFF = Capacity.STAFF
WHO = {
    "class teacher": principal(STAFF, Role.TEACHER, person=GREEN, classes=(CLASS,)),
    "support staff": principal(STAFF, Role.SUPPORT_STAFF, person=HELPER, classes=(CLASS,)),
    "other class's teacher": principal(STAFF, Role.TEACHER, person=BROWN, classes=(OTHER_CLASS,)),
    # The session knows already that the class was taken away, the roster here does not yet; and the other way round.
    "no longer teacher": principal(STAFF, Role.TEACHER, person=GREEN),
    "not yet teacher": principal(STAFF, Role.TEACHER, person=BROWN, classes=(CLASS,)),
    "headteacher": principal(STAFF, Role.HEADTEACHER, person=LEADER),
    "deputy": principal(STAFF, Role.DEPUTY_HEADTEACHER, person=LEADER),
    "safeguarding lead": principal(STAFF, Role.SAFEGUARDING_LEAD, person=LEADER),
    "office": principal(STAFF, Role.OFFICE, person=LEADER),
    "mother": principal(Capacity.GUARDIAN, person=MUM, children=(PUPIL, MOVED_ON)),
    "classmate's father": principal(Capacity.GUARDIAN, person=DAD, children=(CLASSMATE,)),
    "other parent": principal(Capacity.GUARDIAN, person=OTHER_MUM, children=(STRANGER,)),
    "cut off": principal(Capacity.GUARDIAN, person=MUM),
    "linked elsewhere only": principal(Capacity.GUARDIAN, person=OTHER_MUM, children=(PUPIL,)),
    "pupil": principal(Capacity.PUPIL, person=PUPIL, classes=(CLASS,)),
    "other class's pupil": principal(Capacity.PUPIL, person=STRANGER, classes=(OTHER_CLASS,)),
    "pupil who moved on": principal(Capacity.PUPIL, person=MOVED_ON, classes=(OTHER_CLASS,)),
    "pupil who is told late": principal(Capacity.PUPIL, person=STRANGER, classes=(CLASS,)),
    "operator": principal(Capacity.OPERATOR),
}
COLLEAGUES = {name for name, who in WHO.items() if who.capacity is STAFF} - {"class teacher", "support staff"}
OUTSIDE = {name for name, who in WHO.items() if who.capacity is not STAFF}


def answers(ask: Callable[[Principal], object]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, who in WHO.items():
        try:
            found[name] = ask(who)
        except Refusal as refusal:
            found[name] = refusal.code
    return found


def table(told: dict[str, object], *, colleagues: Code, outside: Code) -> dict[str, object]:
    return dict.fromkeys(COLLEAGUES, colleagues) | dict.fromkeys(OUTSIDE, outside) | told


def test_S37_S54_staff_of_the_class_post_and_nobody_else():
    allowed: dict[str, object] = {"class teacher": None, "support staff": None}
    assert answers(lambda who: may_post(who, CLASS, RELATIONS)) == table(
        allowed, colleagues=NOT_CLASS_TEACHER, outside=STAFF_ONLY
    )


@pytest.mark.parametrize(("who", "clause"), [("mother", "S37"), ("pupil", "S37"), ("headteacher", "S54")])
def test_S37_S54_who_may_not_post_is_told_why(who: str, clause: str):
    with pytest.raises(Refusal) as caught:
        may_post(WHO[who], CLASS, RELATIONS)
    assert caught.value.clause == clause


def test_S37_pictures_are_uploaded_by_staff_who_have_a_class():
    found = answers(may_upload)
    with_class = {name for name in WHO if WHO[name].capacity is STAFF and WHO[name].classes}
    assert {name for name, code in found.items() if code is None} == with_class
    assert {found[name] for name in OUTSIDE} == {STAFF_ONLY}


def test_S16_S40_S43_a_class_s_stories_are_read_by_its_staff_pupils_and_their_guardians_and_nobody_else():
    assert answers(lambda who: reader_of(who, CLASS, RELATIONS)) == table(
        {
            "class teacher": Reader(staff=True),
            "support staff": Reader(staff=True),
            "mother": Reader(children=frozenset({PUPIL})),
            "classmate's father": Reader(children=frozenset({CLASSMATE})),
            "pupil": Reader(),
        },
        colleagues=NOT_CLASS_TEACHER,
        outside=NOT_FOUND,
    )


def test_S40_a_story_for_the_class_is_read_by_whoever_reads_the_class_s_stories():
    by_story = answers(lambda who: may_read(who, FOR_CLASS, RELATIONS))
    assert by_story == answers(lambda who: reader_of(who, CLASS, RELATIONS))


def test_S43_S56_a_story_for_one_child_s_adults_is_theirs_and_the_class_staff_s():
    own = Reader(children=frozenset({PUPIL, MOVED_ON}))
    expected = table(
        {"class teacher": Reader(staff=True), "support staff": Reader(staff=True), "mother": own},
        colleagues=NOT_CLASS_TEACHER,
        outside=NOT_FOUND,
    )
    assert answers(lambda who: may_read(who, FOR_PUPIL, RELATIONS)) == expected
    # It goes with the child into the next class.
    assert answers(lambda who: may_read(who, FOR_MOVED_ON, RELATIONS)) == expected


def test_a_story_is_withdrawn_by_its_author_or_a_leader():
    leads: dict[str, object] = {"headteacher": None, "deputy": None}
    others: dict[str, object] = {"class teacher": None, "no longer teacher": None, "support staff": LEADERS_ONLY}
    assert answers(lambda who: may_withdraw(who, GREEN, CLASS, RELATIONS)) == table(
        leads | others, colleagues=NOT_CLASS_TEACHER, outside=STAFF_ONLY
    )


def test_T10_notices_are_for_guardians():
    found = answers(may_read_notices)
    guardians = {name for name, who in WHO.items() if who.capacity is Capacity.GUARDIAN}
    assert found == {name: None if name in guardians else GUARDIANS_ONLY for name in WHO}
