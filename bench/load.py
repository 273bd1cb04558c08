"""`python -m bench.load [--minutes 10] [--rate 200]`, what `make load` calls: a day's writes, and ten times them.

Commands come at their own times, whatever became of those before: at the rate for half the minutes, tenfold for a tenth
of them, at the rate again. Then the logs are read: each acknowledged command stands there once, at its position. Exit
code 3 where something acknowledged is missing or twice, or a command was refused otherwise than by 429 or 503 with
Retry-After.
"""

import argparse
import itertools
import json
import random
import re
import shutil
import sys
import tempfile
import time
from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from bench.client import Asker, open_loop, request
from bench.machine import facts
from bench.place import Place
from bench.served import Served, Taught
from deploy.local.folders import ROOT, private_folder
from deploy.local.progress import to_terminal

FOLDER = ROOT / "docs" / "bench"
LOST, TENFOLD = 3, 10
TRIES, CREATED = 60, 201
CONNECTIONS = 512
MESSAGES = 0.2
"""Of the commands; the others are awards."""
CONVERSATIONS = 24
WARM = 30.0
BUSY = frozenset({429, 503})
FLAT_MB, FLAT_PART = 16.0, 1.15
"""Memory is flat where a process has grown by less than one of these since it was warm."""
WINDOW = 10
BEFORE, AFTER = EVERY_DAY = ("as every day", "as every day again")
_POSITION = re.compile(rb"\r\nbookbag-position: *([a-z]+)\.(\d+)\.(\d+)\r\n", re.IGNORECASE)
_CODE = re.compile(rb'"code": ?"([A-Z_]+)"')
_AGAIN = re.compile(rb"\r\nretry-after: *\d+\r\n", re.IGNORECASE)


INTRODUCTION = """\
Written by `make load`. Awards (four in five) and messages of two schools come through the gateway at their own times,
whatever became of those before, to an installation with all its processes, client and servers on one machine. A time
counts from when the command was due. Afterwards each acknowledged command was looked for in the log: it stands there
once, at the position that was answered, or the run fails.
"""


@dataclass(frozen=True, slots=True)
class Sent:
    """A command that is on its way."""

    key: str
    service: str


@dataclass
class Heard:
    """What was answered, second by second.

    Attributes:
        acknowledged: idempotency key -> service, partition, position.
        wrong: statuses that are no way to send a client away, and refusals without Retry-After.
    """

    sent: dict[int, Sent] = field(default_factory=dict)
    acknowledged: dict[str, tuple[str, int, int]] = field(default_factory=dict)
    wrong: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    took: "array[float]" = field(default_factory=lambda: array("d"))
    seconds: dict[int, Counter[int]] = field(default_factory=dict)
    slow: dict[int, list[float]] = field(default_factory=dict)

    def take(self, sent: Sent, status: int, answer: bytes, took: float, second: int) -> None:
        self.statuses[status] += 1
        self.seconds.setdefault(second, Counter())[status] += 1
        if status == 201:
            found = _POSITION.search(answer)
            if found is None:
                self.wrong["a 201 without a position"] += 1
                return
            self.acknowledged[sent.key] = (found[1].decode(), int(found[2]), int(found[3]))
            self.took.append(took)
            self.slow.setdefault(second, []).append(took)
            return
        code = _CODE.search(answer)
        self.codes[f"{status} {code[1].decode() if code else ''}".strip()] += 1
        if status in BUSY and not _AGAIN.search(answer):
            self.wrong[f"{status} without Retry-After"] += 1
        elif status and status not in BUSY:
            self.wrong[f"{status}"] += 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    name: str
    rate: float
    seconds: float


def main() -> int:
    asked = _arguments()
    folder = Path(tempfile.mkdtemp(prefix="load-", dir=private_folder(ROOT / "run")))
    try:
        with ExitStack() as stack:
            house = Served(Place(folder=folder, short=False, stack=stack), schools=2)
            found = _run(house, asked.minutes * 60, asked.rate)
            if asked.write:
                _write(found | {"machine": facts(house.place)})
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for line in _lines(found):
        to_terminal(line)
    return LOST if found["faults"] else 0


