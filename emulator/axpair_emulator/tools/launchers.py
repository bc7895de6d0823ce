"""Writes the launchers of the drop-in commands: small scripts that start this interpreter."""

from __future__ import annotations

import contextlib
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from axpair_proto.filekinds import FileKind, kind_of
from axpair_proto.gt.folders import refuse_link
from axpair_proto.gt.listing import refuse_other_kind, refuse_within_ours
from axpair_proto.syncing import set_usual_mode
from axpair_proto.text import printable
from axpair_proto.written import is_as_written, mark_line

from axpair_emulator.errors import EmulatorError

TOOLS = {
    "pulsar": "axpair_emulator.tools.pulsar.main",
    "run_joint": "axpair_emulator.tools.run_joint.main",
}
"""Command to the module whose `main` it calls."""

_SHELL = b"#!/bin/sh\n"
_REMARK = b"@rem "
_MOST_BYTES = 1 << 16
"""Longer than any launcher."""
_CODE = "import sys; sys.path[:] = filter(None, sys.path); from {module} import main; main()"
"""Without the working directory on the path: a file there must not stand in for a module of ours."""


def write_launchers(folder: Path) -> list[Path]:
    """Write one launcher for each command, replacing older ones; the folder is made where it is missing.

    Raises EmulatorError when the folder can't be written, or holds something else of a command's name: it may be the
    real one, or a launcher that its user changed. Raises ContractError where the folder is a link.
    """
    written = []
    try:
        refuse_link(folder)
        refuse_other_kind(folder, "tools")
        refuse_within_ours(folder)
        _refuse_cases(folder)
        folder.mkdir(parents=True, exist_ok=True)
        launchers = [_launcher(folder / name, _CODE.format(module=module)) for name, module in TOOLS.items()]
        for path, _ in launchers:
            _refuse_foreign(path)
        for path, text in launchers:
            _write(path, text)
            written.append(path)
    except OSError as error:
        raise EmulatorError(
            f"the launchers can't be written to {folder}: {error.strerror or error}",
            next_step="give a folder that you may write to",
        ) from error
    return written


def _refuse_cases(folder: Path) -> None:
    """A folder of pictures or tensors is somebody's cases, and each file in it may be taken for one."""
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.suffix == ".bin" or (path.is_file() and kind_of(path) in (FileKind.IMAGE, FileKind.NPY)):
            raise EmulatorError(
                f"{folder}: holds cases, such as {printable(path.name)}",
                next_step="give a folder of its own, such as ./bin",
            )


def _refuse_foreign(path: Path) -> None:
    if path.is_file() and not path.is_symlink():
        with path.open("rb") as stream:
            text = stream.read(_MOST_BYTES)
        if _is_marked(text) or _is_of_first_release(text):
            return
    if path.exists() or path.is_symlink():
        raise EmulatorError(
            f"{path} can't be written: something is there that isn't one of our launchers, or was changed since",
            next_step="move it away, or give a folder of its own, such as ./bin",
        )


def _is_marked(text: bytes) -> bool:
    if text.startswith(_SHELL):
        return is_as_written(text[len(_SHELL) :])
    return is_as_written(text, _REMARK)


def _is_of_first_release(text: bytes) -> bool:
    """Whether that is, to the byte, what release 0.1.0 wrote for some interpreter: it wrote no mark."""
    line = os.fsdecode(text).removeprefix(_SHELL.decode())
    for code in (_CODE.format(module=module) for module in TOOLS.values()):
        with contextlib.suppress(ValueError):
            words = shlex.split(line)
            if len(words) == 5 and text == _SHELL + _shell_command(words[1], code):
                return True
        interpreter = line[1:].partition(" -c ")[0].strip('"')
        if text == _windows_command(interpreter, code):
            return True
    return False


def _write(path: Path, text: bytes) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    beside = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(text)
        set_usual_mode(beside, runs=True)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _launcher(path: Path, code: str) -> tuple[Path, bytes]:
    """The file and its content."""
    if os.name == "nt":
        command = _windows_command(sys.executable, code)
        return path.with_suffix(".cmd"), mark_line(command, _REMARK) + command
    command = _shell_command(sys.executable, code)
    return path, _SHELL + mark_line(command) + command


def _shell_command(interpreter: str, code: str) -> bytes:
    """`exec` keeps the process: its signals and exit codes are the command's own."""
    return os.fsencode(f'exec {shlex.join([interpreter, "-c", code])} "$@"\n')


def _windows_command(interpreter: str, code: str) -> bytes:
    return os.fsencode(f"@{subprocess.list2cmdline([interpreter, '-c', code])} %*\r\n")
