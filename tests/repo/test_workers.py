"""What the processes of each service import and subscribe to."""

import json
import subprocess
import sys

import pytest

from deploy.services import SERVICES
from tests.repo.project import ROOT

WORKER = """
import json
from importlib import import_module
from shared.hosting.green import make_green
make_green()
from shared.bus.subscription import Subscription
from nameko.extensions import ENTRYPOINT_EXTENSIONS_ATTR as KEY
service = import_module("services.{service}.worker").SERVICE
found = [e for member in vars(service).values() for e in getattr(member, KEY, ())]
try:
    reactions = import_module("services.{service}.reactions").REACTIONS
except ModuleNotFoundError:
    reactions = ()
consumers = [*import_module("services.{service}.projections").PROJECTIONS, *reactions]
print(json.dumps([
    service.name,
    sorted(source for e in found if isinstance(e, Subscription) for source in e.sources),
    sorted({{consumer.source for consumer in consumers}} - {{"{service}"}}),
]))
"""

API = """
import sys
import services.{service}.bootstrap
print([name for name in ("nameko", "eventlet", "kombu", "amqp") if name in sys.modules])
"""


def said(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("service", SERVICES)
def test_a_worker_subscribes_to_the_logs_that_its_consumers_follow_and_no_others(service: str):
    name, subscribed, followed = json.loads(said(WORKER.format(service=service)))
    assert name == service, "queues are named for it"
    assert subscribed == followed


@pytest.mark.parametrize("service", SERVICES)
def test_an_api_process_does_not_load_the_broker_s_client(service: str):
    assert said(API.format(service=service)) == "[]"