def _run(house: Served, seconds: float, rate: float) -> dict[str, Any]:
    following = _Commands(house)
    phases = [
        Phase(name="warming up", rate=rate, seconds=min(WARM, seconds / 2)),
        Phase(name=BEFORE, rate=rate, seconds=seconds / 2),
        Phase(name="tenfold", rate=rate * TENFOLD, seconds=seconds / 10),
        Phase(name=AFTER, rate=rate, seconds=seconds / 2),
    ]
    heard: dict[str, Heard] = {}
    sizes: dict[str, Mapping[str, float]] = {}
    for phase in phases:
        heard[phase.name] = following.play(house.port, phase)
        sizes[phase.name] = house.memory()
        to_terminal(
            f"{phase.name}: {heard[phase.name].statuses[CREATED]} acknowledged, {dict(heard[phase.name].codes)}"
        )
    faults = _faults(house, list(heard.values()))
    grown = _grown(sizes)
    faults += [f"{name} has grown from {a:.0f} to {b:.0f} MB" for name, (a, b, flat) in grown.items() if not flat]
    return {
        "measured_at": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "rate": rate,
        "minutes": seconds / 60,
        "phases": {phase.name: _summary(phase, heard[phase.name]) for phase in phases},
        "normal again after s": _normal_after(heard[BEFORE], heard[AFTER]),
        "slow from s": {name: _slow_windows(heard[BEFORE], heard[name]) for name in EVERY_DAY},
        "memory MB": {name: {"warm": a, "end": b} for name, (a, b, _) in grown.items()},
        "timeline": _timeline(phases, heard),
        "faults": faults,
    }


class _Commands:
    """Awards and messages of many teachers, in turn; each with a key of its own."""

    def __init__(self, house: Served) -> None:
        self._house = house
        self._chance = random.Random(7)  # noqa: S311 - the mix of commands
        staff = [(taught, token) for taught in house.classes for token in house.tokens(2, taught)]
        # The two teachers of a class take its pupils in turn: they do not praise one pupil in the same milliseconds.
        pupils = {taught.class_id: itertools.cycle(taught.pupils) for taught in house.classes}
        self._awards = itertools.cycle([(taught, token, pupils[taught.class_id]) for taught, token in staff])
        some = staff[: CONVERSATIONS * 2 : 2]
        talks = [(_conversation(house, taught, token), token) for taught, token in some]
        self._talks = itertools.cycle(talks)

    def play(self, port: int, phase: Phase) -> Heard:
        heard = Heard()
        count = itertools.count()

        def following() -> bytes:
            sent, raw = self._message() if self._chance.random() < MESSAGES else self._award()
            heard.sent[next(count)] = sent
            return raw

        def answered(number: int, status: int, answer: bytes, took: float) -> None:
            # A request's second is that in which it was due.
            heard.take(heard.sent.pop(number), status, answer, took, int(number / phase.rate))

        open_loop(port, following, rate=phase.rate, seconds=phase.seconds, connections=CONNECTIONS, heard=answered)
        return heard

    def _award(self) -> tuple[Sent, bytes]:
        taught, token, pupils = next(self._awards)
        body = {"pupil_id": str(next(pupils)), "behaviour_id": str(taught.behaviour_id)}
        return _posted("points", "/v1/points", token, body)

    def _message(self) -> tuple[Sent, bytes]:
        conversation, token = next(self._talks)
        path = f"/v1/conversations/{conversation}/messages"
        return _posted("messaging", path, token, {"text": "Thank you, all went well today."})


def _posted(service: str, path: str, token: str, body: Mapping[str, Any]) -> tuple[Sent, bytes]:
    key = str(uuid4())
    headers = f"Idempotency-Key: {key}\r\n"
    return Sent(key, service), request("POST", path, token=token, headers=headers, body=json.dumps(body).encode())


def _conversation(house: Served, taught: Taught, token: str) -> UUID:
    with house.database("identity") as connection:
        row = connection.execute(
            "SELECT guardian_id, pupil_id FROM roster_guardianship WHERE pupil_id = ANY(%s) LIMIT 1",
            (list(taught.pupils),),
        ).fetchone()
    assert row is not None  # noqa: S101 - every pupil has a guardian
    asking = Asker(house.port)
    body = {"pupil_id": str(row[1]), "guardian_id": str(row[0])}
    last = 0
    for _ in range(TRIES):
        last, answer = asking.ask(_posted("messaging", "/v1/conversations", token, body)[1])
        if last == CREATED:
            return UUID(json.loads(answer.partition(b"\r\n\r\n")[2])["location"].rpartition("/")[2])
        # The roster is on its way.
        time.sleep(0.5)
    raise TimeoutError(f"no conversation could be opened: {last}")


