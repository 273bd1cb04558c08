import re
from typing import Any

import pytest

from shared.policy import codes
from shared.policy.clauses import CLAUSES, ClauseId
from shared.policy.codes import CODES, NOT_CLASS_TEACHER, NOT_FOUND, PARENT_LIMIT, SUSPENDED
from shared.policy.refusal import Refusal

BLAME = re.compile(
    r"\b(wrong|invalid|illegal|fail|failed|forbidden|denied|error|must|abuse|violat\w*|bad|incorrect|fault|never)\b",
    re.IGNORECASE,
)
# Words that school and protocol cannot do without; a reader meets them on the school's own letters.
KNOWN = {"headteacher", "application", "idempotency", "bookbag", "deputy", "permission", "behaviour", "policy"}


def example(code: codes.Code) -> str:
    return code.detail.format_map(dict.fromkeys(code.facts, "5"))


def syllables(word: str) -> int:
    bare = re.sub(r"(?:[^laeiouy]es|[^laeiouyd]ed|[^laeiouy]e)$", "", word.lower())
    return max(1, len(re.findall(r"[aeiouy]+", bare)))


def reading_age(text: str) -> float:
    """Flesch-Kincaid's grade, which counts school years from about the age of five."""
    sentences = [part for part in re.split(r"[.!?]\s|[.!?]$", text) if part]
    words = [word for word in re.findall(r"[A-Za-z']+", text) if word.lower() not in KNOWN]
    return 0.39 * len(words) / len(sentences) + 11.8 * sum(map(syllables, words)) / len(words) - 15.59 + 5


@pytest.mark.parametrize("code", CODES.values(), ids=lambda code: code.name)
def test_S08_each_code_says_calmly_what_happened_and_what_to_do_next(code: codes.Code) -> None:
    text = example(code)
    assert not BLAME.search(text), "no word of blame"
    assert text.endswith(".")
    assert len(re.findall(r"\.(?:\s|$)", text)) <= 3, "short enough to be read"
    assert all(len(sentence.split()) <= 18 for sentence in re.split(r"\.\s", text))
    assert reading_age(text) <= 11, "a child of eleven can read it"


@pytest.mark.parametrize("code", CODES.values(), ids=lambda code: code.name)
def test_each_code_is_known_by_its_own_name_and_is_an_error_of_http(code: codes.Code) -> None:
    assert getattr(codes, code.name) is code
    assert 400 <= code.status <= 599
    assert re.fullmatch(r"[A-Z][A-Z_]+", code.name)


def test_what_a_development_installation_alone_has_looks_like_what_does_not_exist() -> None:
    assert (codes.DEVELOPMENT_ONLY.status, codes.DEVELOPMENT_ONLY.detail) == (NOT_FOUND.status, NOT_FOUND.detail)


def test_a_refusal_names_the_clause_of_its_code_unless_the_raise_names_another() -> None:
    assert Refusal(NOT_CLASS_TEACHER).clause == "S22"
    assert Refusal(NOT_CLASS_TEACHER, clause=ClauseId("S41")).clause == "S41"


def test_a_refusal_tells_its_facts() -> None:
    refusal = Refusal(PARENT_LIMIT, limit=2)
    assert refusal.detail == "2 adults are already linked. Please speak to your child's teacher."
    assert dict(refusal.facts) == {"limit": 2}


@pytest.mark.parametrize(
    "facts", [{}, {"limit": 2, "name": "Amelia"}, {"limit": True}, {"limit": 2.5}, {"limit": None}]
)
def test_a_refusal_takes_the_facts_of_its_code_and_no_others(facts: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="limit"):
        Refusal(PARENT_LIMIT, **facts)


@pytest.mark.parametrize("fact", ["x" * 201, "a\nb", "\x1b[31m"])
def test_a_fact_is_short_and_printable(fact: str) -> None:
    with pytest.raises(ValueError, match="phone"):
        Refusal(SUSPENDED, phone=fact)


def test_the_text_of_a_refusal_as_an_exception_is_its_code_alone() -> None:
    refusal = Refusal(SUSPENDED, phone="0151 496 0000")
    assert str(refusal) == "SUSPENDED"
    assert repr(refusal) == "Refusal('SUSPENDED')"


def test_clauses_run_from_s01_to_s81() -> None:
    assert (CLAUSES[0], CLAUSES[-1], len(CLAUSES)) == ("S01", "S81", 81)


@pytest.mark.parametrize("text", ["S00", "S82", "S1", "s01", "S073", "", "T1"])
def test_what_is_no_clause_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="S01 to S81"):
        ClauseId(text)
