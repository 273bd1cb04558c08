"""What every read model must hold, folded from the logs' rows in plain Python; nothing of the product is imported.

A table is a set of rows; a row begins with the school. Texts stay sealed: what people wrote, only they can compare.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Row = tuple[Any, ...]
Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Recorded:
    """One row of a log. Attributes: data: as the log holds it, ids as texts."""

    position: int
    id: str
    type: str
    school: str
    at: datetime
    data: Mapping[str, Any]


@dataclass(slots=True)
class Rows:
    """A table as it comes about: rows by key, in columns by name; what a row does not say is None."""

    columns: Sequence[str]
    by_key: dict[Key, dict[str, Any]] = field(default_factory=dict)

    def put(self, *key: Any, **values: Any) -> None:
        self.by_key.setdefault(key, {}).update(values)

    def change(self, *key: Any, **values: Any) -> None:
        if key in self.by_key:
            self.by_key[key].update(values)

    def drop(self, *key: Any) -> None:
        self.by_key.pop(key, None)

    def rows(self, keys: int) -> set[Row]:
        return {(*key, *(row.get(name) for name in self.columns[keys:])) for key, row in self.by_key.items()}


@dataclass(frozen=True, slots=True)
class Table:
    """Attributes: keys: how many of the columns, school_id first, name the row."""

    name: str
    columns: Sequence[str]
    keys: int = 2


def _tables(*told: tuple[str, str, int]) -> tuple[Table, ...]:
    return tuple(Table(name, ("school_id", *columns.split()), keys) for name, columns, keys in told)


ROSTER = _tables(
    ("roster_school", "partition", 1),
    ("roster_person", "person_id", 2),
    ("roster_role", "staff_id role", 3),
    ("roster_pupil", "pupil_id year_group on_roll", 2),
    ("roster_class", "class_id name year_group open", 2),
    ("roster_enrolment", "pupil_id class_id", 3),
    ("roster_class_staff", "class_id staff_id post", 3),
    ("roster_guardianship", "pupil_id guardian_id relationship", 3),
    ("roster_sharing", "pupil_id guardian_id kind allowed", 4),
    ("roster_list_acknowledged", "class_id staff_id list_version", 3),
)
TABLES: Mapping[str, tuple[Table, ...]] = {
    "identity": _tables(
        ("guardian_access", "guardian_id removed suspended sanctions", 2),
        ("avatar", "pupil_id avatar", 2),
    ),
    "points": _tables(
        ("school_value", "value_id kind name active", 2),
        ("behaviour", "behaviour_id value_id name points active", 2),
        (
            "award",
            "award_id pupil_id position behaviour_id value_id staff_id points awarded_at revoked_at",
            2,
        ),
        ("pupil_total", "pupil_id value_id total", 3),
    ),
    "stories": _tables(
        ("story", "story_id class_id author_id kind audience pupil_id position posted_at", 2),
        ("story_picture", "media_id story_id place kind", 2),
        ("story_tag", "item_id pupil_id story_id kind approved", 3),
    ),
    "messaging": _tables(
        ("conversation", "conversation_id guardian_id pupil_id class_id position last_message_at", 2),
        (
            "message",
            "message_id conversation_id guardian_id pupil_id class_id position sender sender_id sent_at",
            2,
        ),
        ("phone_request", "message_id conversation_id staff_id asked_at", 2),
    ),
    "moderation": _tables(
        (
            "flagged_case",
            "case_id position message_id guardian_id pupil_id track acknowledged_by outcome consequence decided_by",
            2,
        ),
        ("case_flag", "flag_id case_id position staff_id category", 2),
        (
            "guardian_standing",
            "guardian_id warning_id warned_at delivered_at removal_id removed_at suspension_id suspended_at",
            2,
        ),
        ("ledger_entry", "event_id position guardian_id kind about_id staff_id at", 2),
        ("safeguarding_record", "record_id position case_id message_id guardian_id pupil_id opened_by", 2),
        ("record_entry", "entry_id record_id position kind staff_id", 2),
        ("appeal", "appeal_id position guardian_id", 2),
        ("reshare_report", "report_id position reported_id reporter_id shared outcome decided_by", 2),
        ("reportable_award", "award_id author_id pupil_id at", 2),
        ("reportable_message", "message_id author_id author_as guardian_id pupil_id class_id at", 2),
        ("reportable_story", "story_id author_id audience class_id pupil_id at", 2),
    ),
}
"""Each service's own read models; the roster stands in every service beside them."""

