"""A service's database is restored to an older moment: whoever had taken more of its log finds out and says so.

Nobody goes on by themselves: what was lost, and what of it others have acted on, is for an operator to say.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from importlib import import_module
from typing import Any
from uuid import UUID

import pytest

from deploy.operator.parked import consumers_of
from deploy.operator.status import Standing, standings
from deploy.operator.verify import verify_service
from deploy.services import SERVICES
from shared.log.verify import Fault
from shared.testing.driver import Refused, Session, Wrote
from tests.canary_school import canary_school, tables_with_token
from tests.faults.backups import backup, restore
from tests.faults.invariants import holds, wait_until_quiet
from tests.installation import Bench, School, went

SOURCE = "messaging"
TOKEN = "Canary9067"
"""Of this module alone: what else is in the installation has its own."""
LOST = 5
"""Messages that the restore loses; a flag on the last of them is lost too."""
LOOKS = 2
"""How often a consumer has looked at the log, and seen that it is another, before anything is compared."""
PATIENCE = 60.0
GOES_ON = 60

Taken = dict[tuple[str, str], list[tuple[Any, ...]]]


@dataclass(slots=True)
class Conversation:
    """A guardian's word with a class teacher; each step is asked for until it is answered."""

    guardian: Session
    teacher: Session
    conversation: UUID
    messages: list[UUID] = field(default_factory=list)

    def say(self, times: int = 1) -> None:
        for number in range(times):
            self.messages.append(until_answered(partial(self.guardian.send, self.conversation, f"Word {number}")).id)

    def flag(self) -> UUID:
        until_answered(partial(self.teacher.flag, self.messages[-1], note="As it reads"))
        return self.messages[-1]


def until_answered(do: Callable[[], Wrote | Refused]) -> Wrote:
    """As a client app that asks again while a database is being looked after."""
    answer: Wrote | Refused | None = None
    for _ in range(GOES_ON):
        answer = do()
        if isinstance(answer, Wrote):
            return answer
        assert answer.status in {0, 502, 503, 504}, f"{answer.status} {answer.code}"
    raise AssertionError(f"no answer: {answer}")


def a_conversation(school: School, number: int = 1) -> Conversation:
    """Through client apps that remember nothing: positions that they were told are lost with the log."""
    pupil = school.pupil(1, number)
    family, teacher = school.guardian_of(school.people.pupil(1, number)), school.teacher(1)
    mine = went(family.open_conversation(pupil.person_id)).id
    forgetful = school.bookbag.forgetful()
    return Conversation(replace(family, bookbag=forgetful), replace(teacher, bookbag=forgetful), mine)


def followers(source: str) -> list[tuple[str, str]]:
    """(Service, consumer) of all that follow another service's log."""
    return sorted(
        (service, consumer.consumer)
        for service in SERVICES
        for consumer in consumers_of(service)
        if service != source == consumer.source
    )


def taken(bench: Bench, source: str) -> Taken:
    """Where those stand, and every row of their read models."""
    found: Taken = {}
    for service, name in followers(source):
        cursor = "SELECT partition, position, hash FROM projection_cursor WHERE consumer = %s AND source = %s"
        found[service, name] = bench.ask(service, cursor, (name, source))
        for projection in import_module(f"services.{service}.projections").PROJECTIONS:
            for table in projection.physical().values() if projection.consumer == name else ():
                found[service, table] = bench.ask(service, f'SELECT t::text FROM "{table}" t ORDER BY 1')
    return found


def diverged(bench: Bench) -> list[Standing]:
    return [one for one in standings(bench.config) if one.diverged]


def alarms(bench: Bench, service: str) -> dict[str, float]:
    """Consumer -> how often it has found its source's log to be another one, as its metrics tell."""
    found: dict[str, float] = {}
    for line in bench.metrics(f"{service}.worker").splitlines():
        name, _, number = line.rpartition(" ")
        if name.startswith("bookbag_projection_failures_total") and 'why="diverged"' in name:
            found[name.partition('projection="')[2].partition('"')[0]] = float(number)
    return found


def everybody_has_looked(bench: Bench, names: Sequence[tuple[str, str]]) -> None:
    """Returns when each of these consumers has raised the alarm again."""
    before = {service: alarms(bench, service) for service in {service for service, _ in names}}
    ends = time.monotonic() + PATIENCE
    left = list(names)
    while left:
        assert time.monotonic() < ends, f"no alarm of {left}"
        now = {service: alarms(bench, service) for service in before}
        left = [
            (service, name)
            for service, name in names
            if now[service].get(_plain(name), 0) < before[service].get(_plain(name), 0) + LOOKS
        ]


def _plain(consumer: str) -> str:
    """A read model's name without its version."""
    name, _, version = consumer.rpartition("_v")
    return name if version.isdigit() else consumer


def faults_of(bench: Bench, service: str) -> list[Fault]:
    return verify_service(bench.config, service, lambda _at, _head: None)


def head(bench: Bench, service: str) -> int:
    return int(bench.ask(service, "SELECT position FROM log_head WHERE partition = 1")[0][0])


def found_out(bench: Bench, lost: "Lost") -> None:
    """Each consumer has raised its alarm, is shown to have diverged, and has taken and changed nothing."""
    everybody_has_looked(bench, lost.names)
    assert sorted((one.service, one.name) for one in diverged(bench)) == lost.names
    assert taken(bench, SOURCE) == lost.before


