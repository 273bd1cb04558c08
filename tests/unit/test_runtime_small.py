"""Clocks, ids, crash points, correlation and health."""

import contextlib
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.runtime import correlation, crash
from shared.runtime.clock import FixedClock, SchoolClock, SystemClock, school_clock
from shared.runtime.health import Health
from shared.runtime.ids import Random, event_id_from_cause, new_id, uuid7

NOW = datetime(2026, 1, 5, 9, 0, 0, 123456, tzinfo=UTC)


def test_the_clock_is_aware_and_in_utc() -> None:
    assert SystemClock().now().tzinfo is UTC
    assert FixedClock(datetime(2026, 7, 1, 10, tzinfo=timezone(timedelta(hours=1)))).now() == datetime(
        2026, 7, 1, 9, tzinfo=UTC
    )


def test_a_fixed_clock_moves_forward_only() -> None:
    clock = FixedClock(NOW)
    clock.move(timedelta(seconds=1))
    assert clock.now() == NOW + timedelta(seconds=1)
    with pytest.raises(ValueError, match="forward"):
        clock.move(timedelta(microseconds=-1))
    with pytest.raises(ValueError, match="zone"):
        FixedClock(datetime(2026, 1, 1))  # noqa: DTZ001 - without a zone on purpose


def test_a_school_s_clock_is_the_real_one_until_it_is_set_and_goes_on_from_there(tmp_path: Path) -> None:
    real = FixedClock(NOW)
    clock = SchoolClock(tmp_path / "ahead", real)
    assert clock.now() == NOW
    clock.set_to(NOW + timedelta(days=3))
    assert clock.now() == NOW + timedelta(days=3)
    real.move(timedelta(minutes=1))
    assert clock.now() == NOW + timedelta(days=3, minutes=1)
    assert real.now() == NOW + timedelta(minutes=1)


def test_who_sets_a_school_s_clock_sets_it_for_every_process_at_once(tmp_path: Path) -> None:
    setting, other = SchoolClock(tmp_path / "ahead", FixedClock(NOW)), SchoolClock(tmp_path / "ahead", FixedClock(NOW))
    assert other.now() == NOW
    for days in range(1, 50):  # a file of the same length, within a few milliseconds
        setting.set_to(NOW + timedelta(days=days))
        assert other.now() == NOW + timedelta(days=days)
    assert SchoolClock(tmp_path / "ahead", FixedClock(NOW)).now() == NOW + timedelta(days=49), "a new process too"


def test_a_school_s_clock_moves_forward_only(tmp_path: Path) -> None:
    clock = SchoolClock(tmp_path / "ahead", FixedClock(NOW))
    clock.set_to(NOW + timedelta(days=3))
    for earlier in (NOW, NOW + timedelta(days=3) - timedelta(microseconds=1), NOW - timedelta(days=1)):
        with pytest.raises(ValueError, match="forward"):
            clock.set_to(earlier)
    with pytest.raises(ValueError, match="zone"):
        clock.set_to(datetime(2027, 1, 1))  # noqa: DTZ001 - without a zone on purpose
    assert clock.now() == NOW + timedelta(days=3)


def test_a_school_s_clock_whose_file_says_no_number_is_no_clock(tmp_path: Path) -> None:
    (tmp_path / "ahead").write_text("soon")
    with pytest.raises(ValueError, match="invalid literal"):
        SchoolClock(tmp_path / "ahead", FixedClock(NOW)).now()


