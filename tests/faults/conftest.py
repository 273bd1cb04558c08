"""What several of these tests stand on."""

from collections.abc import Iterator

import pytest

from deploy.local.faults import PassedOver
from tests.faults.apart import Apart, standing_apart


@pytest.fixture(scope="session")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Apart]:
    """An installation apart, for what cannot be done to that of the other tests."""
    try:
        with standing_apart(tmp_path_factory.mktemp) as apart:
            yield apart
    except PassedOver as reason:
        pytest.skip(f"no PostgreSQL of which a standby can be made: {reason}")
