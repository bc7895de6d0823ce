"""`trap.c`, compiled and put before a command: numbers what it changes on disk, and acts at chosen numbers."""

import shutil
import struct
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

SOURCE = Path(__file__).with_name("trap.c")
_HEAD = struct.Struct("=IIQQIIQ")


class Kind(IntEnum):
    """What a call does; the numbers are `trap.c`'s."""

    WRITE = 1
    TRUNCATE = 2
    CREATE = 3
    RENAME = 4
    EXCHANGE = 5
    UNLINK = 6
    MKDIR = 7
    RMDIR = 8
    SYNC = 9
    LINK = 10
    SAID = 11
    """Written to stdout or stderr; carries the number of the call before it."""


@dataclass(frozen=True)
class Call:
    """One call, as it was made."""

    kind: Kind
    number: int
    path: str
    """Absolute; of RENAME and EXCHANGE the first."""
    other: str
    """The second path; of SYNC "file" or, for a folder, nothing."""
    offset: int
    """Bytes: of WRITE where it began, of TRUNCATE the new size."""
    data: bytes
    """Of WRITE and SAID what was written, of SYNC the whole file."""


def is_possible() -> bool:
    """Whether there is a compiler; the loader is glibc's or musl's, which both know LD_PRELOAD."""
    return shutil.which("cc") is not None and Path("/proc/self/fd").is_dir()


@dataclass(frozen=True)
class Trap:
    """A compiled trap with a folder of its own for its state."""

    library: Path
    folder: Path

    @classmethod
    def built(cls, folder: Path) -> "Trap":
        """Compile it into `folder`. Raises subprocess.CalledProcessError."""
        folder.mkdir(parents=True, exist_ok=True)
        library = folder / "trap.so"
        command = ["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(SOURCE), "-ldl", "-lpthread"]
        subprocess.run(command, check=True, capture_output=True)
        return cls(library, folder)

    def variables(self, under: str | Path, who: str = "", **more: object) -> Mapping[str, str]:
        """The environment of a command; `more` are TRAP_… in lower case. Numbers begin again at 1, the log is empty."""
        for path in (self._state, self.log):
            path.unlink(missing_ok=True)
        set_ = {"under": under, "who": who, "state": self._state, "log": self.log, **more}
        return {"LD_PRELOAD": str(self.library), **{f"TRAP_{name.upper()}": str(value) for name, value in set_.items()}}

    @property
    def log(self) -> Path:
        """Where calls are written down."""
        return self.folder / "log"

    @property
    def _state(self) -> Path:
        return self.folder / "state"

    def number(self) -> int:
        """How many calls were made by now."""
        try:
            with self._state.open("rb") as file:
                file.seek(_NUMBER_AT)
                (number,) = struct.unpack("=Q", file.read(8))
        except (OSError, struct.error):
            return 0
        return int(number)

    def calls(self) -> Iterator[Call]:
        """Everything that was written down so far, in order."""
        if not self.log.exists():
            return
        data = self.log.read_bytes()
        at = 0
        while at + _HEAD.size <= len(data):
            kind, _, number, offset, first, second, size = _HEAD.unpack_from(data, at)
            at += _HEAD.size
            path, other = data[at : at + first].decode(), data[at + first : at + first + second].decode()
            at += first + second
            yield Call(Kind(kind), number, path, other, offset, data[at : at + size])
            at += size


_NUMBER_AT = 4096 - 8
