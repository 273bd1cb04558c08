"""What a school varies of the policy, as a worker's reactions read it: with the worker's role, on a real PostgreSQL."""

from uuid import UUID, uuid4

import pytest

from shared.policy.parameters import Parameters
from shared.projections.install import install
from shared.projections.parking import NotYetKnown
from shared.projections.roster import roster
from shared.projections.roster_queries import parameters_of
from tests.integration.conftest import ScratchLog


@pytest.fixture
def installed(scratch: ScratchLog) -> ScratchLog:
    with scratch.pool("points_owner").connection() as connection:
        install(connection, roster)
    return scratch


def a_school(scratch: ScratchLog, parameters: str | None) -> UUID:
    school_id = uuid4()
    scratch.connection("points_worker").execute(
        "INSERT INTO roster_school_v2 (school_id, name, partition, parameters) VALUES (%s, 'Ours', 1, %s)",
        (school_id, parameters),
    )
    return school_id


def test_T6_the_worker_reads_what_the_school_has_set_and_the_policy_s_defaults_otherwise(installed: ScratchLog):
    find = parameters_of(installed.pool("points_worker"))
    assert find(a_school(installed, '{"flag_warns_by_itself": true}')).flag_warns_by_itself
    assert find(a_school(installed, None)) == Parameters()


def test_a_school_that_the_roster_has_not_heard_of_is_waited_for(installed: ScratchLog):
    with pytest.raises(NotYetKnown):
        parameters_of(installed.pool("points_worker"))(uuid4())
