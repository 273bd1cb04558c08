"""What the launcher runs in its own tests: services that do nothing but answer.

python stand_in.py SERVICE KIND   serves until TERM; an api has a child of its own, as an application server does
python stand_in.py count          adds a line to the file `count` in the secrets folder
"""

import os
import signal
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path


class _Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        text = f"{sys.argv[1]} {os.getpid()}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        pass


def main() -> None:
    if sys.argv[1:] == ["count"]:
        secrets = Path(os.environ["BOOKBAG_SECRETS_DIR"])
        with (secrets / "count").open("a") as file:
            file.write("once\n")
        (secrets / "gateway.secret").write_text("stand-in")
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if sys.argv[2] == "api":
        # Asks nobody to end it with its parent: that is the launcher's to see to.
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    if os.environ.get("STAND_IN_FAILS") == ".".join(sys.argv[1:]):
        sys.stderr.write("the paper is out\n")
        sys.exit(3)
    HTTPServer(("127.0.0.1", int(os.environ["BOOKBAG_HTTP_PORT"])), _Answer).serve_forever()


if __name__ == "__main__":
    main()
