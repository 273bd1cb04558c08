"""The policy acted out, scene by scene; the driver is all that a scene uses."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid5

from deploy.demo.cast import Cast
from deploy.demo.stage import Stage
from shared.testing.driver import Refused, Session

UNKIND = "You people never do anything right, and I will make sure that everyone knows it."


def points(stage: Stage, cast: Cast, _operator: Session) -> None:
    stage.scene("A point for kindness", "S32", "S33", "S34", "S31", "S36")
    names = cast.names
    value = stage.does(names["head"], "makes kindness a school value", cast.head.define_value, "Kindness")
    behaviour = stage.does(
        names["head"],
        "links a behaviour to it: helped a friend",
        cast.head.define_behaviour,
        "Helped a friend",
        value.id,
    )
    stage.does(
        names["teacher"],
        f"gives {names['child']} a point for it",
        cast.teacher.award,
        cast.pupil_id,
        behaviour.id,
        note="Shared the last chair",
    )
    for who in ("child", "mum", "dad"):
        session: Session = getattr(cast, who)
        stage.sees(names[who], "1 point for kindness", found=total(session, cast.pupil_id), expected=1)
    below = cast.teacher.award(cast.pupil_id, behaviour.id, points=-1)
    stage.may_not(names["teacher"], "tries to take a point off instead", "POSITIVE_ONLY", "S33", below)
    unlinked = cast.teacher.award(cast.pupil_id, None)
    stage.may_not(names["teacher"], "tries a point for nothing in particular", "UNLINKED_BEHAVIOUR", "S34", unlinked)
    by_parent = cast.mum.award(cast.pupil_id, behaviour.id)
    stage.may_not(names["mum"], "tries to give a point too", "STAFF_ONLY", "S32", by_parent)


def stories(stage: Stage, cast: Cast, _operator: Session) -> None:
    stage.scene("A story for the class", "S40", "S57", "S61", "S62", "S63", "S54")
    names, child = cast.names, cast.people.pupil(2, 1)
    text = "Today we built towers from paper and measured which stood the longest."
    story = stage.does(names["teacher"], "posts what the class did", cast.teacher.post_story, cast.class_id, text)
    for who in ("mum", "dad", "child"):
        session: Session = getattr(cast, who)
        seen = [item["text"] for item in stage.quietly(session.stories, cast.class_id)["items"]]
        stage.sees(names[who], "the story", found=seen, expected=[text])
    full = cast.teacher.post_story(cast.class_id, f"Well done {child.given_name} {child.family_name}!")
    stage.may_not(names["teacher"], "writes a child's full name", "FULL_NAME_USED", "S57", full)
    private = cast.teacher.post_story(cast.class_id, f"{child.given_name} was at the hospital for an operation.")
    stage.may_not(names["teacher"], "writes of a child's health for all to read", "SENSITIVE_IN_STORY", "S61", private)
    by_parent = cast.mum.post_story(cast.class_id, "Cake sale on Friday!")
    stage.may_not(names["mum"], "tries to post", "STAFF_ONLY", "S37", by_parent)
    other = cast.colleague.post_story(cast.class_id, "Hello from next door!")
    stage.may_not(names["colleague"], "tries to post to a class that is not theirs", "NOT_CLASS_TEACHER", "S54", other)
    stage.does(names["teacher"], "takes the story back", cast.teacher.withdraw_story, story.id)
    left = stage.quietly(cast.mum.stories, cast.class_id)["items"]
    stage.sees(names["mum"], "nothing of it any more", found=left, expected=[])


def a_private_word(stage: Stage, cast: Cast, _operator: Session) -> UUID:
    stage.scene("A private word with the class teacher", "S46", "S47", "S52", "S16")
    names = cast.names
    conversation = stage.does(
        names["mum"], "opens a conversation with the class teacher", cast.mum.open_conversation, cast.pupil_id
    ).id
    said = "Could you tell me what the homework is, please?"
    stage.does(names["mum"], "writes, at whatever hour it is", cast.mum.send, conversation, said)
    for who in ("mum", "teacher"):
        session: Session = getattr(cast, who)
        stage.sees(names[who], "the message", found=texts(session, conversation), expected=[said])
    stage.may_not(
        names["dad"],
        "looks for it: parents do not see each other's",
        "NOT_FOUND",
        None,
        cast.dad.messages(conversation),
    )
    stage.may_not(
        names["head"],
        "looks too: it is between the two of them",
        "NOT_CLASS_TEACHER",
        "S52",
        cast.head.messages(conversation),
    )
    return conversation


def one_warning(stage: Stage, cast: Cast, conversation: UUID) -> None:
    stage.scene("A message that is not right, and one warning", "S75", "S76", "S77", "S73")
    names = cast.names
    case = misuse(stage, cast, cast.mum, conversation)
    for who in ("head", "deputy"):
        session: Session = getattr(cast, who)
        alerts = [item["case_id"] for item in stage.quietly(session.alerts)["items"]]
        stage.sees(names[who], "an alert at once", found=str(case) in alerts, expected=True)
    records = stage.quietly(cast.lead.records)["items"]
    stage.sees(names["lead"], "a safeguarding record, opened by the flag", found=len(records), expected=1)
    for who in ("mum", "teacher", "colleague"):
        nosy: Session = getattr(cast, who)
        stage.may_not(
            names[who], "asks after the case: it is not theirs to know of", "NOT_FOUND", None, nosy.case(case)
        )
    stage.does(names["head"], "reads it, upholds it, and says why", cast.head.decide, case, "uphold", "It was unkind.")
    standing = stage.quietly(cast.mum.my_standing)
    stage.sees(names["mum"], "the warning, and why", found=standing["state"], expected="warned")
    unread = cast.mum.send(conversation, "What have I done?")
    stage.may_not(names["mum"], "writes before reading it", "WARNING_UNREAD", "S73", unread)
    warning = standing["warning"]["warning_id"]
    stage.does(names["mum"], "reads the warning and says so", cast.mum.receive_warning, warning)
    stage.does(names["mum"], "writes again, kindly", cast.mum.send, conversation, "I am sorry. It was a long day.")
    other = stage.quietly(cast.dad.my_standing)["state"]
    stage.sees(names["dad"], "nothing of this: the rule is for one person", found=other, expected="active")


def removal(stage: Stage, cast: Cast, operator: Session, conversation: UUID) -> Session:
    stage.scene("A second time: removed, and out within a second", "S73", "S06", "S19")
    names = cast.names
    case = misuse(stage, cast, cast.mum, conversation)
    early = cast.deputy.decide(case, "uphold", "Again.")
    stage.may_not(
        names["deputy"], "decides, and does not say why it is the Deputy", "SAY_WHY_NOT_HEADTEACHER", "S06", early
    )
    stage.does(
        names["deputy"],
        "says that the Headteacher is away, and upholds it",
        cast.deputy.decide,
        case,
        "uphold",
        "Unkind again, after the warning.",
        not_headteacher_because="The Headteacher is away today.",
    )
    stage.may_not(names["mum"], "goes on in the old session", "NOT_SIGNED_IN", None, cast.mum.me())
    again = cast.again(stage, operator, "mum")
    standing = stage.does(names["mum"], "signs in again, to the decision and its reasons", again.my_standing)
    stage.sees(names["mum"], "that the account is closed, and why", found=standing["state"], expected="removed")
    stage.may_not(names["mum"], "tries to write", "REMOVED", "S73", again.send(conversation, "Please."))
    stage.does(names["mum"], "appeals", again.appeal, "I would like to talk about this.")
    held = stage.does(names["mum"], "takes along all that is held", again.held_about_me, "messaging")
    stage.sees(names["mum"], "the messages, as they were sent", found=UNKIND in str(held.body), expected=True)
    stage.may_not(
        names["deputy"],
        "tries to undo it",
        "HEADTEACHER_ONLY",
        "S06",
        cast.deputy.decide_about(again.person_id, "reinstate", "Heard."),
    )
    return again


def back_again(stage: Stage, cast: Cast, mum: Session, conversation: UUID) -> None:
    stage.scene("The Headteacher hears the appeal", "S06", "T7")
    names = cast.names
    stage.does(
        names["head"],
        "reinstates the parent",
        cast.head.decide_about,
        mum.person_id,
        "reinstate",
        "We have talked, and agree.",
    )
    state = stage.quietly(mum.my_standing)["state"]
    stage.sees(names["mum"], "the way back open; the warning stays", found=state, expected="warned")
    stage.does(names["mum"], "writes to the class teacher", mum.send, conversation, "Thank you. See you on Monday.")
    ledger = stage.quietly(cast.head.standing, mum.person_id)
    kinds = [item["kind"] for item in reversed(ledger["items"])]
    expected = ["upheld", "warned", "delivered", "upheld", "removed", "appealed", "reinstated"]
    stage.sees(names["head"], "every step of it, who decided and why", found=kinds, expected=expected)


def resharing(stage: Stage, cast: Cast, operator: Session) -> None:
    stage.scene("A picture that turned up elsewhere", "S69", "S70", "S74")
    names = cast.names
    report = stage.does(
        names["mum"],
        "reports a picture of the school's, seen online",
        cast.again(stage, operator, "mum").report_reshare,
        cast.dad.person_id,
        "photograph",
        "Seen on a public page last night.",
    )
    stage.does(
        names["head"],
        "confirms it",
        cast.head.decide_reshare,
        UUID(str(report.id)),
        "confirm",
        "Shown to me, and true.",
    )
    stage.may_not(names["dad"], "goes on in the old session", "NOT_SIGNED_IN", None, cast.dad.me())
    session = cast.again(stage, operator, "dad")
    state = stage.quietly(session.my_standing)["state"]
    stage.sees(names["dad"], "a paused account; no warning was used", found=state, expected="suspended")
    stage.may_not(names["dad"], "opens the class's points", "SUSPENDED", "S70", session.points_of(cast.pupil_id))
    stage.does(
        names["head"],
        "lifts it",
        cast.head.decide_about,
        session.person_id,
        "lift_suspension",
        "Taken down, with regret.",
    )
    stage.sees(names["dad"], "1 point for kindness again", found=total(session, cast.pupil_id), expected=1)


def the_policy_itself(stage: Stage, cast: Cast, _operator: Session) -> None:
    stage.scene("The policy itself", "S01", "S02", "S03", "S04", "T16")
    policy = stage.does("Anyone", "reads the policy: all 81 clauses, with no sign-in", cast.bookbag.policy)
    stage.sees("Anyone", "that its review is overdue; it goes on", found=policy["standing"], expected="review_overdue")


def misuse(stage: Stage, cast: Cast, parent: Session, conversation: UUID) -> UUID:
    """A message that the teacher flags; the case is named after message and track."""
    message = stage.does(cast.names["mum"], "writes in anger", parent.send, conversation, UNKIND).id
    stage.does(
        cast.names["teacher"],
        "finds it inappropriate and says so; the message stays as it is",
        cast.teacher.flag,
        message,
        note="Read out of the blue on Monday morning.",
    )
    return uuid5(message, "conduct")


def total(session: Session, pupil_id: UUID) -> int | str:
    answer = session.points_of(pupil_id)
    return answer.code if isinstance(answer, Refused) else int(answer["total"])


def texts(session: Session, conversation: UUID) -> list[str] | str:
    answer = session.messages(conversation)
    return answer.code if isinstance(answer, Refused) else [item["text"] for item in answer["items"]]


Scene = Callable[[Stage, Cast, Session], Any]
