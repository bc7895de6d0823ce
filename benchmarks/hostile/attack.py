"""What every attack has: where it works, what it attacks, and a tally of what held."""

import os
import resource
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

SECONDS = 600.0
"""The most that one command under attack may take."""
TOLD_EVERY = 60.0
"""Seconds between two lines of an attack that goes on."""


@dataclass(frozen=True)
class Setting:
    """One attack's task."""

    folder: Path
    """Its own, empty."""
    count: int
    """How often to attack, in the kind's own unit."""
    seed: int
    python: str = sys.executable
    """The interpreter of the environment under attack: another release's, to show what it did."""
    limit: float = SECONDS

    def axpair(self, *arguments: str | Path, cwd: Path | None = None, **variables: str) -> "subprocess.Popen[str]":
        """Start `axpair` of the state under attack, its output in pipes."""
        return subprocess.Popen(
            [self.python, "-c", "from axpair_host.main import main; main()", *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="surrogateescape",
            cwd=cwd,
            env={**os.environ, "AXPAIR_CACHE": str(self.folder / "cache"), **variables},
        )

    def done(self, *arguments: str | Path, cwd: Path | None = None, **variables: str) -> "Done":
        """Run `axpair` to its end, or for `limit` seconds at most."""
        process = self.axpair(*arguments, cwd=cwd, **variables)
        try:
            output, errors = process.communicate(timeout=self.limit)
        except subprocess.TimeoutExpired:
            process.kill()
            output, errors = process.communicate()
            return Done(None, output, errors)
        return Done(process.returncode, output, errors)


@dataclass(frozen=True)
class Done:
    """How a command ended; `code` is None where it had to be ended."""

    code: int | None
    output: str
    errors: str


@dataclass
class Tally:
    """What was tried and what of it held."""

    tried: int = 0
    shortfalls: list[str] = field(default_factory=list)
    """A sentence each: what was done, what was expected, what came."""
    figures: dict[str, object] = field(default_factory=dict)
    """Anything else worth a column: how many kills fell where, the most memory, the longest wait."""
    tells: bool = False
    """Whether to say on stderr what fell short as it does, and now and then how far the attack is."""
    _told: float = field(default_factory=time.monotonic, init=False, repr=False)

    def check(self, held: bool, what: str) -> None:
        """Count one try; `what` is kept where it didn't hold."""
        self.tried += 1
        if not held:
            self.shortfalls.append(what)
        if not self.tells:
            return
        if not held:
            print(f"short: {what}", file=sys.stderr, flush=True)
        if time.monotonic() - self._told > TOLD_EVERY:
            self._told = time.monotonic()
            print(f"{self.tried} tried, {len(self.shortfalls)} short", file=sys.stderr, flush=True)

    def count(self, name: str, more: int = 1) -> None:
        """Add to a figure."""
        before = self.figures.get(name, 0)
        assert isinstance(before, int)
        self.figures[name] = before + more

    def highest(self, name: str, value: float) -> None:
        """Keep the largest value of a figure."""
        before = self.figures.get(name, value)
        assert isinstance(before, int | float)
        self.figures[name] = max(before, value)


def resident_bytes(pid: int) -> int:
    """What a process holds in memory now; 0 once it is gone."""
    try:
        pages = int((Path("/proc") / str(pid) / "statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0
    return pages * resource.getpagesize()


def digests(folder: Path) -> Mapping[str, str]:
    """Path below the folder to what lies there: a file's sha256, a link's target, or its kind. For before and after."""
    import hashlib

    found: dict[str, str] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            found[str(path.relative_to(folder))] = f"link to {path.readlink()}"
        elif path.is_file():
            found[str(path.relative_to(folder))] = hashlib.sha256(path.read_bytes()).hexdigest()
        else:
            found[str(path.relative_to(folder))] = "folder" if path.is_dir() else "special"
    return found


def columns(rows: Sequence[Sequence[object]]) -> str:
    """Rows of a Markdown table."""
    return "\n".join(f"| {' | '.join(map(str, row))} |" for row in rows)
