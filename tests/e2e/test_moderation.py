"""From a teacher's flag to a leader's decision and back again, through nginx, with every process running (S73, S77)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.testing.driver import Bookbag, Refused, Saw, Session
from shared.testing.school import InventedPerson, invented_school
from tests.installation import Bench, School, a_school, refused, went

UNKIND = "Canary-words-5187: you are no good at your job"
NOTE = "Canary-note-5188: it reads as a threat"
SHE_IS_AWAY = "The Headteacher is away today"


@pytest.fixture(scope="module")
def school(bookbag: Bookbag, operator: Session) -> School:
    return with_leaders(bookbag, operator, "thistle-bank", seed=41)


def with_leaders(bookbag: Bookbag, operator: Session, slug: str, seed: int) -> School:
    """With a Deputy, a safeguarding lead and a governor; a second Deputy is also a parent at the school."""
    people = invented_school(seed=seed, classes=2, pupils_per_class=8, on=datetime.now(UTC).date())
    school_id = went(operator.register_school(slug, people.name)).id
    went(operator.import_roster(people.zip(), school_id))
    for person, role in (
        (people.deputy, "deputy_headteacher"),
        (people.teacher_who_is_also_guardian, "deputy_headteacher"),
        (people.safeguarding_lead, "safeguarding_lead"),
        (people.governor, "governor"),
    ):
        went(operator.appoint(person.login, role, school_id))
    return School(bookbag, operator, slug, school_id, people)


@dataclass(frozen=True, slots=True)
class Line:
    """A parent's conversation with the class teacher of their child."""

    school: School
    person: InventedPerson
    parent: Session
    teacher: Session
    pupil_id: UUID
    conversation_id: UUID

    def says(self, text: str = UNKIND) -> UUID:
        return went(self.parent.send(self.conversation_id, text)).id

    def flagged(
        self, message_id: UUID, track: str = "conduct", category: str = "abusive", listed: str = "open"
    ) -> UUID:
        """The teacher flags a message; the case that this makes, as the Headteacher finds it."""
        went(self.teacher.flag(message_id, track=track, category=category, note=NOTE))
        cases = self.school.bookbag.send(
            "GET", "/v1/moderation/cases", self.school.head.token, params={"state": listed}
        )
        [found] = [
            item["case_id"]
            for item in went(cases).json()["items"]
            if (item["message_id"], item["track"]) == (str(message_id), track)
        ]
        return UUID(found)

    def misuse(self) -> UUID:
        """A message that the teacher flags at once."""
        return self.flagged(self.says())

    def again(self) -> "Line":
        """The same line once the parent has signed in anew: a sanction ends their sessions."""
        return replace(self, parent=self.school.newly_signed_in(self.person, "guardian"))


def a_line(school: School, class_no: int, number: int, adult: int = 0) -> Line:
    """A new session of the parent's: an earlier test's sanction may have ended the last."""
    child, pupil_id = school.people.pupil(class_no, number), school.pupil(class_no, number).person_id
    person = school.people.guardians_of(child)[adult]
    parent = school.newly_signed_in(person, "guardian")
    conversation_id = went(parent.open_conversation(pupil_id)).id
    return Line(school, person, parent, school.teacher(class_no), pupil_id, conversation_id)


def deputy(school: School) -> Session:
    return school.as_(school.people.deputy, "staff")


def lead(school: School) -> Session:
    return school.as_(school.people.safeguarding_lead, "staff")


def governor(school: School) -> Session:
    return school.as_(school.people.governor, "staff")


def kinds(ledger: Saw) -> list[str]:
    """The steps of a ledger, oldest first."""
    return [item["kind"] for item in reversed(ledger["items"])]


def items(answer: Saw | Refused, name: str) -> list[Any]:
    return [item[name] for item in went(answer)["items"]]


def warning_of(parent: Session) -> UUID:
    return UUID(went(parent.my_standing())["warning"]["warning_id"])


