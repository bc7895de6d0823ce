"""What sqlite refuses of a run's state, as people see it."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from axpair_proto.advice import Next, again, in_other_folder

from axpair_host.errors import UsageError


@contextmanager
def refused_state(path: Path) -> Iterator[None]:
    """Turn what sqlite refuses into a UsageError that says what to do; only damage is a reason to begin anew."""
    try:
        yield
    except sqlite3.Error as error:
        said = str(error)
        if "disk I/O error" in said and _is_full(path.parent):
            said = f"disk is full ({said})"
        elif "disk I/O error" in said and _is_limited():
            said = f"files may not become larger ({said})"
        step = next((step for words, step in _STEPS.items() if any(word in said for word in words)), _once_more)
        raise UsageError(f"{path}: can't be used as a replay's state: {said}", next_step=step(path)) from error


def moving(path: Path, first: str = "") -> Next:
    """For a file in the run's folder that can't stay there."""
    return in_other_folder(
        "--run",
        path.parent,
        f"{first}move {path} elsewhere, or with another folder:",
        f"{first}take {path} from a backup, or replay the cases into another folder",
    )


def _is_limited() -> bool:
    """Whether our starter allows files of some size only."""
    try:
        import resource
    except ImportError:
        return False
    return resource.getrlimit(resource.RLIMIT_FSIZE)[0] != resource.RLIM_INFINITY


def _is_full(folder: Path) -> bool:
    """Whether there is too little room for what sqlite keeps beside a state; it may call that an I/O error."""
    try:
        return shutil.disk_usage(folder).free < _LEAST_ROOM
    except OSError:
        return False


_LEAST_ROOM = 128 << 10
_STEPS: Mapping[tuple[str, ...], Callable[[Path], Next]] = {
    ("may not become larger",): lambda path: again("raise the limit (ulimit -f), and call the same command again:"),
    ("is full",): lambda path: again("free space there, and call the same command again:"),
    ("disk I/O error",): lambda path: again("look at the disk and at the system's log, and call the same again:"),
    ("readonly", "unable to open"): lambda path: in_other_folder(
        "--run",
        path.parent,
        f"mend the permissions of {path.parent}, or with another folder:",
        f"mend the permissions of {path} and of its folder",
    ),
    ("is locked",): lambda path: again("wait for the program that has it open, and call the same command again:"),
    ("malformed", "not a database", "no such table", "no such column", "has no column"): lambda path: moving(
        path, "it is damaged: "
    ),
}
"""By what sqlite says."""


def _once_more(path: Path) -> Next:
    return in_other_folder(
        "--run",
        path.parent,
        "call the same command again; if it stays, with another folder:",
        "call the same command again; if it stays, replay the cases into another folder",
    )
