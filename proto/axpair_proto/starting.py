"""How a process that stands under a keeper is started and ended by its starter (`subprocess.Popen`)."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
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


def start_owned(command: Sequence[str], **more: Any) -> "subprocess.Popen[bytes]":
    """Popen with a pipe as its stdin, for a process that ends when that closes, and calls `stand_alone` first thing.

    On Linux the kernel continues it at the moment when the pipe closes: a stopped process doesn't see that its starter
    is gone. That is asked for before there is the process, of our group, which it is born into; asked for later, it
    could be stopped for ever before that. Only between fork and exec it still can: it holds the pipe itself there.

    Raises OSError where the command can't be run.
    """
    reading, writing = os.pipe()
    try:
        # Its group alone isn't enough: the kernel continues one only where all of its threads had come to a stop before
        # its starter was gone.
        apart = {} if _continue_at_hang_up(reading) else group()
        process = subprocess.Popen(command, stdin=reading, **apart, **more)
    except BaseException:
        os.close(writing)
        raise
    finally:
        os.close(reading)  # the process has it, and what was asked for stays with it
    process.stdin = os.fdopen(writing, "wb")
    return process


def stand_alone() -> None:
    """In a process of `start_owned`: leave the starter's group, and its Ctrl-C; nothing elsewhere."""
    if sys.platform != "linux":
        return
    import fcntl

    with contextlib.suppress(OSError):
        if fcntl.fcntl(0, fcntl.F_GETFL) & os.O_ASYNC:
            fcntl.fcntl(0, fcntl.F_SETOWN, os.getpid())
            os.setpgid(0, 0)


def _continue_at_hang_up(reading: int) -> bool:
    """Have the kernel send SIGCONT to our group when no writer of this pipe is left; False where it can't."""
    if sys.platform != "linux":
        return False
    import fcntl

    # Which signal, and to whom, before asking for it: the usual one ends a process.
    fcntl.fcntl(reading, fcntl.F_SETSIG, signal.SIGCONT)
    fcntl.fcntl(reading, fcntl.F_SETOWN, -os.getpgrp())
    fcntl.fcntl(reading, fcntl.F_SETFL, fcntl.fcntl(reading, fcntl.F_GETFL) | os.O_ASYNC)
    return True


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
