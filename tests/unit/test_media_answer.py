"""How a picture is answered: to whoever was just allowed to see it, and kept by nobody on the way."""

import pytest
from falcon import Response

from shared.events.declaration import Erased
from shared.media.answer import show
from shared.policy.refusal import Refusal


def test_a_picture_is_answered_as_a_picture_and_nothing_else():
    resp = Response()
    resp.set_header("Cache-Control", "no-store")
    show(resp, b"\xff\xd8 a picture")
    assert resp.data == b"\xff\xd8 a picture"
    assert resp.content_type == "image/jpeg"
    assert resp.headers == {
        "content-type": "image/jpeg",
        "x-content-type-options": "nosniff",
        "cache-control": "private, no-store",
        "content-disposition": "inline",
        "content-security-policy": "sandbox; default-src 'none'",
        "cross-origin-resource-policy": "same-origin",
    }


@pytest.mark.parametrize("found", [None, Erased()])
def test_what_was_erased_is_answered_like_what_never_was(found: Erased | None):
    resp = Response()
    with pytest.raises(Refusal) as caught:
        show(resp, found)
    assert caught.value.code.name == "NOT_FOUND"
    assert resp.data is None
