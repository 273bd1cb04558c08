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
from shared.policy.parameters import Parameters
from shared.policy.versions import POLICY, PolicyVersion, Review, Standing, cited_on
from shared.policy.words import WORDS, Named, Section

NameOf = Callable[[UUID], str]
ParametersOf = Callable[[UUID], Parameters]


class PolicyAsked(Schema):
    school = Text(1, 60)


class ClauseShown(Schema):
    """`words` are the policy's own, `owes` is what the software has to do about them."""

    id = Text(required=True)
    section = EnumField(Section, required=True)
    words = Text(required=True)
    owes = Text(required=True)


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
        clauses=["S01", "S02", "S03", "S04", "S11"],
        public=True,
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        slug = query(req, PolicyAsked).get("school")
        named = Named() if slug is None else self._named(school_id_of(slug))
        today = self.today()
        cited = cited_on(today)
        resp.media = PolicyShown().dump(shown(POLICY if cited is None else cited.version, today, named))

    def _named(self, school_id: UUID) -> Named:
        """Whoever asks for a school that is not there reads the neutral words."""
        name = self.name_of(school_id)
        if not name:
            return Named()
        email = self.parameters_of(school_id).office_email
        return Named(school=name, office_email=email or Named().office_email)


def shown(version: PolicyVersion, day: date, named: Named) -> dict[str, Any]:
    """What is answered on a day."""
    standing = version.standing_on(day)
    return asdict(version) | {
        "version": version.name,
        "completed_by": named.author,
        "in_force_from": version.in_force_from,
        "standing": standing,
        "said": standing.said,
        "review": version.review_state_on(day),
        "clauses": CLAUSES,
        "texts": [
            {"id": one.id, "section": one.section, "words": one.said_to(named), "owes": one.owes}
            for one in WORDS.values()
        ],
    }
