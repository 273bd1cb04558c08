"""A test of this folder that fails says its seed and how it is seen again."""

from collections.abc import Generator

import pytest

from tests.fuzz.seeds import SEED, again


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        report.sections.append((f"seed {SEED}", again(item.nodeid)))
    return report
