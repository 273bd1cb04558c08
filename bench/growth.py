"""How the cost of one request grows with the events in a log, the schools and the partitions."""

import itertools
import json
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from psycopg import sql

from bench.bulk import Fill, fill
from bench.client import closed_loop, request
from bench.gateway import _award
from bench.place import Place
from bench.served import Served, Taught
from bench.side import Goal, Measured, Medians, Round, Side, Topic

TIMES = 300
WARM = 60
RATIO = 1.5
PUPILS = 30
"""Of each school that is only there."""
ASKED = frozenset({"identity.api", "points.api"})

APPEND, READ = "append p50 ms", "checked read p50 ms"
LISTS: Mapping[str, str] = {
    "values p50 ms": "/v1/values",
    "behaviours p50 ms": "/v1/behaviours",
    "a pupil's awards p50 ms": "/v1/pupils/{pupil}/points",
    "a class's points p50 ms": "/v1/classes/{class_}/points",
    "awards held about me p50 ms": "/v1/me/held/points",
    "classes p50 ms": "/v1/classes",
    "a class p50 ms": "/v1/classes/{class_}",
}


@dataclass(frozen=True, slots=True)
class Size:
    """An installation of some size."""

    events: int
    schools: int
    partitions: int

    @property
    def name(self) -> str:
        def of(count: int, what: str) -> str:
            return f"{count:,} {what}" + ("" if count == 1 else "s")

        return f"{of(self.events, 'event')}, {of(self.schools, 'school')}, {of(self.partitions, 'partition')}"


USUAL = Size(1_000_000, 100, 1)
AXES: Mapping[str, Sequence[Size]] = {
    "events": (Size(10_000, 100, 1), USUAL, Size(10_000_000, 100, 1)),
    "schools": (Size(1_000_000, 1, 1), USUAL, Size(1_000_000, 1_000, 1)),
    "partitions": (USUAL, Size(1_000_000, 100, 4), Size(1_000_000, 100, 16)),
}
SIZES = tuple(dict.fromkeys(size for axis in AXES.values() for size in axis))


@contextmanager
def _sized(place: Place, size: Size) -> Iterator[Round]:
    number = SIZES.index(size)
    told = {"BOOKBAG_PARTITIONS": str(size.partitions)}
    house = Served(place, schools=1, name=f"size-{number}", environment=told)
    taught = house.classes[0]
    award = _award(house, taught)
    # What follows logs is not asked here, and would be busy for long with what is filled in.
    for name in house.it.state["processes"]:
        if name not in ASKED:
            house.it.stop(name)
    _fill(house, taught, Size(place.scaled(size.events), size.schools, size.partitions))
    # It begins with the logs as they are now.
    house.it.restart("points.api")
    asked = _asked(house, taught, award)

    def measure() -> Measured:
        figures, wrong = dict[str, float](), list[str]()
        for name, (following, wanted) in asked.items():
            closed_loop(house.port, _counted(following, WARM), connections=1, seconds=60)
            taken = closed_loop(house.port, _counted(following, TIMES), connections=1, seconds=60)
            figures[name] = taken.percentile(0.5)
            wrong += [f"{name}: {taken.statuses}"] if set(taken.statuses) != {wanted} else []
        return Measured(figures=figures, fault=wrong[0] if wrong else "")

    yield measure


def _asked(house: Served, taught: Taught, award: str) -> Mapping[str, tuple[Callable[[], bytes], int]]:
    tokens = itertools.cycle(house.tokens(TIMES, taught))
    pupils = itertools.cycle(taught.pupils)

    def append() -> bytes:
        body = {"pupil_id": str(next(pupils)), "behaviour_id": str(taught.behaviour_id)}
        key = f"Idempotency-Key: {uuid.uuid4()}\r\n"
        return request("POST", "/v1/points", token=next(tokens), headers=key, body=json.dumps(body).encode())

    def get(path: str) -> Callable[[], bytes]:
        path = path.format(pupil=taught.pupils[0], class_=taught.class_id)
        return lambda: request("GET", path, token=next(tokens))

    return {
        APPEND: (append, 201),
        READ: (get(award), 200),
        **{name: (get(path), 200) for name, path in LISTS.items()},
    }


