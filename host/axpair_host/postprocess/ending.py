"""Programs of the user are ended with all that they started, and how they ended is told."""

import contextlib
import os
import signal
import subprocess


def end(process: "subprocess.Popen[bytes]") -> None:
    """End it with everything that it started, where it leads a session of its own; fine where it has ended."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
    if process.poll() is None:
        process.kill()
        process.wait()


def told_status(status: int) -> str:
    """An exit status in words; negative where a signal ended it."""
    if status >= 0:
        return f"status {status}"
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"
