"""Setting the school's clock: an operator's, forward, and nothing that production has."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import falcon
import pytest
from falcon import testing

from deploy.gateway.document import _hollow
from services.identity.api import IdentityApi
from services.identity.clock_api import MOST_AHEAD, SchoolTime
from services.identity.principals import Principals
from shared.policy.codes import CLOCK_FORWARD_ONLY, INVALID_FIELDS, NOT_FOUND, OPERATOR_ONLY, Code
from shared.policy.principal import Capacity
from shared.policy.refusal import Refusal
from shared.runtime.clock import FixedClock, SchoolClock
from shared.testing.principals import principal

NOW = datetime(2026, 9, 7, 8, 30, tzinfo=UTC)
NEXT_WEEK = NOW + timedelta(days=7)


@pytest.fixture
def clock(tmp_path: Path) -> SchoolClock:
    return SchoolClock(tmp_path / "ahead", FixedClock(NOW))


def asked(capacity: Capacity, sent: Any = None) -> falcon.Request:
    req = testing.create_req(headers={"Content-Type": "application/json"})
    req.context.principal = principal(capacity)
    req.context.raw_body = json.dumps(sent).encode()
    return req


class Remembering(Principals):
    """Stands where identity keeps the last answers to who somebody is."""

    def __init__(self) -> None:  # it looks nobody up
        self.forgot = False

    def forget(self) -> None:
        self.forgot = True


def put(clock: Any, at: datetime, capacity: Capacity = Capacity.OPERATOR) -> Any:
    resp = falcon.Response()
    SchoolTime(clock, Remembering()).on_put(asked(capacity, {"now": f"{at:%Y-%m-%dT%H:%M:%S.%fZ}"}), resp)
    return resp.media


def refused(clock: Any, at: datetime, capacity: Capacity = Capacity.OPERATOR) -> Code:
    with pytest.raises(Refusal) as caught:
        put(clock, at, capacity)
    return caught.value.code


def test_an_operator_sets_it_forward_and_whoever_is_signed_in_reads_it(clock: SchoolClock):
    assert put(clock, NEXT_WEEK) == {"now": "2026-09-14T08:30:00.000000Z"}
    for capacity in Capacity:
        resp = falcon.Response()
        SchoolTime(clock, Remembering()).on_get(asked(capacity), resp)
        assert resp.media == {"now": "2026-09-14T08:30:00.000000Z"}


def test_who_was_signed_in_by_the_old_time_is_looked_up_anew(clock: SchoolClock):
    known, resp = Remembering(), falcon.Response()
    SchoolTime(clock, known).on_put(asked(Capacity.OPERATOR, {"now": f"{NEXT_WEEK:%Y-%m-%dT%H:%M:%S.%fZ}"}), resp)
    assert known.forgot


@pytest.mark.parametrize("capacity", [capacity for capacity in Capacity if capacity is not Capacity.OPERATOR])
def test_nobody_at_a_school_sets_it(clock: SchoolClock, capacity: Capacity):
    assert refused(clock, NEXT_WEEK, capacity) is OPERATOR_ONLY
    assert clock.now() == NOW


def test_it_goes_forward_only(clock: SchoolClock):
    put(clock, NEXT_WEEK)
    for earlier in (NEXT_WEEK - timedelta(microseconds=1), NOW):
        assert refused(clock, earlier) is CLOCK_FORWARD_ONLY
    assert clock.now() == NEXT_WEEK


def test_a_year_that_was_mistyped_is_not_taken(clock: SchoolClock):
    assert refused(clock, NOW + MOST_AHEAD + timedelta(seconds=1)) is INVALID_FIELDS
    assert clock.now() == NOW


def test_a_machine_s_own_clock_is_not_set():
    assert refused(FixedClock(NOW), NEXT_WEEK) is NOT_FOUND


def test_in_production_there_is_no_such_address():
    paths = {
        development: {route.path for route in _hollow(IdentityApi, development=development).routes()}
        for development in (True, False)
    }
    assert paths[True] - paths[False] == {"/v1/clock", "/v1/one-time-codes"}
