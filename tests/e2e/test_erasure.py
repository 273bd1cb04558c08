"""A family is erased: no text of theirs is left anywhere, what must be kept is kept, and the proof says both."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from deploy.operator.erasing import owners_of, pending
from deploy.services import SERVICES
from shared.privacy.keystore import Eraser
from shared.runtime.database import open_pool
from shared.testing.driver import Bookbag, Session
from shared.testing.school import zipped
from tests.canary_school import canary_files, canary_school, logs_with_token, tables_with_token
from tests.installation import Bench, School, refused, went
from tests.pictures import telling

TOKEN = "Canary8862"
"""In every name, login and text of the family that is to be forgotten."""
OF_NOBODY = "Swimming is on Monday."
KEPT = "Keepsake5501 worries me"
"""In the one message that a safeguarding record was opened for."""


@dataclass(frozen=True, slots=True)
class Family:
    school: School
    pupil: Session
    guardians: list[Session]
    record: UUID
    story: UUID
    picture: UUID
    other_story: UUID

    @property
    def ids(self) -> set[str]:
        return {str(one.person_id) for one in (self.pupil, *self.guardians)}

    @property
    def office(self) -> Session:
        return self.school.as_(self.school.people.office, "staff")

    @property
    def lead(self) -> Session:
        return self.school.as_(self.school.people.safeguarding_lead, "staff")


@pytest.fixture(scope="module")
def family(bookbag: Bookbag, operator: Session) -> Family:
    """A child and two parents with names, points, notes, a story and messages, one of them a worry about the child."""
    school = canary_school(bookbag, operator, "forget-me-lane", seed=37, token=TOKEN)
    went(operator.appoint(school.people.safeguarding_lead.login, "safeguarding_lead", school.school_id))
    child, teacher, pupil = school.people.pupil(1, 1), school.teacher(1), school.pupil(1, 1)
    guardians = [school.as_(adult, "guardian") for adult in school.people.guardians_of(child)]
    behaviour = school.a_behaviour("Was kind")
    noted = went(teacher.award(pupil.person_id, behaviour, points=2, note=f"{TOKEN} shared"))
    went(teacher.award(pupil.person_id, behaviour, note=f"{TOKEN} helped"))
    went(teacher.revoke(noted.id, f"{TOKEN} did not share"))
    conversation = went(guardians[0].open_conversation(pupil.person_id)).id
    went(guardians[0].send(conversation, f"{TOKEN} was up half the night"))
    went(teacher.send(conversation, f"Then {TOKEN} may rest"))
    worry = went(guardians[0].send(conversation, KEPT)).id
    went(teacher.flag(worry, track="child_concern", category="neglect", note="As it reads."))
    lead = school.as_(school.people.safeguarding_lead, "staff")
    [record] = went(lead.records())["items"]
    story, picture, other_story = a_story_of(school, pupil, guardians[0])
    return Family(school, pupil, guardians, UUID(record["record_id"]), story, picture, other_story)


def a_story_of(school: School, pupil: Session, guardian: Session) -> tuple[UUID, UUID, UUID]:
    """A story that names the child, its picture of them, and a story about nobody."""
    teacher = school.teacher(1)
    for kind in ("photo", "message"):
        went(guardian.answer_sharing(pupil.person_id, kind, allowed=True))
    class_id = went(teacher.me())["classes"][0]["class_id"]
    went(teacher.acknowledge_sharing_list(class_id, went(teacher.sharing_list(class_id))["list_version"]))
    picture = went(teacher.upload_picture(telling("JPEG"))).id
    shown = [{"media_id": str(picture), "shows": [str(pupil.person_id)]}]
    story = went(teacher.post_story(class_id, f"{TOKEN} saw a frog", names=[pupil.person_id], pictures=shown)).id
    assert went(teacher.story(story))["text"] == f"{TOKEN} saw a frog"
    assert went(teacher.picture(picture))
    return story, picture, went(teacher.post_story(class_id, OF_NOBODY)).id


@dataclass(frozen=True, slots=True)
class Erased:
    """How the family was erased, and what the operator's command said."""

    family: Family
    before: dict[str, list[str]]
    listed: str
    said: str
    certificates: dict[str, Path]

    def certificate(self, of: Session) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.certificates[str(of.person_id)].read_text())["certificate"]
        return found


@pytest.fixture(scope="module")
def erased(bench: Bench, family: Family) -> Erased:
    before = {service: tables_with_token(bench, service, TOKEN) for service in SERVICES}
    asker = family.guardians[0]
    went(asker.ask_for_erasure(asker.person_id))
    for guardian in family.guardians:
        went(guardian.ask_for_erasure(family.pupil.person_id))
    for person in (family.pupil, *family.guardians):
        went(family.office.decide_erasure(person.person_id))
    listed = bench.operate("erase", family.school.slug, "--list").stdout
    done = bench.operate("erase", family.school.slug)
    assert done.returncode == 0, done.stdout + done.stderr
    certificates = {
        json.loads(path.read_text())["certificate"]["subject_id"]: path
        for path in bench.config.certificates.glob("*.json")
    }
    return Erased(family, before, listed, done.stdout + done.stderr, certificates)


