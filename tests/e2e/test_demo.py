"""The demo plays to its end, holds all its checks, and would fail if one did not hold."""

import io

from rich.console import Console

from deploy.demo.__main__ import act, prove
from deploy.demo.stage import Stage
from tests.installation import Bench, School


def a_stage() -> tuple[Stage, Console, io.StringIO]:
    paper = io.StringIO()
    console = Console(file=paper, width=120, highlight=False)
    return Stage(console), console, paper


def test_the_demo_plays_to_its_end_and_all_its_checks_hold(bench: Bench):
    stage, console, paper = a_stage()
    code = act(stage, console, dict(bench.it.state))
    assert code == 0, paper.getvalue()[-3000:]
    assert stage.seen > 40
    for clause in ("S32", "S33", "S40", "S57", "S61", "S46", "S52", "S73", "S75", "S77", "S70", "S06"):
        assert clause in paper.getvalue()


def test_a_check_that_does_not_hold_is_counted_and_told():
    stage, _, paper = a_stage()
    stage.sees("Somebody", "one point", found=2, expected=1)
    stage.check("the log is whole", ["changed: event"])
    stage.may_not("Somebody", "does what is not allowed", "STAFF_ONLY", "S32", object())
    assert len(stage.wrong) == 3
    assert paper.getvalue().count("NOT AS THE POLICY SAYS") == 3


def test_a_log_that_was_changed_fails_the_demo(bench: Bench, school: School):
    """The last event of points' log gets another actor, and its own back again."""
    school.a_behaviour()
    with bench.connected("points") as connection:
        position, actor = connection.execute(
            "SELECT position, actor FROM log_event WHERE partition = 1 ORDER BY position DESC LIMIT 1"
        ).fetchone() or (0, "")
        assert position
        change = "UPDATE log_event SET actor = %s WHERE partition = 1 AND position = %s"
        connection.execute(change, ("staff:somebody-else", position))
        try:
            stage, _, _ = a_stage()
            prove(stage, bench.config, school.school_id)
        finally:
            connection.execute(change, (actor, position))
    assert any("changed" in line for line in stage.wrong), stage.wrong
    assert bench.faults() == []