@dataclass(frozen=True, slots=True)
class Lost:
    """What a service's log has lost, as the others remember it.

    Attributes:
        fork: the last position that is still as it was.
        furthest: how far the others have come, all of them.
        flagged: a message that was lost after others had acted on a flag of it.
    """

    fork: int
    furthest: int
    flagged: UUID
    names: Sequence[tuple[str, str]]
    before: Taken


def to_be_lost(bench: Bench, talk: Conversation) -> Lost:
    """Messages and a flag that the others have taken, and that the service is about to lose.

    Checkpoints are signed just before: one of what is lost would, rightly, never be satisfied again (decision 23).
    """
    fork = head(bench, SOURCE)
    talk.say(LOST)
    flagged = talk.flag()
    wait_until_quiet(bench)
    names, furthest = followers(SOURCE), head(bench, SOURCE)
    assert names
    assert furthest == fork + LOST + 1
    return Lost(fork, furthest, flagged, names, taken(bench, SOURCE))


def restored_to_an_older_moment(bench: Bench, school: School) -> None:
    """The scenario, from a whole installation to a whole installation."""
    talk = a_conversation(school)
    talk.say(2)
    wait_until_quiet(bench)
    assert bench.operate("checkpoints", "--now").returncode == 0
    older = backup(bench, SOURCE)
    lost = to_be_lost(bench, talk)
    restore(bench, SOURCE, older)
    is_found_out(bench, talk, lost)
    is_put_right(bench, talk, lost)


def is_found_out(bench: Bench, talk: Conversation, lost: Lost) -> None:
    """At once, and also once new events stand where the lost ones stood: by the hash that each cursor keeps."""
    assert head(bench, SOURCE) == lost.fork
    found_out(bench, lost)
    [fault] = faults_of(bench, SOURCE)
    assert (fault.position, "remembers position" in fault.what) == (lost.fork + 1, True)
    said = bench.operate("verify")
    assert said.returncode == 1
    assert f"{SOURCE}: partition 1, position {lost.fork + 1}: cut off" in said.stdout.replace("\n", " ")
    told = [line.split("\t") for line in bench.operate("status").stdout.splitlines()]
    assert sorted((row[0], row[1]) for row in told if row[-1] == "diverged") == lost.names

    # The service knows of nothing and goes on: up to where the others stand, to that place itself, and beyond it.
    talk.messages.clear()
    for until in (lost.furthest - 1, lost.furthest, lost.furthest + 2):
        talk.say(until - head(bench, SOURCE))
        found_out(bench, lost)
    [fault] = faults_of(bench, SOURCE)
    assert (fault.position, "remembers another event" in fault.what) == (lost.furthest, True)


def is_put_right(bench: Bench, talk: Conversation, lost: Lost) -> None:
    """By what an operator says, and by nothing else."""
    # A rebuild would hide it: it is refused. So is going on from a place that nobody has named.
    refused = bench.operate("rebuild", lost.names[0][0])
    assert (refused.returncode, "does not continue" in refused.stdout) == (2, True), refused.stderr
    unnamed = bench.operate("restored", SOURCE)
    assert (unnamed.returncode, "--at 1.POSITION" in unnamed.stdout) == (2, True), unnamed.stderr
    assert taken(bench, SOURCE) == lost.before

    done = bench.operate("restored", SOURCE, "--at", f"1.{lost.fork}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert diverged(bench) == []
    new = talk.flag()
    holds(bench)
    assert bench.operate("verify").returncode == 0
    asked = "SELECT message_id FROM flagged_case WHERE message_id = ANY(%s)"
    found = {row[0] for row in bench.ask("moderation", asked, ([lost.flagged, new],))}
    assert found == {lost.flagged, new}, "what was recorded of the lost flag stays, and flags go on"


@pytest.mark.timeout(600)
def test_after_a_restore_to_an_older_moment_all_who_knew_more_stand_still_and_say_so_until_an_operator_decides(
    bench: Bench, school: School
):
    restored_to_an_older_moment(bench, school)


@pytest.mark.timeout(600)
def test_S18_what_was_erased_since_the_backup_is_not_shown_again_after_a_restore(bench: Bench, school: School):
    """The backup's read models have it in plain text, and every key of it is gone."""
    families = canary_school(school.bookbag, school.operator, "foxholes-restored", 47, TOKEN)
    child = families.people.pupil(1, 1)
    adults = [families.guardian_of(child, number) for number in range(len(families.people.guardians_of(child)))]
    mine = went(adults[0].open_conversation(families.pupil(1, 1).person_id)).id
    went(adults[0].send(mine, f"{TOKEN} was up half the night"))
    wait_until_quiet(bench)
    older = backup(bench, SOURCE)
    for person in (families.pupil(1, 1), *adults):
        went(families.head.decide_erasure(person.person_id))
    erased = bench.operate("erase", families.slug)
    assert erased.returncode == 0, erased.stdout + erased.stderr
    assert tables_with_token(bench, SOURCE, TOKEN) == []

    restore(bench, SOURCE, older)
    assert tables_with_token(bench, SOURCE, TOKEN), "the backup had it"
    done = bench.operate("restored", SOURCE)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{SOURCE}.messages: built anew" in done.stdout
    assert tables_with_token(bench, SOURCE, TOKEN) == []
    read = went(families.teacher(1).messages(mine))["items"]
    assert [one["text"] for one in read] == [None]
