import unicodedata
from collections.abc import Callable
from itertools import pairwise
from typing import Literal

from hypothesis import given
from hypothesis import strategies as st

from shared.policy.first_names import check, display_names
from shared.policy.letters import folded, read
from shared.policy.school_names import ClassRoll, PupilName, SchoolNames

FIRSTS = ["Amelia", "Zoë", "Mary-Jane", "Rose", "Tom", "Seán", "Will", "Grace"]
SURNAMES = ["Khan", "Smith-Jones", "O'Brien", "de Souza", "Young", "Rose", "Kaur", "Kapoor", "Łuczak"]
UNSEEN = st.text(
    st.sampled_from("\u200b\u200c\u200d\u2060\ufeff\u00ad\u200e\u200f\u202e\u2066\u2069\u034f\ufe0f\u3164\U000e0041"),
    min_size=1,
    max_size=3,
)
BETWEEN = st.text(st.sampled_from(" \t\n\u00a0\u2003\u200b\u200d\u202e\ufe0f-\u2014🎉👍🏽🇬🇧❤"), min_size=1, max_size=8)
FILLERS = [
    "we",
    "saw",
    "the",
    "pond",
    "today",
    "and",
    "painted",
    "a",
    "boat",
    "in",
    "ink",
    "7",
    "!",
    ",",
    ".",
    "🎉",
    "x",
    "I",
]
pupils = st.lists(st.builds(PupilName, st.sampled_from(FIRSTS), st.sampled_from(SURNAMES)), min_size=1, max_size=12)
texts = st.lists(st.sampled_from([*FILLERS, *FIRSTS, *SURNAMES, "Mrs", "K", "Ka", "khan", "'s"])).map(" ".join)
any_text = st.text(max_size=80)


def full_names(text: str, roll: list[PupilName]) -> list[tuple[int, int]]:
    found = check(text, ClassRoll.of(roll), SchoolNames(roll))
    return [(one.start, one.end) for one in found if one.code.name == "FULL_NAME_USED"]


@given(texts, pupils, st.data())
def test_S57_putting_in_what_cannot_be_seen_never_hides_a_full_name(
    text: str, roll: list[PupilName], data: st.DataObject
) -> None:
    before = full_names(text, roll)
    hidden = text
    for place in sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)), reverse=True):
        hidden = hidden[:place] + data.draw(UNSEEN) + hidden[place:]
    seen_before = [folded(text[start:end]) for start, end in before]
    seen_after = [folded(hidden[start:end]) for start, end in full_names(hidden, roll)]
    for name in seen_before:
        assert any(name in one for one in seen_after)


@given(
    st.sampled_from(["Amelia", "Zoë", "Tom"]), st.sampled_from(["Khan", "Smith-Jones", "O'Brien", "Łuczak"]), BETWEEN
)
def test_S57_nothing_but_blanks_and_signs_between_two_names_hides_a_full_name(
    first: str, surname: str, between: str
) -> None:
    roll = [PupilName(first, surname)]
    assert full_names(f"{first}{between}{surname}", roll) == [(0, len(first + between + surname))]
    assert full_names(f"{surname}{between}{first}", roll) == [(0, len(first + between + surname))]


@given(texts, pupils, st.sampled_from(["NFC", "NFD"]), st.sampled_from([str.upper, str.lower, str.swapcase, str]))
def test_S57_the_form_and_case_of_the_roster_make_no_difference(
    text: str, roll: list[PupilName], form: Literal["NFC", "NFD"], case: Callable[[str], str]
) -> None:
    def other(name: str) -> str:
        return unicodedata.normalize(form, case(name)) if name != "Łuczak" else name

    same = [PupilName(other(pupil.first), other(pupil.surname)) for pupil in roll]
    assert full_names(text, roll) == full_names(text, same)


@given(st.lists(st.sampled_from(FILLERS) | any_text).map(" ".join))
def test_S57_S58_a_text_without_a_name_of_the_roster_has_no_finding(text: str) -> None:
    roll = [PupilName("Quillon", "Zebedeeson"), PupilName("Xanthippe", "Wrexhamby")]
    assert check(text, ClassRoll.of(roll), SchoolNames(roll)) == []


@given(st.lists(st.sampled_from(FILLERS)).map(" ".join), st.sampled_from(SURNAMES), pupils)
def test_S57_a_surname_alone_is_no_finding(filler: str, surname: str, roll: list[PupilName]) -> None:
    quiet = [PupilName("Quillon", pupil.surname) for pupil in roll]
    assert check(f"{filler} {surname} {filler}", ClassRoll.of(quiet), SchoolNames(quiet)) == []


@given(any_text | texts, pupils | st.lists(st.builds(PupilName, any_text, any_text), max_size=5))
def test_S57_S58_findings_stand_in_the_text_in_order_and_apart(text: str, roll: list[PupilName]) -> None:
    found = check(text, ClassRoll.of(roll), SchoolNames(roll))
    assert all(0 <= one.start < one.end <= len(text) for one in found)
    assert all(one.end <= two.start for one, two in pairwise(found))


@given(pupils)
def test_S58_what_a_class_is_shown_by_passes_its_own_check(roll: list[PupilName]) -> None:
    names = SchoolNames(roll)
    for shown in display_names(roll):
        assert check(f"{shown}, well done.", ClassRoll.of(roll), names) == []


@given(any_text)
def test_each_letter_knows_its_place(text: str) -> None:
    letters = read(text)
    assert len(letters.letters) == len(letters.starts) == len(letters.ends) == len(letters.gaps) - 1
    assert all(0 <= start < end <= len(text) for start, end in zip(letters.starts, letters.ends, strict=True))
    assert list(letters.starts) == sorted(letters.starts)


@given(any_text)
def test_a_text_has_the_same_letters_in_either_form(text: str) -> None:
    assert folded(unicodedata.normalize("NFC", text)) == folded(unicodedata.normalize("NFD", text))
