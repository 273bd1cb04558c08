"""What a school may vary of the policy, each with its clause and its default: the default is the policy's text."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

from shared.policy.clauses import ClauseId
from shared.policy.codes import INVALID_FIELDS
from shared.policy.linked import Linked, LinkedPolicy
from shared.policy.refusal import Refusal
from shared.policy.working_time import LONDON, MOST_CLOSURE_DAYS, ReplyClock, WorkingTime, closure_days

TIMEZONE = LONDON.key
"""The policy's clock (S47). A parameter in name only: it cannot be another."""

_PHONE = re.compile(r"[0-9+][0-9 ()+-]{4,28}[0-9]")
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63}){1,8}")
_LINK = re.compile(
    r"https://[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63}){1,8}(:[0-9]{1,5})?(/[A-Za-z0-9._~%!$&'()*+,;=:@/?#-]*)?"
)
MOST_LINK, MOST_AUTHOR, MOST_VERSION = 300, 120, 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """A school's parameters. Making one with a value out of its range raises Refusal(INVALID_FIELDS).

    Attributes:
        policy_author: who wrote the school's policy, as the policy names them: a name or an office; empty for neither.
        help_link: an https address with more about this software; empty while the school has not said.
        max_parents: adults linked to a child before a teacher's approval is needed; 1 to 10.
        positive_points_only: whether a point is always 1 or more.
        max_points_per_award: 1 to 100.
        flag_warns_by_itself: whether a flag on a guardian's conduct warns with no leader's decision; it never removes.
        reply_clock: how "within 24 hours during working days" is read; a value of ReplyClock.
        closure_days: the school's own closed days, as `2026-10-23,2026-12-21/2027-01-01`; `working_time` reads them.
        office_phone, office_email: where refusals send people; empty while the school has not said.
        ..._policy_link, ..._policy_version: where a policy that this one names is read, by https, and which version it
            is: both or neither.
    """

    policy_author: str = ""
    help_link: str = ""
    max_parents: int = 2
    positive_points_only: bool = True
    max_points_per_award: int = 5
    flag_warns_by_itself: bool = False
    reply_clock: str = ReplyClock.NEXT_WORKING_DAY.value
    closure_days: str = ""
    office_phone: str = ""
    office_email: str = ""
    remote_learning_policy_link: str = ""
    remote_learning_policy_version: str = ""
    internet_use_policy_link: str = ""
    internet_use_policy_version: str = ""
    staff_conduct_policy_link: str = ""
    staff_conduct_policy_version: str = ""
    timezone: str = TIMEZONE

    def __post_init__(self) -> None:
        """Checks every value, so that no rule meets a parameter that makes no sense."""
        errors = {name: [message] for name, message in _problems(self)}
        if errors:
            raise Refusal(INVALID_FIELDS, errors=errors)

    @classmethod
    def from_mapping(cls, raw: Mapping[str, Any]) -> Self:
        """The parameters of a JSON object; what it leaves out has its default.

        Raises:
            Refusal: INVALID_FIELDS, for an unknown parameter too.
        """
        if not raw.keys() <= CLAUSE_OF.keys():
            raise Refusal(INVALID_FIELDS, errors={"parameters": ["There is a parameter here that we do not know."]})
        return cls(**raw)

    @property
    def working_time(self) -> WorkingTime:
        """When the staff of a school with these parameters work."""
        return WorkingTime(closure_days(self.closure_days))

    @property
    def linked(self) -> Sequence[LinkedPolicy]:
        """Every policy that this one names, as the school has it."""
        return [
            LinkedPolicy(policy=one, link=getattr(self, one.link), version=getattr(self, one.version)) for one in Linked
        ]

    def to_mapping(self) -> dict[str, int | bool | str]:
        """A JSON object of all parameters; `from_mapping` takes it back unchanged."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


CLAUSE_OF: Mapping[str, ClauseId] = {
    "policy_author": ClauseId("S01"),
    "help_link": ClauseId("S07"),
    "max_parents": ClauseId("S27"),
    "positive_points_only": ClauseId("S33"),
    "max_points_per_award": ClauseId("S33"),
    "flag_warns_by_itself": ClauseId("S73"),
    "reply_clock": ClauseId("S49"),
    "closure_days": ClauseId("S47"),
    "office_phone": ClauseId("S53"),
    "office_email": ClauseId("S24"),
    **{name: one.clause for one in Linked for name in (one.link, one.version)},
    "timezone": ClauseId("S47"),
}
"""The clause that each parameter varies."""

_CLOSURES_HINT = (
    "Please give days as 2026-10-23 or 2026-12-21/2027-01-01, with commas between,"
    f" and {MOST_CLOSURE_DAYS} days at most."
)
_LINK_HINT = f"Please give a web address that begins with https://, of {MOST_LINK} characters at most."
MOST_PARENTS = 10
MOST_POINTS = 100


def _problems(parameters: Parameters) -> list[tuple[str, str]]:
    found = []
    if not _whole(parameters.max_parents, MOST_PARENTS):
        found.append(("max_parents", f"Please choose a whole number from 1 to {MOST_PARENTS}."))
    found += [
        (name, "Please choose true or false.")
        for name in ("positive_points_only", "flag_warns_by_itself")
        if type(getattr(parameters, name)) is not bool  # the annotation is a promise; JSON made none
    ]
    if not _whole(parameters.max_points_per_award, MOST_POINTS):
        found.append(("max_points_per_award", f"Please choose a whole number from 1 to {MOST_POINTS}."))
    if parameters.reply_clock not in tuple(ReplyClock):
        found.append(("reply_clock", f"Please choose one of these: {', '.join(ReplyClock)}."))
    if not _closures(parameters.closure_days):
        found.append(("closure_days", _CLOSURES_HINT))
    if not _text(parameters.office_phone, _PHONE):
        found.append(("office_phone", "Please give a phone number, such as 0151 496 0000."))
    if not _text(parameters.office_email, _EMAIL):
        found.append(("office_email", "Please give an e-mail address, such as office@school.example."))
    if str(parameters.timezone) != TIMEZONE:
        found.append(("timezone", f"The school's clock is {TIMEZONE}."))
    return [*found, *_problems_of_what_is_shown(parameters)]


def _problems_of_what_is_shown(parameters: Parameters) -> list[tuple[str, str]]:
    found = []
    if not _line(parameters.policy_author, MOST_AUTHOR):
        found.append(("policy_author", f"Please give one line of {MOST_AUTHOR} characters at most."))
    if not _link(parameters.help_link):
        found.append(("help_link", _LINK_HINT))
    for one in parameters.linked:
        if not _link(one.link):
            found.append((one.policy.link, _LINK_HINT))
        elif not _line(one.version, MOST_VERSION):
            found.append((one.policy.version, f"Please give one line of {MOST_VERSION} characters at most."))
        elif (one.link == "") is not (one.version == ""):
            lacking = one.policy.version if one.link else one.policy.link
            found.append((lacking, "Please give the address and the version together."))
    return found


def _whole(value: object, most: int) -> bool:
    # A bool is an int to Python, and not to a school.
    return type(value) is int and 1 <= value <= most


def _text(value: object, form: re.Pattern[str]) -> bool:
    return value == "" or (isinstance(value, str) and form.fullmatch(value) is not None)


def _link(value: object) -> bool:
    return _text(value, _LINK) and len(str(value)) <= MOST_LINK


def _line(value: object, most: int) -> bool:
    """One line that can be shown as it is: nothing that cannot be printed, and no blank at its ends."""
    return isinstance(value, str) and len(value) <= most and value.isprintable() and value == value.strip()


def _closures(value: object) -> bool:
    try:
        return isinstance(value, str) and closure_days(value) is not None
    except ValueError:
        return False
