"""What is still missing of a clause that has a rule: said openly, so that its rule is not taken for all of it."""

from collections.abc import Mapping

OWED: Mapping[str, str] = {
    "S03": "a version comes with the software; governors and clerk do not approve one in it.",
    "S06": "what a breach by a member of staff leads to is decided, and not recorded here.",
    "S10": "staff are not shown which child nobody has noticed for a while.",
    "S12": "portfolios: work that is set for a pupil and handed in.",
    "S13": "the pages that families would use are not there; client apps use the API.",
    "S18": "nothing is erased by itself when a pupil has left: the office decides it.",
    "S19": "what is held is read service by service, not as one bundle.",
    "S21": "a second factor for those who safeguard.",
    "S23": "nobody is proposed to leave at the end of Y6; the next roster says who has.",
    "S26": "nobody can record a restriction of an adult's access to a child.",
    "S29": "a pupil's own way to sign in, by picture or code.",
    "S38": "a reminder does not come again by itself.",
    "S43": "work that is set for a child, for there is none yet.",
    "S49": "leaders are not shown, all taken together, how many answers are late.",
    "S53": "who asks a parent to phone cannot say why, and the words are English alone.",
    "S56": "a piece of work that a pupil handed in; pictures of work are shared.",
    "S57": "texts with a doubtful name are refused, and there is no list of children to choose a name from.",
    "S60": "the linked policies are listed, and a record of a breach cannot cite them.",
    "S65": "pictures carry no mark that tells who was shown them.",
    "S66": "a reply that is written at night is not kept until the morning.",
    "S76": "a flag that no leader acknowledges is not brought before them again.",
    "S79": "one report of lawful bases, disclosures and open requests.",
    "S80": "it is said with the feed; there is no sign-up yet to say it at.",
}
