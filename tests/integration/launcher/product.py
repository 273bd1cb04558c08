"""A product of stand-ins for the launcher's tests, and a gateway that passes on to one of them."""

import os
import sys
from pathlib import Path

from deploy.local.processes import Gateway, Product, Step

_STAND_IN = [sys.executable, str(Path(__file__).with_name("stand_in.py").resolve())]

_CONF = """
worker_processes 2;
pid {folder}/nginx.pid;
error_log stderr;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  server {{
    listen 127.0.0.1:{port};
    location / {{ proxy_pass http://127.0.0.1:{upstream}; }}
  }}
}}
"""


def gateway(wanted: Gateway) -> dict[str, str]:
    user = "user root root;" if os.geteuid() == 0 else ""
    conf = _CONF.format(folder=wanted.folder, port=wanted.port, upstream=wanted.upstreams["ink"])
    return {"nginx.conf": user + conf}


PRODUCT = Product(
    services=("ink", "paper"),
    command=lambda service, kind: [*_STAND_IN, service, kind],
    before=(Step("counting", "count", [*_STAND_IN, "count"]),),
    gateway=gateway,
    demo=None,
)
