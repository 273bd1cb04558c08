"""The expectations are read off the policy's clauses and its readings, one sentence a test."""

import sys
import unicodedata
from collections.abc import Callable
from types import FrameType
from typing import Any, Literal

import pytest

from shared.policy.codes import CODES
from shared.policy.findings import Finding, refuse
from shared.policy.first_names import check, display_names
from shared.policy.refusal import Refusal
from shared.policy.school_names import ClassRoll, PupilName, SchoolNames

AMELIA, ROSE, ZOE, SEAN, TOM = (
    PupilName("Amelia", "Khan"),
    PupilName("Rose", "Young"),
    PupilName("Zoë", "Smith-Jones"),
    PupilName("Seán", "O'Brien"),
    PupilName("Tom", "Green"),
)
MARY, WILL, IVY, JACK, GRACE = (
    PupilName("Mary-Jane", "de Souza"),
    PupilName("Will", "May"),
    PupilName("Ivy", "Rose"),
    PupilName("Jack", "Cameron"),
    PupilName("Grace", "Kaur"),
)
OTHER_AMELIA = PupilName("Amelia", "Brown")  # in another class
OAK = [AMELIA, ROSE, ZOE, SEAN, TOM, MARY, WILL, IVY, JACK, GRACE]
SCHOOL = SchoolNames([*OAK, OTHER_AMELIA, PupilName("Omar", "Ibrahim"), PupilName("Ana", "Adeyemi")])
ROLL = ClassRoll.of(OAK)
Form = Literal["NFC", "NFD", "NFKC", "NFKD"]
FULL, INITIAL, DOUBT = "FULL_NAME_USED", "INITIAL_NOT_NEEDED", "NAME_DOUBTFUL"


def found(text: str, roll: ClassRoll = ROLL) -> list[tuple[str, str]]:
    return [(one.code.name, text[one.start : one.end]) for one in check(text, roll, SCHOOL)]


def codes(text: str, roll: ClassRoll = ROLL) -> list[str]:
    return [code for code, _ in found(text, roll)]


@pytest.mark.parametrize(
    "text",
    [
        "Amelia Khan",
        "amelia khan",
        "AMELIA KHAN",
        "Amelia khan",
        "Khan Amelia",
        "Khan, Amelia",
        "KHAN , Amelia",
        "Khan,\nAmelia",
        "Amelia  Khan",
        "Amelia\tKhan",
        "Amelia\nKhan",
        "Amelia\r\n\r\nKhan",
        "Amelia\u00a0Khan",
        "Amelia\u2003\u3000Khan",
        "Amelia\u2028Khan",
        "Amelia-Khan",
        "Amelia \u2014 Khan",
        "Amelia (Khan)",
        'Amelia "Khan"',
        "Amelia_Khan",
        "Amelia/Khan",
        "Amelia.Khan",
        "AmeliaKhan",
        "Miss Amelia Khan",
        "Amelia Brown",  # of another class of the school
        "Omar Ibrahim",
        "Tom Green",
        "Rose Young",
        "Will May",
        "Amelia J Khan",
        "Amelia J. Khan",
        "amelia j khan",
    ],
)
def test_S57_a_first_name_next_to_the_surname_is_a_full_name(text: str) -> None:
    assert found(text) == [(FULL, text.removeprefix("Miss ").rstrip(')"'))]


@pytest.mark.parametrize("before", ["", "Well done ", "#", "(", "Today: ", "\u201c", "1. "])
@pytest.mark.parametrize("after", ["", "!", "'s work", "\u2019s work", ", and Tom", " and Rose", ")", "\n"])
def test_S57_the_place_of_a_full_name_is_told(before: str, after: str) -> None:
    text = f"{before}Amelia Khan{after}"
    assert check(text, ROLL, SCHOOL) == [Finding(code=CODES[FULL], start=len(before), end=len(before) + 11)]


def test_S57_every_full_name_of_a_text_is_told() -> None:
    text = "Amelia Khan and Tom Green won, and so did Jack Cameron; Rose clapped."
    assert found(text) == [(FULL, "Amelia Khan"), (FULL, "Tom Green"), (FULL, "Jack Cameron")]


