"""A storm at the broker: everything again, late and in any order, among what is poison, malformed, forged and misled.

Every log of the installation is published again while clients write. Queues are only a hint: each consumer of each
service takes every event once and in order, and reads as the oracle has it.
"""

import hmac
import random
from base64 import b64decode
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from uuid import UUID

import amqp
import pytest
from amqp.basic_message import Message

from deploy.services import SERVICES
from shared.bus.messages import HEADER, bus_key, written
from shared.bus.topology import EXCHANGE, routing_key
from shared.events.envelope import Envelope, chain_hash
from shared.log import read
from shared.testing.driver import Bookbag, Session
from tests.faults.invariants import holds
from tests.faults.test_restored import Conversation, a_conversation, until_answered
from tests.installation import Bench, School, a_school
from tests.integration.line import forged

SEED = 47
ROUNDS = 3
"""How often all of it comes again."""
MOST = 1500
"""Events that come again in a round: of more, that many by chance."""
MIXED_IN = 4
"""One in so many messages is no event that may be taken."""
AGAIN = 'make test ARGS="tests/faults/test_storm.py"'
DISCARDED = ("wrong MAC", "not strict JSON", "no envelope", "wrong hash", "not of this queue")
"""Why a consumer passes something over. What does not link is told where it would have been the next."""

Wire = tuple[str, bytes, dict[str, str]]
"""Routing key, body, headers."""


@contextmanager
def says_how_to_play_it_again(seed: int) -> Iterator[None]:
    """A failure bears the seed and the command."""
    try:
        yield
    except BaseException as error:
        error.add_note(f"Seed {seed}. Again: {AGAIN}")
        raise


