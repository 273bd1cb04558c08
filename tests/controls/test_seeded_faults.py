"""Each seeded fault, put into a copy of the tree, is caught by the tests that are named for it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.endpoints import Broker
from deploy.operator.config import ROOT, OperatorConfig
from tests.controls.seeded_faults import FAULTS, Fault
from tests.integration.conftest import a_broker

pytestmark = pytest.mark.controls

SHOWN = ("services", "shared", "deploy", "tests", "bench", "pyproject.toml")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("copy")
    for name in SHOWN:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    return folder


@pytest.fixture(scope="module")
def broker(operator_config: OperatorConfig, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with a_broker(operator_config, tmp_path_factory.mktemp("broker")) as servers:
        yield servers.broker


def run(copy: Path, tests: tuple[str, ...], config: OperatorConfig, broker: Broker) -> subprocess.CompletedProcess[str]:
    assert config.superuser_password_file is not None
    environment = {
        **os.environ,
        "BOOKBAG_POSTGRES": f"{config.host}:{config.port}",
        "BOOKBAG_POSTGRES_SUPERUSER": config.superuser or "",
        "BOOKBAG_POSTGRES_PASSWORD_FILE": str(config.superuser_password_file),
        "BOOKBAG_RABBITMQ": f"{broker.host}:{broker.port}",
        "BOOKBAG_RABBITMQ_PASSWORD_FILE": str(broker.password_file),
        "BOOKBAG_TEST_SECRETS_DIR": str(config.secrets),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "--no-header", "-p", "no:cacheprovider", *tests],
        cwd=copy,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_seeded_fault_is_caught(fault: Fault, copy: Path, operator_config: OperatorConfig, broker: Broker):
    file = copy / fault.file
    whole = file.read_text()
    assert whole.count(fault.find) == 1, "the control no longer fits the code it breaks"
    try:
        file.write_text(whole.replace(fault.find, fault.replace))
        done = run(copy, fault.caught_by, operator_config, broker)
    finally:
        file.write_text(whole)
    assert done.returncode == 1, f"not caught:\n{done.stdout[-2000:]}"


CAUGHT_BY = sorted({test for fault in FAULTS for test in fault.caught_by})


@pytest.mark.parametrize("file", sorted({test.partition("::")[0] for test in CAUGHT_BY}))
def test_without_a_fault_the_same_tests_pass(file: str, copy: Path, operator_config: OperatorConfig, broker: Broker):
    """Else a test that always fails would catch everything."""
    tests = tuple(test for test in CAUGHT_BY if test.startswith(f"{file}::"))
    done = run(copy, tests, operator_config, broker)
    assert done.returncode == 0, done.stdout[-2000:]