HIDDEN = [
    "\u200b",
    "\u200c",
    "\u200d",
    "\u2060",
    "\ufeff",
    "\u00ad",
    "\u034f",
    "\u061c",
    "\u115f",
    "\u1160",
    "\u17b4",
    "\u180e",
    "\u200e",
    "\u200f",
    "\u202a",
    "\u202e",
    "\u202c",
    "\u2066",
    "\u2069",
    "\u2063",
    "\u3164",
    "\uffa0",
    "\ufe0f",
    "\U000e0041",
    "\U000e0100",
]
SIGNS = [
    "🎉",
    "👨\u200d👩\u200d👧",
    "👍🏽",
    "🏴\U000e0067\U000e0062\U000e007f",
    "🇬🇧",
    "1\ufe0f\u20e3",
    "#\u20e3",
    "❤\ufe0f",
    "•",
    "*",
    "✨✨✨",
]


@pytest.mark.parametrize("hidden", HIDDEN, ids=ascii)
def test_S57_nothing_that_cannot_be_seen_hides_a_full_name(hidden: str) -> None:
    for text in (
        f"Amelia{hidden}Khan",
        f"Amelia {hidden}{hidden} Khan",
        f"Ame{hidden}lia Kh{hidden}an",
        f"{hidden}A{hidden}melia{hidden} {hidden}Khan{hidden}",
        f"Khan{hidden},{hidden} {hidden}Amelia",
    ):
        assert codes(text) == [FULL], ascii(text)


@pytest.mark.parametrize("sign", SIGNS, ids=ascii)
def test_S57_emoji_and_signs_do_not_hide_a_full_name(sign: str) -> None:
    for text in (f"Amelia{sign}Khan", f"Amelia {sign} Khan", f"Khan {sign}\nAmelia"):
        assert codes(text) == [FULL], ascii(text)


SEEN_ALIKE = {
    "composed": "Zoë Smith-Jones",
    "decomposed": "Zoe\u0308 Smith-Jones",
    "without its accent": "Zoe Smith-Jones",
    "capitals, and a space for the hyphen": "ZOË SMITH JONES",
    "a hyphen that does not break": "Zoë Smith\u2011Jones",
    "a dash": "Zoë Smith\u2013Jones",
    "spaces around it": "Zoë Smith - Jones",
    "written as one": "Zoë SmithJones",
    "over two lines": "Zoë Smith\nJones",
    "one half": "Zoë Smith",
    "the other half": "Zoë Jones",
    "the other half first": "Jones, Zoë",
    "straight": "Seán O'Brien",
    "curly": "Seán O\u2019Brien",
    "a letter that looks like one": "Seán O\u02bcBrien",
    "a key beside it": "Seán O`Brien",
    "a space for it": "Sean O Brien",
    "left out": "SEAN OBRIEN",
    "as the roster has it": "Mary-Jane de Souza",
    "a space for the hyphen": "Mary Jane De Souza",
    "all as one": "maryjane desouza",
    "a part of each": "Mary Souza",
    "the surname first": "de Souza, Mary-Jane",
    "bold letters": "𝐀𝐦𝐞𝐥𝐢𝐚 𝑲𝒉𝒂𝒏",
    "wide letters": "Ａｍｅｌｉａ Ｋｈａｎ",
    "letters in circles": "Ⓐⓜⓔⓛⓘⓐ Khan",
    "two Cyrillic letters that look the same": "\u0410melia \u041ahan",
    "a Cherokee letter that looks the same": "\u13aamelia Khan",
    "two Armenian letters that look the same": "Amelia K\u0570a\u0578",
    "a letter of sound": "Amelia Kh\u0251n",
    "small capitals": "Amelia \u1d0b\u029c\u1d00\u0274",
    "white letters in dark circles and squares": "\U0001f150\U0001f15c\U0001f154\U0001f15b\U0001f158\U0001f150 🅺🅷🅰🅽",
}