class Storm:
    """What is published, made by a seed from the logs as they are."""

    def __init__(self, chance: random.Random, key: bytes, logs: Sequence[tuple[str, Envelope]]) -> None:
        self._chance, self._key, self._logs = chance, key, logs
        self._evil: Sequence[Callable[[str, Envelope], Wire]] = (
            self._without_mac,
            self._of_another_key,
            self._with_another_s_mac,
            self._no_json,
            self._no_envelope,
            self._of_wrong_hash,
            self._to_another_queue,
            self._of_another_history,
            self._too_large,
            self._too_deep,
        )

    def messages(self) -> list[Wire]:
        """All events, some of them twice, in any order, and the rest among them; first what would be next."""
        some = self._chance.sample(self._logs, k=min(MOST, len(self._logs)))
        events = [*some, *self._chance.choices(some, k=len(some) // 3)]
        self._chance.shuffle(events)
        made = self._at_the_heads()
        for service, event in events:
            made.append(self._right(service, event))
            if self._chance.randrange(MIXED_IN) == 0:
                made.append(self._chance.choice(self._evil)(service, event))
        return made

    def _at_the_heads(self) -> list[Wire]:
        """What each log might go on with: it links and is a stranger's, or it is signed and does not link."""
        newest = {(service, event.partition): event for service, event in self._logs}
        made: list[Wire] = []
        for (service, partition), event in newest.items():
            linking = forged(event, event.school_id, type=event.type, partition=partition)
            made += [
                self._without_mac(service, linking),
                self._of_another_key(service, linking),
                self._with_another_s_mac(service, linking),
                self._of_another_history(service, event, ahead=0),
            ]
        return made

    def _right(self, service: str, event: Envelope) -> Wire:
        return routing_key(service, event.partition), *written(self._key, event)

    def _signed(self, service: str, event: Envelope, body: bytes) -> Wire:
        """By who has the key: a fault of our own, not a stranger's."""
        _, headers = written(self._key, event)
        other = _mac_of(self._key, body)
        return routing_key(service, event.partition), body, {**headers, HEADER: other}

    def _without_mac(self, service: str, event: Envelope) -> Wire:
        return routing_key(service, event.partition), written(self._key, event)[0], {}

    def _of_another_key(self, service: str, event: Envelope) -> Wire:
        return routing_key(service, event.partition), *written(self._chance.randbytes(32), event)

    def _with_another_s_mac(self, service: str, event: Envelope) -> Wire:
        _, headers = written(self._key, self._chance.choice(self._logs)[1])
        changed = replace(event, correlation_id=UUID(int=self._chance.getrandbits(128)))
        return routing_key(service, event.partition), written(self._key, changed)[0], headers

    def _no_json(self, service: str, event: Envelope) -> Wire:
        body = written(self._key, event)[0]
        return self._signed(service, event, body[: self._chance.randrange(1, len(body))])

    def _no_envelope(self, service: str, event: Envelope) -> Wire:
        return self._signed(service, event, self._chance.choice([b"{}", b"[]", b"null", b'{"id": 1}']))

    def _of_wrong_hash(self, service: str, event: Envelope) -> Wire:
        changed = replace(event, stream_version=event.stream_version + 1)
        return routing_key(service, event.partition), *written(self._key, changed)

    def _to_another_queue(self, service: str, event: Envelope) -> Wire:
        other = self._chance.choice([name for name in SERVICES if name != service])
        return routing_key(other, event.partition), *written(self._key, event)

    def _of_another_history(self, service: str, event: Envelope, ahead: int | None = None) -> Wire:
        """Beyond the head, or where another event stands; whole in itself, and it links to nothing here."""
        ahead = self._chance.choice([0, 1, 2, 50, 10_000]) if ahead is None else ahead
        previous = replace(event, hash=chain_hash(event.hash, b"another"), position=event.position + ahead)
        made = forged(previous, event.school_id, type=event.type, partition=event.partition, stream=event.stream)
        return routing_key(service, event.partition), *written(self._key, made)

    def _too_large(self, service: str, event: Envelope) -> Wire:
        return self._signed(service, event, b'"' + b"x" * 300_000 + b'"')

    def _too_deep(self, service: str, event: Envelope) -> Wire:
        return self._signed(service, event, b"[" * 5_000 + b"]" * 5_000)


def _mac_of(key: bytes, body: bytes) -> str:
    return hmac.new(key, body, "sha256").hexdigest()


def every_log(bench: Bench) -> list[tuple[str, Envelope]]:
    found: list[tuple[str, Envelope]] = []
    for service in SERVICES:
        with bench.connected(service) as connection:
            partitions = [row[0] for row in connection.execute("SELECT partition FROM log_head").fetchall()]
            for partition in partitions:
                found += [(service, read.envelope_of(row)) for row in read.rows(connection, partition)]
    return found


def publish(bench: Bench, messages: Sequence[Wire]) -> None:
    """To the real exchange; returns when the broker has all of it, the last twice."""
    told = bench.it.state["broker"]
    with amqp.Connection(
        host=f"{told['host']}:{told['port']}",
        userid=told["user"],
        password=Path(told["password_file"]).read_text().strip(),
        connect_timeout=5,
    ) as connection:
        channel = connection.channel()
        channel.confirm_select()
        made = [(key, Message(body, application_headers=headers)) for key, body, headers in messages]
        for key, message in made:
            channel.basic_publish(message, exchange=EXCHANGE.name, routing_key=key)
        # In the order of the channel: once the broker has the last, it has them all.
        key, message = made[-1]
        channel.basic_publish_confirm(message, exchange=EXCHANGE.name, routing_key=key)


def discarded(bench: Bench) -> dict[str, float]:
    """Why -> how many messages the workers have passed over, all together."""
    found: dict[str, float] = {}
    for service in SERVICES:
        for line in bench.metrics(f"{service}.worker").splitlines():
            name, _, number = line.rpartition(" ")
            if name.startswith("bookbag_bus_discarded_total"):
                why = name.partition('why="')[2].partition('"')[0]
                found[why] = found.get(why, 0) + float(number)
    return found


def meanwhile(school: School, talk: Conversation, behaviour: UUID) -> None:
    """What clients do: each of the logs grows, and each reaction has something to do."""
    talk.say(2)
    talk.flag()
    for number in (1, 2, 3):
        award = partial(school.teacher(1).award, school.pupil(1, number).person_id, behaviour)
        until_answered(award)


def a_storm(bench: Bench, school: School, seed: int, rounds: int = ROUNDS) -> None:
    """The scenario."""
    chance = random.Random(seed)  # noqa: S311 - it makes histories, not secrets
    key = bus_key(b64decode(bench.config.secret("installation.key").read_text()))
    talk, behaviour = a_conversation(school), school.a_behaviour("Stood in the rain")
    before = discarded(bench)
    with says_how_to_play_it_again(seed):
        for _ in range(rounds):
            storm = Storm(chance, key, every_log(bench)).messages()
            half = len(storm) // 2
            publish(bench, storm[:half])
            meanwhile(school, talk, behaviour)
            publish(bench, storm[half:])
            meanwhile(school, talk, behaviour)
        holds(bench)
        met = {why for why, number in discarded(bench).items() if number > before.get(why, 0)}
        assert met >= set(DISCARDED), f"the storm brought nothing of {set(DISCARDED) - met}"


@pytest.fixture(scope="module")
def school(bookbag: Bookbag, operator: Session) -> School:
    return a_school(bookbag, operator, "in-the-rain", seed=47)


def test_everything_again_late_in_any_order_among_poison_and_forgeries_changes_nothing(bench: Bench, school: School):
    a_storm(bench, school, SEED)