def left(bench: Bench) -> dict[str, list[str]]:
    """The tables in which a word of the family stands, by service."""
    found = {service: tables_with_token(bench, service, TOKEN) for service in SERVICES}
    return {service: tables for service, tables in found.items() if tables}


def test_S20_only_the_office_decides_and_nobody_asks_for_another_family(family: Family):
    stranger = family.school.guardian_of(family.school.people.pupil(2, 3))
    answer = refused(stranger.ask_for_erasure(family.pupil.person_id))
    assert (answer.status, answer.code) == (404, "NOT_FOUND")
    answer = refused(family.school.teacher(1).decide_erasure(family.pupil.person_id))
    assert (answer.status, answer.code, answer.clause) == (403, "OFFICE_ONLY", "S20")
    refused(family.guardians[0].decide_erasure(family.pupil.person_id))
    teacher = family.school.teacher(2)
    assert refused(family.office.decide_erasure(teacher.person_id)).code == "WORKS_HERE"


def test_S20_S16_each_parent_who_asks_reads_their_own_request_and_nothing_of_the_other_s(family: Family):
    """Two adults of a child may be estranged: neither learns that the other asked."""
    child = next(one for one in family.school.people.class_(2).pupils[3:] if len(one.adults) > 1)
    pupil = family.school.as_(child, "pupil").person_id
    first, second = (family.school.as_(one, "guardian") for one in family.school.people.guardians_of(child))
    asked = went(first.ask_for_erasure(pupil))
    alone = went(first.erasure(asked.id))
    assert refused(second.erasure(asked.id)).code == "NOT_FOUND"
    also_asked = went(second.ask_for_erasure(pupil))
    assert (also_asked.status, also_asked.location) == (asked.status, asked.location)
    [own] = went(second.erasure(asked.id))["requests"]
    assert own["person_id"] == str(second.person_id)
    assert went(second.erasure(asked.id))["requested_at"] == own["requested_at"] > alone["requested_at"]
    assert went(first.ask_for_erasure(pupil)) == asked
    assert went(first.erasure(asked.id)) == alone


def test_S18_after_an_erasure_no_word_of_the_family_is_in_any_table_log_or_event(bench: Bench, erased: Erased):
    assert {service for service, tables in erased.before.items() if tables} >= {
        "identity",
        "points",
        "stories",
        "messaging",
    }
    assert left(bench) == {}
    assert logs_with_token(bench, TOKEN) == []
    assert TOKEN.casefold() not in erased.said.casefold()


@pytest.mark.usefixtures("erased")
def test_S18_every_log_is_whole_and_a_rebuild_brings_nothing_back(bench: Bench):
    assert bench.operate("verify").returncode == 0
    for service in SERVICES:
        done = bench.operate("rebuild", service)
        assert done.returncode == 0, done.stdout + done.stderr
    assert left(bench) == {}
    assert json.loads(bench.operate("parked", "--json").stdout) == []


def test_S18_a_story_that_named_the_child_and_their_picture_are_gone_and_other_stories_stay(erased: Erased):
    family, teacher = erased.family, erased.family.school.teacher(1)
    assert TOKEN not in str(teacher.story(family.story))
    assert refused(teacher.picture(family.picture)).code == "NOT_FOUND"
    assert went(teacher.story(family.other_story))["text"] == OF_NOBODY


def test_S20_T1_the_safeguarding_record_stays_readable_for_the_safeguarding_lead(erased: Erased):
    family = erased.family
    record = went(family.lead.record(family.record))
    assert record["copy"] == KEPT
    refused(family.office.record(family.record))


def test_S18_the_family_has_left_and_signs_in_no_more(erased: Erased):
    family = erased.family
    for session in (family.pupil, *family.guardians):
        assert refused(session.me()).code == "NOT_SIGNED_IN"
    named = family.school.people.guardians_of(family.school.people.pupil(1, 1))[0]
    refused(family.school.operator.one_time_code(family.school.slug, named.login))
    class_id = went(family.school.teacher(1).me())["classes"][0]["class_id"]
    pupils = {one["pupil_id"] for one in went(family.school.teacher(1).class_with_pupils(class_id))["pupils"]}
    assert len(pupils) > 1
    assert str(family.pupil.person_id) not in pupils


def test_S20_the_office_reads_what_is_erased_what_is_kept_and_why(erased: Erased):
    items = {one["subject_id"]: one for one in went(erased.family.office.erasures())["items"]}
    for one in (items[person] for person in erased.family.ids):
        assert one["decided_at"] <= one["carried_out_at"]
        assert {kept["category"] for kept in one["kept"]} == {"safeguarding", "conduct", "flagged-copy"}
        assert all("Article 17(3)" in kept["exemption"] and "ICO" in kept["detail"] for kept in one["kept"])
        assert set(one["erased"]).isdisjoint({"safeguarding", "conduct", "flagged-copy"})
    asked = items[str(erased.family.pupil.person_id)]["requests"]
    assert [one["person_id"] for one in asked] == [str(one.person_id) for one in erased.family.guardians]