@pytest.mark.parametrize("text", SEEN_ALIKE.values(), ids=SEEN_ALIKE)
def test_S57_names_are_compared_by_their_letters_as_people_see_them(text: str) -> None:
    assert found(text) == [(FULL, text)]


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
def test_S57_the_roster_s_own_form_does_not_matter(form: Form) -> None:
    pupil = PupilName(*(unicodedata.normalize(form, name) for name in ("Chloé", "Nuñez")))
    for text in ("Chloé Nuñez", unicodedata.normalize("NFD", "Chloé Nuñez"), "chloe nunez"):
        assert [one.code.name for one in check(text, ClassRoll.of([pupil]), SchoolNames([pupil]))] == [FULL]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   \n",
        "Amelia",
        "Well done Amelia! Khan is a name.",
        "We met Amelia. Khan is a name.",
        "Khan",
        "The Khan family and the Smith-Joneses came.",
        "Amelia and Khan",
        "Amelia & Khan",
        "Amelia; Khan",
        "Amelia: Khan",
        "Amelia's Khan",
        "Amelia\u2019s Khan",
        "Ameliakhanate",
        "Amelias Khans",
        "Amelia 2 Khan",
        "Amelia met Mr Khan",
        # Title and surname.
        "Mrs Green",
        "Mrs Green, Tom and Rose made bread.",
        "Mr. Green, Tom is proud of you",
        "Ms\u00a0Green Tom says thank you",
        "MISS KHAN, AMELIA AND TOM",
        "Mx Khan, Amelia",
        "Dr Khan, Amelia",
        "Sir Khan, Amelia",
        "Madam Khan, Amelia",
        "Mr and Mrs Khan, Amelia and Tom",
        "Mrs Smith-Jones, Zoë and Tom",
        "Mrs Smith Jones, Zoë and Tom",
        "Mr O\u2019Brien, Seán and Tom",
        # A comma list of first names, some of which are surnames of others.
        "Amelia, Rose and Tom",
        "Ivy, Rose and Tom",
        "Rose, Ivy and Tom",
        "Amelia, Rose and Young people",
        "Tom, Will, Rose, Ivy, Grace, Amelia",
        # A surname that is a common word.
        "Tom green with envy",
        "Rose young at heart",
        "Amelia was young, and Rose saw green fields",
        "Will may come, and will may not",
        "the green Tom painted",
        "We are young. Rose is six.",
        "Amelia came first; Jack came second, Jack can swim.",
        "Amelia And Rose",
        "JACK CAN SWIM",
        "Grace kept still",
    ],
)
def test_S57_what_is_no_full_name_passes(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "Rose Khan",  # Rose, and another pupil's surname
        "Tom Rose",  # a list without its comma, or a name
        "Amelia, Khan",  # a row of a table, or a list
        "Ivy\nRose",  # two lines of a list of first names, or a name
        "Ivy 🎉 Rose",
        "Rose Ivy",
        "rose young",
        "ROSE YOUNG",
        "Rose\nYoung",
        "Young, Rose",
        "grace kaur",
        "ameliakhan",
        "khanamelia",
        "Amelia Jane Khan",
        "Amelia Jane Ruth Khan",
        "Amelia Jane Ruth Ada Khan",
        "Amelia \u201cMillie\u201d Khan",
        "Amelia (Millie) Khan",
        "Amelia 'Millie' Jane Khan",
        "AMELIA KH",
        "Amelia kh",
    ],
)
def test_S57_what_words_alone_do_not_tell_is_asked_of_the_writer(text: str) -> None:
    assert found(text) == [(DOUBT, text)]


@pytest.mark.parametrize(
    "text", ["Tom\nRose", "Tom 🎉 Rose 🎉 Ivy", "- Amelia\n- Rose\n- Tom\n- Ivy", "Tom • Rose", "Ivy • Tom • Rose"]
)
def test_S57_a_list_of_first_names_needs_no_commas(text: str) -> None:
    assert found(text) == []


def test_S57_a_double_first_name_whose_half_is_a_surname_is_a_first_name() -> None:
    double = PupilName("Amelia Rose", "Patel")
    school = SchoolNames([double, IVY, AMELIA])
    assert check("Amelia Rose and Ivy", ClassRoll.of([double]), school) == []
    assert [one.code.name for one in check("Amelia Rose Patel", ClassRoll.of([double]), school)] == [FULL]
    assert [one.code.name for one in check("Amelia Patel", ClassRoll.of([double]), school)] == [FULL]


@pytest.mark.parametrize(("roster", "written"), [("Ƙasim", "Kasim"), ("Ɗanjuma", "Danjuma"), ("Kɔkɔ", "Koko")])
def test_S57_a_letter_that_people_write_without_its_hook_is_the_same(roster: str, written: str) -> None:
    pupil = PupilName(roster, "Bello")
    assert [one.code.name for one in check(f"{written} Bello", ClassRoll.of([pupil]), SchoolNames([pupil]))] == [FULL]


