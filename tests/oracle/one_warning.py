"""The one-warning rule in the policy's words (S73, S74, S70 to S72, S06; the readings of section k), and nothing else.

It imports nothing of the product. It is told what people did and in which order each log holds it, in hindsight, and
says what should have come of it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Said:
    """One line of messaging's log about a guardian, in the log's order; its place is its index there.

    Attributes:
        what: sent, warning, delivered, rescinded, removed, reinstated, suspended or lifted.
        name: of the message, warning, removal or suspension.
    """

    guardian: str
    what: str
    name: str


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision of a leader about a guardian, in the order in which moderation's log holds them.

    Attributes:
        what: upheld, dismissed, rescind, reinstate, override, confirm (re-sharing), lift or remove_for_resharing.
        name: the message that was upheld; else nothing.
        concern: the flag was a worry about the child, which is never misuse.
    """

    guardian: str
    what: str
    name: str = ""
    concern: bool = False


@dataclass(slots=True)
class Outcome:
    """What the policy makes of a history, for one guardian.

    Attributes:
        sanctions: warned, removed or suspended, in order, each with the message it came of (nothing where none did).
    """

    sanctions: list[tuple[str, str]] = field(default_factory=list)
    warned: bool = False
    removed: bool = False
    suspended: bool = False


def outcome(guardian: str, messaging: Sequence[Said], decisions: Iterable[Decided]) -> Outcome:  # noqa: C901, PLR0912
    """Goes through the leaders' decisions one by one and asks of each what the policy says follows."""
    mine = [(place, said) for place, said in enumerate(messaging) if said.guardian == guardian]
    found = Outcome()
    warnings_given, reinstatements = 0, 0
    for decided in decisions:
        if decided.guardian != guardian:
            continue
        match decided.what:
            case "upheld" if decided.concern:
                continue  # a concern about a child is never misuse
            case "upheld" if not found.warned:
                found.warned = True
                warnings_given += 1
                found.sanctions.append(("warned", decided.name))
            case "upheld" if not found.removed:
                sent = _place(mine, "sent", decided.name)
                delivered = _nth(mine, "warning", warnings_given)
                heard = None if delivered is None else _first(mine, "delivered", delivered)
                came_back = -1 if reinstatements == 0 else _nth_place(mine, "reinstated", reinstatements)
                if heard is not None and came_back is not None and sent > heard and sent > came_back:
                    found.removed = True
                    found.sanctions.append(("removed", decided.name))
            case "rescind":
                found.warned = False
            case "reinstate":
                found.removed = False
                reinstatements += 1
            case "override" | "remove_for_resharing":
                if not found.removed:
                    found.removed = True
                    found.sanctions.append(("removed", ""))
            case "confirm":
                if not found.suspended:
                    found.suspended = True
                    found.sanctions.append(("suspended", ""))
            case "lift":
                found.suspended = False
    return found


def answer_to_sending(guardian: str, messaging: Sequence[Said]) -> str:  # noqa: C901
    """What a guardian who sends now is answered, from what messaging's log holds up to now."""
    unread: set[str] = set()
    removed: set[str] = set()
    suspended: set[str] = set()
    for said in messaging:
        if said.guardian != guardian:
            continue
        match said.what:
            case "warning":
                unread.add(said.name)
            case "delivered" | "rescinded":
                unread.discard(said.name)
            case "removed":
                removed.add(said.name)
            case "reinstated":
                removed.discard(said.name)
            case "suspended":
                suspended.add(said.name)
            case "lifted":
                suspended.discard(said.name)
    if removed:
        return "REMOVED"
    if suspended:
        return "SUSPENDED"
    return "WARNING_UNREAD" if unread else "sent"


def broken_promises(guardian: str, sanctions: Sequence[tuple[str, str]]) -> list[str]:
    """What must hold whatever happened.

    Args:
        guardian: whom it is about, for the words.
        sanctions: (what, on what it rests) in the order of moderation's log: warned, delivered, rescinded,
            removed (on "warning", "override" or "resharing"), reinstated.
    """
    wrong: list[str] = []
    warned_since_rescission = removed_since_reinstatement = delivered = False
    for what, basis in sanctions:
        match what:
            case "warned":
                if warned_since_rescission:
                    wrong.append(f"{guardian}: two warnings between two rescissions")
                warned_since_rescission, delivered = True, False
            case "delivered":
                delivered = True
            case "rescinded":
                warned_since_rescission = delivered = False
            case "removed":
                if removed_since_reinstatement:
                    wrong.append(f"{guardian}: two removals between two reinstatements")
                removed_since_reinstatement = True
                if basis == "warning" and not delivered:
                    wrong.append(f"{guardian}: removed without a delivered warning")
            case "reinstated":
                removed_since_reinstatement = False
    return wrong


Mine = Sequence[tuple[int, Said]]


def _place(mine: Mine, what: str, name: str) -> int:
    return next(place for place, said in mine if said.what == what and said.name == name)


def _first(mine: Mine, what: str, name: str) -> int | None:
    return next((place for place, said in mine if said.what == what and said.name == name), None)


def _nth(mine: Mine, what: str, number: int) -> str | None:
    names = [said.name for _, said in mine if said.what == what]
    return names[number - 1] if len(names) >= number else None


def _nth_place(mine: Mine, what: str, number: int) -> int | None:
    places = [place for place, said in mine if said.what == what]
    return places[number - 1] if len(places) >= number else None
