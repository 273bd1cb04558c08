import pytest

from shared.policy.findings import refuse
from shared.policy.phrases import endings
from shared.policy.refusal import Refusal
from shared.policy.school_names import ClassRoll, PupilName
from shared.policy.sensitive import check

OAK = ClassRoll.of(
    [
        PupilName("Amelia", "Khan"),
        PupilName("Tom", "Green"),
        PupilName("Mary-Jane", "de Souza"),
        PupilName("Zoë", "Smith"),
        PupilName("Hope", "Young"),
    ]
)


def found(text: str) -> list[str]:
    return [text[one.start : one.end] for one in check(text, OAK)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        # Health.
        ("Amelia was sick today", ["sick"]),
        ("Get well soon, Tom: he is in hospital!", ["hospital"]),
        ("Zoe\u0308 has a nut allergy.", ["allergy"]),
        ("Two allergies, Zoë!", ["allergies"]),
        ("Mary Jane forgot her inhalers", ["inhalers"]),
        ("Mary broke her arm", ["broke her arm"]),
        ("Head-lice again, Tom", ["Head-lice"]),
        ("Tom has headlice", ["headlice"]),
        ("Amelia vomited", ["vomited"]),
        # Support.
        ("Tom is autistic and has an EHCP", ["autistic", "EHCP"]),
        ("Tom is on the SEND register", ["SEND register"]),
        ("Tom gets SEN help", ["SEN"]),
        ("Amelia sees the speech therapist", ["therapist"]),
        ("Amelia has special educational needs", ["special educational needs"]),
        # Family.
        ("Amelia's dad has custody", ["custody"]),
        ("Amelia\u2019s parents are divorcing", ["divorcing"]),
        ("Tom had to go to the family court", ["family court"]),
        ("Tom lives with foster carers", ["foster carers"]),
        ("Tom went to court", ["went to court"]),
        # Behaviour.
        ("Tom misbehaved again", ["misbehaved"]),
        ("Tom misbehaves", ["misbehaves"]),
        ("A behaviour incident with Tom", ["behaviour incident"]),
        ("Tom bullied Amelia and was told off", ["bullied", "told off"]),
        ("Tom has been suspended", ["been suspended"]),
        # Safeguarding.
        ("The social worker saw Amelia", ["social worker"]),
        ("Amelia has bruises", ["bruises"]),
        ("A child-protection plan for Amelia", ["child-protection"]),
        # Money.
        ("Tom has free school meals", ["free school meals"]),
        ("Tom's dinner money is late", ["dinner money"]),
        ("Tom's mum can't afford the trip", ["can't afford"]),
        ("Tom's mum can\u2019t afford the trip", ["can\u2019t afford"]),
        # However it is written.
        ("AMELIA IS SICK", ["SICK"]),
        ("amelia is si\u200bck", ["si\u200bck"]),
        ("Amelia was\nsick", ["sick"]),
        ("Sick: Amelia, Tom", ["Sick"]),
        ("𝐀𝐦𝐞𝐥𝐢𝐚 is 𝐬𝐢𝐜𝐤", ["𝐬𝐢𝐜𝐤"]),
        # A stop that ends no sentence.
        ("Amelia K. has asthma", ["asthma"]),
        ("Tom saw Dr. Young about his asthma", ["asthma"]),
        # The next sentence speaks of the same child.
        ("Amelia is away. She has measles.", ["measles"]),
        ("Amelia is away. She is at home. She has measles!", ["measles"]),
        ("We miss Tom! Their asthma is bad.", ["asthma"]),
    ],
)
def test_S61_a_sensitive_word_near_a_child_s_name_is_found(text: str, words: list[str]) -> None:
    assert found(text) == words


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "Amelia and Tom made a boat.",
        "Amelia won on the sports day court.",
        "Tom and Amelia drew lines on the tennis court",
        "Amelia and Tom were behaving like scientists",
        "Amelia's behaving so kindly",
        "Tom was a patient in the class hospital role play.",
        "Tom was a patient in the class hospital.",
        "Amelia bandaged a bear in our hospital corner",
        "Amelia sat in the police car",
        "Amelia will send a card. Please send one, Tom.",
        "AMELIA WILL SEND A CARD",
        "Tom separated the sand from the water",
        "Amelia's planet was suspended from the ceiling",
        "Tom counted money in maths and had a sum to share",
        "Tom kicked the ball and hit the target",
        "Amelia fought bravely as Boudicca",
        "Tom dressed up as a doctor and Amelia as a nurse",
        "Amelia is fostering a love of books",
        "Amelia grew a bean plant, and Tom's died",
        "Tom brought tins for the food bank collection",
        "Amelia has a new sense of rhythm: silly, chilly, still",
        # No child of the class is named.
        "The nurse will come on Friday to talk about asthma and allergies.",
        "Free school meals: please send the form by Monday.",
        "There is sickness about. Please keep children who are sick at home.",
        "Amelie was sick",
        "We hope nobody is sick",
        # Another sentence.
        "Well done Amelia. Free school meals: please send the form.",
        "Amelia won!\n\nPlease send forms for free school meals",
        "Sickness is about. Amelia made a poster",
    ],
)
def test_S61_what_is_innocent_or_about_no_child_passes(text: str) -> None:
    assert found(text) == []


def test_S61_a_name_that_is_a_word_counts_as_a_name_where_it_has_its_capital() -> None:
    assert found("We saw Hope, who is poorly") == ["poorly"]
    assert found("We hope the poorly hamster gets well") == []


def test_S61_a_class_without_names_has_no_findings() -> None:
    assert check("Amelia is sick", ClassRoll.of([PupilName("", "")])) == []


def test_S61_a_sensitive_post_is_refused_until_its_writer_confirms_it_and_the_private_way_is_offered() -> None:
    findings = check("Amelia was sick today", OAK)
    with pytest.raises(Refusal) as caught:
        refuse(findings, field="body", confirmed=False)
    refusal = caught.value
    assert (refusal.code.name, refusal.clause, refusal.code.status) == ("SENSITIVE_IN_STORY", "S61", 422)
    assert refusal.detail.startswith("Please send this privately.")
    assert refusal.errors == {"body": ["Please look at letters 12 to 15."]}
    refuse(findings, field="body", confirmed=True)


@pytest.mark.parametrize(
    ("word", "forms"),
    [
        ("bruise", {"bruise", "bruises", "bruised", "bruising"}),
        ("allergy", {"allergy", "allergies"}),
        ("bully", {"bully", "bullies", "bullied", "bullying"}),
        ("illness", {"illness", "illnesses"}),
        ("evict", {"evict", "evicts", "evicted", "evicting"}),
        ("vomit", {"vomit", "vomits", "vomited", "vomiting"}),
        ("stab", {"stab", "stabs", "stabbed", "stabbing"}),
    ],
)
def test_a_word_is_found_in_its_plural_and_as_a_verb(word: str, forms: set[str]) -> None:
    assert forms <= endings(word)
