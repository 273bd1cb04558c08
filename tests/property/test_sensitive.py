from collections.abc import Callable
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from shared.policy.phrases import Phrases, sentences, words_of
from shared.policy.school_names import ClassRoll, PupilName
from shared.policy.sensitive import check
from shared.policy.sensitive_words import TOPICS

OAK = ClassRoll.of([PupilName("Amelia", "Khan"), PupilName("Tom", "Green")])
NOBODY = ClassRoll.of([PupilName("Quillon", "Zebedeeson")])
PHRASES = [
    " ".join(phrase.split())
    for _, listed in TOPICS
    for phrase in listed.replace("\n", ",").split(",")
    if phrase.strip()
]
texts = st.text(max_size=80) | st.lists(
    st.sampled_from([*PHRASES, "Amelia", "Tom", ".", "!", "\n\n", "SEND", "She", "class hospital"])
).map(" ".join)


@given(st.sampled_from(PHRASES), st.sampled_from([str.upper, str.lower, str.title]))
def test_S61_every_phrase_of_the_list_is_found_beside_a_name(phrase: str, case: Callable[[str], str]) -> None:
    text = f"Amelia and {case(phrase)}"
    assert [(one.start, one.end) for one in check(text, OAK)] == [(11, len(text))]


@given(texts)
def test_S61_a_text_that_names_no_child_of_the_class_has_no_finding(text: str) -> None:
    assert check(text, NOBODY) == []


@given(texts)
def test_S61_findings_stand_in_the_text_in_order_and_apart(text: str) -> None:
    found = check(text, OAK)
    assert all(0 <= one.start < one.end <= len(text) for one in found)
    assert all(one.end <= two.start for one, two in pairwise(found))


@given(texts)
def test_sentences_are_the_whole_text_cut_up(text: str) -> None:
    cut = list(sentences(text))
    assert "".join(sentence for _, sentence in cut) == text
    assert all(text.startswith(sentence, begin) for begin, sentence in cut)


@given(texts)
def test_words_stand_in_the_text_in_order(text: str) -> None:
    words = words_of(text)
    assert all(one.end <= two.start for one, two in pairwise(words))
    assert list(Phrases([("any", "zebedeeson")]).found_in(words)) == []
