"""Several adults of one child ask for its erasure, on a real PostgreSQL: each has a request of their own."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from services.identity.erasures import Erasures
from services.identity.projections.erasures import erasures
from services.identity.queries import IdentityQueries
from shared.events.identity import SchoolId, SchoolRegistered
from shared.log.append import Answer, Claim
from shared.log.commands import Asked, CommandHandler, Drafts, History
from shared.policy.principal import Capacity
from shared.privacy.vault import Vault
from shared.projections.install import install
from shared.projections.runner import OwnLog, Runner
from shared.runtime.clock import FixedClock
from shared.runtime.ids import new_id
from shared.testing.principals import SCHOOL, principal
from tests.integration.conftest import ScratchKeys, ScratchLog

CHILD, MOTHER, FATHER = UUID(int=10), UUID(int=20), UUID(int=21)


class Desk:
    """Identity's erasures on a log of its own. Attributes: clock: an hour later at each request."""

    def __init__(self, scratch: ScratchLog, keys: ScratchKeys) -> None:
        self.clock = FixedClock(datetime(2026, 9, 7, 9, tzinfo=UTC))
        worker, vault = scratch.pool("points_worker"), Vault("identity", keys.store("identity"), lambda: 0.0)
        handler = CommandHandler(scratch.pool(), vault, self.clock, new_id)
        self._commands = Erasures(handler, self.clock)
        self._runner = Runner(worker, vault, {"identity": OwnLog(worker)})
        self._queries = IdentityQueries(scratch.pool("points_reader"))
        with scratch.pool("points_owner").connection() as connection:
            install(connection, erasures)
        registered = SchoolRegistered(school_id=SchoolId(SCHOOL), slug="a-school", name="A School", partition=1)

        def register(history: History) -> Drafts:
            history.recorded(f"school-{SCHOOL}")
            return [(f"school-{SCHOOL}", registered)]

        handler.handle(asked_by(MOTHER).request(1, self.clock.now()), register)

    def asks(self, guardian: UUID, claim: Claim | None = None) -> Answer:
        self.clock.move(timedelta(hours=1))
        return self._commands.request(asked_by(guardian, claim), subject_id=CHILD)

    def reads(self) -> dict[UUID, datetime]:
        """Who asked, and when, as the read model has it."""
        self._runner.catch_up(erasures, self._runner.heads("identity"))
        [row] = self._queries.erasures(SCHOOL)
        assert self._queries.erasure(SCHOOL, row.erasure_id) == row
        return dict(zip(row.askers, row.asked_at, strict=True))


def asked_by(guardian: UUID, claim: Claim | None = None) -> Asked:
    by = principal(Capacity.GUARDIAN, person=guardian, children=(CHILD,))
    return Asked(by=by, correlation_id=uuid4(), claim=claim)


@pytest.fixture
def desk(scratch: ScratchLog, keys: ScratchKeys) -> Desk:
    return Desk(scratch, keys)


def test_S20_each_adult_s_request_stands_with_its_own_time(desk: Desk):
    desk.asks(MOTHER)
    first = desk.clock.now()
    assert desk.reads() == {MOTHER: first}
    desk.asks(FATHER)
    assert desk.reads() == {MOTHER: first, FATHER: desk.clock.now()}
    desk.asks(MOTHER)
    assert desk.reads()[MOTHER] == first


def test_S20_S16_who_asks_again_gets_the_same_answer_whether_or_not_another_asked_meanwhile(desk: Desk):
    """A position that moved would tell them that somebody did."""
    first = desk.asks(MOTHER)
    second = desk.asks(FATHER)
    assert second.location == first.location
    assert second.position > first.position
    assert desk.asks(MOTHER) == first
    claim = Claim(person_id=MOTHER, key="once-more", body_mac=bytes(32))
    assert [desk.asks(MOTHER, claim), desk.asks(MOTHER, claim)] == [first, first]