def test_S73_the_whole_way_from_a_flag_to_removal_and_back(school: School):
    line, head = a_line(school, 1, 1), school.head
    first = line.misuse()
    # S76: the leaders learn of it at once, and one says that they have seen it.
    assert str(first) in items(head.alerts(), "case_id")
    assert str(first) in items(deputy(school).alerts(), "case_id")
    went(deputy(school).acknowledge(first))
    assert str(first) not in items(head.alerts(), "case_id")
    shown = went(head.case(first))
    assert shown["message"]["copy"] == UNKIND
    assert shown["flags"][0]["note"] == NOTE
    assert shown["decision"] is None
    # S73: the first upheld misuse warns.
    went(head.decide(first, "uphold", "It was unkind"))
    assert went(head.case(first))["decision"]["consequence"] == "warning"
    told = went(line.parent.my_standing())
    assert (told["state"], told["warning"]["reason"], told["warning"]["delivered"]) == (
        "warned",
        "It was unkind",
        False,
    )
    # Until it is read nothing can be sent; one tap, and it is delivered.
    assert refused(line.parent.send(line.conversation_id, "Hello")).code == "WARNING_UNREAD"
    went(line.parent.receive_warning(warning_of(line.parent)))
    assert went(line.parent.my_standing())["warning"]["delivered"]
    # The second misuse, sent after the delivery, removes.
    second = line.misuse()
    went(head.decide(second, "uphold", "Unkind again"))
    assert went(head.case(second))["decision"]["consequence"] == "removal"
    line = line.again()
    assert went(line.parent.my_standing())["state"] == "removed"
    gone = refused(line.parent.send(line.conversation_id, "Hello"))
    assert (gone.status, gone.code, gone.clause) == (403, "REMOVED", "S73")
    # The Headteacher reinstates: the warning stays, and only what is sent from now on counts.
    went(head.decide_about(line.parent.person_id, "reinstate", "We talked about it"))
    line = line.again()
    assert went(line.parent.my_standing())["state"] == "warned"
    third = line.misuse()
    went(head.decide(third, "uphold", "And again"))
    assert went(head.case(third))["decision"]["consequence"] == "removal"
    ledger = went(head.standing(line.parent.person_id))
    assert ledger["state"] == "removed"
    assert kinds(ledger) == [
        *("upheld", "warned", "delivered"),
        *("upheld", "removed"),
        *("reinstated", "upheld", "removed"),
    ]
    removed = ledger["items"][0]
    assert (removed["clause"], removed["decided_as"], removed["reason"]) == ("S73", "headteacher", "And again")
    assert removed["by"]["person_id"] == str(head.person_id)


def test_S73_two_messages_upheld_before_the_warning_is_read_count_once_and_the_receipt_removes_nobody(school: School):
    line, head = a_line(school, 1, 2), school.head
    one, two = line.says(), line.says("Canary-words-5187, once more")
    cases = [line.flagged(one), line.flagged(two)]
    for case in cases:
        went(head.decide(case, "uphold", "It was unkind"))
    assert [went(head.case(case))["decision"]["consequence"] for case in cases] == ["warning", "none"]
    went(line.parent.receive_warning(warning_of(line.parent)))
    assert went(line.parent.my_standing())["state"] == "warned"
    assert kinds(went(head.standing(line.parent.person_id))) == ["upheld", "warned", "upheld", "delivered"]


def test_S73_a_message_from_before_the_delivery_never_removes(school: School):
    line, head = a_line(school, 1, 4), school.head
    first, earlier = line.says(), line.says("Canary-words-5187, a second one")
    went(head.decide(line.flagged(first), "uphold", "It was unkind"))
    went(line.parent.receive_warning(warning_of(line.parent)))
    late = line.flagged(earlier)
    went(head.decide(late, "uphold", "Found only now"))
    assert went(head.case(late))["decision"]["consequence"] == "none"
    assert went(line.parent.my_standing())["state"] == "warned"


def test_S73_the_other_parent_is_not_touched(school: School):
    line, other = a_line(school, 1, 6), a_line(school, 1, 6, adult=1)
    went(school.head.decide(line.misuse(), "uphold", "It was unkind"))
    assert went(other.parent.my_standing())["state"] == "active"
    went(other.parent.send(other.conversation_id, "What is for lunch today?"))


def test_S06_a_decision_is_final_and_the_same_request_gets_its_first_answer(school: School):
    line, head, key = a_line(school, 1, 7), school.head, str(uuid4())
    case = line.misuse()
    first = went(head.decide(case, "dismiss", "It is fair to ask", key=key))
    assert went(head.decide(case, "dismiss", "It is fair to ask", key=key)) == first
    for outcome in ("uphold", "dismiss"):
        again = refused(head.decide(case, outcome, "On second thoughts"))
        assert (again.status, again.code) == (409, "DECIDED_BEFORE")
    # Flagged again by the same teacher or not at all, it is not open and alerts nobody.
    went(line.teacher.flag(UUID(went(head.case(case))["message"]["message_id"]), note="Still"))
    assert str(case) not in items(head.cases(), "case_id")
    assert str(case) not in items(head.alerts(), "case_id")
    assert kinds(went(head.standing(line.parent.person_id))) == ["dismissed"]
    assert went(line.parent.my_standing())["decisions"] == []