def test_S18_the_certificate_says_what_was_destroyed_and_when_the_last_backup_is_gone(erased: Erased):
    family = erased.family
    of_pupil = erased.certificate(family.pupil)
    keys = {(one["service"], one["category"]): one["keys"] for one in of_pupil["erased"]}
    # Two notes and the reason of a correction; one conversation; the child's own particulars.
    assert keys == {
        ("identity", "pupil-particulars"): 1,
        ("points", "points-note"): 3,
        ("stories", "story"): 1,
        ("stories", "media"): 1,
        ("messaging", "message"): 1,
    }
    assert set(of_pupil["logs"]) == set(SERVICES)
    assert {"identity.roster", "messaging.messages", "points.pupil_points", "stories.stories"} <= set(
        of_pupil["read_models"]
    )
    in_30_days = (datetime.now(UTC) + timedelta(days=30)).date()
    assert of_pupil["backups_expire_on"] in {in_30_days.isoformat(), (in_30_days - timedelta(days=1)).isoformat()}
    [other] = [family.guardians[1]]
    assert {(one["service"], one["category"]) for one in erased.certificate(other)["erased"]} == {
        ("identity", "adult-particulars")
    }


def test_S20_T1_the_certificate_does_not_tell_whether_there_is_a_safeguarding_record(erased: Erased):
    """The first parent's message opened one, the second parent has none."""
    first, second = (erased.certificate(one)["kept"] for one in erased.family.guardians)
    assert first == second
    assert str(erased.family.record) not in json.dumps(erased.certificate(erased.family.guardians[0]))


def test_S18_a_certificate_is_this_installation_s_and_an_altered_one_is_nobody_s(
    bench: Bench, erased: Erased, tmp_path: Path
):
    path = erased.certificates[str(erased.family.pupil.person_id)]
    assert bench.operate("check", str(path)).returncode == 0
    altered = tmp_path / "altered.json"
    altered.write_text(path.read_text().replace('"keys": 3', '"keys": 4'))
    assert bench.operate("check", str(altered)).returncode == 1
    [proof] = bench.ask(
        "identity",
        "SELECT data->>'proof' FROM log_event WHERE type = 'identity.PersonalDataErased' AND data->>'subject_id' = %s",
        (str(erased.family.pupil.person_id),),
    )
    assert f"SHA-256 {proof[0]}" in erased.said


def test_S18_what_is_carried_out_waits_no_more_and_is_not_done_twice(bench: Bench, erased: Erased):
    assert all(person in erased.listed for person in erased.family.ids)
    heads = bench.heads()
    again = bench.operate("erase", erased.family.school.slug)
    assert (again.returncode, again.stdout) == (0, "Nothing is decided that is not carried out.\n")
    assert bench.heads() == heads
    assert refused(erased.family.office.decide_erasure(erased.family.pupil.person_id)).code == "ERASED_BEFORE"


def test_S18_an_erasure_that_was_interrupted_is_carried_out_by_the_next_run_and_certifies_the_same(
    bench: Bench, erased: Erased
):
    school = erased.family.school
    pupil = school.pupil(2, 1).person_id
    none = bench.operate("erase", school.slug, str(pupil))
    assert (none.returncode, none.stdout) == (1, "Nothing is decided that is not carried out.\n")
    went(erased.family.office.decide_erasure(pupil, "left_school"))
    [waits] = [one for one in pending(bench.config) if one.subject_id == pupil]
    [owner] = [owner for found in owners_of(bench.config, waits).values() for owner in found]
    with open_pool(bench.config.server("passfile.owner"), database="bookbag_keys", role="keys_eraser", max_size=1) as p:
        assert Eraser(p).destroy([owner], datetime.now(UTC)) == 1
    done = bench.operate("erase", school.slug, str(pupil))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "pupil-particulars, kept by identity: 1" in done.stdout
    assert pending(bench.config) == []


def test_S20_the_next_roster_leaves_the_family_out_says_so_and_brings_the_others_in(bench: Bench, erased: Erased):
    school = erased.family.school
    brought = went(school.operator.import_roster(zipped(canary_files(school.people, TOKEN)), school.school_id))
    answer = school.bookbag.send("GET", f"/v1/roster-imports/{brought.id}", erased.family.office.token)
    receipt = went(answer).json()
    assert {one["person_id"] for one in receipt["left_out"]} >= erased.family.ids
    assert {(one["code"], one["clause"]) for one in receipt["left_out"]} == {("ERASED_BEFORE", "S20")}
    went(school.teacher(1).me())
    assert left(bench) == {}