def _faults(house: Served, heard: Sequence[Heard]) -> list[str]:
    """What was acknowledged and is not in its log once, and answers that are none of those wanted."""
    faults = [f"{count} times {what}" for one in heard for what, count in one.wrong.items()]
    acknowledged = {key: at for one in heard for key, at in one.acknowledged.items()}
    for service, kind, thing in (
        ("points", "points.PointAwarded", "award_id"),
        ("messaging", "messaging.MessageSent", "message_id"),
    ):
        mine = {key: at[1:] for key, at in acknowledged.items() if at[0] == service}
        with house.database(service) as log:
            kept = {
                row[0]: (row[1], row[2], row[3])
                for row in log.execute("SELECT key, partition, position, location FROM log_answer")
            }
            there = {
                (row[0], row[1]): row[2]
                for row in log.execute(
                    "SELECT partition, position, data->>%s FROM log_event WHERE type = %s", (thing, kind)
                )
            }
        lost = [key for key, at in mine.items() if at not in there or kept.get(key, ())[:2] != at]
        elsewhere = [key for key, at in mine.items() if at in there and not kept[key][2].endswith(there[at])]
        if lost or elsewhere:
            faults.append(f"{service}: {len(lost)} acknowledged commands are lost, {len(elsewhere)} stand elsewhere")
        if len(set(there.values())) != len(there) or len(set(mine.values())) != len(mine):
            faults.append(f"{service}: something stands in the log twice")
    return faults


def _grown(sizes: Mapping[str, Mapping[str, float]]) -> dict[str, tuple[float, float, bool]]:
    """From when the product had done its daily work for a while to the end."""
    warm, end = sizes[BEFORE], sizes[AFTER]
    return {
        name: (warm[name], end[name], end[name] - warm[name] < FLAT_MB or end[name] / warm[name] < FLAT_PART)
        for name in warm
    }


def _summary(phase: Phase, heard: Heard) -> dict[str, Any]:
    ordered = sorted(heard.took)

    def part(share: float) -> float:
        return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))], 2) if ordered else 0.0

    return {
        "commands/s": phase.rate,
        "seconds": phase.seconds,
        "acknowledged": heard.statuses[201],
        "sent away": sum(heard.statuses[status] for status in BUSY),
        "connections lost": heard.statuses[0],
        "as": dict(heard.codes),
        "p50 ms": part(0.5),
        "p99 ms": part(0.99),
    }


def _normal_after(before: Heard, after: Heard) -> int | None:
    """Seconds after the burst from which on all is as it was before it; None where that never came.

    From then to the end no greater part is sent away, and the slowest hundredth takes at most twice as long.
    """
    away, slowest = _sent_away(before, 0), _at_most(before)
    for second in range(max(after.seconds, default=0) + 1):
        took = sorted(ms for at, some in after.slow.items() if at >= second for ms in some)
        if took and _sent_away(after, second) <= away and _slowest(took) <= slowest:
            return second
    return None


def _slow_windows(before: Heard, heard: Heard) -> list[int]:
    """When those ten seconds began in which somebody was sent away, or whose slowest hundredth took too long."""
    at_most, starts = _at_most(before), range(0, max(heard.seconds, default=0) + 1, WINDOW)
    return [start for start in starts if not _calm(heard, start, at_most)]


def _calm(heard: Heard, start: int, at_most: float) -> bool:
    within = range(start, start + WINDOW)
    took = sorted(ms for second in within for ms in heard.slow.get(second, ()))
    answered = {status for second in within for status in heard.seconds.get(second, ())}
    return answered <= {CREATED} and (not took or _slowest(took) <= at_most)


def _at_most(before: Heard) -> float:
    usual = _slowest(sorted(before.took))
    return max(2 * usual, usual + 50)


def _slowest(ordered: Sequence[float]) -> float:
    """What 99 in a hundred take at most."""
    return ordered[int(len(ordered) * 0.99)]


def _sent_away(heard: Heard, since: int) -> float:
    """Which part of what was due from a second on was not done."""
    counted = sum((count for second, count in heard.seconds.items() if second >= since), Counter[int]())
    return 1 - counted[CREATED] / max(1, counted.total())


