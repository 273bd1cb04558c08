"""The names of a school's pupils, made ready to be looked for in texts. Nothing here shows a name in its repr."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Self

from shared.policy.common_words import COMMON_WORDS, words
from shared.policy.letters import Letters, folded, read

PARTICLES = words("al ap bin da das de del della den der di dos du el ibn la le mac mc o san st ten van von")
"""Parts of a surname that no one is known by alone."""
_LEAST = 2
"""Letters of a name at least: a surname of one letter cannot be told from an initial."""


@dataclass(frozen=True, slots=True)
class PupilName:
    """A pupil's names as the roster has them; either may be empty, for a roster may have lost it."""

    first: str = field(repr=False)
    surname: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Written:
    """A name that texts are searched for: who bears it, and as what. Pupils are numbered.

    Attributes:
        breaks: after how many letters it may be divided, as by a hyphen or a space.
        first, surname: whose whole first name or surname it is.
        first_part, surname_part: whose it is a part of, such as Jones of Smith-Jones.
    """

    letters: str = field(repr=False)
    breaks: set[int] = field(default_factory=set)
    first: set[int] = field(default_factory=set)
    first_part: set[int] = field(default_factory=set)
    surname: set[int] = field(default_factory=set)
    surname_part: set[int] = field(default_factory=set)


class _Node:
    __slots__ = ("next", "written")

    def __init__(self) -> None:
        self.next: dict[str, _Node] = {}
        self.written: Written | None = None


class SchoolNames:
    """The names of all pupils of one school. Make it once for a state of the roster: it is read by any thread.

    Finding names takes steps in proportion to the text, whatever the number of pupils.
    """

    def __init__(self, pupils: Iterable[PupilName]) -> None:
        """Takes a few milliseconds for hundreds of pupils."""
        self._written: dict[str, Written] = {}
        self._surnames: list[str] = []
        self._initials: list[frozenset[str]] = []
        self._joined: dict[str, int] = {}
        for number, pupil in enumerate(pupils):
            self._add(number, read(pupil.first), read(pupil.surname))
        self._root = _tree(self._written.values())

    def surname_of(self, pupil: int) -> str:
        """The letters of a pupil's surname."""
        return self._surnames[pupil]

    def initials_of(self, pupil: int) -> frozenset[str]:
        """The letters that a pupil's surname, or a part of it, begins with."""
        return self._initials[pupil]

    def bearing_first(self, letters: str) -> frozenset[int]:
        """The pupils with this whole first name."""
        found = self._written.get(letters)
        return frozenset() if found is None else frozenset(found.first)

    def join_of(self, word: str) -> int | None:
        """Where the two names of a pupil meet, if the word is nothing but both of them."""
        return None if word in self._written or word in COMMON_WORDS else self._joined.get(word)

    def found_in(self, letters: Letters, begin: int) -> Iterator[tuple[int, Written]]:
        """The names that stand in the text from this letter on, each with the index after its last letter."""
        node = self._root
        breaks: list[int] = []
        for index in range(begin, len(letters.letters)):
            if letters.gaps[index] and index > begin and letters.begins_word(index):
                if not letters.joins_parts(index):
                    return
                breaks.append(index - begin)
            following = node.next.get(letters.letters[index])
            if following is None:
                return
            node = following
            if node.written and letters.may_begin_name(index + 1) and node.written.breaks.issuperset(breaks):
                yield index + 1, node.written

    def _add(self, number: int, first: Letters, surname: Letters) -> None:
        first_parts, surname_parts = _parts(first), _parts(surname)
        self._surnames.append(surname.letters)
        self._initials.append(frozenset(part[0] for part in (surname.letters, *surname_parts) if part))
        if len(first.letters) < _LEAST:
            return
        self._name(first).first.add(number)
        for part in first_parts:
            self._part(part).first_part.add(number)
        if len(surname.letters) < _LEAST:
            return
        self._name(surname).surname.add(number)
        for part in surname_parts:
            self._part(part).surname_part.add(number)
        for one in (first.letters, *first_parts):
            for other in (surname.letters, *surname_parts):
                self._joined[one + other] = len(one)
                self._joined[other + one] = len(other)

    def _name(self, name: Letters) -> Written:
        written = self._part(name.letters)
        written.breaks.update(index for index in range(1, len(name.letters)) if name.gaps[index])
        return written

    def _part(self, letters: str) -> Written:
        return self._written.setdefault(letters, Written(letters))


@dataclass(frozen=True, slots=True)
class ClassRoll:
    """The first names of the pupils now on a class's roll.

    Attributes:
        count: how many bear each whole first name, by its letters.
        called: the letters of those names and of their parts: Mary of Mary-Jane.
    """

    count: Mapping[str, int] = field(repr=False)
    called: frozenset[str] = field(repr=False)

    @classmethod
    def of(cls, pupils: Iterable[PupilName]) -> Self:
        """The roll of these pupils."""
        count: dict[str, int] = {}
        called: set[str] = set()
        for pupil in pupils:
            first = read(pupil.first)
            if first.letters:
                count[first.letters] = count.get(first.letters, 0) + 1
                called |= {first.letters, *_parts(first)}
        return cls(count, frozenset(called))

    def shares(self, first: str) -> bool:
        """Whether two or more of the class bear this first name."""
        return self.count.get(folded(first), 0) > 1


def _parts(name: Letters) -> list[str]:
    """The parts that somebody may be known by alone, of a name that has several."""
    parts = [name.letters[begin:end] for begin, end in name.words()]
    return [part for part in parts if len(part) >= _LEAST and part not in PARTICLES] if len(parts) > 1 else []


def _tree(names: Iterable[Written]) -> _Node:
    root = _Node()
    for written in names:
        node = root
        for letter in written.letters:
            node = node.next.setdefault(letter, _Node())
        node.written = written
    return root