def _fill(house: Served, taught: Taught, size: Size) -> None:
    """The other schools, and everybody's events: the measured school has its part of them, by pupils who have left."""
    schools = [taught.school_id, *(UUID(int=(1 << 100) | (n << 40)) for n in range(1, size.schools))]
    with house.database("points") as log:
        partition = log.execute(
            "SELECT partition FROM roster_school WHERE school_id = %s", (taught.school_id,)
        ).fetchone()
    first = partition[0] if partition else 1
    # The measured school stands where identity has put it; the others follow evenly.
    placed = {school: 1 + (first - 1 + n) % size.partitions for n, school in enumerate(schools)}
    server = house.it.state["postgres"]
    conninfo = {
        "host": server["host"],
        "port": server["port"],
        "dbname": "bookbag_points",
        "user": server["user"],
        "password": Path(server["password_file"]).read_text().strip(),
    }
    each = size.events // size.partitions
    fills = [
        Fill(conninfo, part, of, each)
        for part in range(1, size.partitions + 1)
        if (of := [school for school in schools if placed[school] == part])
    ]
    fill(fills, processes=2)
    for service in ("identity", "points"):
        with house.database(service) as connection:
            _people(connection, schools[1:], placed)
            if service == "points":
                _model(connection)
            connection.execute("VACUUM ANALYZE")


def _people(connection: Any, schools: Sequence[UUID], placed: Mapping[UUID, int]) -> None:
    """A class of pupils for each school that is only there, as the roster shows it."""
    for school in schools:
        known = {"school": school, "partition": placed[school], "class": UUID(int=school.int | 1 << 30), "n": PUPILS}
        for table, columns, values in (
            ("roster_school", "school_id, name, partition", "%(school)s, 'invented', %(partition)s"),
            (
                "roster_class",
                "school_id, class_id, name, year_group, open",
                "%(school)s, %(class)s, 'Elms', 'Y1', true",
            ),
        ):
            _insert(connection, table, columns, f"SELECT {values}", known)
        pupils = "(SELECT md5(%(school)s::text || n)::uuid AS pupil_id FROM generate_series(1, %(n)s) n) p"
        _insert(
            connection,
            "roster_pupil",
            "school_id, pupil_id, given_name, family_name, year_group, on_roll",
            f"SELECT %(school)s, pupil_id, 'Ada', 'Invented', 'Y1', true FROM {pupils}",
            known,
        )
        _insert(
            connection,
            "roster_enrolment",
            "school_id, pupil_id, class_id",
            f"SELECT %(school)s, pupil_id, %(class)s FROM {pupils}",
            known,
        )


def _model(connection: Any) -> None:
    """The read model of the events: what the worker would make of them, in two statements."""
    _insert(
        connection,
        "award",
        "school_id, award_id, pupil_id, position, behaviour_id, value_id, staff_id, points, awarded_at",
        "SELECT school_id, (data->>'award_id')::uuid, (data->>'pupil_id')::uuid, position,"
        " (data->>'behaviour_id')::uuid, (data->>'value_id')::uuid, (data->>'staff_id')::uuid, 1, occurred_at"
        " FROM log_event WHERE occurred_at < '2020-01-01' AND type = 'points.PointAwarded'",
        {},
    )
    _insert(
        connection,
        "pupil_total",
        "school_id, pupil_id, value_id, total",
        "SELECT school_id, pupil_id, value_id, sum(points) FROM award WHERE awarded_at < '2020-01-01' GROUP BY 1, 2, 3",
        {},
    )


def _insert(connection: Any, view: str, columns: str, query: str, known: Mapping[str, Any]) -> None:
    (table,) = connection.execute(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname ~ ('^' || %s || '_v[0-9]+$')", (view,)
    ).fetchone()
    into = sql.SQL("INSERT INTO {} ({}) ").format(sql.Identifier(table), sql.SQL(columns))
    connection.execute(into + sql.SQL(query), known)


def _counted(following: Callable[[], bytes], times: int) -> Callable[[], bytes | None]:
    left = itertools.count(times, -1)
    return lambda: following() if next(left) > 0 else None


def _ratio(medians: Medians, axis: Sequence[Size], figures: Sequence[str]) -> float:
    """The worst of some figures: the largest size's over the smallest's."""
    return max(medians.of(axis[-1].name, figure) / medians.of(axis[0].name, figure) for figure in figures)


KINDS: Mapping[str, Sequence[str]] = {
    "an append": [APPEND],
    "the list that grows most": list(LISTS),
    "a checked read": [READ],
}

TOPIC = Topic(
    name="growth",
    title="How the cost of a request grows",
    text=(
        "One request at a time through the gateway of an installation of each size, each of another session, so that it"
        " is looked up. The events are awards in points' log, chained, 50 a pupil, of pupils who have left: what one"
        " pupil has, and one class, is the same in each. Where there are more partitions, schools and events are spread"
        " evenly over them. What follows logs stands still meanwhile: its lag is measured in another part."
    ),
    sides=[Side(name=size.name, what="so many in points' log", ready=partial(_sized, size=size)) for size in SIZES],
    goals=[
        Goal(
            text=f"{kind}: the most {axis} to the fewest, p50",
            target=RATIO,
            unit="times",
            figure=partial(_ratio, axis=sizes, figures=figures),
            at_most=True,
        )
        for axis, sizes in AXES.items()
        for kind, figures in KINDS.items()
    ],
    plotted=(APPEND, READ, *LISTS),
)
