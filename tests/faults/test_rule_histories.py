"""S73, S74 through real processes: two hundred histories while events come twice and late and processes are killed."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import UUID

import psycopg
import pytest
from psycopg.rows import TupleRow

from deploy.local.folders import ROOT
from deploy.local.ports import Ports
from deploy.local.program import CHILD
from shared.testing.driver import Bookbag, Session
from shared.testing.school import invented_school
from tests.faults.rule_histories import History, guardians_of, settle
from tests.installation import Bench, School, patiently, went
from tests.oracle.logs import Logs, differences, read_logs
from tests.oracle.one_warning import answer_to_sending

HISTORIES = 200
STEPS = 26
CLIENTS = 6


@pytest.fixture(scope="module")
def school(bookbag: Bookbag, operator: Session) -> School:
    people = invented_school(seed=73, classes=5, pupils_per_class=26, on=datetime.now(UTC).date())
    school_id = went(operator.register_school("histories", people.name)).id
    patiently(operator.import_roster, people.zip(), school_id)
    patiently(operator.appoint, people.deputy.login, "deputy_headteacher", school_id)
    return School(bookbag, operator, "histories", school_id, people)


@contextmanager
def second_worker(bench: Bench, name: str) -> Iterator[None]:
    """Another worker of a service beside the launcher's, with a port of its own."""
    told = bench.it.state["processes"][name]
    service = name.partition(".")[0]
    # As every child of the launcher: it goes when this process does.
    stub = [sys.executable, "-I", "-S", str(CHILD), str(os.getpid()), str(int(signal.SIGKILL)), "-1", "-1"]
    with (bench.it.run_dir / f"second.{name}.log").open("wb") as log:
        process = subprocess.Popen(
            [*stub, sys.executable, "-m", f"services.{service}", "worker"],
            cwd=ROOT,
            env={**told["env"], "BOOKBAG_HTTP_PORT": str(Ports().take())},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=60)


@pytest.mark.timeout(900)
def test_S73_two_hundred_histories_come_out_as_the_policy_says(bench: Bench, school: School):
    # One history a guardian.
    about = guardians_of(school)[:HISTORIES]
    assert len(about) == HISTORIES
    watchers: dict[str, psycopg.Connection[TupleRow]] = {}
    done, one_at_a_time = threading.Semaphore(0), threading.Lock()

    def head_of(service: str) -> int:
        with one_at_a_time:
            row = watchers[service].execute("SELECT coalesce(max(position), 0) FROM log_head").fetchone()
        return 0 if row is None else int(row[0])

    def play(seed: int) -> tuple[UUID, History]:
        guardian, class_no = about[seed]
        history = History(
            school=school,
            guardian=guardian,
            class_no=class_no,
            seed=seed,
            head_of=head_of,
        )
        try:
            return history.play(STEPS), history
        finally:
            done.release()

    with (
        bench.connected("messaging") as messaging,
        bench.connected("moderation") as moderation,
        second_worker(bench, "moderation.worker"),
        ThreadPoolExecutor(CLIENTS) as clients,
    ):
        watchers |= {"messaging": messaging, "moderation": moderation}
        playing = [clients.submit(play, seed) for seed in range(HISTORIES)]
        for victim in ("moderation.worker", "broker", "messaging.worker", "moderation.worker"):
            for _ in range(HISTORIES // 5):
                done.acquire()
            bench.it.kill(victim)
        played = dict(future.result() for future in playing)
        bench.it.wait_ready()
        settle(bench, school.head)
    logs = read_logs(bench.ask, school.school_id)
    wrong = [line for person_id, history in played.items() for line in wrong_with(str(person_id), history, logs)]
    assert not wrong, wrong
    assert bench.faults() == []
    removed = [acts for acts in logs.acts.values() if any(what == "removed" for what, _, _ in acts)]
    assert len(removed) >= 10, "the histories hold too little to try the rule on"


def wrong_with(guardian: str, history: History, logs: Logs) -> list[str]:
    """Where the product and the policy part ways."""
    wrong = [f"history {history.seed}: {line}" for line in differences(logs, guardian)]
    wrong += [
        f"history {history.seed}: a send was answered {answered}"
        for before, after, moderation_after, answered in history.sends
        if answered not in possible_answers(guardian, logs, before, after, moderation_after)
    ]
    return wrong


def possible_answers(guardian: str, logs: Logs, before: int, after: int, moderation_after: int) -> set[str]:
    """What the policy allows for a send that was decided somewhere between two heads of messaging's log.

    Whom moderation has removed is turned away before messaging has heard of it, and for a moment after a reinstatement.
    """
    if logs.first_removed.get(guardian, moderation_after + 1) <= moderation_after:
        return {"REMOVED", *possible_answers(guardian, logs, before, after, 0)}
    return {answer_to_sending(guardian, logs.said_up_to(position)) for position in range(before, after + 1)}