def test_S06_the_deputy_decides_in_the_headteacher_s_place_and_says_why(school: School):
    line, theirs = a_line(school, 2, 1), deputy(school)
    case = line.misuse()
    silent = refused(theirs.decide(case, "uphold", "It was unkind"))
    assert (silent.status, silent.code, silent.clause) == (422, "SAY_WHY_NOT_HEADTEACHER", "S06")
    went(theirs.decide(case, "uphold", "It was unkind", not_headteacher_because=SHE_IS_AWAY))
    decision = went(school.head.case(case))["decision"]
    assert (decision["decided_as"], decision["not_headteacher_because"]) == ("deputy_headteacher", SHE_IS_AWAY)
    # What is the Headteacher's alone.
    for decided in ("rescind_warning", "reinstate", "remove", "keep_suspension", "lift_suspension"):
        answer = refused(theirs.decide_about(line.parent.person_id, decided, "I would"))
        assert (answer.status, answer.code, answer.clause) == (403, "HEADTEACHER_ONLY", "S06")
    went(school.head.decide_about(line.parent.person_id, "rescind_warning", "We talked about it"))
    assert went(line.parent.my_standing())["state"] == "active"


def test_T14_a_concern_about_a_child_is_recorded_and_is_never_misuse(school: School):
    line, head = a_line(school, 2, 2), school.head
    message = line.says("Canary-words-5187: she has had no supper for days")
    case = line.flagged(message, track="child_concern", category="neglect")
    went(head.decide(case, "uphold", "The lead has phoned"))
    shown = went(head.case(case))
    assert shown["decision"]["consequence"] == "none"
    ledger = went(head.standing(line.parent.person_id))
    assert (ledger["state"], ledger["items"]) == ("active", [])
    assert went(line.parent.my_standing())["decisions"] == []
    record = went(lead(school).record(shown["record_id"]))
    assert [entry["kind"] for entry in record["items"]] == ["account", "decision"]


def test_S77_a_flag_opens_a_record_that_the_safeguarding_lead_adds_to(school: School):
    line, theirs = a_line(school, 2, 4), lead(school)
    case = line.misuse()
    [record_id] = [item["record_id"] for item in went(theirs.records())["items"] if item["case_id"] == str(case)]
    went(theirs.add_to_record(record_id, "action", "Phoned home"))
    went(school.head.add_to_record(record_id, "note", "Thank you"))
    went(school.head.decide(case, "dismiss", "It is fair to ask"))
    record = went(theirs.record(record_id))
    assert record["copy"] == UNKIND
    assert record["message_hash"] == went(theirs.case(case))["message"]["hash"]
    entries = [(entry["kind"], entry["text"]) for entry in record["items"]]
    assert entries == [
        ("account", NOTE),
        ("action", "Phoned home"),
        ("note", "Thank you"),
        ("decision", "It is fair to ask"),
    ]
    # The lead reads and records; deciding is the leaders'.
    by_hand = refused(theirs.add_to_record(record_id, "decision", "I decide"))
    assert (by_hand.status, by_hand.code) == (422, "INVALID_FIELDS")
    open_case = line.misuse()
    answers = (theirs.acknowledge(open_case), theirs.decide(open_case, "uphold", "I would"))
    assert [refused(answer).code for answer in answers] == ["LEADERS_ONLY"] * 2
    other = theirs.decide_about(line.parent.person_id, "remove", "I would")
    assert refused(other).code == "HEADTEACHER_ONLY"


def without_correlation(answer: object) -> dict[str, object]:
    return {name: value for name, value in refused(answer).body.items() if name != "correlation_id"}


def everything(who: Session, case: UUID | str, record: UUID | str, guardian: UUID | str) -> list[object]:
    """All that there is to ask about a case, its record and its guardian."""
    return [
        who.case(case),
        who.acknowledge(case),
        who.decide(case, "uphold", "I would"),
        who.record(record),
        who.add_to_record(record, "note", "I was here"),
        who.standing(guardian),
        who.decide_about(guardian, "remove", "I would"),
    ]


def lists(who: Session) -> list[object]:
    return [who.alerts(), who.cases(), who.records(), who.reshare_reports()]


