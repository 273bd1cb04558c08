"""First names only (S57), and the initial where a class needs it (S58): what a text by staff is checked for.

A full name is a first name next to the surname of the same pupil, of any class of the school, in either order. What
cannot be told from the words alone is doubtful, and the writer is asked to confirm it:

- a first name next to another pupil's surname: it may be a teacher's own name, or a list without its commas;
- a surname that is also a word or somebody's first name, where capitals or line breaks leave it open;
- both names in small letters without a gap, or with up to three other names between them, also in quotation marks.

What it cannot do: a nickname, a misspelt name, or a name that the roster does not know is not found; and it knows no
grammar, only the words beside a name. Texts of guardians and safeguarding records are not checked at all.
"""

from collections.abc import Iterable, Iterator
from itertools import chain

from shared.policy.codes import FULL_NAME_USED, INITIAL_NOT_NEEDED, NAME_DOUBTFUL, Code
from shared.policy.common_words import COMMON_WORDS, FUNCTION_WORDS, words
from shared.policy.findings import Finding
from shared.policy.letters import (
    APOSTROPHE,
    COMMA,
    ENDING,
    MARK,
    NEWLINE,
    POSSESSIVE,
    SPACE,
    STOP,
    UNSEEN,
    Letters,
    read,
)
from shared.policy.school_names import ClassRoll, PupilName, SchoolNames, Written

TITLES = words("mr mrs ms miss mx dr sir madam prof professor rev reverend lady lord dame")
"""With one of these before it, a surname names a grown-up."""

_PARTING = frozenset({COMMA, ENDING, POSSESSIVE})
_BLANK = UNSEEN | {SPACE, NEWLINE}
_AROUND = _BLANK | {MARK, APOSTROPHE}
_STRENGTH = {FULL_NAME_USED.name: 2, INITIAL_NOT_NEEDED.name: 1, NAME_DOUBTFUL.name: 0}
_TWO, _SHORT = 2, 3
_MOST_BETWEEN = 3


def check(text: str, roll: ClassRoll, school: SchoolNames) -> list[Finding]:
    """What is to be mended or confirmed in a text that is shown to this class's families, in the text's order.

    It never raises, and takes time in proportion to the text. Findings do not overlap.
    """
    search = _Search(read(text), roll, school)
    found = sorted(search.findings(), key=lambda one: (-_STRENGTH[one.code.name], one.start - one.end, one.start))
    kept: list[Finding] = []
    taken = [False] * len(text)
    for finding in found:
        if not any(taken[finding.start : finding.end]):
            taken[finding.start : finding.end] = [True] * (finding.end - finding.start)
            kept.append(finding)
    return sorted(kept, key=lambda one: one.start)


def display_names(pupils: Iterable[PupilName]) -> list[str]:
    """A class's pupils as they are shown, in their order: the first name, with the initial where two share it (S58).

    Two who share the initial too are shown alike: never more of the surname than its first letter (T9).
    """
    class_pupils = list(pupils)
    roll = ClassRoll.of(class_pupils)
    return [_display(pupil, needs_initial=roll.shares(pupil.first)) for pupil in class_pupils]


def _display(pupil: PupilName, *, needs_initial: bool) -> str:
    first = pupil.first.strip()
    surname = read(pupil.surname)
    if not needs_initial or not first or not surname.letters:
        return first
    return f"{first} {pupil.surname[surname.starts[0] : surname.ends[0]].upper()}"


class _Name:
    """A name where it stands in the text: from one letter to before another."""

    __slots__ = ("begin", "end", "lower", "titled", "word", "written")

    def __init__(self, letters: Letters, begin: int, end: int, written: Written) -> None:
        self.begin = begin
        self.end = end
        self.written = written
        self.word = written.letters
        self.lower = not letters.capital[begin]
        self.titled = False

    @property
    def is_word(self) -> bool:
        return self.word in COMMON_WORDS


