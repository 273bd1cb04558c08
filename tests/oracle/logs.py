"""The logs of a school in the oracle's words: what people did, read back by ids. Texts stay sealed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tests.oracle.one_warning import Decided, Said, broken_promises, outcome

Ask = Callable[[str, str, tuple[Any, ...]], list[tuple[Any, ...]]]
"""Asks a service's database: (service, SQL, parameters) to rows."""

SAID = {
    "messaging.MessageSent": ("sent", "message_id"),
    "messaging.WarningRecorded": ("warning", "warning_id"),
    "messaging.WarningReceived": ("delivered", "warning_id"),
    "messaging.WarningHandedOver": ("delivered", "warning_id"),
    "messaging.WarningRescissionRecorded": ("rescinded", "warning_id"),
    "messaging.RemovalRecorded": ("removed", "removal_id"),
    "messaging.ReinstatementRecorded": ("reinstated", "removal_id"),
    "messaging.SuspensionRecorded": ("suspended", "suspension_id"),
    "messaging.SuspensionEndRecorded": ("lifted", "suspension_id"),
}
DECIDED = {
    "moderation.WarningRescinded": "rescind",
    "moderation.ParentReinstated": "reinstate",
    "moderation.SuspensionLifted": "lift",
}
ACTS = {
    "moderation.ParentWarned": "warned",
    "moderation.WarningDelivered": "delivered",
    "moderation.WarningRescinded": "rescinded",
    "moderation.ParentRemoved": "removed",
    "moderation.ParentReinstated": "reinstated",
    "moderation.AccountSuspended": "suspended",
}


@dataclass(frozen=True, slots=True)
class Logs:
    """What both logs hold of a school, by their ids.

    Attributes:
        first_removed: guardian to the position in moderation's log at which they were removed first.
    """

    messaging: list[tuple[int, Said]]
    decisions: list[Decided]
    acts: Mapping[str, list[tuple[str, str, str]]]
    cases: list[str]
    first_removed: Mapping[str, int]

    def said_up_to(self, position: int) -> list[Said]:
        return [said for at, said in self.messaging if at <= position]


SANCTIONS = frozenset({"warned", "removed", "suspended"})


def sanctions_in(logs: Logs, guardian: str) -> list[tuple[str, str]]:
    """What moderation's log holds of sanctions on a guardian, each with the message that it came of."""
    return [(what, on) for what, on, _ in logs.acts.get(guardian, ()) if what in SANCTIONS]


def differences(logs: Logs, guardian: str) -> list[str]:
    """Where a guardian's sanctions are not what the policy makes of the same history, and promises that are broken."""
    found = sanctions_in(logs, guardian)
    expected = outcome(guardian, [said for _, said in logs.messaging], logs.decisions).sanctions
    wrong = broken_promises(guardian, [(what, basis) for what, _, basis in logs.acts.get(guardian, ())])
    return wrong if found == expected else [*wrong, f"{found}, but the policy says {expected}"]


def read_logs(ask: Ask, school_id: UUID) -> Logs:
    sql = "SELECT position, type, data::text::jsonb FROM log_event WHERE school_id = %s ORDER BY position"
    messaging = [(at, said) for at, kind, data in ask("messaging", sql, (school_id,)) if (said := _said(kind, data))]
    decisions: list[Decided] = []
    acts: dict[str, list[tuple[str, str, str]]] = {}
    cases: dict[str, Mapping[str, Any]] = {}
    first_removed: dict[str, int] = {}
    reported: dict[str, str] = {}
    for at, kind, data in ask("moderation", sql, (school_id,)):
        if kind == "moderation.CaseOpened":
            assert data["case_id"] not in cases, "one case opened twice"
            cases[data["case_id"]] = data
        elif kind == "moderation.FlagUpheld":
            concern = cases[data["case_id"]]["track"] == "child_concern"
            decisions.append(Decided(data["guardian_id"], "upheld", data["message_id"], concern))
        elif kind == "moderation.ReshareReported":
            reported[data["report_id"]] = data["reported_id"]
        elif kind == "moderation.ReshareConfirmed":
            decisions.append(Decided(reported[data["report_id"]], "confirm"))
        elif kind == "moderation.ParentRemoved" and data["basis"] != "misuse_after_warning":
            decisions.append(Decided(data["guardian_id"], "override"))
        elif kind in DECIDED:
            decisions.append(Decided(data["guardian_id"], DECIDED[kind]))
        if kind == "moderation.ParentRemoved":
            first_removed.setdefault(data["guardian_id"], at)
        if kind in ACTS:
            on = cases[data["case_id"]]["message_id"] if data.get("case_id") else ""
            basis = "warning" if data.get("basis") == "misuse_after_warning" else ""
            acts.setdefault(data["guardian_id"], []).append((ACTS[kind], on, basis))
    return Logs(messaging, decisions, acts, list(cases), first_removed)


def _said(kind: str, data: Mapping[str, Any]) -> Said | None:
    if kind not in SAID:
        return None
    what, name = SAID[kind]
    return Said(data["guardian_id"], what, data[name])