def test_S16_for_everyone_but_leaders_and_the_lead_there_is_no_case(school: School, other_school: School):
    line = a_line(school, 1, 5, adult=1)
    case = line.misuse()
    record, guardian = went(school.head.case(case))["record_id"], line.parent.person_id
    people = school.people
    outsiders: Iterable[Session] = [
        line.teacher,
        line.parent,
        school.as_(people.office, "staff"),
        governor(school),
        school.as_(people.support_staff(1), "staff"),
        school.pupil(1, 1),
        other_school.teacher(1),
        other_school.guardian_of(other_school.people.pupil(1, 1)),
    ]
    for who in outsiders:
        assert [refused(answer).code for answer in lists(who)] == ["NOT_FOUND"] * 4
        there = [without_correlation(answer) for answer in everything(who, case, record, guardian)]
        not_there = [without_correlation(answer) for answer in everything(who, uuid4(), uuid4(), uuid4())]
        assert there == not_there
        assert {answer["code"] for answer in there} == {"NOT_FOUND"}
    # Nor is there for another school's Headteacher, who has lists of their own, and nothing of ours in them.
    there = [without_correlation(answer) for answer in everything(other_school.head, case, record, guardian)]
    assert {answer["code"] for answer in there} == {"NOT_FOUND"}
    for answer in lists(other_school.head):
        assert went(answer)["items"] == []  # type: ignore[index]
    assert went(school.head.case(case))["decision"] is None, "nobody of them has decided it"


def test_S75_a_leader_who_is_a_parent_here_never_meets_their_own_case(school: School):
    people = school.people
    both = people.teacher_who_is_also_guardian
    child_no = next(number for number in range(1, 9) if both in people.guardians_of(people.pupil(1, number)))
    adult = list(people.guardians_of(people.pupil(1, child_no))).index(both)
    line = a_line(school, 1, child_no, adult)
    case = line.misuse()
    record = went(school.head.case(case))["record_id"]
    as_deputy = school.as_(both, "staff")
    assert as_deputy.person_id == line.parent.person_id
    answers = everything(as_deputy, case, record, line.parent.person_id)
    assert [refused(answer).code for answer in answers] == ["NOT_FOUND"] * len(answers)
    assert str(case) not in items(as_deputy.alerts(), "case_id")
    assert str(case) not in items(as_deputy.cases(), "case_id")
    assert record not in items(as_deputy.records(), "record_id")
    assert str(case) in items(school.head.alerts(), "case_id"), "the others see it"


def test_S75_the_guardian_learns_outcomes_only(school: School, bench: Bench):
    line, head = a_line(school, 2, 5), school.head
    case = line.misuse()
    assert went(line.parent.my_standing())["state"] == "active", "a flag tells them nothing"
    went(head.decide(case, "uphold", "It was unkind"))
    secrets = [str(case), went(head.case(case))["record_id"], NOTE, str(line.teacher.person_id), str(head.person_id)]
    secrets += [str(row[0]) for row in bench.ask("moderation", "SELECT flag_id FROM case_flag_v1")]
    standing, held = went(line.parent.my_standing()), went(line.parent.held_about_me("moderation"))
    for told in (str(standing.body), str(held.body)):
        assert [secret for secret in secrets if secret in told] == []
    [decision] = standing["decisions"]
    assert (decision["kind"], decision["clause"], decision["decided_by"]) == ("warned", "S73", "headteacher")
    assert decision["reason"] == "It was unkind"
    assert [item["kind"] for item in held["items"]] == ["warned"]
    answer = refused(line.teacher.my_standing())
    assert (answer.status, answer.code) == (403, "GUARDIANS_ONLY")


