"""The hint before a message is sent that cannot wait for the school's hours (S51). It never blocks a message.

It looks for words, and many urgent messages hold none of them: beside every message stands that staff may read it late.
"""

import re

from shared.policy.phrases import Phrases, words_of

IN_DANGER = """
    emergency, urgent, urgently, ambulance, danger, in danger, unsafe, not safe, isn t safe, overdose, suicide,
    suicidal, kill himself, kill herself, kill themselves, kill myself, self harm, harming himself, harming herself,
    unconscious, not breathing, can t breathe, cannot breathe, bleeding, choking, gone missing, went missing,
    is missing from, not come home, didn t come home, ran away, run away, abducted, kidnapped, abuse, being hurt,
    being hit, threatened, scared to go home, afraid to go home, scared of going home, stranger, attack, assault
"""
TODAY = """
    immediately, right now, right away, straight away, as soon as possible, asap, home time today, before home time,
    by home time, after school today, running late, late to collect, late for pick up, late picking up,
    pick him up today, pick her up today, pick them up today, picked up by, picking him up today,
    picking her up today, picking them up today, collected by, collecting him today, collecting her today,
    collecting them today, collect him today, collect her today, collect them today, change of pick up
"""
HINT = (
    "If a child is in danger, call 999. If this cannot wait until staff read it, please phone the school office{phone}."
)

_NUMBERS = re.compile(r"(?<![0-9])(?:999|112)(?![0-9])")
_PHRASES = Phrases([("danger", IN_DANGER), ("today", TODAY)])


def hint(text: str, office_phone: str) -> str | None:
    """What a guardian is shown before this message is sent; None where nothing in it sounds urgent."""
    if not _NUMBERS.search(text) and not any(_PHRASES.found_in(words_of(text))):
        return None
    return HINT.format(phone=f": {office_phone}" if office_phone else "")
