"""What the board's own node files say; each may be absent, none is trusted to be small or to be text.

Paths of the AX620A, AX630 and AX650 drivers, old and new names (SDK V0.31, V1.45).
"""

import platform
from pathlib import Path
from typing import Dict, List, NamedTuple, Tuple

MAX_BYTES = 1 << 16

NODES: Tuple[Tuple[str, Tuple[str, ...]], ...] = (
    ("sdk", ("proc/ax_proc/version",)),
    ("chip_type", ("proc/ax_proc/chip_type",)),
    ("board_id", ("proc/ax_proc/board_id",)),
    ("cmm", ("proc/ax_proc/mem_cmm_info", "proc/mem_cmm_info")),
    ("pool", ("proc/ax_proc/pool", "proc/ax_pool")),
    ("npu_top", ("proc/ax_proc/npu/top", "proc/ax_npu/top_period_ms")),
    ("npu_top_sum", ("proc/ax_proc/npu/top_sum",)),
    ("temperature", ("sys/class/thermal/thermal_zone0/temp",)),
    ("last_crash_dmesg", ("sys/fs/pstore/dmesg-ramoops-0",)),
    ("last_crash_console", ("sys/fs/pstore/console-ramoops-0",)),
)
"""Name of the figure, and the files that may hold it, relative to the root; the first that can be read counts."""

FOLDERS: Tuple[Tuple[str, str], ...] = (("bw_limit", "proc/ax_proc/bw_limit"),)
"""Folders whose files are figures of their own, named folder/file."""


class Board(NamedTuple):
    """Texts by name, at most 64 KiB each, and a sentence for each that can't be read."""

    found: Dict[str, str]
    lacking: List[str]


def read_board(root: Path = Path("/")) -> Board:
    """Read all node files below `root`; never raises."""
    board = Board({"kernel": " ".join(platform.uname()), "machine": platform.machine()}, [])
    for name, paths in NODES:
        _read_first(board, name, [root / path for path in paths])
    for name, folder in FOLDERS:
        try:
            for path in sorted((root / folder).iterdir()):
                _read_first(board, f"{name}/{path.name}", [path])
        except OSError as error:
            board.lacking.append(f"{name}: {error.strerror} ({folder})")
    return board


def _read_first(board: Board, name: str, paths: List[Path]) -> None:
    reasons = []
    for path in paths:
        try:
            with path.open("rb", buffering=0) as file:
                text = file.read(MAX_BYTES) or b""
            board.found[name] = text.decode("utf-8", "replace").strip("\0 \n")
            return
        except OSError as error:
            reasons.append(f"{error.strerror} ({path})")
    board.lacking.append(f"{name}: {'; '.join(reasons)}")
