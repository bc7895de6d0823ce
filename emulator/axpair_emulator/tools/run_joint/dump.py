"""Outputs as files: raw bytes in the joint's dtype, Q not divided."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from axpair_proto.names import run_joint_file_stem

from axpair_emulator.program import Program
from axpair_emulator.tools.run_joint.aborted import NAME_CONFLICT, Aborted
from axpair_emulator.tools.run_joint.batch import Batch
from axpair_emulator.tools.run_joint.memory import Cmm


def dump_outputs(program: Program, folder: str, batch: Batch, cmm: Cmm, say: Callable[[str], None]) -> None:
    """Write every output of the last run; older files are replaced, a folder that isn't there only costs a line.

    Raises Aborted at the first name that an earlier output has taken: `/` becomes `_`, and nothing else is escaped.
    """
    taken: set[str] = set()
    for index, port in enumerate(program.outputs):
        stem = run_joint_file_stem(port.joint_name)
        if stem in taken:
            say(f"output name ({stem}) conflicts!")
            raise Aborted(NAME_CONFLICT)
        taken.add(stem)
        data = cmm.read(len(program.inputs) + index, batch.output_bytes(port))
        # The folder as it was given, then one '/': the path that the log names and the one that is opened are one.
        path = f"{folder.rstrip('/') or folder[:1]}/{stem}.bin"
        say(f"dump output[{index}] {port.joint_name} as {path} {'success' if _written(path, data) else 'failed'}")


def _written(path: str, data: bytes) -> bool:
    try:
        if Path(path).is_symlink():
            return False  # what it leads to is none of ours
        Path(path).write_bytes(data)
    except (OSError, ValueError):
        return False
    return True
