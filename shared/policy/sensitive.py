"""What is private to a child goes to the family in a message, not into a story (S61): a check of a post's words.

A word of health, support, family, behaviour, safeguarding or money in one sentence with the first name of a child of
the class is a finding; so is one in a sentence that begins with a pronoun and follows such a name. The writer may
confirm that it is fine, and is offered the private way.

It is a list of words, and no reading. It does not find what is said in other words, by a hint, in another language or
in a picture; nor what is said of a child by anything but the first name; it cannot tell a child who is ill from one who
plays a patient, where the list does not know the game. That it finds nothing says nothing about the text: the one who
posts decides, and answers for it.
"""

from shared.policy.codes import SENSITIVE_IN_STORY
from shared.policy.common_words import COMMON_WORDS
from shared.policy.findings import Finding
from shared.policy.phrases import Phrases, Word, sentences, words_of
from shared.policy.school_names import ClassRoll
from shared.policy.sensitive_words import IN_CAPITALS, INNOCENT, TOPICS

PRONOUNS = frozenset({"he", "she", "they", "his", "her", "their", "him", "them"})
_FINE = "fine"
_PHRASES = Phrases([*TOPICS, (_FINE, INNOCENT)])
_MOST_PARTS = 3


def check(text: str, roll: ClassRoll) -> list[Finding]:
    """The sensitive words of a post that stand near a child's name, in the text's order. It never raises."""
    found: list[Finding] = []
    of_a_child = False
    for begin, sentence in sentences(text):
        words = words_of(sentence)
        if not words:
            continue
        of_a_child = _names_a_child(words, roll) or (of_a_child and words[0].letters in PRONOUNS)
        if of_a_child:
            found += [
                Finding(code=SENSITIVE_IN_STORY, start=begin + start, end=begin + end)
                for start, end in _sensitive(words)
            ]
    return found


def _sensitive(words: list[Word]) -> list[tuple[int, int]]:
    phrases = list(_PHRASES.found_in(words))
    covered = {index for _, first, after in phrases for index in range(first, after)}
    places = [(words[first].start, words[after - 1].end) for topic, first, after in phrases if topic != _FINE]
    if not all(word.shouted or len(word.letters) == 1 for word in words):
        places += [
            (word.start, word.end)
            for index, word in enumerate(words)
            if word.shouted and word.letters in IN_CAPITALS and index not in covered
        ]
    return sorted(places)


def _names_a_child(words: list[Word], roll: ClassRoll) -> bool:
    for index, word in enumerate(words):
        name = ""
        for part in words[index : index + _MOST_PARTS]:
            name += part.letters
            if name in roll.called and (word.capital or name not in COMMON_WORDS):
                return True
    return False
