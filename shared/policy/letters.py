"""A text as its letters, the way people see them, and what stands between them.

Case, accents (composed or not), wide, bold or circled forms and letters of other alphabets that look the same do not
matter; what cannot be seen is no letter. Each letter knows its place in the text. Linear in the text, and never raises.
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from string import ascii_lowercase

# The kinds of what stands between two letters.
SPACE = " "
NEWLINE = "\n"
HYPHEN = "-"
APOSTROPHE = "'"
COMMA = ","
STOP = "."
ENDING = "!"
"""Ends a sentence or a clause, or joins two things: ! ? ; : & and digits."""
MARK = "*"
"""Emoji, bullets, brackets, quotation marks and other signs."""
HIDDEN = "h"
"""Nothing that can be seen: joiners, direction marks, soft hyphens."""
CAPITAL = "c"
"""Nothing at all, where a capital follows a small letter."""
POSSESSIVE = "s"
"""An apostrophe and an s that end a word."""

UNSEEN = frozenset({HIDDEN, CAPITAL})
"""Kinds that a reader does not see: such a gap may stand inside a word."""

_JOINS = UNSEEN | {SPACE, NEWLINE, HYPHEN, APOSTROPHE}
_NOTHING: frozenset[str] = frozenset()
_ACCENT = "a"  # no gap: it belongs to the letter before it

_KINDS = {
    character: kind
    for kind, characters in (
        (APOSTROPHE, "'`\u00b4\u2018\u2019\u201b\u02b9\u02bb\u02bc\u02bd\u02c8\u2032\u2035\ua78c\uff07"),
        (COMMA, ",\u060c\u3001\uff0c\ufe50\ufe51\uff64"),
        (STOP, ".\u3002\uff0e\u2024\ufe52\uff61"),
        (ENDING, "!?;:&\u2026\u00a1\u00bf\u203c\u2047\u2048\u2049\u061b\u061f\uff01\uff1f\uff1b\uff1a\uff06"),
        (NEWLINE, "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"),
        (SPACE, "\u2800"),
        (HYPHEN, "\u2212"),
        (HIDDEN, "\u034f"),  # it stands among the accents and shows nothing
    )
    for character in characters
}
_KINDS_OF_CATEGORIES = {
    "Cf": HIDDEN,
    "Cc": SPACE,
    "Zs": SPACE,
    "Zl": NEWLINE,
    "Zp": NEWLINE,
    "Pd": HYPHEN,
    "Pc": HYPHEN,
}
_KEYCAP = "\u20e3"
_IGNORED_RANGES = (
    # Default-ignorable characters that are not of category Cf: https://www.unicode.org/reports/tr44/
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x2065, 0x2065),
    (0x20D0, 0x20FF),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFF8),
    (0xE0000, 0xE0FFF),
)
_ACCENT_RANGES = ((0x0300, 0x036F), (0x1AB0, 0x1AFF), (0x1DC0, 0x1DFF), (0xFE20, 0xFE2F))

_LOOK_ALIKES = str.maketrans(
    # Cyrillic and Greek letters, after case folding, whose capitals or small forms look like Latin ones.
    dict(zip("авекмнорстухіјѕһԁԛԝӏүѵ", "abekmhopctyxijshdqwlyv", strict=True))
    | dict(zip("αβγεζηικμνορτυχω", "abyezhikmnoptyxw", strict=True))
    # Armenian small letters and Cherokee capitals.
    | dict(zip("հոսցօզյլ", "hnugoqjl", strict=True))
    | dict(zip("\u13aa\u13f4\u13df\u13a0\u13ac\u13c0\u13bb\u13a5\u13ab", "abcdeghij", strict=True))
    | dict(zip("\u13e6\u13de\u13b7\u13e2\u13a1\u13da\u13a2\u13d9\u13b3\u13c3", "klmprstvwz", strict=True))
    # Small capitals, and the letters of sound that some keyboards write for common ones.
    | dict(zip("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢɑɡɩȷ", "abcdefghijklmnoprstuvwyzagij", strict=True))
    # Letters that Unicode does not take apart, and that people write without their stroke or hook.
    | dict(zip("ɓɗɖƙƴŋɛɔ", "bddkyneo", strict=True))
    | {"ø": "o", "ł": "l", "đ": "d", "ħ": "h", "\u0131": "i", "ŧ": "t", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th"}
)


_DARK_LETTERS = (0x1F150, 0x1F170)
"""Where the alphabets of white letters in dark circles and squares begin: to Unicode they are signs."""


@dataclass(frozen=True, slots=True)
class Letters:
    """The letters of a text, and the gaps around them.

    Attributes:
        letters: folded, one character each.
        starts, ends: where in the text each letter begins, and where what it was written with ends; code points.
        capital: whether each was written as a capital.
        gaps: what stands before each letter, and at last after the last: the kinds of its parts, none for nothing.
        word_ends: for each letter the index after its word's last letter.
    """

    letters: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]
    capital: tuple[bool, ...]
    gaps: tuple[frozenset[str], ...]
    word_ends: tuple[int, ...]

    def begins_word(self, index: int) -> bool:
        """Whether a reader sees a word begin, or end, here: a gap that can be seen, or an end of the text."""
        return index in {0, len(self.letters)} or not self.gaps[index] <= UNSEEN

    def may_begin_name(self, index: int) -> bool:
        """Whether a name may begin, or end, here: as begins_word, or what hides or a capital divides the word."""
        return index in {0, len(self.letters)} or bool(self.gaps[index])

    def joins_parts(self, index: int) -> bool:
        """Whether what stands here may divide a double name: a space, a line break, a hyphen or an apostrophe."""
        return self.gaps[index] <= _JOINS

    def words(self) -> Iterator[tuple[int, int]]:
        """Each word's first index and the index after its last."""
        begin = 0
        while begin < len(self.letters):
            yield begin, self.word_ends[begin]
            begin = self.word_ends[begin]


