"""The bench's own promises: sides take turns, medians are medians, a loss does not count, controls must fail."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest

from bench import report
from bench.frame import not_caught, run
from bench.place import Place
from bench.side import Goal, Measured, Medians, NotMeasured, Outcome, Side, Topic
from bench.topics import topics

PLACE = cast("Place", None)


def a_side(name: str, calls: list[str], *results: Measured | Exception, **kind: Any) -> Side:
    coming = iter(results)

    @contextmanager
    def ready(_place: Place) -> Iterator[Any]:
        def measure() -> Measured:
            calls.append(name)
            result = next(coming)
            if isinstance(result, Exception):
                raise result
            return result

        yield measure
        calls.append(f"{name} cleared up")

    return Side(name=name, what="", ready=ready, **kind)


def a_topic(*sides: Side) -> Topic:
    return Topic(name="none", title="", text="", sides=sides, goals=())


def speed(*values: float) -> list[Measured]:
    return [Measured(figures={"events/s": value}) for value in values]


def ran(*sides: Side) -> dict[str, Outcome]:
    outcomes = run(a_topic(*sides), PLACE, 3, lambda _line: None)
    return {outcome.name: outcome for outcome in outcomes}


def test_sides_take_turns_and_each_round_begins_with_another():
    calls: list[str] = []
    ran(*(a_side(name, calls, *speed(1, 2, 3)) for name in "abc"))
    assert "".join(calls[:9]) == "abcbcacab"
    assert sorted(calls[9:]) == ["a cleared up", "b cleared up", "c cleared up"]


def test_a_figure_is_the_median_of_the_rounds_between_the_least_and_the_most():
    outcome = ran(a_side("a", [], *speed(30, 10, 11)))["a"]
    assert outcome.figures == {"events/s": (11, 10, 30)}


def test_one_round_that_lost_something_disqualifies_its_side():
    lost = Measured(figures={"events/s": 99}, fault="3 of 10 are missing")
    found = ran(a_side("a", [], *speed(1, 2), lost))
    with pytest.raises(NotMeasured, match="3 of 10 are missing"):
        Medians(found).of("a", "events/s")


def test_a_side_that_breaks_does_not_stop_the_others():
    found = ran(a_side("a", [], RuntimeError("broken"), *speed(1, 2)), a_side("b", [], *speed(1, 2, 3)))
    assert "broken" in found["a"].fault
    assert Medians(found).of("b", "events/s") == 2


def test_a_side_whose_module_is_missing_is_left_out_and_said_so():
    found = ran(a_side("a", [], *speed(1, 2, 3)), a_side("b", [], needs="no_such_module"))
    assert found["b"].skipped == "no_such_module is not in this environment"
    with pytest.raises(NotMeasured):
        Medians(found).of("b", "events/s")


def test_a_control_that_is_not_caught_is_told():
    caught = Measured(figures={}, fault="it skipped 7 events")
    outcomes = ran(
        a_side("caught", [], caught, caught, caught, control="skipped"),
        a_side("not caught", [], *speed(1, 2, 3), control="skipped"),
        a_side("not run", [], control="skipped", needs="no_such_module"),
    )
    assert not_caught(list(outcomes.values())) == ["not caught", "not run"]


@pytest.mark.parametrize(
    ("value", "at_most", "says"),
    [(8, False, "met"), (6, False, "missed by 25%: slow"), (10, True, "missed by 25%: slow")],
)
def test_a_goal_says_whether_it_is_met_and_else_by_how_much_and_why(value: float, at_most: bool, says: str):
    goal = Goal(text="", target=8, unit="", figure=lambda m: m.of("a", "x"), at_most=at_most, why="slow")
    outcome = Outcome(name="a", what="", control="", rounds=[{"x": value}])
    assert report.goal_row(goal, Medians({"a": outcome}))[1] == says


def test_the_page_is_what_the_records_say():
    assert report.PAGE.read_text() == report.page(topics())


def test_every_record_and_every_plot_is_of_a_topic():
    names = {topic.name for topic in topics()} | {"load"}  # `make load` writes its own
    assert {path.stem for path in Path(report.FOLDER).iterdir() if path.suffix in (".json", ".svg")} <= names
