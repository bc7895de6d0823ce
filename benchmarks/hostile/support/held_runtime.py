"""The emulated board, held at each step until the attack says how it goes on."""

import json
import socket
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from typing import IO, Any

from axpair_emulator.runtime import EmulatorRuntime

RUNTIME = "benchmarks.hostile.support.held_runtime:HeldRuntime"
LOOK_SECONDS = 0.002


def _asked() -> tuple[Sequence[str], int]:
    """The rounds of the request that the worker is at, and the number of the present one, from its local variables."""
    frame = sys._getframe()
    while frame is not None:
        found = frame.f_locals
        if frame.f_code.co_name == "_run" and "number" in found:
            return found["kinds"] if "kinds" in found else found["asked"].rounds, found["number"]
        assert frame.f_back is not None
        frame = frame.f_back
    raise AssertionError


class HeldRuntime(EmulatorRuntime):
    """Option `hold`: a Unix socket. Each step is a line of JSON there, and waits for a line back.

    Steps: "load"; "outputs", before a round's buffers are poisoned; "run", with the round's answer still to be sent,
    its kind ("before", "probe", "case") and whether it is the last of its request; and "idle", the worker waits for its
    next request, where the line before asked for that with "tell idle".
    """

    def __init__(self, options: Mapping[str, str]) -> None:
        super().__init__({name: value for name, value in options.items() if name != "hold"})
        self._main = threading.get_ident()
        self._lock = threading.Lock()
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(options["hold"])
        self._stream: IO[str] = self._socket.makefile("rw")

    def load(self, path: str) -> dict[str, Any]:
        """Held at its beginning."""
        self._hold("load")
        return super().load(path)

    def outputs(self) -> list[memoryview]:
        """Held at its beginning."""
        self._hold("outputs")
        return super().outputs()

    def run(self, inputs: Sequence[bytes]) -> Sequence[memoryview]:
        """Held at its end, before the answer goes out."""
        found = super().run(inputs)
        rounds, number = _asked()
        kind = rounds[number]
        # A release that knew no "before" ran a replay's predecessor as a case of one round.
        self._hold("run", "before" if len(rounds) == 1 else kind, number + 1 == len(rounds))
        return found

    def _hold(self, step: str, kind: str = "", last: bool = False) -> None:
        with self._lock:
            self._stream.write(json.dumps({"step": step, "kind": kind, "last": last}) + "\n")
            self._stream.flush()
            said = self._stream.readline()
        if said == "tell idle\n":
            threading.Thread(target=self._tell_idle, daemon=True).start()

    def _tell_idle(self) -> None:
        while not self._is_idle():
            time.sleep(LOOK_SECONDS)
        self._hold("idle")

    def _is_idle(self) -> bool:
        """Whether the main thread waits in a queue, which it does for requests alone."""
        frame = sys._current_frames().get(self._main)
        while frame is not None:
            if frame.f_code.co_name == "get" and frame.f_code.co_filename.endswith("queue.py"):
                return True
            frame = frame.f_back
        return False
