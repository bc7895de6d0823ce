"""The agent's children: each stands under a keeper, and what a killed keeper leaves behind comes to the agent."""

import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from axpair_proto import keeper, starting


class Children:
    """Starts them, and knows which are its own. Safe for many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[int, subprocess.Popen[bytes]] = {}
        self._adopting = keeper.adopt_orphans()

    def start(self, command: Sequence[str], variables: Mapping[str, str], **more: Any) -> "subprocess.Popen[bytes]":
        """Start one with pipes for stdin and stdout, and whatever else Popen takes. Raises OSError."""
        # None is taken for a stray between its start and its entry here.
        with self._lock:
            process: subprocess.Popen[bytes] = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=variables, **starting.group(), **more
            )
            self._known[process.pid] = process
        return process

    def ended(self, process: "subprocess.Popen[bytes]") -> None:
        """To be called once one was waited for: ends what it left behind, which is nothing unless its keeper was
        killed."""
        with self._lock:
            if self._known.get(process.pid) is not process:
                return
            del self._known[process.pid]
            if self._adopting and process.returncode == -signal.SIGKILL:
                keeper.end_descendants(besides=self._known)
        if not keeper.AVAILABLE:
            starting.tell(process)