Logs = Mapping[str, Sequence[Recorded]]


def tables_of(service: str) -> tuple[Table, ...]:
    """All that a service shows."""
    return (*ROSTER, *TABLES[service])


def expected(service: str, logs: Logs) -> dict[str, set[Row]]:
    """Table to rows, from the logs of all services."""
    made = {table.name: Rows(table.columns) for table in tables_of(service)}
    _roster(made, logs["identity"])
    _OWN[service](made, logs)
    return {table.name: made[table.name].rows(table.keys) for table in tables_of(service)}


Made = Mapping[str, Rows]


def _roster(made: Made, log: Iterable[Recorded]) -> None:  # noqa: C901, PLR0912 - one case an event
    for e in log:
        school, d = e.school, e.data
        match e.type.partition(".")[2]:
            case "SchoolRegistered":
                made["roster_school"].put(school, partition=d["partition"])
            case "PersonRegistered" | "PersonRenamed":
                made["roster_person"].put(school, d["person_id"])
            case "RoleAppointed":
                made["roster_role"].put(school, d["staff_id"], d["role"])
            case "RoleEnded":
                made["roster_role"].drop(school, d["staff_id"], d["role"])
            case "PupilAdmitted" | "PupilParticularsChanged":
                made["roster_pupil"].put(school, d["pupil_id"], year_group=d["year_group"], on_roll=True)
            case "PupilLeft":
                made["roster_pupil"].change(school, d["pupil_id"], on_roll=False)
            case "ClassOpened":
                told = {"name": d["name"], "year_group": d["year_group"], "open": True}
                made["roster_class"].put(school, d["class_id"], **told)
            case "ClassClosed":
                made["roster_class"].change(school, d["class_id"], open=False)
            case "PupilEnrolled":
                made["roster_enrolment"].put(school, d["pupil_id"], d["class_id"])
            case "PupilWithdrawn":
                made["roster_enrolment"].drop(school, d["pupil_id"], d["class_id"])
            case "StaffAssigned":
                made["roster_class_staff"].put(school, d["class_id"], d["staff_id"], post=d["post"])
            case "StaffUnassigned":
                made["roster_class_staff"].drop(school, d["class_id"], d["staff_id"])
            case "GuardianLinked":
                link = (school, d["pupil_id"], d["guardian_id"])
                made["roster_guardianship"].put(*link, relationship=d["relationship"])
            case "GuardianUnlinked":
                made["roster_guardianship"].drop(school, d["pupil_id"], d["guardian_id"])
            case "SharePermissionAnswered":
                answer = (school, d["pupil_id"], d["guardian_id"], d["kind"])
                made["roster_sharing"].put(*answer, allowed=d["allowed"])
            case "PermissionListAcknowledged":
                known = (school, d["class_id"], d["staff_id"])
                made["roster_list_acknowledged"].put(*known, list_version=d["list_version"])


def _identity(made: Made, logs: Logs) -> None:
    for e in logs["identity"]:
        if e.type == "identity.AvatarChosen":
            made["avatar"].put(e.school, e.data["pupil_id"], avatar=e.data["avatar"])
        elif e.type == "identity.PersonalDataErased":
            made["avatar"].drop(e.school, e.data["subject_id"])
    access = made["guardian_access"]
    for e in logs["moderation"]:
        key = (e.school, e.data.get("guardian_id"))
        match e.type.partition(".")[2]:
            case "ParentRemoved" | "AccountSuspended" as what:
                if key not in access.by_key:
                    access.put(*key, removed=False, suspended=False, sanctions=0)
                access.by_key[key]["sanctions"] += 1
                access.by_key[key]["removed" if what == "ParentRemoved" else "suspended"] = True
            case "ParentReinstated":
                access.change(*key, removed=False)
            case "SuspensionLifted":
                access.change(*key, suspended=False)