def test_S57_a_pupil_of_another_school_is_nobody_here() -> None:
    assert check("Amelia Khan", ROLL, SchoolNames([TOM, ROSE])) == []


@pytest.mark.parametrize(
    "text", ["Amelia K", "Amelia K.", "amelia k", "Amelia K's work", "Amelia\u200b K", "AmeliaK", "Amelia B"]
)
def test_S58_an_initial_is_not_needed_where_one_of_the_class_has_the_name(text: str) -> None:
    assert codes(text) == [INITIAL]  # Amelia Brown is in another class, and does not count


def test_S58_the_place_of_an_initial_is_told_without_its_full_stop() -> None:
    assert found("Well done, Amelia K. and Tom") == [(INITIAL, "Amelia K")]


def test_S58_an_initial_is_not_needed_where_nobody_of_the_class_has_the_name() -> None:
    assert codes("Omar I won") == [DOUBT]  # or he says I
    assert codes("Ana A won") == [INITIAL]
    assert codes("We met Omar I.") == [INITIAL]


@pytest.mark.parametrize("text", ["Amelia K", "Amelia K.", "amelia k", "Amelia B", "Amelia K and Amelia B"])
def test_S58_an_initial_is_fine_where_two_of_the_class_share_the_name(text: str) -> None:
    assert found(text, ClassRoll.of([*OAK, OTHER_AMELIA])) == []


def test_S58_an_initial_is_fine_where_the_initials_are_equal_too() -> None:
    twins = [AMELIA, PupilName("Amélia", "Kaya")]
    assert check("Amelia K", ClassRoll.of(twins), SchoolNames(twins)) == []


def test_S58_an_initial_is_no_longer_needed_once_one_of_them_has_left() -> None:
    assert found("Amelia K", ClassRoll.of([AMELIA, OTHER_AMELIA])) == []
    assert codes("Amelia K", ClassRoll.of([AMELIA])) == [INITIAL]


@pytest.mark.parametrize("text", ["Amelia Kh", "Amelia Kha", "Amelia Kha.", "Grace Ka", "Zoë Smi", "Amelia Br"])
def test_S58_more_than_an_initial_is_a_full_name_even_where_an_initial_is_needed(text: str) -> None:
    assert codes(text, ClassRoll.of([*OAK, *OAK, OTHER_AMELIA])) == [FULL]


def test_S58_two_letters_that_do_not_begin_the_surname_are_more_than_an_initial_too() -> None:
    assert codes("Amelia Ka", ClassRoll.of([AMELIA, OTHER_AMELIA])) == [DOUBT]


@pytest.mark.parametrize(
    "text",
    [
        "Amelia I think",
        "When Tom a boy",
        "Tom's a star",
        "Well done Amelia x",
        "Amelia v Tom",
        "Amelia, K is a letter",
        "Amelia. K is a letter",
        "Plan K for Amelia",
        "Amelia 7",
    ],
)
def test_S58_what_is_no_initial_passes(text: str) -> None:
    assert found(text) == []


def test_S58_names_are_shown_with_the_initial_where_the_class_shares_them() -> None:
    pupils = [AMELIA, ROSE, PupilName("AMÉLIA", "o'neil"), PupilName(" Tom ", "Green"), PupilName("Amelia", "’t Hooft")]
    assert display_names(pupils) == ["Amelia K", "Rose", "AMÉLIA O", "Tom", "Amelia T"]
    assert display_names(pupils[:2]) == ["Amelia", "Rose"]
    assert display_names([AMELIA, OTHER_AMELIA, AMELIA]) == ["Amelia K", "Amelia B", "Amelia K"]


def test_S58_what_the_roster_has_lost_is_shown_as_nothing() -> None:
    lost = PupilName("", "")
    assert display_names([lost, lost, PupilName("Amelia", ""), AMELIA]) == ["", "", "Amelia", "Amelia K"]
    assert check("Amelia Khan", ClassRoll.of([lost]), SchoolNames([lost])) == []


def test_S58_a_name_that_is_shown_passes_the_check() -> None:
    for roll in (OAK, [*OAK, OTHER_AMELIA], [*OAK, PupilName("Rose", "Yates")]):
        for shown in display_names(roll):
            assert check(f"{shown} won.", ClassRoll.of(roll), SCHOOL) == []


