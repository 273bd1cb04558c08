"""The next version of the code, in a copy: `points.PointAwarded` counts in halves from its version 2 on.

The field keeps its name, so that whoever reads version 2 as version 1 takes twice the points and notices nothing.
"""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.local.folders import ROOT

COPIED = ("services", "shared", "deploy", "tests", "pyproject.toml")


@dataclass(frozen=True, slots=True)
class Edit:
    """What is put in the place of what stands `times` times in a file."""

    find: str
    replace: str
    times: int = 1


DECLARED = """\
pupil_points.writes(
    PointAwarded,
    Insert(
        "award",
        of("award_id", "pupil_id", "behaviour_id", "value_id", "staff_id", "points", "note")
        | {"position": POSITION, "awarded_at": OCCURRED_AT},
    ),
    Add("pupil_total", of("pupil_id", "value_id"), of(total="points")),
)
"""
BY_HAND = """\
@pupil_points.on(PointAwarded, commutes=True)
def _(tx: Tx, e: PointAwarded, meta: Envelope) -> None:
    whole = e.points // 2
    tx.execute(
        "INSERT INTO {award} (school_id, award_id, pupil_id, position, behaviour_id, value_id, staff_id, points, note,"
        " awarded_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        meta.school_id,
        e.award_id,
        e.pupil_id,
        meta.position,
        e.behaviour_id,
        e.value_id,
        e.staff_id,
        whole,
        shown(e.note),
        meta.occurred_at,
    )
    tx.execute(
        "INSERT INTO {pupil_total} AS t (school_id, pupil_id, value_id, total) VALUES (%s, %s, %s, %s)"
        " ON CONFLICT (school_id, pupil_id, value_id) DO UPDATE SET total = t.total + excluded.total",
        meta.school_id,
        e.pupil_id,
        e.value_id,
        whole,
    )
"""
"""A declared effect writes a field as it stands; what is reckoned is a handler's."""

HALVES: Mapping[str, Sequence[Edit]] = {
    "shared/events/points.py": (
        Edit("from typing import NewType", "from typing import Any, NewType"),
        Edit("import Event, Personal, event, personal\n", "import Event, Personal, event, personal, upcast\n"),
        Edit(
            '@event("points.PointAwarded", version=1)\n',
            '@upcast("points.PointAwarded", from_version=1)\n'
            "def _in_halves(data: dict[str, Any]) -> dict[str, Any]:\n"
            '    return {**data, "points": data["points"] * 2}\n\n\n'
            '@event("points.PointAwarded", version=2)\n',
        ),
    ),
    "services/points/domain/pupil_points.py": (
        Edit(
            "points=allowed_points(points, facts.parameters),", "points=allowed_points(points, facts.parameters) * 2,"
        ),
        Edit("Award(points, staff_id)", "Award(points // 2, staff_id)"),
    ),
    "services/points/projections/pupil_points.py": (Edit(DECLARED, BY_HAND),),
}


def copy_of_the_tree(folder: Path, edits: Mapping[str, Sequence[Edit]] | None = None) -> Path:
    """The code as it is, in a folder that is made, with these edits."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, folder / name)
    for name, changes in (edits or {}).items():
        text = (folder / name).read_text()
        for edit in changes:
            assert text.count(edit.find) == edit.times, f"{name} no longer holds {edit.find!r} {edit.times} times"
            text = text.replace(edit.find, edit.replace)
        (folder / name).write_text(text)
    return folder