def test_S70_S74_resharing_suspends_at_once_and_neither_uses_nor_needs_the_warning(school: School):
    line, head = a_line(school, 2, 7), school.head
    guardian = line.parent.person_id
    report = went(school.pupil(2, 1).report_reshare(guardian, "photograph", "It is on a public page")).id
    shown = next(item for item in went(head.reshare_reports())["items"] if item["report_id"] == str(report))
    assert (shown["shared"], shown["account"], shown["decision"]) == ("photograph", "It is on a public page", None)
    silent = refused(deputy(school).decide_reshare(report, "confirm", "It is there"))
    assert silent.code == "SAY_WHY_NOT_HEADTEACHER"
    went(deputy(school).decide_reshare(report, "confirm", "It is there", not_headteacher_because=SHE_IS_AWAY))
    line = line.again()
    told = went(line.parent.my_standing())
    assert (told["state"], told["warning"]) == ("suspended", None)
    paused = refused(line.parent.send(line.conversation_id, "Hello"))
    assert (paused.status, paused.code, paused.clause) == (403, "SUSPENDED", "S70")
    assert refused(head.decide_reshare(report, "dismiss", "On second thoughts")).code == "DECIDED_BEFORE"
    went(head.decide_about(guardian, "keep_suspension", "Until it is taken down"))
    went(head.decide_about(guardian, "lift_suspension", "It was taken down"))
    line = line.again()
    assert went(line.parent.my_standing())["state"] == "active"
    went(head.decide(line.misuse(), "uphold", "It was unkind"))
    assert went(line.parent.my_standing())["state"] == "warned", "the first misuse warns, as it would anyone"
    assert kinds(went(head.standing(guardian))) == [
        *("suspended", "suspension_kept", "suspension_lifted"),
        *("upheld", "warned"),
    ]


def test_S65_a_report_about_staff_is_recorded_and_not_shown_to_them(school: School):
    teacher = school.teacher(1)
    parent = a_line(school, 1, 5).parent
    report = went(
        parent.report_reshare(teacher.person_id, "work_sample", "It is on their own page", reported_as="staff")
    ).id
    went(school.head.decide_reshare(report, "confirm", "It was there"))
    shown = next(item for item in went(school.head.reshare_reports())["items"] if item["report_id"] == str(report))
    assert shown["decision"]["outcome"] == "confirmed"
    about_head = went(
        parent.report_reshare(school.head.person_id, "message", "It is on their own page", reported_as="staff")
    ).id
    assert str(about_head) not in items(school.head.reshare_reports(), "report_id")
    assert refused(school.head.decide_reshare(about_head, "dismiss", "It was not me")).code == "NOT_FOUND"
    assert str(about_head) in items(deputy(school).reshare_reports(), "report_id")
    assert refused(parent.report_reshare(uuid4(), "message", "Nobody")).code == "NOT_FOUND"


def test_T7_an_appeal_reaches_leaders_and_governors_and_pauses_nothing(school: School):
    line = a_line(school, 2, 8)
    early = refused(line.parent.appeal("Please look at this again"))
    assert (early.status, early.code) == (409, "NOT_SANCTIONED")
    went(school.head.decide_about(line.parent.person_id, "remove", "For everybody's peace"))
    line = line.again()
    appeal = went(line.parent.appeal("Please look at this again")).id
    for who in (school.head, deputy(school), governor(school)):
        found = next(item for item in went(who.appeals())["items"] if item["appeal_id"] == str(appeal))
        assert (found["text"], found["state"]) == ("Please look at this again", "removed")
    for who in (school.teacher(1), lead(school), a_line(school, 1, 5).parent):
        assert refused(who.appeals()).code == "NOT_FOUND"
    told = went(line.parent.my_standing())
    assert (told["state"], told["appeals"][0]["text"]) == ("removed", "Please look at this again")
    assert went(line.parent.held_about_me("moderation"))["items"][0]["kind"] == "appealed"
    [removed] = [
        item for item in went(school.head.standing(line.parent.person_id))["items"] if item["kind"] == "removed"
    ]
    assert (removed["clause"], removed["detail"]) == ("S06", "override")


def test_T6_where_the_school_says_so_a_flag_warns_by_itself_and_never_removes(bookbag: Bookbag, operator: Session):
    school = a_school(bookbag, operator, "warns-by-itself", seed=42)
    varied = {"parameters": {"flag_warns_by_itself": True, "office_phone": "0151 496 0000"}, "reason": "We want it so"}
    path = f"/v1/schools/{school.school_id}/parameters"
    went(bookbag.send("PUT", path, school.head.token, json=varied))
    went(school.head.alerts())  # waits until moderation has heard of it
    line = a_line(school, 1, 1)
    first = line.flagged(line.says(), listed="decided")
    decision = went(school.head.case(first))["decision"]
    assert (decision["consequence"], decision["decided_as"], decision["by"]) == ("warning", "school_parameter", None)
    told = went(line.parent.my_standing())
    assert (told["state"], told["office_phone"]) == ("warned", "0151 496 0000")
    went(line.parent.receive_warning(warning_of(line.parent)))
    second = line.misuse()
    assert went(school.head.case(second))["decision"] is None, "only a leader's decision removes"
    assert went(line.parent.my_standing())["state"] == "warned"