def _timeline(phases: Sequence[Phase], heard: Mapping[str, Heard]) -> list[dict[str, float]]:
    rows, begun = [], 0.0
    for phase in phases:
        one = heard[phase.name]
        for second in sorted(one.seconds):
            took = sorted(one.slow.get(second, [0.0]))
            rows.append(
                {
                    "s": begun + second,
                    "acknowledged": one.seconds[second][201],
                    "sent away": sum(one.seconds[second][status] for status in BUSY),
                    "p99 ms": round(_slowest(took), 1),
                }
            )
        begun += phase.seconds
    return rows


def _lines(found: Mapping[str, Any]) -> list[str]:
    return [
        *(f"{name}: {phase}" for name, phase in found["phases"].items()),
        _normal(found),
        "memory, warm to end: "
        + ", ".join(f"{name} {size['warm']:.0f} to {size['end']:.0f} MB" for name, size in found["memory MB"].items()),
        *(f"FAULT: {fault}" for fault in found["faults"]),
    ]


def _normal(found: Mapping[str, Any]) -> str:
    seconds, slow = found["normal again after s"], found["slow from s"]
    first = "Not normal again" if seconds is None else f"Normal again {seconds} s after the burst"
    before, after = (len(slow[name]) for name in EVERY_DAY)
    last = f", the last of them {slow[AFTER][-1]} s after it" if after else ""
    return (
        f"{first}: normal is that no greater part is sent away than before it, and that the slowest hundredth takes at"
        f" most twice as long, from then to the end. Of tens of seconds in which by themselves anybody was sent away or"
        f" the slowest hundredth took longer than that there were {before} before the burst and {after} after it{last}."
    )


def _write(found: Mapping[str, Any]) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "load.json").write_text(json.dumps(found, indent=1) + "\n")
    phases = [
        f"| {name} | {p['commands/s']:,.0f} | {p['seconds']:,.0f} | {p['acknowledged']:,} | {p['sent away']:,} |"
        f" {p['connections lost']} | {p['p50 ms']} | {p['p99 ms']} |"
        for name, p in found["phases"].items()
    ]
    memory = [f"| {name} | {m['warm']:.0f} | {m['end']:.0f} |" for name, m in found["memory MB"].items()]
    text = [
        "# Under load\n",
        INTRODUCTION,
        "| Phase | commands/s | s | Acknowledged | Sent away (429, 503) | Connections lost | p50 ms | p99 ms |",
        "|---|---|---|---|---|---|---|---|",
        *phases,
        f"\n{_normal(found)}\n",
        *([f"What was wrong: {fault}.\n" for fault in found["faults"]] or ["Nothing acknowledged is lost or twice.\n"]),
        "| Process | Resident MB, warm | at the end |",
        "|---|---|---|",
        *memory,
        "",
        *(["![Under load](load.svg)\n"] if _plot(found) else []),
        f"{found['measured_at']}; " + "; ".join(f"{k}: {v}" for k, v in found["machine"].items()) + ".",
    ]
    (FOLDER / "load.md").write_text("\n".join(text) + "\n")


def _plot(found: Mapping[str, Any]) -> bool:
    try:
        import matplotlib as mpl  # noqa: PLC0415 - it is in the proof environment alone
    except ImportError:
        return False
    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "load"
    from matplotlib import pyplot as plt  # noqa: PLC0415 - after the backend is chosen

    rows = found["timeline"]
    made, axes = plt.subplots(2, 1, figsize=(9, 5), sharex=True)
    seconds = [row["s"] for row in rows]
    axes[0].plot(seconds, [row["acknowledged"] for row in rows], color="#1d70b8", label="acknowledged/s")
    axes[0].plot(seconds, [row["sent away"] for row in rows], color="#d4351c", label="sent away/s (429, 503)")
    axes[0].legend(frameon=False)
    axes[1].plot(seconds, [row["p99 ms"] for row in rows], color="#1d70b8")
    axes[1].set_yscale("log")
    axes[1].set_ylabel("p99 ms of each second")
    axes[1].set_xlabel("seconds")
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
    made.tight_layout()
    made.savefig(FOLDER / "load.svg", metadata={"Date": None, "Creator": None})
    plt.close(made)
    return True


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.load", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10, help="at the usual rate, in all (default: 10)")
    parser.add_argument("--rate", type=float, default=200, help="commands a second (default: 200)")
    parser.add_argument("--write", action="store_true", help="write docs/bench/load.md")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
