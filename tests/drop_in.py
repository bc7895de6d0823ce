"""The emulator's drop-in `run_joint`, and programs around it that go wrong as the vendor's can."""

from pathlib import Path

from axpair_emulator.tools.launchers import write_launchers


def run_joint(folder: Path) -> Path:
    """The drop-in command itself."""
    return next(path for path in write_launchers(folder / "tools") if path.stem == "run_joint")


def script(folder: Path, text: str) -> Path:
    """A program `run_joint` of these shell lines; $REAL is the drop-in command."""
    real = run_joint(folder)
    path = folder / "run_joint"
    path.write_text(f"#!/bin/sh\nREAL='{real}'\n{text}\n")
    path.chmod(0o755)
    return path
