"""A whole installation of stand-ins on real servers: what is killed comes back, what cannot start says why."""

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from deploy.local import nginx
from deploy.local.faults import CannotStart, EarlyExit
from deploy.local.launch import Installation
from deploy.local.ports import Ports
from deploy.local.processes import is_ready
from deploy.local.progress import to_nobody
from deploy.local.servers import SOFTWARE
from deploy.local.tree import descendants
from tests.integration.launcher.product import PRODUCT
from tests.integration.launcher.starting import left_of, watch


@pytest.fixture(scope="module")
def it(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with Installation(tmp_path_factory.mktemp("run"), product=PRODUCT, keep=False) as it:
        yield it


def answer(it: Installation) -> str:
    return httpx.get(it.state["gateway"]).text


def test_the_gateway_passes_on_to_a_service(it: Installation):
    assert answer(it).startswith("ink ")


@pytest.mark.parametrize("name", ["ink.api", "paper.worker", "nginx", "postgres", "epmd", "broker"])
def test_what_is_killed_goes_with_all_its_children_and_comes_back_on_the_same_port(it: Installation, name: str):
    supervisor = it.servers.supervisor
    port, pid = supervisor.program(name).port, supervisor.pid(name)
    watched = watch([pid, *descendants(pid)])
    it.kill(name)
    assert left_of(watched) == []
    it.wait_ready(name)
    assert supervisor.program(name).port == port
    assert supervisor.pid(name) != pid
    it.wait_ready()
    assert answer(it).startswith("ink ")


def test_what_somebody_else_kills_comes_back_too_and_the_state_file_names_the_new_one(it: Installation):
    before = it.state["processes"]["paper.api"]["pid"]
    watched = watch([before])
    os.kill(before, signal.SIGKILL)
    assert left_of(watched) == []
    it.wait_ready("paper.api")
    after = it.state["processes"]["paper.api"]["pid"]
    assert after != before
    assert f'"pid": {after}' in it.state_file.read_text()


def test_what_is_stopped_stays_down_until_it_is_resumed(it: Installation):
    port = it.state["processes"]["ink.worker"]["port"]
    it.stop("ink.worker")
    assert not is_ready(port)
    it.resume("ink.worker")
    assert is_ready(port)


def test_a_frozen_process_is_stopped_all_the_same(it: Installation):
    it.signal("paper.worker", signal.SIGSTOP)
    it.restart("paper.worker")
    assert is_ready(it.state["processes"]["paper.worker"]["port"])


def test_a_process_is_told_its_own_secrets_and_no_other_service_s(it: Installation):
    told = it.state["processes"]["ink.api"]["env"]
    assert Path(told["BOOKBAG_PASSFILE"]).name == "passfile.ink.api"
    assert [value for value in told.values() if "paper" in value and "http://" not in value] == []


def test_a_gateway_port_that_is_taken_is_replaced_and_services_that_fail_say_why_and_leave_nothing(tmp_path: Path):
    said: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with Installation(tmp_path, product=PRODUCT, gateway_port=port, say=said.append, keep=False) as it:
            assert it.state["nginx"]["port"] != port
            assert any(f"Port {port} is taken" in line for line in said)
    failing = Installation(tmp_path, product=PRODUCT, extra={"STAND_IN_FAILS": "paper.worker"}, keep=False)
    with pytest.raises(EarlyExit) as told:
        failing.start()
    assert told.value.name == "paper.worker"
    assert "the paper is out" in str(told.value)
    assert "ended with code 3" in str(told.value)
    assert not (tmp_path / "state.json").exists()


def test_a_gateway_that_nginx_refuses_is_refused_with_nginx_s_words(tmp_path: Path):
    found = nginx.find(SOFTWARE, to_nobody)
    gateway = nginx.PrivateNginx(
        found,
        tmp_path / "nginx",
        tmp_path / "nginx.log",
        lambda _port, _folder: {"nginx.conf": "no_such_directive on;"},
    )
    with pytest.raises(CannotStart, match="unknown directive"):
        gateway.program(Ports().take())
