"""Writes the launchers of the drop-in commands: small scripts that start this interpreter."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from axpair_emulator.errors import EmulatorError

TOOLS = {
    "pulsar": "axpair_emulator.tools.pulsar.main",
    "run_joint": "axpair_emulator.tools.run_joint.main",
}
"""Command to the module whose `main` it calls."""

_OURS = b"from axpair_emulator.tools."
_CODE = "import sys; sys.path[:] = filter(None, sys.path); from {module} import main; main()"
"""Without the working directory on the path: a file there must not stand in for a module of ours."""


def write_launchers(folder: Path) -> list[Path]:
    """Write one launcher for each command, replacing older ones; the folder is made where it is missing.

    Raises EmulatorError when the folder can't be written, or holds something else of a command's name: it may be the
    real one.
    """
    written = []
    try:
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


def _refuse_foreign(path: Path) -> None:
    if path.is_file() and not path.is_symlink():
        with path.open("rb") as stream:
            if _OURS in stream.read(1 << 14):
                return
    if path.exists() or path.is_symlink():
        raise EmulatorError(
            f"{path} can't be written: something is there that isn't one of our launchers",
            next_step="give a folder of its own, such as ./bin",
        )


def _write(path: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    beside = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(os.fsencode(text))
        beside.chmod(0o755)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _launcher(path: Path, code: str) -> tuple[Path, str]:
    """The file and its content. `exec` keeps the process: its signals and exit codes are the command's own."""
    if os.name == "nt":
        command = subprocess.list2cmdline([sys.executable, "-c", code])
        return path.with_suffix(".cmd"), f"@{command} %*\r\n"
    return path, f'#!/bin/sh\nexec {shlex.join([sys.executable, "-c", code])} "$@"\n'
