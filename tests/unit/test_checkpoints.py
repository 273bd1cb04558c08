"""Signed checkpoints: one line each, numbered, chained, signed by keys that vouch for one another."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from deploy.operator.checkpoints import KEY, NEXT, RING, ring_here, rotate
from deploy.operator.config import OperatorConfig
from deploy.operator.secrets import generate
from shared.log.checkpoint_keys import (
    BadRing,
    Ring,
    first_line,
    key_id,
    lines_of,
    new_key,
    next_line,
    private_key,
    ring_of,
)
from shared.log.checkpoints import Checkpoint, Kept, NoCheckpoint, checked, compared, signed
from shared.log.read import Head

AT = datetime(2026, 9, 1, 8, 30, tzinfo=UTC)
KEY_NOW, _ = new_key()
RING_NOW = ring_of(first_line(KEY_NOW, AT))


def a_line_of(count: int, key: Ed25519PrivateKey = KEY_NOW, last: Checkpoint | None = None) -> list[Checkpoint]:
    """So many checkpoints of points' second partition, ten events apart."""
    made: list[Checkpoint] = []
    for _ in range(count):
        number = (last.number if last else 0) + 1
        head = Head(position=10 * number, hash=bytes([number]) * 32)
        last = signed(key, last, service="points", partition=2, head=head, at=AT + timedelta(minutes=number))
        made.append(last)
    return made


def kept(*checkpoints: Checkpoint) -> list[Kept]:
    return [Kept(one.partition, one.number, one.line()) for one in checkpoints]


def faults(*checkpoints: Checkpoint, ring: Ring = RING_NOW) -> list[tuple[int, int, str]]:
    _, found = checked("points", kept(*checkpoints), ring)
    return [(fault.partition, fault.position, fault.what) for fault in found]


def test_a_whole_line_of_checkpoints_has_no_fault_and_each_remembers_its_position():
    made = a_line_of(3)
    witnesses, found = checked("points", kept(*made), RING_NOW)
    assert found == []
    assert [(w.partition, w.head) for w in witnesses] == [(2, one.head) for one in made]


def test_a_checkpoint_is_one_line_that_comes_back_the_same_and_names_nobody():
    [one] = a_line_of(1)
    assert Checkpoint.from_line(one.line()) == one
    assert "\n" not in one.line()
    assert len(one.line()) < 500
    assert set(orjson.loads(one.line())) == {
        *("kind", "service", "partition", "number", "position", "hash", "at", "previous", "key", "signature"),
    }


@pytest.mark.parametrize("line", ["", "{}", "null", "[1]", '{"kind":"bookbag-checkpoint-1"}', "checkpoint"])
def test_any_other_line_is_no_checkpoint(line: str):
    with pytest.raises(NoCheckpoint):
        Checkpoint.from_line(line)


def test_a_line_with_a_field_more_is_no_checkpoint():
    [one] = a_line_of(1)
    with pytest.raises(NoCheckpoint):
        Checkpoint.from_line(orjson.dumps({**orjson.loads(one.line()), "note": "mine"}).decode())