def test_what_an_event_waits_for_is_not_decided_meanwhile_and_a_leader_sees_that_it_waits(school: School, bench: Bench):
    """An event about the guardian is parked, as the worker parks one that it cannot take."""
    line, head = a_line(school, 1, 3), school.head
    case, event = line.misuse(), uuid4()
    bench.ask(
        "moderation",
        "INSERT INTO parked_event (consumer, source, partition, position, school_id, stream, event_id, event_type,"
        " concerns, why) VALUES ('messaging_followed', 'messaging', 1, 999999999, %s, 'standing-x', %s,"
        " 'messaging.WarningReceived', %s, 'RuntimeError') RETURNING position",
        (school.school_id, event, [line.parent.person_id]),
    )
    try:
        waits = refused(head.decide(case, "uphold", "It was unkind"))
        assert (waits.status, waits.code) == (503, "CASE_WAITS")
        assert refused(head.decide_about(line.parent.person_id, "remove", "I would")).code == "CASE_WAITS"
        [alert] = [item for item in went(head.alerts())["items"] if item["kind"] == "waiting"]
        assert (alert["guardian_id"], alert["case_id"]) == (str(line.parent.person_id), None)
        went(head.decide(a_line(school, 1, 5).misuse(), "dismiss", "About somebody else"))
    finally:
        bench.ask("moderation", "DELETE FROM parked_event WHERE event_id = %s RETURNING position", (event,))
    went(head.decide(case, "uphold", "It was unkind"))


def test_lists_are_paged(school: School):
    line, head = a_line(school, 1, 5), school.head
    made = {str(line.misuse()) for _ in range(3)}

    def pages(path: str, name: str) -> list[str]:
        found: list[str] = []
        after: str | None = None
        while True:
            params = {"limit": "2"} | ({"after": after} if after else {})
            answer = school.bookbag.send("GET", path, head.token, params=params)
            page = went(answer).json()
            assert len(page["items"]) <= 2
            found += [item[name] for item in page["items"]]
            after = page["next"]
            if after is None:
                return found

    for path, name in (
        ("/v1/moderation/alerts", "case_id"),
        ("/v1/moderation/cases", "case_id"),
        ("/v1/safeguarding/records", "case_id"),
    ):
        found = pages(path, name)
        assert made <= set(found)
        assert len(found) == len(set(found))
    assert pages("/v1/moderation/alerts", "alert_id") == items(head.alerts(), "alert_id")
    wrong = school.bookbag.send("GET", "/v1/moderation/alerts", head.token, params={"after": "WzEsIngiXQ"})
    assert refused(wrong).code == "BAD_CURSOR"


def test_a_message_is_known_by_author_and_audience_and_not_by_what_it_says(school: School):
    line = a_line(school, 1, 5)
    message = line.says("Canary-words-5189")
    answer = went(school.bookbag.send("GET", f"/v1/moderation/items/{message}", lead(school).token)).json()
    assert (answer["kind"], answer["author"]["person_id"]) == ("message", str(line.parent.person_id))
    assert answer["audience"]["pupil_id"] == str(line.pupil_id)
    assert "5189" not in str(answer)
    assert (
        refused(school.bookbag.send("GET", f"/v1/moderation/items/{message}", line.teacher.token)).code == "NOT_FOUND"
    )


def test_S16_nothing_of_a_case_stands_in_a_log_line_or_in_the_logs_of_events(bench: Bench, school: School):
    a_line(school, 1, 5).misuse()
    written = bench.logs()
    for service in ("messaging", "moderation"):
        written += "\n".join(str(row[0]) for row in bench.ask(service, "SELECT data::text FROM log_event"))
    assert [canary for canary in ("Canary-words", "Canary-note", "It was unkind") if canary in written] == []


def test_whatever_was_decided_here_the_logs_are_whole(bench: Bench):
    assert bench.faults() == []


def test_S75_no_position_that_is_tried_out_tells_a_guardian_that_something_was_flagged(school: School, bench: Bench):
    """Up to the head of moderation's log and beyond it the answer is the same, and none of them waits."""
    line = a_line(school, 2, 7)
    head = bench.heads()["moderation"]
    answers = {
        line.parent.bookbag.client.get(
            path,
            headers={"Authorization": f"Bearer {line.parent.token}", "Bookbag-Position": f"moderation.1.{position}"},
        ).status_code
        for path in ("/v1/conversations", "/v1/me", "/v1/me/standing")
        for position in (1, head, head + 1, head + 1000, 999_999_999_999)
        if position
    }
    assert answers == {200}
