"""`refusing.c` compiled and put before a command: calls that change a folder fail, or reading a file does."""

import shutil
import struct
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

SOURCE = Path(__file__).with_name("refusing.c")


def is_possible() -> bool:
    """Whether there is a compiler; the loader is glibc's or musl's, which both know LD_PRELOAD."""
    return shutil.which("cc") is not None and Path("/proc/self/fd").is_dir()


@dataclass(frozen=True)
class Refusing:
    """The compiled library, and the file in which its processes count their calls."""

    library: Path
    state: Path

    @classmethod
    def built(cls, folder: Path) -> "Refusing":
        """Compile it into `folder`. Raises subprocess.CalledProcessError."""
        folder.mkdir(parents=True, exist_ok=True)
        library = folder / "refusing.so"
        command = ["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(SOURCE), "-ldl"]
        subprocess.run(command, check=True, capture_output=True)
        return cls(library, folder / "made")

    def variables(self, under: Path, *, at: int, error: int, lasting: bool) -> Mapping[str, str]:
        """The environment of a command whose `at`-th call that changes something below `under` fails; 0: none does.

        Numbers begin at 1 with each call of this.
        """
        self.state.unlink(missing_ok=True)
        found = {
            "LD_PRELOAD": str(self.library),
            "REFUSE_UNDER": str(under),
            "REFUSE_STATE": str(self.state),
            "REFUSE_AT": str(at),
            "REFUSE_ERRNO": str(error),
        }
        return {**found, "REFUSE_LASTING": "1"} if lasting else found

    def unreadable(self, under: Path, pattern: str) -> Mapping[str, str]:
        """The environment of a command to which reading files below `under` fails whose path there matches."""
        return {"LD_PRELOAD": str(self.library), "REFUSE_UNDER": str(under), "REFUSE_READING": pattern}

    def without(self, under: Path, what: Literal["sharing", "modes", "locks"]) -> Mapping[str, str]:
        """The environment of a command below whose folder the file system has no maps that processes share, no
        permissions, or no locks."""
        return {"LD_PRELOAD": str(self.library), "REFUSE_UNDER": str(under), "REFUSE_LACKING": what}

    def made(self) -> int:
        """How many such calls were made by now."""
        try:
            return int(struct.unpack("=Q", self.state.read_bytes()[:8])[0])
        except (OSError, struct.error):
            return 0