def read(text: str) -> Letters:
    """The text's letters."""
    reader = _Reader(text)
    for index in range(len(text)):
        if index > reader.taken:
            reader.take(index)
    return reader.letters()


def folded(text: str) -> str:
    """The letters of a text without what stands between them: equal for texts that people see as the same word."""
    return read(text).letters


class _Reader:
    def __init__(self, text: str) -> None:
        self.taken = -1
        self._text = text
        self._letters: list[str] = []
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._capital: list[bool] = []
        self._gaps: list[frozenset[str]] = []
        self._gap: set[str] = set()

    def take(self, index: int) -> None:
        """Takes the character at the index; the s of a possessive is taken with its apostrophe."""
        kind, letters = _seen(self._text[index])
        self.taken = index
        if letters:
            self._take_letters(index, letters)
        elif kind == APOSTROPHE and self._letters and self._gap <= {HIDDEN} and self._is_possessive(index):
            self._gap.add(POSSESSIVE)
        elif kind == ENDING and self._is_keycap(index):
            self._gap.add(MARK)
        elif kind != _ACCENT:
            self._gap.add(kind)
        elif self._letters and not self._gap:
            self._ends[-1] = index + 1

    def letters(self) -> Letters:
        gaps = (*self._gaps, frozenset(self._gap))
        word_ends = [len(self._letters)] * len(self._letters)
        for index in range(len(word_ends) - 2, -1, -1):
            word_ends[index] = word_ends[index + 1] if gaps[index + 1] <= UNSEEN else index + 1
        return Letters(
            letters="".join(self._letters),
            starts=tuple(self._starts),
            ends=tuple(self._ends),
            capital=tuple(self._capital),
            gaps=gaps,
            word_ends=tuple(word_ends),
        )

    def _take_letters(self, index: int, letters: str) -> None:
        capital = self._text[index].isupper()
        if capital and self._letters and not self._gap and not self._capital[-1]:
            self._gap.add(CAPITAL)
        for letter in letters:
            self._letters.append(letter)
            self._starts.append(index)
            self._ends.append(index + 1)
            self._capital.append(capital)
            self._gaps.append(frozenset(self._gap) if self._gap else _NOTHING)
            self._gap.clear()

    def _is_possessive(self, apostrophe: int) -> bool:
        found = self._next_seen(apostrophe + 1)
        if found == len(self._text) or _seen(self._text[found])[1] != "s":
            return False
        after = self._next_seen(found + 1)
        if after < len(self._text) and _seen(self._text[after])[1]:
            return False
        self.taken = found
        return True

    def _next_seen(self, index: int) -> int:
        while index < len(self._text) and _seen(self._text[index])[0] == HIDDEN:
            index += 1
        return index

    def _is_keycap(self, index: int) -> bool:
        return self._text[index + 1 : index + 3].removeprefix("\ufe0f").startswith(_KEYCAP)


@lru_cache(maxsize=8192)
def _seen(character: str) -> tuple[str, str]:
    """What kind of gap a character is, or the letters that it is seen as."""
    category = unicodedata.category(character)
    kind = _KINDS.get(character) or _kind_of_range(character) or _KINDS_OF_CATEGORIES.get(category)
    if kind:
        return kind, ""
    for first in _DARK_LETTERS:
        if 0 <= ord(character) - first < len(ascii_lowercase):
            return "", ascii_lowercase[ord(character) - first]
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold())
    letters = "".join(one for one in plain if unicodedata.category(one)[0] in "LM" and _kind_of_range(one) is None)
    if not letters or (category[0] not in "LM" and len(letters) > 1):  # the sign for a trade mark is no word
        return (ENDING if category[0] == "N" else MARK), ""
    return "", letters.translate(_LOOK_ALIKES)


def _kind_of_range(character: str) -> str | None:
    code = ord(character)
    if any(first <= code <= last for first, last in _ACCENT_RANGES):
        return _ACCENT
    return HIDDEN if any(first <= code <= last for first, last in _IGNORED_RANGES) else None
