"""The emulated board, which stops in the middle of a run and says so, once: for tests that end something just then."""

import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path

from axpair_emulator.runtime import EmulatorRuntime

RUNTIME = "waiting_runtime:WaitingRuntime"


class WaitingRuntime(EmulatorRuntime):
    """Option `pipe`: a named pipe; the second run writes its process id there and waits for a signal."""

    def __init__(self, options: Mapping[str, str]) -> None:
        super().__init__({name: value for name, value in options.items() if name != "pipe"})
        self._pipe = Path(options["pipe"])
        self._runs = 0

    def run(self, inputs: Sequence[bytes]) -> Sequence[memoryview]:
        """Run, or wait in the middle of it."""
        self._runs += 1
        if self._runs == 2 and self._pipe.exists():
            with self._pipe.open("w") as stream:
                self._pipe.unlink()
                stream.write(str(os.getpid()))
            signal.pause()
        return super().run(inputs)
