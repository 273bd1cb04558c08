"""`make test`: pytest in a run folder of its own, so that it can run beside `make run`; nothing of it stays."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from deploy.local.accounts import OUTSIDE
from deploy.local.folders import ROOT, RunLock, private_folder
from deploy.local.progress import to_terminal
from deploy.local.stopping import Stopped, on_second_signal
from deploy.local.supervise import Program, Supervisor

STOPS_WITHIN = 60
INTERRUPTED = 130
