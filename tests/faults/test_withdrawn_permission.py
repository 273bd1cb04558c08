"""One second after the answer to a withdrawn permission nobody is shown the child's picture (S64).

Families and staff go on asking for the pictures by the links that they got before, and for the story, while one
permission after another is withdrawn; then their answers are counted. It holds too while the broker is away, while
identity's relay stands still, and while stories itself hears of nothing.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from uuid import UUID

import pytest

from shared.testing.driver import Bookbag, Refused, Session, Wrote
from tests.faults.clients import (
    BOUND,
    GOES_ON,
    Client,
    Condition,
    as_it_is,
    asking,
    assert_nobody_came_in,
    frozen,
    is_2xx,
    status_of,
    without_the_broker,
)
from tests.installation import Bench, School, a_school, went
from tests.pictures import telling

CHILDREN = 5
"""Whose permission is withdrawn, one after the other; each is in a picture of their own."""
HIDDEN, TOO_BUSY = 404, 503
LOOKS = 2000
"""Most requests until guardians may write again, or every client has asked once more."""


@dataclass(frozen=True, slots=True)
class Shared:
    """A child, who withdraws for them, and the picture that shows them."""

    pupil: UUID
    guardian: Session
    story: UUID
    picture: UUID


@pytest.fixture(scope="module")
def school(bookbag: Bookbag, operator: Session) -> School:
    return a_school(bookbag, operator, "larch-rise", seed=29)


def class_of(teacher: Session) -> str:
    return str(went(teacher.me())["classes"][0]["class_id"])


def share(school: School) -> list[Shared]:
    """Every child's adults allow photos, and a story shows each of them."""
    teacher, found = school.teacher(1), []
    for number in range(1, CHILDREN + 1):
        child = school.people.pupil(1, number)
        for adult in school.people.guardians_of(child):
            went(school.as_(adult, "guardian").answer_sharing(school.pupil(1, number).person_id, "photo", allowed=True))
    class_id = class_of(teacher)
    went(teacher.acknowledge_sharing_list(class_id, went(teacher.sharing_list(class_id))["list_version"]))
    for number in range(1, CHILDREN + 1):
        pupil, guardian = school.pupil(1, number).person_id, school.guardian_of(school.people.pupil(1, number))
        picture = went(teacher.upload_picture(telling("JPEG"))).id
        shown = [{"media_id": str(picture), "shows": [str(pupil)]}]
        story = went(teacher.post_story(class_id, "We found a frog.", pictures=shown)).id
        found.append(Shared(pupil, guardian, story, picture))
    for one in found:
        assert went(teacher.picture(one.picture)), "stories has heard of all that was posted"
    return found


def elsewhere(session: Session) -> Session:
    """The same person with another app: it waits for nothing that this one wrote."""
    return replace(session, bookbag=session.bookbag.forgetful())


def clients_of(school: School, one: Shared) -> list[Client]:
    """The child's family by the link, the teacher by the thumbnail's, and another family of the class on the page."""
    family, teacher, own = map(
        elsewhere, (school.guardian_of(school.people.pupil(1, 8)), school.teacher(1), one.guardian)
    )

    def looks(session: Session, size: str) -> Callable[[], int]:
        path = f"/v1/media/{one.picture}?size={size}"
        return lambda: status_of(session.bookbag.send("GET", path, session.token))

    def reads() -> int:
        """404 where the page shows no picture."""
        page = family.story(one.story)
        if isinstance(page, Refused):
            return page.status
        return 200 if page["pictures"] else 404

    return [
        Client("the teacher looks at the thumbnail", looks(teacher, "thumbnail")),
        Client("the child's own family looks at the picture", looks(own, "picture")),
        Client("a classmate's family reads the story", reads),
    ]


def others(school: School) -> list[Client]:
    """Whoever else is about: staff give points, and a family goes on answering about other kinds."""
    teacher, behaviour = elsewhere(school.teacher(1)), school.a_behaviour("Was kind")
    child = school.people.pupil(1, 7)
    pupil, guardian = school.pupil(1, 7).person_id, elsewhere(school.guardian_of(child))
    said = [True]

    def answers() -> int:
        said.append(not said[-1])
        return status_of_write(guardian.answer_sharing(pupil, "recording", allowed=said[-1]))

    awards = Client("staff give points", lambda: status_of_write(teacher.award(pupil, behaviour)))
    return [awards, Client("a family answers", answers)]


def status_of_write(answer: Wrote | Refused) -> int:
    return answer.status


def until_families_may_write(one: Shared) -> None:
    """Once identity's worker, which may have stood still, has looked at moderation's log again."""
    family = elsewhere(one.guardian)
    for _ in range(LOOKS):
        if is_2xx(status_of_write(family.answer_sharing(one.pupil, "recording", allowed=True))):
            return
    raise AssertionError("families may still not write")


def withdraw(one: Shared, clients: list[Client]) -> float:
    """When the withdrawal was answered; on return each of the clients has asked beyond the bound."""
    family = elsewhere(one.guardian)
    went(family.answer_sharing(one.pupil, "photo", allowed=False))
    answered = time.monotonic()
    for _ in range(LOOKS):
        if all(client.late(answered + BOUND) for client in clients):
            return answered
        family.me()
    raise AssertionError("somebody does not ask any more")


@pytest.mark.parametrize(
    ("condition", "each"),
    [
        (as_it_is, False),
        (without_the_broker, False),
        (frozen("identity.worker"), True),
        (frozen("stories.worker"), True),
    ],
    ids=["as it is", "no broker", "identity's relay frozen", "stories' worker frozen"],
)
def test_S64_one_second_after_a_withdrawn_permission_the_picture_is_shown_to_nobody(
    condition: Condition, each: bool, bench: Bench, school: School
):
    """A process is frozen for each withdrawal alone: guardians do not write for long where identity's worker stands."""
    shared = share(school)
    watching = {one.picture: clients_of(school, one) for one in shared}
    answered: dict[UUID, float] = {}
    clients = [client for found in watching.values() for client in found]
    around, for_each = (as_it_is, condition) if each else (condition, as_it_is)
    with around(bench), asking([*clients, *others(school)]) as go_on_for:
        for one in shared:
            until_families_may_write(one)
            with for_each(bench):
                answered[one.picture] = withdraw(one, watching[one.picture])
        go_on_for(BOUND + GOES_ON)
    for picture, found in watching.items():
        # A machine that is too busy to say who asks shows nothing either; but it is not that alone.
        assert_nobody_came_in(found, answered[picture] + BOUND, turned_away={HIDDEN, TOO_BUSY})
        for client in found:
            assert HIDDEN in {answer.status for answer in client.late(answered[picture] + BOUND)}, client.name