def _points(made: Made, logs: Logs) -> None:
    awards, totals = made["award"], made["pupil_total"]
    for e in logs["points"]:
        school, d = e.school, e.data
        match e.type.partition(".")[2]:
            case "SchoolValueDefined":
                made["school_value"].put(school, d["value_id"], kind=d["kind"], name=d["name"], active=True)
            case "SchoolValueRetired":
                made["school_value"].change(school, d["value_id"], active=False)
            case "BehaviourDefined":
                told = {"value_id": d["value_id"], "name": d["name"], "points": d["points"], "active": True}
                made["behaviour"].put(school, d["behaviour_id"], **told)
            case "BehaviourRetired":
                made["behaviour"].change(school, d["behaviour_id"], active=False)
            case "PointAwarded":
                told = {name: d[name] for name in ("pupil_id", "behaviour_id", "value_id", "staff_id", "points")}
                awards.put(school, d["award_id"], position=e.position, awarded_at=e.at, **told)
            case "PointRevoked":
                awards.change(school, d["award_id"], revoked_at=e.at)
    # Summed from the awards that stand, not moved up and down by what came: so it cannot be wrong in the same way.
    for (school, _), award in awards.by_key.items():
        key = (school, award["pupil_id"], award["value_id"])
        stands = 0 if award.get("revoked_at") else award["points"]
        totals.put(*key, total=totals.by_key.get(key, {}).get("total", 0) + stands)


def _stories(made: Made, logs: Logs) -> None:
    gone = {e.data["story_id"] for e in logs["stories"] if e.type == "stories.StoryWithdrawn"}
    for e in logs["stories"]:
        school, d = e.school, e.data
        if d.get("story_id") in gone:
            continue
        if e.type == "stories.StoryPosted":
            told = {name: d[name] for name in ("class_id", "author_id", "kind", "audience", "pupil_id")}
            made["story"].put(school, d["story_id"], position=e.position, posted_at=e.at, **told)
            for pupil in d["names"]:
                _tag(made, e, d["story_id"], pupil, "message")
            for place, picture in enumerate(d["pictures"]):
                shown = {"story_id": d["story_id"], "place": place, "kind": picture["kind"]}
                made["story_picture"].put(school, picture["media_id"], **shown)
                for pupil in picture["shows"]:
                    _tag(made, e, picture["media_id"], pupil, picture["kind"])
        elif e.type == "stories.StoryMediaApproved":
            looked_at = {*d["media_ids"], *([d["story_id"]] if d["text"] else [])}
            for (at, item, _), tag in made["story_tag"].by_key.items():
                if at == school and item in looked_at and tag["story_id"] == d["story_id"]:
                    tag["approved"] = max(tag["approved"], d["roster_position"])


def _tag(made: Made, e: Recorded, item: str, pupil: str, kind: str) -> None:
    told = {"story_id": e.data["story_id"], "kind": kind, "approved": e.data["roster_position"]}
    made["story_tag"].put(e.school, item, pupil, **told)


def _messaging(made: Made, logs: Logs) -> None:
    conversations = made["conversation"]
    for e in logs["messaging"]:
        school, d = e.school, e.data
        match e.type.partition(".")[2]:
            case "ConversationOpened":
                told = {name: d[name] for name in ("guardian_id", "pupil_id", "class_id")}
                conversations.put(school, d["conversation_id"], position=e.position, **told)
            case "MessageSent":
                conversations.put(school, d["conversation_id"], position=e.position, last_message_at=e.at)
                names = ("conversation_id", "guardian_id", "pupil_id", "class_id", "sender", "sender_id")
                told = {name: d[name] for name in names}
                made["message"].put(school, d["message_id"], position=e.position, sent_at=e.at, **told)
            case "AskedToPhone":
                told = {"conversation_id": d["conversation_id"], "staff_id": d["staff_id"], "asked_at": e.at}
                made["phone_request"].put(school, d["message_id"], **told)


def _moderation(made: Made, logs: Logs) -> None:
    for e in logs["moderation"]:
        _case(made, e)
        _standing(made, e)
        _ledger(made, e)
        _records(made, e)
    for e in logs["points"]:
        if e.type == "points.PointAwarded":
            told = {"author_id": e.data["staff_id"], "pupil_id": e.data["pupil_id"], "at": e.at}
            made["reportable_award"].put(e.school, e.data["award_id"], **told)
    for e in logs["messaging"]:
        if e.type == "messaging.MessageSent":
            told = {name: e.data[name] for name in ("guardian_id", "pupil_id", "class_id")}
            author = {"author_id": e.data["sender_id"], "author_as": e.data["sender"]}
            made["reportable_message"].put(e.school, e.data["message_id"], at=e.at, **author, **told)
    for e in logs["stories"]:
        if e.type == "stories.StoryPosted":
            told = {name: e.data[name] for name in ("author_id", "audience", "class_id", "pupil_id")}
            made["reportable_story"].put(e.school, e.data["story_id"], at=e.at, **told)


