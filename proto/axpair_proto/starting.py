"""How a process that stands under a keeper is started and ended by its starter (`subprocess.Popen`)."""

import contextlib
import os
import signal
import subprocess
import sys
from typing import Any

from axpair_proto import keeper

ENDING_SECONDS = keeper.KILLING_SECONDS + 1.0
"""How long a keeper may take to end all that is below it."""


def group() -> "dict[str, Any]":
    """Arguments of Popen: away from Ctrl-C, and in a group that the kernel continues when we end while it is stopped.

    The kernel does that for a group within our session; a keeper's child has a session of its own anyway.
    """
    if keeper.AVAILABLE and sys.version_info >= (3, 11):
        return {"process_group": 0}
    return {"start_new_session": True}


def end(process: "subprocess.Popen[bytes]", seconds: float = ENDING_SECONDS) -> None:
    """End it with everything that it started, and wait for that; fine where it has ended, and from any thread."""
    tell(process)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def tell(process: "subprocess.Popen[bytes]") -> None:
    """Have it end with everything that it started, without waiting."""
    if keeper.AVAILABLE:
        # A stopped one takes a signal only once it is continued.
        for number in (signal.SIGTERM, signal.SIGCONT):
            with contextlib.suppress(OSError):
                process.send_signal(number)
        return
    if hasattr(os, "killpg"):
        # The group lives as long as any member: its number can't have gone to another process while one is left.
        with contextlib.suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
