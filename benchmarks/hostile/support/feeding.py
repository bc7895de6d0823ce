"""Many commands of `axpair` in few processes: what a command says, opens and takes, at a few milliseconds each."""

import json
import os
import select
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.hostile.attack import Setting

_PROGRAM = Path(__file__).with_name("fed.py")


@dataclass(frozen=True)
class Ended:
    """How one command ended; `code` is None where it took too long, or ended its process."""

    code: int | None
    output: str = ""
    errors: str = ""
    opened: tuple[tuple[str, bool], ...] = field(default=(), repr=False)
    """Real paths, and whether for writing."""
    unpickled: tuple[str, ...] = ()
    peak: int = 0
    """The most memory that the process ever took."""


class Feeder:
    """A process that runs one command after the other; another takes its place where it doesn't come back."""

    def __init__(self, setting: Setting, variables: Mapping[str, str]) -> None:
        self._setting, self._variables = setting, variables
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Feeder":
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def run(self, arguments: Sequence[str | Path], seconds: float) -> Ended:
        """Run one command, for at most so long."""
        process = self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps([str(part) for part in arguments]).encode() + b"\n")
        process.stdin.flush()
        if not select.select([process.stdout], [], [], seconds)[0] or not (line := process.stdout.readline()):
            self._end()
            return Ended(None)
        answer = json.loads(line)
        opened = tuple((str(path), bool(writes)) for path, writes in answer.pop("opened"))
        return Ended(**{**answer, "opened": opened, "unpickled": tuple(answer["unpickled"])})

    def _started(self) -> "subprocess.Popen[bytes]":
        if self._process is None:
            # What an interpreter compiles for itself is no file that a command opened.
            ours = {"AXPAIR_CACHE": str(self._setting.folder / "cache"), "PYTHONDONTWRITEBYTECODE": "1"}
            environment = {**os.environ, **ours, **self._variables}
            command = [self._setting.python, str(_PROGRAM)]
            # Its stderr isn't its commands': libraries warn there.
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
            )
        return self._process

    def _end(self) -> None:
        if self._process is None:
            return
        self._process.kill()
        self._process.communicate()
        self._process = None
