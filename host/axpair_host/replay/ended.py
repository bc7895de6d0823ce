"""A replay that its disk ended: what was refused, and how many cases are kept."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from axpair_proto.advice import again
from axpair_proto.errors import AxpairError
from axpair_proto.failures import of_system, refused_by_system

from axpair_host.errors import BoardError, UsageError
from axpair_host.replay.place import FILE_NAME, moved
from axpair_host.replay.refused import refused_state
from axpair_host.replay.store import Run, finished


def so_far(folder: Path) -> str:
    """What is kept of a replay into that folder, whatever state it is in."""
    return _kept(folder, finished(folder)) if (folder / FILE_NAME).is_file() else "no case was finished"


PERHAPS = ", and perhaps the one that was being stored"


@contextmanager
def counted(run: Run) -> Iterator[None]:
    """Within, what the disk refuses becomes a UsageError that says how many cases are kept."""
    try:
        with refused_state(run.folder / FILE_NAME):
            yield
    except (AxpairError, OSError) as error:
        if not isinstance(error, BoardError) and not (run.folder / FILE_NAME).exists():
            raise moved(run.folder) from error
        refused = of_disk(error)
        if refused is None:
            raise
        try:
            count: int | None = len(run.done())
        except sqlite3.Error:
            count = None
        kept = _kept(run.folder, count)
        if count is not None and isinstance(error.__cause__, sqlite3.Error) and "I/O" in str(error.__cause__):
            # The row may have reached the disk before the disk said no: only who opens the run next sees that.
            kept += PERHAPS
        raise Counted(f"{refused.message}; {kept}", next_step=refused.next_step) from error


class Counted(UsageError):
    """The disk refused, and it is said how many cases are kept."""


def of_disk(error: AxpairError | OSError) -> AxpairError | None:
    """What people see of an error that the disk is the cause of; None for any other."""
    if isinstance(error, OSError):
        return refused_by_system(error)
    cause = of_system(error)
    if isinstance(error, BoardError | Counted) or (cause is None and not isinstance(error.__cause__, sqlite3.Error)):
        return None
    refused = refused_by_system(cause) if cause is not None else None
    step = error.next_step or (refused.next_step if refused is not None else again("call the same command again:"))
    return UsageError(error.message, next_step=step)


def _kept(folder: Path, count: int | None) -> str:
    if count is None:
        return f"how many finished cases {folder} keeps can't be read"
    if not count:
        return "no case was finished"
    return f"{count} finished case{'' if count == 1 else 's'} kept in {folder}"