def test_of_many_who_set_a_school_s_clock_at_once_the_latest_time_stands(tmp_path: Path) -> None:
    start = threading.Barrier(8)

    def forward(hours: int) -> None:
        clock = SchoolClock(tmp_path / "ahead", FixedClock(NOW))
        start.wait()
        with contextlib.suppress(ValueError):  # another was there with a later time
            clock.set_to(NOW + timedelta(hours=hours))

    threads = [threading.Thread(target=forward, args=(hours,)) for hours in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert SchoolClock(tmp_path / "ahead", FixedClock(NOW)).now() == NOW + timedelta(hours=7)


def test_an_installation_without_a_file_counts_by_the_machine_s_clock(tmp_path: Path) -> None:
    assert isinstance(school_clock(None), SystemClock)
    assert isinstance(school_clock(tmp_path / "ahead"), SchoolClock)


def test_an_id_is_a_uuid_of_version_7_that_holds_its_time() -> None:
    made = uuid7(NOW, lambda count: b"\xff" * count)
    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    assert made.int >> 80 == 1767603600123
    assert new_id().version == 7


def test_ids_of_different_microseconds_sort_as_their_times_do() -> None:
    # The random part works against the order as hard as it can.
    times = [NOW + timedelta(microseconds=count) for count in range(2000)]

    def low_or_high(low: int) -> Random:
        return lambda count: bytes([255 * (1 - low)]) * count

    made = [uuid7(at, low_or_high(index % 2)) for index, at in enumerate(times)]
    assert made == sorted(made)
    assert len({str(one) for one in made}) == len(made)


@pytest.mark.parametrize("at", [datetime(2026, 1, 1), datetime(1969, 12, 31, tzinfo=UTC)])  # noqa: DTZ001
def test_a_time_that_no_id_can_hold_is_refused(at: datetime) -> None:
    with pytest.raises(ValueError, match=r"zone|fit"):
        uuid7(at)


def test_the_id_of_a_reactions_event_follows_from_its_cause() -> None:
    cause = UUID("0190c0de-0000-7000-8000-000000000000")
    made = event_id_from_cause(cause, "warn", 0)
    assert made.version == 5
    assert made == event_id_from_cause(cause, "warn", 0)
    others = [(cause, "warn", 1), (cause, "warn:1", 0), (uuid4(), "warn", 0)]
    assert len({made, *(event_id_from_cause(*other) for other in others)}) == 4
    with pytest.raises(ValueError, match="count from 0"):
        event_id_from_cause(cause, "warn", -1)


@pytest.fixture
def deaths(tmp_path: Path) -> Iterator[list[str]]:
    died: list[str] = []
    crash.install(tmp_path / "points", kill=lambda: died.append(threading.current_thread().name))
    yield died
    crash.install(None)


def test_without_a_file_a_crash_point_is_nothing(deaths: list[str]) -> None:
    crash.crash_point("after-commit")
    crash.install(None)
    crash.crash_point("after-commit")
    assert deaths == []


def test_the_named_point_kills_once_and_takes_the_file_away(deaths: list[str], tmp_path: Path) -> None:
    (tmp_path / "points").write_text("after-commit\n")
    crash.crash_point("before-commit")
    assert deaths == []
    crash.crash_point("after-commit")
    crash.crash_point("after-commit")
    assert len(deaths) == 1
    assert list(tmp_path.iterdir()) == []


def test_of_many_that_come_by_at_once_one_is_killed(deaths: list[str], tmp_path: Path) -> None:
    (tmp_path / "points").write_text("after-commit")
    start = threading.Barrier(8)

    def come_by() -> None:
        start.wait()
        crash.crash_point("after-commit")

    threads = [threading.Thread(target=come_by) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(deaths) == 1


def test_a_correlation_is_the_headers_or_a_new_one() -> None:
    known = uuid4()
    assert correlation.begin(known.hex) == correlation.current() == known
    assert correlation.begin("not an id").version == 7
    correlation.resume(known)
    assert correlation.current() == known


def test_a_process_is_ready_when_every_check_passes() -> None:
    def broken() -> bool:
        raise OSError

    health = Health({"database": lambda: True, "broker": lambda: False, "feed": broken})
    assert health.failing() == ["broker", "feed"]
    assert Health({"database": lambda: True}).ready()
    assert Health().ready()


def test_a_check_that_hangs_fails_in_time_and_is_not_asked_twice_at_once() -> None:
    hung, release, asked = threading.Event(), threading.Event(), list[int]()

    def hangs() -> bool:
        asked.append(1)
        hung.set()
        return release.wait()

    class Prompt(ThreadPoolExecutor):
        """On a busy machine too, what is asked has begun within the bound, and ended where it ends at all."""

        def submit(self, check: Any, /, *given: Any, **named: Any) -> "Future[Any]":
            future = super().submit(check, *given, **named)
            if check is hangs:
                hung.wait()
            else:
                wait([future])
            return future

    health = Health({"database": hangs, "broker": lambda: True}, bound=0.01)
    health._pool = Prompt(2)
    assert [health.failing() for _ in range(3)] == [["database"]] * 3
    assert len(asked) == 1
    release.set()


def test_a_process_that_stops_is_not_ready() -> None:
    health = Health({"database": lambda: True})
    health.stop()
    assert health.failing() == ["stopping"]
