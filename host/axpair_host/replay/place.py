"""What lies where a run is, or is to be: looked at before anything is written there."""

import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from axpair_proto.advice import in_other_folder
from axpair_proto.gt.marks import is_mark, read_mark

from axpair_host.errors import UsageError
from axpair_host.replay.refused import moving, refused_state

FILE_NAME = "run.sqlite"
LOCK_NAME = "run.lock"
CASES_FOLDER = "cases"
KIND = "run"
STATE = (FILE_NAME, f"{FILE_NAME}-wal", f"{FILE_NAME}-shm")
FILES = (*STATE, LOCK_NAME, f"{LOCK_NAME}-journal")
"""What a run's mark lists; its gt folders have marks of their own."""
TABLE_NAMES = frozenset(("header", "cases", "metrics"))


def is_run(folder: Path) -> bool:
    """Whether a replay's state lies there."""
    return (folder / FILE_NAME).is_file()


def tables_of(connection: sqlite3.Connection) -> frozenset[str]:
    """Their names; nothing is read before."""
    return frozenset(name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'"))


def something_else(folder: Path) -> UsageError:
    """To raise where a folder is no run's."""
    return UsageError(
        f"--run {folder}: holds something other than a replay's run", next_step=in_other_folder("--run", folder)
    )


def moved(folder: Path) -> UsageError:
    """To raise where the state isn't any more what was opened."""
    return UsageError(
        f"--run {folder}: {FILE_NAME} was moved or removed while the replay wrote it",
        next_step="put it back, or give its new place with --run, and call again",
    )


def lock_refused(folder: Path) -> OSError | None:
    """What the folder's file system says of a lock that nobody else can hold; None where it grants it. sqlite says "is
    locked" of both."""
    try:
        import fcntl
    except ImportError:
        return None
    with tempfile.TemporaryFile(dir=folder) as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            return error
    return None


def refuse_odd(folder: Path) -> None:
    """Links, and what isn't the file or folder that belongs there."""
    for name in (*FILES, CASES_FOLDER):
        path = folder / name
        if path.is_symlink():
            raise UsageError(
                f"--run {folder}: {name} is a link to {path.readlink()}; nothing behind it is written or removed",
                next_step=in_other_folder("--run", folder, "put the folder or file itself there, or with another:"),
            )
        wanted = "a folder" if name == CASES_FOLDER else "a file"
        found = "a folder" if path.is_dir() else "a file" if path.is_file() else "a device or pipe"
        if path.exists() and found != wanted:
            raise UsageError(
                f"--run {folder}: {name} is {found}, where a run has {wanted}",
                next_step=moving(path),
            )


def refuse_users_state(folder: Path) -> None:
    """Raise UsageError where a folder that isn't marked as a run has a run.sqlite, or a run.lock, that isn't ours.

    Only looks: in a folder of another program's nothing may appear. What a mark names is looked at when it is opened.
    """
    path, lock = folder / FILE_NAME, folder / LOCK_NAME
    for left in (folder / name for name in STATE[1:]):
        if left.exists() and not path.exists():
            raise not_ours(left, "there is no run.sqlite beside it, and sqlite would remove it")
    mark = read_mark(folder)
    if mark is not None:
        if mark.kind != KIND and is_run(folder):
            raise something_else(folder)
        return
    if lock.is_file() and lock.stat().st_size:
        raise not_ours(lock, "isn't a replay's lock, which is empty")
    if not path.is_file():
        return
    uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
    with refused_state(path), closing(sqlite3.connect(uri, uri=True)) as connection:
        try:
            tables = tables_of(connection)
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError as error:
            raise not_ours(path, f"isn't a replay's state: {error}") from None
    if not tables and not lock.is_file():  # else a replay that was killed before its first word
        raise not_ours(path, "isn't a replay's state: there is nothing in it")
    if tables and not tables & TABLE_NAMES:
        raise not_ours(path, "a database, but not a replay's state")


def not_ours(path: Path, what: str) -> UsageError:
    """To raise where something of another's lies in a run's place."""
    return UsageError(f"{path}: {what}", next_step=moving(path))


def is_unused(folder: Path) -> bool:
    """Empty, or left by a replay that was killed before its first word."""
    mark = read_mark(folder)
    if mark is not None:
        return mark.kind == KIND
    if not folder.is_dir():
        return False
    found = {path.name for path in folder.iterdir() if not is_mark(path)}
    cases = folder / CASES_FOLDER
    return found <= {*FILES, CASES_FOLDER} and (not cases.exists() or (cases.is_dir() and not any(cases.iterdir())))