def _case(made: Made, e: Recorded) -> None:
    cases, d = made["flagged_case"], e.data
    match e.type.partition(".")[2]:
        case "CaseOpened":
            told = {name: d[name] for name in ("message_id", "guardian_id", "pupil_id", "track")}
            cases.put(e.school, d["case_id"], position=e.position, **told)
        case "FlagReceived":
            told = {name: d[name] for name in ("case_id", "staff_id", "category")}
            made["case_flag"].put(e.school, d["flag_id"], position=e.position, **told)
        case "LeaderAcknowledged":
            cases.change(e.school, d["case_id"], acknowledged_by=d["staff_id"])
        case "FlagUpheld" | "FlagDismissed" as what:
            told = {"consequence": d.get("consequence"), "decided_by": d["staff_id"]}
            outcome = "upheld" if what == "FlagUpheld" else "dismissed"
            cases.change(e.school, d["case_id"], outcome=outcome, **told)


def _standing(made: Made, e: Recorded) -> None:
    told: dict[str, Any]
    d = e.data
    match e.type.partition(".")[2]:
        case "ParentWarned":
            told = {"warning_id": d["warning_id"], "warned_at": e.at, "delivered_at": None}
        case "WarningDelivered":
            told = {"delivered_at": e.at}
        case "WarningRescinded":
            told = {"warning_id": None, "warned_at": None, "delivered_at": None}
        case "ParentRemoved":
            told = {"removal_id": d["removal_id"], "removed_at": e.at}
        case "ParentReinstated":
            told = {"removal_id": None, "removed_at": None}
        case "AccountSuspended":
            told = {"suspension_id": d["suspension_id"], "suspended_at": e.at}
        case "SuspensionLifted":
            told = {"suspension_id": None, "suspended_at": None}
        case _:
            return
    made["guardian_standing"].put(e.school, d["guardian_id"], **told)


_ENTERED: Mapping[str, tuple[str, str]] = {
    "FlagUpheld": ("upheld", "case_id"),
    "FlagDismissed": ("dismissed", "case_id"),
    "ParentWarned": ("warned", "warning_id"),
    "WarningDelivered": ("delivered", "warning_id"),
    "WarningRescinded": ("rescinded", "warning_id"),
    "ParentRemoved": ("removed", "removal_id"),
    "ParentReinstated": ("reinstated", "removal_id"),
    "AccountSuspended": ("suspended", "suspension_id"),
    "SuspensionKept": ("suspension_kept", "suspension_id"),
    "SuspensionLifted": ("suspension_lifted", "suspension_id"),
    "AppealLodged": ("appealed", "appeal_id"),
}


def _ledger(made: Made, e: Recorded) -> None:
    entered = _ENTERED.get(e.type.partition(".")[2])
    if entered is None:
        return
    kind, about = entered
    if about == "case_id":
        opened = made["flagged_case"].by_key.get((e.school, e.data["case_id"]))
        if opened is None or opened["track"] != "conduct":
            return  # what comes of a worry about a child is no matter of the guardian's conduct (T14)
    made["ledger_entry"].put(
        e.school,
        e.id,
        position=e.position,
        guardian_id=e.data["guardian_id"],
        kind=kind,
        about_id=e.data[about],
        staff_id=e.data.get("staff_id"),
        at=e.at,
    )


def _records(made: Made, e: Recorded) -> None:
    d = e.data
    match e.type.partition(".")[2]:
        case "SafeguardingRecordOpened":
            told = {name: d[name] for name in ("case_id", "message_id", "guardian_id", "pupil_id", "opened_by")}
            made["safeguarding_record"].put(e.school, d["record_id"], position=e.position, **told)
        case "RecordEntryAdded":
            told = {name: d[name] for name in ("record_id", "kind", "staff_id")}
            made["record_entry"].put(e.school, d["entry_id"], position=e.position, **told)
        case "AppealLodged":
            made["appeal"].put(e.school, d["appeal_id"], position=e.position, guardian_id=d["guardian_id"])
        case "ReshareReported":
            told = {name: d[name] for name in ("reported_id", "reporter_id", "shared")}
            made["reshare_report"].put(e.school, d["report_id"], position=e.position, **told)
        case "ReshareConfirmed" | "ReshareDismissed" as what:
            outcome = "confirmed" if what == "ReshareConfirmed" else "dismissed"
            made["reshare_report"].change(e.school, d["report_id"], outcome=outcome, decided_by=d["staff_id"])


_OWN: Mapping[str, Callable[[Made, Logs], None]] = {
    "identity": _identity,
    "points": _points,
    "stories": _stories,
    "messaging": _messaging,
    "moderation": _moderation,
}
