"""What several commands come to when they are written together: the same as one after the other. Pure.

A group is planned on what is known of the log. What is not known is taken to be as each command expects it, and the
database looks whether it is, under the lock; where it is not, it says how things stand, and the group is planned anew.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias
from uuid import UUID

from shared.events.envelope import chain_hash, hashed_bytes
from shared.events.wire import time_to_wire, uuid_to_wire
from shared.log.append import Answer, Claim, Command, Conflict, KeyReused, placed
from shared.log.read import Head

Outcome: TypeAlias = Answer | Exception
_Stream: TypeAlias = tuple[UUID, str]
_Key: TypeAlias = tuple[UUID, UUID, str]


@dataclass(slots=True)
class Known:
    """What is known of the log beside its head.

    Attributes:
        versions: of streams, by school and name.
        answers: that were given, by school, person and key: the MAC of the body, and the answer.
    """

    versions: dict[_Stream, int] = field(default_factory=dict)
    answers: dict[_Key, tuple[bytes, Answer]] = field(default_factory=dict)

    def learn(self, found: Mapping[str, Any]) -> None:
        """Takes in what `log_append` found to be otherwise than was taken for granted."""
        for school_id, stream, version in found["moved"] or ():
            self.versions[UUID(school_id), stream] = version
        for school_id, person_id, key, mac, status, location, partition, position in found["answered"] or ():
            answer = Answer(status=status, location=location, partition=partition, position=position)
            self.answers[UUID(school_id), UUID(person_id), key] = bytes.fromhex(mac), answer


@dataclass(slots=True)
class Group:
    """A group as it is planned.

    Attributes:
        head: where the log ends after it.
        events: the rows, as JSON: the bytes that were hashed, with previous and hash.
        expected: the streams whose versions were taken for granted.
        claims: the idempotency keys that were taken to be new, also of commands that failed.
        answers: the idempotency rows.
        outcomes: of each command, in order.
    """

    head: Head
    events: list[bytes] = field(default_factory=list)
    expected: list[dict[str, Any]] = field(default_factory=list)
    claims: list[dict[str, Any]] = field(default_factory=list)
    answers: list[dict[str, Any]] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)

    def asks(self) -> bool:
        """Whether there is anything to write, or to look for."""
        return bool(self.events or self.claims)


def planned(commands: Sequence[Command], head: Head, known: Known) -> Group:
    """What the commands come to after this head. Each has an event at least, and one partition is all theirs."""
    group, now = Group(head), Known(dict(known.versions), dict(known.answers))
    for command in commands:
        try:
            outcome: Outcome = _added(group, now, command)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one command is no other's business
            outcome = error
        group.outcomes.append(outcome)
    return group


def _added(group: Group, now: Known, command: Command) -> Answer:
    if command.claim:
        earlier = now.answers.get(_key(command, command.claim))
        if earlier is None:
            # Looked for whatever becomes of the command: an answer comes before every reason against it.
            group.claims.append(_claimed(command, command.claim))
        elif earlier[0] != command.claim.body_mac:
            raise KeyReused
        else:
            return replace(earlier[1], earlier=True)
    _refuse_moved(now, command)
    # Nothing is kept of a command that fails on the way to here.
    versions, rows = dict(command.expected), list[bytes]()
    position, link, link_in_hex = group.head.position, group.head.hash, group.head.hash.hex().encode()
    for event in command.events:
        if event.stream not in versions:
            raise ValueError(f"no expected version for {event.stream.partition('-')[0]}")
        versions[event.stream] += 1
        position += 1
        text = hashed_bytes(**placed(command, event, versions[event.stream], position))
        previous, link = link_in_hex, chain_hash(link, text)
        link_in_hex = link.hex().encode()
        # What is stored is cut out of the bytes that were hashed.
        rows.append(b'%b,"previous":"\\\\x%b","hash":"\\\\x%b"}' % (text[:-1], previous, link_in_hex))
    answer = Answer(status=command.status, location=command.location, partition=command.partition, position=position)
    _keep(group, now, command, answer)
    group.head = Head(position=position, hash=link)
    group.events += rows
    for stream, version in versions.items():
        now.versions[command.school_id, stream] = version
    return answer


def _refuse_moved(now: Known, command: Command) -> None:
    for stream, expected in command.expected.items():
        actual = now.versions.get((command.school_id, stream), expected)
        if actual != expected:
            raise Conflict(stream, expected, actual)


def _keep(group: Group, now: Known, command: Command, answer: Answer) -> None:
    school_id = uuid_to_wire(command.school_id)
    group.expected += [
        {"school_id": school_id, "stream": stream, "version": version}
        for stream, version in command.expected.items()
        if (command.school_id, stream) not in now.versions
    ]
    if command.claim:
        now.answers[_key(command, command.claim)] = command.claim.body_mac, answer
        group.answers.append(
            _claimed(command, command.claim)
            | {
                "body_mac": f"\\x{command.claim.body_mac.hex()}",
                "status": answer.status,
                "location": answer.location,
                "position": answer.position,
                "recorded_at": time_to_wire(command.recorded_at),
            }
        )


def _claimed(command: Command, claim: Claim) -> dict[str, Any]:
    return {"school_id": str(command.school_id), "person_id": str(claim.person_id), "key": claim.key}


def _key(command: Command, claim: Claim) -> _Key:
    return command.school_id, claim.person_id, claim.key