def test_S57_a_full_name_is_refused_whatever_the_writer_confirms_and_its_place_is_told_by_numbers() -> None:
    findings = check("Tom Rose met Amelia Khan, and Amelia Khan met Jack B.", ROLL, SCHOOL)
    for confirmed in (True, False):
        with pytest.raises(Refusal) as caught:
            refuse(findings, field="body", confirmed=confirmed)
        assert (caught.value.code.name, caught.value.clause, caught.value.code.status) == (FULL, "S57", 422)
        assert caught.value.errors == {
            "body": ["Please look at letters 14 to 24.", "Please look at letters 31 to 41."],
        }
        assert "Khan" not in f"{caught.value!r} {caught.value} {caught.value.detail}"


def test_S57_a_doubtful_name_is_refused_until_the_writer_confirms_it() -> None:
    findings = check("Tom Rose", ROLL, SCHOOL)
    with pytest.raises(Refusal, match=DOUBT):
        refuse(findings, field="body", confirmed=False)
    refuse(findings, field="body", confirmed=True)
    refuse([], field="body", confirmed=False)


def test_S58_an_initial_that_is_not_needed_is_refused_whatever_the_writer_confirms() -> None:
    with pytest.raises(Refusal) as caught:
        refuse(check("Amelia K", ROLL, SCHOOL), field="body", confirmed=True)
    assert (caught.value.code.name, caught.value.clause) == (INITIAL, "S58")


def test_a_refusal_names_twenty_places_at_most() -> None:
    with pytest.raises(Refusal) as caught:
        refuse(check("Amelia Khan. " * 30, ROLL, SCHOOL), field="body", confirmed=False)
    assert len(caught.value.errors["body"]) == 20


def test_no_name_stands_in_the_repr_of_what_holds_names() -> None:
    shown = repr([AMELIA, ROLL, SCHOOL, check("Amelia Khan", ROLL, SCHOOL)])
    for name in ("Amelia", "amelia", "Khan", "khan"):
        assert name not in shown


SYLLABLES = ("ba", "re", "mi", "lo", "ku", "sha", "ter", "no", "vi", "den")


def big_school() -> list[PupilName]:
    return [
        PupilName(
            f"{SYLLABLES[n % 10]}{SYLLABLES[n // 10 % 10]}".title(),
            f"{SYLLABLES[n // 7 % 10]}{SYLLABLES[n // 60 % 10]}{SYLLABLES[n % 10]}-{SYLLABLES[n % 7]}".title(),
        )
        for n in range(600)
    ]


def lines_run(act: Callable[[], object]) -> int:
    """How many lines of Python an act takes: work, counted instead of timed."""
    count = 0

    def trace(_frame: FrameType, event: str, _argument: Any) -> Callable[..., Any]:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        act()
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize(
    "unit",
    [
        "Today Bare and Mila went out. ",
        "a\u200b",
        "'\u200b",
        "'s\u200b",
        "a'",
        "Bareba Baba ",
        "B\u200da\u200dr\u200de",
        "Mrs ",
        "Amelia Khan ",
        "Amelia Jane ",
        "Amelia K ",
        "\u0301",
        "A\u0301",
        "🎉",
        "1\ufe0f\u20e3",
        "- ",
        "AbAb",
    ],
    ids=ascii,
)
def test_twice_the_text_is_twice_the_work(unit: str) -> None:
    pupils = [*big_school(), AMELIA]
    school, roll = SchoolNames(pupils), ClassRoll.of(pupils[:30])
    short, long = (unit * (length // len(unit)) for length in (1000, 2000))
    check(unit, roll, school)  # what is looked up once is looked up now
    assert lines_run(lambda: check(long, roll, school)) <= 2.2 * lines_run(lambda: check(short, roll, school))


def test_a_school_twice_as_big_is_no_more_work_for_a_text() -> None:
    pupils = big_school()
    text = "Today Mila, Bare and Reba painted a picture of the pond. " * 20

    def work(size: int) -> int:
        school, roll = SchoolNames(pupils[:size]), ClassRoll.of(pupils[:30])
        return lines_run(lambda: check(text, roll, school))

    work(300)  # what is looked up once is looked up now
    assert work(600) <= 1.1 * work(300)
