"""`run_joint` as a process: streams, signals and exit codes."""

from __future__ import annotations

import os
import signal
import sys
from typing import NoReturn

from axpair_proto.cache import cache_folder
from axpair_proto.streams import replace_closed

from axpair_emulator.tools.defects import end_as_defect
from axpair_emulator.tools.run_joint.aborted import Aborted
from axpair_emulator.tools.run_joint.arguments import Stop, parse
from axpair_emulator.tools.streams import CStdout, unwritable

MEMORY_FILE = "run_joint.cmm"
"""In the cache folder ($AXPAIR_CACHE): the emulated board's memory."""
UNWRITABLE = 1
"""The exit code where standard output can't be written; the vendor's program doesn't look."""
UNUSABLE_FAULT = 2
"""The exit code where a fault is asked for that doesn't exist or that the model gives no room for."""


def main() -> NoReturn:
    """Run and exit as the vendor's program does; see `run_joint`'s session for what happens in between."""
    replace_closed()
    # As a C program: Ctrl-C and a reader that went away end it by their signals.
    for name in ("SIGINT", "SIGPIPE"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
    try:
        arguments = parse(sys.argv[1:])
    except Stop as stop:
        sys.stderr.write(stop.text)
        sys.exit(stop.code)
    stdout = CStdout(sys.stdout.buffer, os.environ)
    memory = cache_folder() / MEMORY_FILE
    try:
        from axpair_emulator.errors import FaultError
        from axpair_emulator.tools.faults import VARIABLE, faults_of
        from axpair_emulator.tools.run_joint.session import run_joint

        try:
            faults = faults_of(os.environ)
            code = run_joint(arguments, stdout.write, environment=os.environ, memory=memory, faults=faults)
        except FaultError as error:
            sys.stderr.write(f"run_joint: {VARIABLE}: {error}\n")
            sys.exit(UNUSABLE_FAULT)
    except Aborted as aborted:
        if aborted.reason:
            sys.stderr.write(f"[axpair emulator] {aborted.reason}\n")
        sys.stderr.write(f"{aborted.assertion}\n")
        sys.stderr.flush()
        os.abort()
    except Exception as error:
        end_as_defect("run_joint", error)
    stdout.flush()
    if stdout.failure:
        unwritable("run_joint", stdout.failure)
        code = code or UNWRITABLE
    sys.exit(code)
