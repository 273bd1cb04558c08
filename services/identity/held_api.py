"""What identity holds about the person who asks (S19): open to everyone, also while suspended or removed."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import falcon

from services.identity.schemas import HeldByIdentity
from shared.http.app import caller
from shared.http.operations import operation
from shared.policy.codes import NOT_FOUND
from shared.policy.refusal import Refusal

if TYPE_CHECKING:
    from services.identity.api import IdentityApi


@dataclass(frozen=True, slots=True)
class HeldAboutMe:
    """The person is shown whole, whatever they are signed in as: what is held is held about one human being."""

    api: "IdentityApi"

    @operation(
        summary="What is held about me: who I am, whom I am related to, and my sign-ins",
        tag="People",
        response=HeldByIdentity,
        clauses=["S19"],
        codes=[NOT_FOUND],
        restricted=True,
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        by, queries, desk = caller(req), self.api.queries, self.api.desk
        if by.school_id is None:
            raise Refusal(NOT_FOUND)
        shown = asdict(queries.held(by.school_id, by.person_id)) | {
            "person_id": by.person_id,
            "access": by.access,
            "children": [asdict(row) for row in queries.held_children(by.school_id, by.person_id)],
            "posts": [asdict(row) for row in queries.held_posts(by.school_id, by.person_id)],
            "roster_imported_at": queries.roster_imported_at(by.school_id),
            "password_set_at": desk.password_set_at(by.school_id, by.person_id),
            "sessions": [asdict(one) for one in desk.sessions_of(by.school_id, by.person_id)],
        }
        resp.media = HeldByIdentity().dump(shown)
