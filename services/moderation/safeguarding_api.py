"""The safeguarding records over HTTP (S77)."""

from dataclasses import dataclass
from uuid import UUID

import falcon

from services.moderation import shown
from services.moderation.api import SERVICE, ModerationApi, position_of
from services.moderation.domain.permission import may_know
from services.moderation.schemas import NewEntry, RecordListed, RecordShown
from shared.events.moderation import EntryKind
from shared.hosting.writes import Written, written
from shared.http.operations import Route, body, operation
from shared.http.paging import PageQuery, page_of, paged
from shared.policy.codes import NOT_FOUND
from shared.policy.refusal import Refusal

TAG = "Safeguarding"


def safeguarding_routes(api: ModerationApi) -> list[Route]:
    return [
        Route("/v1/safeguarding/records", Records(api)),
        Route("/v1/safeguarding/records/{record_id:uuid}", OneRecord(api)),
        Route("/v1/safeguarding/records/{record_id:uuid}/entries", RecordEntries(api)),
    ]


@dataclass(frozen=True, slots=True)
class Records:
    api: ModerationApi

    @operation(
        summary="The safeguarding records, newest first",
        tag=TAG,
        response=RecordListed,
        paged=True,
        clauses=["S77"],
        codes=[NOT_FOUND],
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        asked, page = self.api.asks.of(req), page_of(req)
        may_know(asked.by)
        rows = self.api.queries.records.page(asked.school_id, asked.by.person_id, position_of(page), page.limit + 1)
        names = self.api.names(asked.school_id, *rows)
        resp.media = paged(
            rows, page, lambda row: (row.position,), lambda row: RecordListed().dump(shown.record(row, names))
        )


@dataclass(frozen=True, slots=True)
class OneRecord:
    api: ModerationApi

    @operation(
        summary="A safeguarding record and its entries, oldest first",
        tag=TAG,
        response=RecordShown,
        query=PageQuery,
        clauses=["S77"],
        codes=[NOT_FOUND],
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response, record_id: UUID) -> None:
        asked, page = self.api.asks.of(req), page_of(req)
        may_know(asked.by)
        row = self.api.queries.records.one(asked.school_id, record_id)
        if row is None:
            raise Refusal(NOT_FOUND)
        may_know(asked.by, row.guardian_id)
        entries = self.api.queries.records.entries(asked.school_id, record_id, position_of(page), page.limit + 1)
        names = self.api.names(asked.school_id, row, *entries)
        items = paged(entries, page, lambda entry: (entry.position,), lambda entry: shown.record_entry(entry, names))
        resp.media = RecordShown().dump(shown.record(row, names) | items)


@dataclass(frozen=True, slots=True)
class RecordEntries:
    api: ModerationApi

    @operation(
        summary="Add an account, an action or a note to a record; nothing in it is ever changed",
        tag=TAG,
        status=201,
        request=NewEntry,
        response=Written,
        clauses=["S77"],
        codes=[NOT_FOUND],
    )
    def on_post(self, req: falcon.Request, resp: falcon.Response, record_id: UUID) -> None:
        fields = body(req, NewEntry)
        answer = self.api.commands.add_to_record(
            self.api.asks.of(req), record_id=record_id, kind=EntryKind(fields["kind"].value), text=fields["text"]
        )
        written(resp, SERVICE, answer)
