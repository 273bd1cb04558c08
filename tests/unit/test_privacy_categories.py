"""What is said of each kind of personal data, and what nobody but its own services may open."""

import pytest

from shared.events.declaration import REGISTRY, personal_marks
from shared.privacy.categories import CATEGORIES, Category

PEOPLE_DECIDE = {
    Category.CONDUCT: "headteacher",
    Category.SAFEGUARDING: "safeguarding lead",
    Category.FLAGGED_COPY: "safeguarding lead",
}


@pytest.mark.parametrize("category", list(Category))
def test_S79_every_kind_says_who_opens_it_who_decides_on_its_erasure_and_how_long_it_is_kept(category: Category):
    rule = CATEGORIES[category]
    assert rule.opened_by
    assert rule.kept
    assert rule.erasure_decided_by == PEOPLE_DECIDE.get(category)


def test_S79_safeguarding_is_opened_where_cases_are_decided_and_nowhere_else():
    assert CATEGORIES[Category.SAFEGUARDING].opened_by == {"moderation"}


def test_S79_what_a_person_wrote_or_is_called_is_never_plain_in_an_event():
    """A field that holds a person's words or name is marked: its kind is then one of the table's."""
    telling = {"given_name", "family_name", "email", "birth_date", "text", "note", "reason", "copy", "account"}
    about_nobody = {"identity.SchoolParametersSet.reason"}
    plain = {
        f"{name}.{field}"
        for name in REGISTRY.names()
        if (made := REGISTRY.of(name)) is not None
        for field in telling & set(made.__dataclass_fields__) - set(personal_marks(made))
    }
    assert plain - about_nobody - _ids_of_reasons(plain) == set()


def _ids_of_reasons(plain: set[str]) -> set[str]:
    """A reason that is one of a closed list is nobody's words."""
    found = set()
    for name in plain:
        event, _, field = name.rpartition(".")
        made = REGISTRY.of(event)
        if made is not None and made.__annotations__.get(field) not in (str, "str", "str | None"):
            found.add(name)
    return found
