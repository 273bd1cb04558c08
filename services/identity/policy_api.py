"""The policy over HTTP, for anybody to read: every clause in its own words, and how the version stands (S01 to S04)."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any
from uuid import UUID

import falcon

from services.identity.domain.school import school_id_of
from shared.http.operations import operation, query
from shared.http.schemas import DateField, EnumField, ListOf, Part, Schema, Text
from shared.policy.clauses import CLAUSES
from shared.policy.linked import Linked
from shared.policy.parameters import MOST_LINK, Parameters
from shared.policy.principal import LEADERS, Capacity, Principal, Role
from shared.policy.versions import POLICY, PolicyVersion, Review, Standing, cited_on
from shared.policy.words import WORDS, Named, Section

CLAUSE = 2000
"""Characters of the longest clause, with a school's own name in it, and to spare."""

NameOf = Callable[[UUID], str]
ParametersOf = Callable[[UUID], Parameters]


class PolicyAsked(Schema):
    school = Text(1, 60)


class ClauseShown(Schema):
    """`words` are the policy's own, `owes` is what the software has to do about them."""

    id = Text(required=True)
    section = EnumField(Section, required=True)
    words = Text(most=CLAUSE, required=True)
    owes = Text(most=CLAUSE, required=True)


class LinkedShown(Schema):
    """A policy that this one names; `link` and `version` are None where the school has not said: ask its office."""

    policy = EnumField(Linked, required=True)
    title = Text(required=True)
    clause = Text(required=True)
    link = Text(most=MOST_LINK, required=True, allow_none=True)
    version = Text(required=True, allow_none=True)


class PolicyShown(Schema):
    """`in_force_from` is None while the governors have not approved the version; `said` is its standing in words."""

    version = Text(required=True)
    completed_by = Text(required=True)
    issued_on = DateField(required=True)
    approved_on = DateField(required=True, allow_none=True)
    in_force_from = DateField(required=True, allow_none=True)
    review_on = DateField(required=True)
    standing = EnumField(Standing, required=True)
    said = Text(required=True)
    review = EnumField(Review, required=True)
    help_link = Text(most=MOST_LINK, required=True, allow_none=True)
    linked = ListOf(Part(LinkedShown), required=True)
    clauses = ListOf(Text(), required=True)
    texts = ListOf(Part(ClauseShown), required=True)


@dataclass(frozen=True, slots=True)
class Policy:
    """Attributes: name_of: a school's name, empty where there is no such school. today: the school's local date."""

    name_of: NameOf
    parameters_of: ParametersOf
    today: Callable[[], date]

    @operation(
        summary="The policy in force, in its own words; `school` fills in what is a school's own",
        tag="Policy",
        query=PolicyAsked,
        response=PolicyShown,
        clauses=["S01", "S02", "S03", "S04", "S07", "S11", "S42", "S60"],
        public=True,
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        resp.media = PolicyShown().dump(self.answer(query(req, PolicyAsked).get("school")))

    def answer(self, slug: str | None) -> dict[str, Any]:
        """What is answered today. Whoever asks for a school that is not there reads the neutral words."""
        today = self.today()
        cited = cited_on(today)
        version = POLICY if cited is None else cited.version
        name = self.name_of(school_id_of(slug)) if slug is not None else ""
        if slug is None or not name:
            return shown(version, today, Named())
        parameters = self.parameters_of(school_id_of(slug))
        return shown(version, today, named_by(name, parameters), parameters)


def review_told(by: Principal, day: date) -> Review | None:
    """Whether the policy's review is due or overdue, for those who see to it: leaders and governors (S04)."""
    if by.capacity is not Capacity.STAFF or not by.has_role(*LEADERS, Role.GOVERNOR):
        return None
    cited = cited_on(day)
    state = (POLICY if cited is None else cited.version).review_state_on(day)
    return None if state is Review.NOT_DUE else state


def named_by(school: str, parameters: Parameters) -> Named:
    """What a school fills in of the policy's words; what it has not said keeps neutral words."""
    neutral = Named()
    return Named(
        school=school,
        author=parameters.policy_author or neutral.author,
        office_email=parameters.office_email or neutral.office_email,
        help_link=parameters.help_link or neutral.help_link,
    )


def shown(version: PolicyVersion, day: date, named: Named, parameters: Parameters | None = None) -> dict[str, Any]:
    """What is answered on a day; `parameters` are the school's, where one was asked for."""
    standing, chosen = version.standing_on(day), parameters or Parameters()
    return asdict(version) | {
        "version": version.name,
        "completed_by": named.author,
        "in_force_from": version.in_force_from,
        "standing": standing,
        "said": standing.said,
        "review": version.review_state_on(day),
        "help_link": chosen.help_link or None,
        "linked": [
            {
                "policy": one.policy,
                "title": one.policy.called,
                "clause": one.policy.clause,
                "link": one.link or None,
                "version": one.version or None,
            }
            for one in chosen.linked
        ],
        "clauses": CLAUSES,
        "texts": [
            {"id": one.id, "section": one.section, "words": one.said_to(named), "owes": one.owes}
            for one in WORDS.values()
        ],
    }
