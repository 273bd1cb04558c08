"""Two workers of a service, and so two relays: one is stopped in the middle of its work, and the other takes over.

A process that stands still keeps its connections, and with them its locks: the row of a cursor, the lock of a
partition, the lock by which a relay is elected, the place of the active consumer. Time-outs of the database free all
but the last, which is a convenience, and the row of one that stopped while it sent a batch: to PostgreSQL it is at
work, and it is the other worker that ends its session (decision 25).
"""

import random
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from uuid import UUID, uuid5

from shared.testing.driver import Refused
from tests.faults.invariants import holds
from tests.faults.more_processes import another, is_frozen
from tests.faults.test_restored import Conversation, until_answered
from tests.installation import Bench, School, went

POINTS = (
    ("moderation.worker", "reaction.effects_applied"),
    ("moderation.worker", "projection.effects_sent"),
    ("moderation.worker", "projection.effects_applied"),
    ("moderation.worker", "reaction.committed"),
    ("moderation.worker", "subscription.applied"),
    ("moderation.worker", "relay.published"),
    ("messaging.worker", "relay.published"),
    ("messaging.worker", "projection.effects_sent"),
    ("messaging.worker", "projection.effects_applied"),
    ("messaging.worker", "subscription.applied"),
)
WITHIN = 60.0
"""Seconds after which a test gives up. A relay is followed after 12 s, an open transaction after 2 s, one in the midst
of whose statements its client stopped after two waits of 5 s."""
LOOK = 0.1
MOST = 40
"""Messages that are sent, at most, until both workers have come to their points."""


def until(found: Callable[[], bool], bench: Bench, what: str) -> None:
    """Returns as soon as it is so; a launcher that gave up ends the wait at once."""
    ends = time.monotonic() + WITHIN
    while not found():
        assert time.monotonic() < ends, f"never so: {what}"
        assert not bench.it.servers.supervisor.failed.wait(LOOK), bench.it.servers.supervisor.failure


@contextmanager
def frozen(bench: Bench, talk: Conversation, points: Sequence[tuple[str, str]]) -> Iterator[list[UUID]]:
    """Messages are sent and flagged until each process has frozen itself at its point; those that were flagged."""

    def all_came() -> bool:
        return all(bench.has_crashed(process) for process, _ in points)

    for process, point in points:
        bench.freeze_at(process, point)
    flagged: list[UUID] = []
    try:
        while not all_came() and len(flagged) < MOST:
            talk.say()
            flagged.append(talk.flag())
        # One may have to be followed before anything brings the other to its point.
        until(all_came, bench, f"each comes to its point, of {points}")
        for process, _ in points:
            until(partial(is_frozen, bench.it.servers.supervisor.pid(process)), bench, f"{process} stands still")
        yield flagged
        for process, point in points:
            assert is_frozen(bench.it.servers.supervisor.pid(process)), f"{process} did not stand still at {point}"
    finally:
        for process, _ in points:
            bench.never_mind(process)
            bench.it.signal(process, signal.SIGCONT)


def published(bench: Bench, service: str) -> bool:
    [(head,)] = bench.ask(service, "SELECT position FROM log_head WHERE partition = 1")
    return bench.ask(service, "SELECT position FROM relay_progress WHERE partition = 1") == [(head,)]


def cases(bench: Bench, messages: Sequence[UUID]) -> list[UUID]:
    rows = bench.ask("moderation", "SELECT message_id FROM flagged_case WHERE message_id = ANY(%s)", (list(messages),))
    return [row[0] for row in rows]


def decided(school: School, message: UUID) -> None:
    case = uuid5(message, "conduct")
    until_answered(partial(school.head.decide, case, "uphold", "Read with care"))


def is_warned(talk: Conversation) -> bool:
    answer = talk.guardian.my_standing()
    return not isinstance(answer, Refused) and answer["state"] == "warned"


def has_heard_of_the_warning(bench: Bench, talk: Conversation) -> bool:
    """Before messaging has, there is nothing that the guardian could say they have read."""
    asked = "SELECT count(*) FROM log_event WHERE type = 'messaging.WarningRecorded' AND data->>'guardian_id' = %s"
    return bench.ask("messaging", asked, (str(talk.guardian.person_id),)) == [(1,)]


def one_stands_still(bench: Bench, school: School, talk: Conversation, points: Sequence[tuple[str, str]]) -> None:
    """The scenario. What each of the two services is to do is done while one of its workers stands still."""
    with ExitStack() as stack:
        seconds = [stack.enter_context(another(bench, name)) for name in ("messaging.worker", "moderation.worker")]
        with frozen(bench, talk, points) as flagged:
            until(lambda: sorted(cases(bench, flagged)) == sorted(flagged), bench, "every flag has its case")
            decided(school, flagged[0])
            until(partial(is_warned, talk), bench, "the guardian is warned")
            until(partial(has_heard_of_the_warning, bench, talk), bench, "messaging has heard of it")
            until(partial(published, bench, "messaging"), bench, "messaging's log is published")
            until(partial(published, bench, "moderation"), bench, "moderation's log is published")
        went(talk.guardian.receive_warning(went(talk.guardian.my_standing())["warning"]["warning_id"]))
        for second in seconds:
            second.stop()
        talk.say()
        flagged.append(talk.flag())
        until(lambda: sorted(cases(bench, flagged)) == sorted(flagged), bench, "the first goes on alone")
    holds(bench)


def a_pair_of_points(seed: int) -> list[tuple[str, str]]:
    """One point of each of the two services."""
    chance = random.Random(seed)  # noqa: S311 - it makes histories, not secrets
    services = ("moderation.worker", "messaging.worker")
    return [chance.choice([point for point in POINTS if point[0] == service]) for service in services]
