"""Lists of words and phrases that texts are searched for, whole words only and with simple endings."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from shared.policy.letters import read

_VOWELS = frozenset("aeiou")
# The stop after an initial or a title ends none: Amelia K. is well, and Dr. Green says so.
_SENTENCE_END = re.compile(
    r"(?<!\b[^\W\d_])(?<!\bDr)(?<!\bMr)(?<!\bMrs)(?<!\bMs)\.(?=\s)"
    r"|(?:[!?\u2026]|\.(?=[.!?\u2026]))[.!?\u2026]*(?=\s)|\n[^\S\n]*\n"
)


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text, folded, and its place there; `shouted` where all of two letters or more are capitals."""

    letters: str
    start: int
    end: int
    shouted: bool
    capital: bool


def words_of(text: str) -> list[Word]:
    """The words of a text as people see them; a possessive's s is none."""
    letters = read(text)
    return [
        Word(
            letters.letters[begin:end],
            letters.starts[begin],
            letters.ends[end - 1],
            shouted=end - begin > 1 and all(letters.capital[begin:end]),
            capital=letters.capital[begin],
        )
        for begin, end in letters.words()
    ]


def sentences(text: str) -> Iterator[tuple[int, str]]:
    """A text's sentences, each with the place where it begins. A single line break ends none."""
    begin = 0
    for ending in _SENTENCE_END.finditer(text):
        yield begin, text[begin : ending.end()]
        begin = ending.end()
    yield begin, text[begin:]


class Phrases:
    """Phrases by topic. The longest that begins at a word counts, and what it covers begins no other."""

    def __init__(self, topics: Iterable[tuple[str, str]]) -> None:
        """Takes pairs of a topic and its phrases, which commas and line breaks part; the last word may have endings."""
        self._topic_of: dict[tuple[str, ...], str] = {}
        for topic, listed in topics:
            for phrase in filter(None, map(str.split, re.split("[,\n]", listed))):
                *before, last = phrase
                for form in endings(last):
                    self._topic_of[(*before, form)] = topic
                    if before:
                        self._topic_of["".join(before) + form,] = topic
        self._longest = max(map(len, self._topic_of))

    def found_in(self, words: list[Word]) -> Iterator[tuple[str, int, int]]:
        """Each phrase's topic, the index of its first word and the index after its last."""
        index = 0
        while index < len(words):
            for length in range(min(self._longest, len(words) - index), 0, -1):
                topic = self._topic_of.get(tuple(word.letters for word in words[index : index + length]))
                if topic is not None:
                    yield topic, index, index + length
                    index += length
                    break
            else:
                index += 1


def endings(word: str) -> frozenset[str]:
    """A word with the endings of plurals and verbs, as they are spelt; some that nobody writes among them."""
    forms = {word, word + "s", word + "ed", word + "ing"}
    if word.endswith(("s", "x", "ch", "sh", "o")):
        forms.add(word + "es")
    if word.endswith("e"):
        forms |= {word + "d", word[:-1] + "ing"}
    if word.endswith("y") and word[-2:-1] not in _VOWELS:
        forms |= {word[:-1] + "ies", word[:-1] + "ied"}
    if len(word) > 2 and word[-1] not in _VOWELS | set("wxy") and word[-2] in _VOWELS and word[-3] not in _VOWELS:  # noqa: PLR2004 - consonant, vowel, consonant
        forms |= {word + word[-1] + "ed", word + word[-1] + "ing"}
    return frozenset(forms)