CHANGES: dict[str, Callable[[Checkpoint], Checkpoint]] = {
    "position": lambda one: replace(one, head=Head(position=19, hash=one.head.hash)),
    "hash": lambda one: replace(one, head=Head(position=20, hash=bytes(32))),
    "time": lambda one: replace(one, at=one.at - timedelta(days=1)),
    "previous": lambda one: replace(one, previous=bytes(32)),
    "signature": lambda one: replace(one, signature=bytes(64)),
    "key": lambda one: replace(one, key="0" * 16),
    "service": lambda one: replace(one, service="stories"),
    "number": lambda one: replace(one, number=4),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_checkpoint_that_was_changed_is_found_at_the_first_position_that_nothing_vouches_for(change: str):
    first, second, third = a_line_of(3)
    lines = kept(first, second, third)
    lines[1] = replace(lines[1], line=CHANGES[change](second).line())
    _, [fault] = checked("points", lines, RING_NOW)
    assert (fault.partition, fault.position) == (2, 11)
    assert fault.what == "checkpoint 2 is not signed by a key of this installation"


def test_a_checkpoint_that_a_stranger_signed_is_found_and_remembers_nothing():
    stranger, _ = new_key()
    first, second = a_line_of(2)
    forged = signed(stranger, first, service="points", partition=2, head=second.head, at=second.at)
    witnesses, [fault] = checked("points", kept(first, forged), RING_NOW)
    assert "not signed" in fault.what
    assert [w.head for w in witnesses] == [first.head]


def test_a_signed_line_in_another_s_place_is_found():
    """Whoever has the table may move what was signed: to another partition, or another service's log."""
    first, second = a_line_of(2)
    moved = [replace(one, partition=3) for one in kept(first, second)]
    for service, lines in (("points", moved), ("stories", kept(first, second))):
        witnesses, [fault] = checked(service, lines, RING_NOW)
        assert (witnesses, fault.position) == ([], 1)
        assert "not signed" in fault.what


def test_a_checkpoint_that_was_taken_out_of_the_middle_or_the_beginning_is_found():
    first, second, third = a_line_of(3)
    assert faults(first, third) == [(2, 11, "checkpoint 3 stands where 2 should: what was between is gone")]
    assert faults(second, third) == [(2, 1, "checkpoint 2 stands where 1 should: what was between is gone")]


def test_a_checkpoint_that_does_not_follow_from_the_one_before_is_found_though_it_is_signed():
    first, second = a_line_of(2)
    other = signed(KEY_NOW, None, service="points", partition=2, head=Head(position=9, hash=bytes(32)), at=AT)
    beside = signed(KEY_NOW, other, service="points", partition=2, head=second.head, at=second.at)
    assert faults(first, beside) == [(2, 11, "checkpoint 2 does not follow from the one before")]
    back = signed(KEY_NOW, first, service="points", partition=2, head=Head(position=10, hash=bytes(32)), at=AT)
    assert faults(first, back) == [(2, 11, "checkpoint 2 goes back behind the one before")]


def test_what_was_carried_away_shows_that_the_newest_were_taken_away_or_made_anew():
    made = a_line_of(3)
    carried = [one.line() for one in made]
    assert compared("points", carried, kept(*made), RING_NOW)[1] == []
    witnesses, [fault] = compared("points", carried, kept(*made[:2]), RING_NOW)
    assert (fault.position, fault.what) == (30, "checkpoint 3 that was carried away is not kept here any more")
    assert witnesses[-1].head == made[2].head, "and what it remembers still counts"
    anew = signed(KEY_NOW, made[1], service="points", partition=2, head=Head(position=31, hash=bytes(32)), at=AT)
    _, [fault] = compared("points", carried, kept(*made[:2], anew), RING_NOW)
    assert "says something else" in fault.what
    assert compared("stories", carried, [], RING_NOW) == ([], []), "another service's lines say nothing of this one"


def test_a_carried_line_that_nobody_here_signed_is_said_to_be_so():
    stranger, _ = new_key()
    [one] = a_line_of(1, stranger)
    witnesses, [fault] = compared("points", [one.line()], kept(one), RING_NOW)
    assert (witnesses, "not signed" in fault.what) == ([], True)


def test_after_a_rotation_both_keys_lines_stand_and_the_old_key_signs_nothing_more():
    new, _ = new_key()
    ring = ring_of(lines_of([first_line(KEY_NOW, AT), next_line(new, KEY_NOW, AT)]))
    before = a_line_of(2)
    after = a_line_of(1, new, before[-1])
    assert faults(*before, *after, ring=ring) == []
    late = a_line_of(1, KEY_NOW, after[-1])
    assert faults(*before, *after, *late, ring=ring) == [(2, 31, "checkpoint 4 goes back behind the one before")]


def test_a_ring_takes_no_key_that_the_one_before_does_not_vouch_for():
    stranger, _ = new_key()
    first = first_line(KEY_NOW, AT)
    for second in (first_line(stranger, AT), next_line(KEY_NOW, stranger, AT), "{}", "no line"):
        with pytest.raises(BadRing, match="Line 2"):
            ring_of(lines_of([first, second]))
    with pytest.raises(BadRing):
        ring_of("")


@pytest.fixture
def config(tmp_path: Path) -> OperatorConfig:
    generate(tmp_path / "secrets")
    return OperatorConfig(host="", port=0, secrets=tmp_path / "secrets", superuser=None, superuser_password_file=None)


def signing(config: OperatorConfig) -> str:
    return key_id(private_key(config.secret(KEY).read_bytes()).public_key())


def test_an_installation_has_a_key_from_the_start_and_keeps_it(config: OperatorConfig):
    assert ring_here(config).newest == signing(config)
    ring = config.secret(RING).read_text()
    generate(config.secrets)
    assert config.secret(RING).read_text() == ring
    assert config.secret(KEY).stat().st_mode & 0o077 == 0


def test_a_new_key_is_vouched_for_by_the_old_one_which_is_gone(config: OperatorConfig):
    old = config.secret(KEY).read_text()
    line = rotate(config)
    assert config.secret(RING).read_text().splitlines()[1:] == [line]
    assert ring_here(config).newest == signing(config)
    assert old not in "".join(path.read_text() for path in config.secrets.iterdir())
    rotate(config)
    assert len(ring_here(config).keys) == 3


def test_a_rotation_that_was_interrupted_is_finished_by_the_next(config: OperatorConfig):
    old = config.secret(KEY).read_bytes()
    rotate(config)
    config.secret(KEY).rename(config.secret(NEXT))
    config.secret(KEY).write_bytes(old)
    rotate(config)
    assert len(ring_here(config).keys) == 2
    assert ring_here(config).newest == signing(config)
