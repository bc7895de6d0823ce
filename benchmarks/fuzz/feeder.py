"""The other end of a worker: hands it one input after the other, and sees when it dies or hangs."""

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from typing import Any

SENSIBLE = ("accepted", "refused")
MEMORY = 1536 << 20
"""Bytes that one input may cost beyond what the worker has after its start."""
ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class Outcome:
    """What became of one input."""

    index: int
    verdict: str
    """"accepted", "refused"; or a finding: "traceback", "crash", "hang", "memory"."""
    detail: str
    """The refusal, the traceback, or the end of what the dead process printed."""
    seconds: float
    grown: int
    """Bytes that the worker's peak lies above its start's, after this input."""


class Feeder:
    """One worker, started again whenever it died. `deadline` is in seconds, for one input."""

    def __init__(self, kind: str, seed: int, deadline: float, memory: int = MEMORY) -> None:
        self._kind, self._seed, self._deadline, self._memory = kind, seed, deadline, memory
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115
        self._process: subprocess.Popen[str] | None = None
        self._start_peak = 0
        self._late = False

    def feed(self, index: int) -> Outcome:
        """Let the worker make and swallow one input."""
        if self._process is None:
            self._start()
        answer = self._asked(f"{self._seed} {index}\n", self._deadline)
        if answer is None:
            code = self._end()
            if self._late:
                return Outcome(index, "hang", f"no answer in {self._deadline} s\n{self._said()}", self._deadline, 0)
            return Outcome(index, "crash", f"exit code {code}\n{self._said()}", 0.0, 0)
        grown = answer["peak"] - self._start_peak
        verdict, detail = answer["verdict"], answer["detail"]
        if grown > self._memory:
            self._end()
            verdict, detail = "memory", f"{grown >> 20} MiB more than at the start; {verdict}: {detail}"
        return Outcome(index, verdict, detail, answer["seconds"], grown)

    def close(self) -> None:
        """End the worker."""
        self._end()
        self._errors.close()

    def _start(self) -> None:
        self._errors.seek(0)
        self._errors.truncate()
        command = [sys.executable, "-m", "benchmarks.fuzz.worker", self._kind]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=self._errors, text=True)
        answer = self._asked("", 120.0)
        if answer is None:
            raise ChildProcessError(f"the worker for {self._kind} doesn't start: {self._said()}")
        self._start_peak = answer["ready"]

    def _asked(self, line: str, deadline: float) -> dict[str, Any] | None:
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        self._late = False
        timer = Timer(deadline, self._expire)
        timer.start()
        try:
            process.stdin.write(line)
            process.stdin.flush()
            answer: dict[str, Any] = json.loads(process.stdout.readline())
            return answer
        except (BrokenPipeError, ValueError):
            return None
        finally:
            timer.cancel()

    def _expire(self) -> None:
        self._late = True
        if self._process:
            self._process.kill()

    def _end(self) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        if process.stdin and process.poll() is None:
            process.stdin.close()
        try:
            code = process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        for stream in (process.stdin, process.stdout):
            if stream:
                stream.close()
        return code

    def _said(self) -> str:
        self._errors.seek(0)
        return self._errors.read()[-2000:].decode(errors="replace")
