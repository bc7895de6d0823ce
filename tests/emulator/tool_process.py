"""The drop-in commands as processes, started through the launchers that a user would have."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from axpair_emulator.tools.launchers import write_launchers


@dataclass(frozen=True)
class Ended:
    """How a process ended."""

    code: int
    """As a shell shows it: 128 and the signal's number where a signal ended it."""
    stdout: str
    stderr: str


@dataclass(frozen=True)
class Desk:
    """A working directory with the launchers on the PATH, and a cache folder (the board's memory) of its own."""

    folder: Path
    launchers: Path

    def environment(self, **variables: str) -> dict[str, str]:
        """This process's, without axpair's variables."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AXPAIR_")}
        path = f"{self.launchers}{os.pathsep}{kept.get('PATH', '')}"
        return {**kept, "PATH": path, "AXPAIR_CACHE": str(self.folder / "cache"), **variables}

    def run(self, *command: str | Path, **variables: str) -> Ended:
        """Run to the end; output goes to pipes."""
        words = [str(self.launchers / str(command[0])), *map(str, command[1:])]
        done = subprocess.run(
            words, capture_output=True, text=True, check=False, cwd=self.folder, env=self.environment(**variables)
        )
        return Ended(done.returncode if done.returncode >= 0 else 128 - done.returncode, done.stdout, done.stderr)

    def log(self, *command: str | Path, **variables: str) -> list[str]:
        """The lines of stdout of a command that succeeds."""
        ended = self.run(*command, **variables)
        assert ended.code == 0, ended
        return ended.stdout.splitlines()


@pytest.fixture(scope="session")
def launchers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Their folder; its name needs quoting."""
    folder = tmp_path_factory.mktemp("tools") / "the vendor's tools"
    write_launchers(folder)
    return folder