class _Search:
    def __init__(self, letters: Letters, roll: ClassRoll, school: SchoolNames) -> None:
        self._letters = letters
        self._roll = roll
        self._school = school
        self._names: dict[int, list[_Name]] = {}
        for begin in (index for index, gap in enumerate(letters.gaps) if gap or index == 0):
            found = [_Name(letters, begin, end, written) for end, written in school.found_in(letters, begin)]
            if found:
                self._names[begin] = found
        self._mark_titled()

    def findings(self) -> Iterator[Finding]:
        for name in chain.from_iterable(self._names.values()):
            for other in self._names.get(name.end, ()):
                code = self._pair(name, other)
                if code:
                    yield self._finding(code, name.begin, other.end)
            if name.written.first or name.written.first_part:
                yield from self._after_first(name)
        yield from self._joined()

    def _pair(self, name: _Name, other: _Name) -> Code | None:
        forward = self._forward(name, other)
        if forward and any(one.end == other.end and one.written.first for one in self._names[name.begin]):
            return NAME_DOUBTFUL if _same(name, other) else None  # Amelia Rose, which is a first name too
        return forward if forward is FULL_NAME_USED else self._backward(name, other) or forward

    def _forward(self, first: _Name, surname: _Name) -> Code | None:
        """Amelia Khan."""
        same = _same(first, surname)
        if not same and not (first.written.first and surname.written.surname):
            return None
        gap = self._letters.gaps[surname.begin]
        if not _bridges(gap):
            # A comma list of first names is fine; a list of names and surnames may look the same.
            plain = same and COMMA in gap and gap <= _BLANK | {COMMA} and not surname.lower
            return NAME_DOUBTFUL if plain and not surname.written.first and not surname.is_word else None
        if same:
            return self._forward_same(first, surname, listed=not gap.isdisjoint({MARK, NEWLINE}))
        if surname.lower or (first.lower and first.is_word):
            return None
        return None if surname.written.first and not gap.isdisjoint({MARK, NEWLINE}) else NAME_DOUBTFUL

    def _forward_same(self, first: _Name, surname: _Name, *, listed: bool) -> Code | None:
        if surname.is_word and surname.lower:
            # A surname that is a common word is no full name; where all is in small letters it may be.
            return NAME_DOUBTFUL if first.lower and surname.word not in FUNCTION_WORDS else None
        if first.lower and first.is_word:
            return NAME_DOUBTFUL
        if surname.is_word and (listed or self._shouted(first, surname)):
            return NAME_DOUBTFUL
        return NAME_DOUBTFUL if surname.written.first and listed else FULL_NAME_USED

    def _backward(self, surname: _Name, first: _Name) -> Code | None:
        """Khan, Amelia."""
        same = _same(first, surname)
        gap = self._letters.gaps[first.begin]
        comma = COMMA in gap and gap <= _BLANK | {COMMA}
        if surname.titled or not same or not (comma or _bridges(gap)):
            return None
        if (surname.lower and surname.is_word) or (first.lower and first.is_word):
            return None
        if surname.written.first:
            listed = comma or not gap.isdisjoint({MARK, NEWLINE})
            return None if listed else NAME_DOUBTFUL
        return NAME_DOUBTFUL if surname.is_word else FULL_NAME_USED

    def _after_first(self, first: _Name) -> Iterator[Finding]:
        """What follows a first name that is no whole surname: an initial, a beginning, a name between."""
        begin = first.end
        if begin == len(self._letters.letters) or not _bridges(self._letters.gaps[begin]):
            return
        end = self._letters.word_ends[begin]
        if end == begin + 1:
            yield from self._initial(first, begin)
        elif first.written.first and (code := self._beginning(first, begin, end)):
            yield self._finding(code, first.begin, end)
        yield from self._between(first, begin, end)

    def _initial(self, first: _Name, begin: int) -> Iterator[Finding]:
        """Amelia K."""
        if not first.written.first or self._roll.count.get(first.word, 0) > 1:
            return
        code = self._initial_code(first, begin)
        if code:
            yield self._finding(code, first.begin, begin + 1)

    def _initial_code(self, first: _Name, begin: int) -> Code | None:
        letters = self._letters
        letter, lower = letters.letters[begin], not letters.capital[begin]
        theirs = any(letter in self._school.initials_of(pupil) for pupil in first.written.first)
        if first.lower and first.is_word and not theirs:
            return None
        if letter in "aiox":  # words, and a kiss
            if lower or not theirs:
                return None
            goes_on = letter == "i" and begin + 1 < len(letters.letters) and letters.gaps[begin + 1] <= {SPACE, "'"}
            open_to_doubt = goes_on or letter == "x" or self._is_shouted(first.begin, begin)
            return NAME_DOUBTFUL if open_to_doubt else INITIAL_NOT_NEEDED
        if theirs:
            return INITIAL_NOT_NEEDED
        return None if lower else NAME_DOUBTFUL

    def _beginning(self, first: _Name, begin: int, end: int) -> Code | None:
        """Amelia Kha."""
        word = self._letters.letters[begin:end]
        surnames = [self._school.surname_of(pupil) for pupil in first.written.first]
        if word in FUNCTION_WORDS:
            return None
        if not any(one != word and one.startswith(word) for one in surnames):
            # No beginning of hers, and still more than an initial: Ka where she is Amelia Khan.
            theirs = any(word[0] in self._school.initials_of(pupil) for pupil in first.written.first)
            two = end == begin + _TWO and self._letters.capital[begin] and word not in COMMON_WORDS
            return NAME_DOUBTFUL if two and theirs and not self._is_shouted(first.begin, begin) else None
        if not self._letters.capital[begin]:
            return NAME_DOUBTFUL if len(word) <= _SHORT and word not in COMMON_WORDS else None
        shouted = self._is_shouted(first.begin, end)
        return NAME_DOUBTFUL if shouted or word in COMMON_WORDS or self._school.bearing_first(word) else FULL_NAME_USED

    def _between(self, first: _Name, begin: int, end: int) -> Iterator[Finding]:
        """Amelia J. Khan, Amelia Jane Khan, and Amelia "Millie" Jane Khan."""
        letters = self._letters
        for surname in self._names.get(end, ()) if end == begin + 1 else ():
            hers = _same(first, surname) and not (surname.lower and surname.is_word)
            if hers and _bridges(letters.gaps[end] - {STOP}):
                yield self._finding(NAME_DOUBTFUL if surname.is_word else FULL_NAME_USED, first.begin, surname.end)
        listed = False
        for _ in range(_MOST_BETWEEN):
            if end == begin + 1 or not self._is_plain_name(begin, end):
                return
            listed |= MARK in letters.gaps[begin] | letters.gaps[end]
            for surname in self._names.get(end, ()):
                # A list of first names has signs between them too.
                if _same(first, surname) and not surname.lower and not (listed and surname.written.first):
                    yield self._finding(NAME_DOUBTFUL, first.begin, surname.end)
            if end == len(letters.letters):
                return
            begin, end = end, letters.word_ends[end]

    def _is_plain_name(self, begin: int, end: int) -> bool:
        """Whether a word may be a middle name: a capital, blanks or quotes around it, and no word of a sentence."""
        letters = self._letters
        return (
            letters.capital[begin]
            and letters.gaps[begin] | letters.gaps[end] <= _AROUND
            and letters.letters[begin:end] not in FUNCTION_WORDS | TITLES
        )

    def _joined(self) -> Iterator[Finding]:
        """ameliakhan: with a capital or something hidden where the names meet, they were found as two."""
        for begin, end in self._letters.words():
            join = self._school.join_of(self._letters.letters[begin:end])
            if join and not self._letters.may_begin_name(begin + join):
                yield self._finding(NAME_DOUBTFUL, begin, end)

    def _mark_titled(self) -> None:
        """Mrs Green, and the parts of Mrs Smith-Jones."""
        letters = self._letters
        for begin, end in letters.words():
            if letters.letters[begin:end] in TITLES and letters.gaps[end] <= _BLANK | {STOP}:
                last = max((name.end for name in self._names.get(end, ()) if name.written.surname), default=end)
                for index in range(end, last):
                    for name in self._names.get(index, ()):
                        name.titled = name.end <= last

    def _shouted(self, first: _Name, surname: _Name) -> bool:
        return self._is_shouted(first.begin, surname.end)

    def _is_shouted(self, begin: int, end: int) -> bool:
        """Whether all of it is in capitals, so that they tell nothing."""
        return all(self._letters.capital[begin:end])

    def _finding(self, code: Code, begin: int, end: int) -> Finding:
        return Finding(code=code, start=self._letters.starts[begin], end=self._letters.ends[end - 1])


def _same(first: _Name, surname: _Name) -> bool:
    """Whether one pupil bears both."""
    mine, theirs = first.written, surname.written
    if mine.first.isdisjoint(theirs.surname) and mine.first_part.isdisjoint(theirs.surname):
        return not (mine.first.isdisjoint(theirs.surname_part) and mine.first_part.isdisjoint(theirs.surname_part))
    return True


def _bridges(gap: frozenset[str]) -> bool:
    """Whether two names with this between them still stand next to one another."""
    return gap.isdisjoint(_PARTING) and not (STOP in gap and not gap.isdisjoint({SPACE, NEWLINE}))
