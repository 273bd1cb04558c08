"""What the gateway reads of the API's document."""

from falcon import Request, Response

from deploy.gateway.document import SERVICE
from deploy.gateway.routes import gateway_routes
from shared.http.openapi import document
from shared.http.operations import Route, operation
from shared.http.schemas import Schema, Text


class WordSchema(Schema):
    word = Text(1, 10)


class Pictures:
    @operation(summary="Send", tag="t", upload=("image/jpeg", "image/png", "image/webp"))
    def on_post(self, req: Request, resp: Response) -> None: ...


class Roster:
    @operation(summary="Send", tag="t", upload="application/zip")
    def on_post(self, req: Request, resp: Response) -> None: ...


class Words:
    @operation(summary="Say", tag="t", request=WordSchema)
    def on_post(self, req: Request, resp: Response) -> None: ...

    @operation(summary="Look", tag="t", answers="image/jpeg")
    def on_get(self, req: Request, resp: Response) -> None: ...


def test_a_path_takes_large_bodies_where_one_of_its_operations_takes_an_upload_of_any_kind():
    made = document("T", "1", [Route("/pictures", Pictures()), Route("/roster", Roster()), Route("/words", Words())])
    for item in made["paths"].values():
        item[SERVICE] = "stories"
    assert {route.path: route.takes_upload for route in gateway_routes(made)} == {
        "/pictures": True,
        "/roster": True,
        "/words": False,
    }
