"""What may be shared of whom, over HTTP: guardians answer, staff read their class's list and say that they know it."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING
from uuid import UUID

import falcon

from services.identity.domain.permission import may_answer_sharing, may_read_class
from services.identity.schemas import ListAcknowledgement, OwnAnswers, SharingAnswer, SharingListShown
from shared.events.identity import SharedKind
from shared.hosting.writes import Written, written
from shared.http.operations import Route, body, operation
from shared.policy.codes import (
    CONFLICT,
    GUARDIANS_ONLY,
    NOT_CLASS_TEACHER,
    NOT_FOUND,
    PERMISSION_LIST_UNREAD,
)
from shared.policy.refusal import Refusal

if TYPE_CHECKING:
    from services.identity.api import IdentityApi

TAG = "Permissions"


def sharing_routes(api: "IdentityApi") -> list[Route]:
    return [
        Route("/v1/pupils/{pupil_id:uuid}/sharing-permissions", SharingAnswers(api)),
        Route("/v1/classes/{class_id:uuid}/sharing-permissions", ClassSharingList(api)),
        Route("/v1/classes/{class_id:uuid}/sharing-permissions/acknowledgement", SharingAcknowledgement(api)),
    ]


@dataclass(frozen=True, slots=True)
class SharingAnswers:
    """A guardian's own answers about a child; the other parent's are not shown to them.

    A sanction takes no right over one's own child (S70): what was permitted can be taken back all the same.
    """

    api: "IdentityApi"

    @operation(
        summary="What I have said may be shared of my child",
        tag=TAG,
        response=OwnAnswers,
        clauses=["S63"],
        codes=[GUARDIANS_ONLY, NOT_FOUND],
        restricted=True,
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response, pupil_id: UUID) -> None:
        asked = self.api.asks.of(req)
        may_answer_sharing(asked.by, pupil_id)
        found = self.api.sharing.answers_of(asked.school_id, pupil_id, asked.by.person_id)
        resp.media = OwnAnswers().dump({"items": [{"kind": kind, "allowed": found.get(kind)} for kind in SharedKind]})

    @operation(
        summary="Say whether something may be shared of my child; a no counts at once, whoever said yes",
        tag=TAG,
        status=201,
        request=SharingAnswer,
        response=Written,
        clauses=["S63", "S64"],
        codes=[GUARDIANS_ONLY, NOT_FOUND, CONFLICT],
        restricted=True,
    )
    def on_post(self, req: falcon.Request, resp: falcon.Response, pupil_id: UUID) -> None:
        fields = body(req, SharingAnswer)
        written(resp, "identity", self.api.commands.answer_sharing(self.api.asks.of(req), pupil_id=pupil_id, **fields))


@dataclass(frozen=True, slots=True)
class ClassSharingList:
    api: "IdentityApi"

    @operation(
        summary="What may be shared of each child of a class",
        tag=TAG,
        response=SharingListShown,
        clauses=["S62", "S63"],
        codes=[NOT_FOUND, NOT_CLASS_TEACHER],
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response, class_id: UUID) -> None:
        asked = self.api.asks.of(req)
        if not self.api.queries.classes(asked.school_id, [class_id]):
            raise Refusal(NOT_FOUND)
        may_read_class(asked.by, class_id)
        found = self.api.sharing.list_of(asked.school_id, class_id, asked.by.person_id)
        pupils = [asdict(pupil) | {"allowed": sorted(pupil.allowed)} for pupil in found.pupils]
        shown = {"class_id": class_id, "list_version": found.version, "acknowledged": found.known, "pupils": pupils}
        resp.media = SharingListShown().dump(shown)


@dataclass(frozen=True, slots=True)
class SharingAcknowledgement:
    api: "IdentityApi"

    @operation(
        summary="Say that I know the class's list as it stands",
        tag=TAG,
        status=201,
        request=ListAcknowledgement,
        response=Written,
        clauses=["S62"],
        codes=[NOT_FOUND, NOT_CLASS_TEACHER, PERMISSION_LIST_UNREAD, CONFLICT],
    )
    def on_post(self, req: falcon.Request, resp: falcon.Response, class_id: UUID) -> None:
        fields = body(req, ListAcknowledgement)
        answer = self.api.commands.acknowledge_list(self.api.asks.of(req), class_id=class_id, **fields)
        written(resp, "identity", answer)
