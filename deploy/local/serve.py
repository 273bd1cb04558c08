"""`python -m deploy.local servers`: PostgreSQL and RabbitMQ alone."""

import tempfile
from pathlib import Path

from deploy.local import nginx
from deploy.local.progress import to_terminal
from deploy.local.servers import SOFTWARE, Servers
from deploy.local.stopping import on_second_signal


def serve(run_dir: Path, *, check: bool) -> int:
    """Until a signal; with `check` in a folder of its own, that is removed again, and nginx is looked for too."""
    if not check:
        return _until_told(Servers(run_dir, say=to_terminal))
    with (
        tempfile.TemporaryDirectory(prefix="bookbag-check-") as folder,
        Servers(Path(folder), say=to_terminal, keep=False),
    ):
        nginx.find(SOFTWARE, to_terminal)
        to_terminal("All of them answer; stopping them.")
    return 0


def _until_told(servers: Servers) -> int:
    with servers:
        on_second_signal(servers.kill_all)
        for name, found in (("PostgreSQL", servers.postgres), ("RabbitMQ", servers.broker)):
            to_terminal(f"{name}: {found.host}:{found.port}, password in {found.password_file}")
        to_terminal("Ctrl-C stops them.")
        servers.supervisor.failed.wait()
    to_terminal(str(servers.supervisor.failure))
    return 1
