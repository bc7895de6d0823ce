"""run.sqlite: a replay's state. One transaction a case; a process killed at any moment leaves whole rows only.

    header(key, value)                            what the run is; see `pins`
    cases(id, source_sha256, verdict, code, owner, kept, document, volatile)
    metrics(id, position, output, legs, relation, cosine, measured)
    vectors(id, output, onnx, joint)              little-endian float32; runs of earlier releases have none

`document`, `volatile` and `measured` are JSON. Rows without `volatile`, ordered by id, don't depend on when, where or
how often interrupted the run was made. `axpair diagnose RUN` and others read it through `open_run`.
"""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import numpy as np
from axpair_proto.advice import in_other_folder
from axpair_proto.gt.folders import own_file
from axpair_proto.gt.listing import marked
from axpair_proto.sentences import remembered
from axpair_proto.syncing import make_folder
from axpair_proto.text import LONGEST, printable

from axpair_host.errors import UsageError
from axpair_host.replay.place import (
    CASES_FOLDER,
    FILE_NAME,
    FILES,
    KIND,
    LOCK_NAME,
    STATE,
    TABLE_NAMES,
    is_run,
    is_unused,
    lock_refused,
    moved,
    not_ours,
    refuse_odd,
    refuse_users_state,
    something_else,
    tables_of,
)
from axpair_host.replay.refused import refused_state
from axpair_host.replay.row import SENTENCES, Row, to_text
from axpair_host.replay.similarity import Array, is_stored_vector
from axpair_host.replay.stored_row import DamagedRow, is_metric, read_row

_VERSION = 1
_TABLES = """
CREATE TABLE header (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE cases (
  id TEXT PRIMARY KEY, source_sha256 TEXT NOT NULL, verdict TEXT NOT NULL, code TEXT NOT NULL, owner TEXT NOT NULL,
  kept TEXT NOT NULL, document TEXT NOT NULL, volatile TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE metrics (
  id TEXT NOT NULL REFERENCES cases(id) ON DELETE CASCADE, position INTEGER NOT NULL, output TEXT NOT NULL,
  legs TEXT NOT NULL, relation TEXT NOT NULL, cosine REAL, measured TEXT NOT NULL, PRIMARY KEY (id, position)
) WITHOUT ROWID;
"""
_VECTORS = """CREATE TABLE IF NOT EXISTS vectors (
  id TEXT NOT NULL REFERENCES cases(id) ON DELETE CASCADE, output TEXT NOT NULL, onnx BLOB NOT NULL,
  joint BLOB NOT NULL, PRIMARY KEY (id, output)) WITHOUT ROWID"""
_COLUMNS = "id, source_sha256, verdict, code, owner, kept, document, volatile"


class Run:
    """A run folder that is open. Made by `open_run` or `lock_run`; used by one thread."""

    def __init__(self, folder: Path, connection: sqlite3.Connection, id_: str = "") -> None:
        self.folder = folder
        self.id = id_
        """As its mark has it, and the marks of the gt folders that it keeps; "" where the run is only read."""
        self._connection = connection
        self._inode = _inode(folder)

    def header(self) -> dict[str, str]:
        """What the run is; empty in a new one."""
        found = self._connection.execute("SELECT key, value FROM header")
        return {str(key): value if isinstance(value, str) else repr(value) for key, value in found}

    def pin(self, header: Mapping[str, str]) -> None:
        """Write the header, replacing keys that are there."""
        with self._connection:
            self._connection.executemany("INSERT OR REPLACE INTO header VALUES (?, ?)", header.items())

    def add(self, row: Row) -> None:
        """Store a case and its metrics in one transaction, in place of an earlier row of that id.

        Raises UsageError where the state was moved or removed meanwhile: the row would be lost with it.
        """
        self._refuse_moved()
        fields = (row.id, row.source_sha256, row.verdict, row.code, row.owner, row.kept)
        table = remembered(row.document)
        volatile = {**row.volatile, SENTENCES: table} if table else row.volatile
        with self._connection:
            self._connection.execute("DELETE FROM cases WHERE id = ?", (row.id,))
            self._connection.execute("DELETE FROM metrics WHERE id = ?", (row.id,))  # of no case, where it was damaged
            self._connection.execute(
                f"INSERT INTO cases ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (*fields, to_text(row.document), to_text(volatile)),
            )
            self._add_metrics(row)
            self._connection.execute("DELETE FROM vectors WHERE id = ?", (row.id,))
            self._connection.executemany(
                "INSERT INTO vectors VALUES (?, ?, ?, ?)",
                [(row.id, name, one.tobytes(), other.tobytes()) for name, (one, other) in row.vectors.items()],
            )

    def _refuse_moved(self) -> None:
        if _inode(self.folder) != self._inode:
            raise moved(self.folder)

    def vectors(self) -> dict[str, dict[str, tuple[Array, Array]]]:
        """By output and case id: the float model's vector and the joint's. What isn't one is left out."""
        found: dict[str, dict[str, tuple[Array, Array]]] = {}
        if "vectors" not in tables_of(self._connection):
            return found
        for id_, output, *legs in self._connection.execute("SELECT * FROM vectors ORDER BY output, id"):
            if all(isinstance(one, str) for one in (id_, output)) and all(is_stored_vector(one) for one in legs):
                first, second = (np.frombuffer(one, "<f4") for one in legs)
                found.setdefault(output, {})[id_] = (first, second)
        return found

    def _add_metrics(self, row: Row) -> None:
        metrics = [
            (row.id, position, metric.output, metric.legs, metric.relation, metric.cosine, to_text(metric.values))
            for position, metric in enumerate(row.metrics())
        ]
        self._connection.executemany("INSERT INTO metrics VALUES (?, ?, ?, ?, ?, ?, ?)", metrics)

    def mend_metrics(self) -> list[str]:
        """Write the metrics of every case anew that aren't those of its document, and remove those without a case.

        Returns the ids whose metrics were mended. Those of damaged rows stay until the case runs again.
        """
        stored: dict[str, list[tuple[object, ...]]] = {}
        for id_, *fields in self._connection.execute("SELECT * FROM metrics ORDER BY id, position"):
            stored.setdefault(id_, []).append(tuple(fields))
        mended = []
        for row in self.rows():
            there, wanted = stored.get(row.id, []), row.metrics()
            if len(there) != len(wanted) or not all(
                is_metric(fields, position, metric)
                for position, (fields, metric) in enumerate(zip(there, wanted, strict=True))
            ):
                mended.append(row.id)
                with self._connection:
                    self._connection.execute("DELETE FROM metrics WHERE id = ?", (row.id,))
                    self._add_metrics(row)
        without_case = "FROM metrics WHERE id NOT IN (SELECT id FROM cases)"
        orphans = [_cut(id_) for (id_,) in self._connection.execute(f"SELECT DISTINCT id {without_case}")]
        with self._connection:
            self._connection.execute(f"DELETE {without_case}")
        return sorted({*mended, *orphans})

    def done(self) -> dict[str, str]:
        """Case id to the digest of its files, of every row; not of those that an unfit board left unjudged (AX005),
        and not of damaged ones."""
        return {row.id: row.source_sha256 for row in self.rows() if row.code != "AX005"}

    def rows(self) -> list[Row]:
        """Every row but the damaged ones, ordered by id."""
        return [row for row in self._read() if isinstance(row, Row)]

    def damaged(self) -> dict[str, str]:
        """Case id to what is wrong with its row, of every row that isn't what was stored."""
        return dict(row for row in self._read() if not isinstance(row, Row))

    def _read(self) -> Iterator[Row | tuple[str, str]]:
        """Every row; of a damaged one its id and what is wrong with it."""
        for fields in self._connection.execute(f"SELECT {_COLUMNS} FROM cases ORDER BY id"):
            try:
                yield read_row(fields)
            except DamagedRow as error:
                yield _cut(fields[0]), printable(error, LONGEST)

    def kept_folder(self, row: Row) -> Path | None:
        """The case's gt folder; None where none was kept."""
        return self.folder / row.kept if row.kept else None


def _inode(folder: Path) -> tuple[int, int] | None:
    """Of the state; None where there is none."""
    try:
        found = (folder / FILE_NAME).stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _cut(id_: object) -> str:
    """A damaged id as it is named: no longer than that of any file."""
    return id_ if isinstance(id_, str) and len(id_) <= LONGEST else printable(id_)


def finished(folder: Path) -> int | None:
    """How many cases are finished there, as far as that can be read now: also on a disk that takes nothing more."""
    try:
        refuse_users_state(folder)
    except UsageError as error:
        return None if isinstance(error.__cause__, sqlite3.Error) else 0  # what can't be opened may hold some
    except OSError:
        return None
    try:
        with _reading(folder) as connection:
            return len(Run(Path(), connection).done()) if tables_of(connection) else 0
    except (sqlite3.Error, OSError, UsageError):
        return None


@contextmanager
def _reading(folder: Path, mode: str = "ro") -> Iterator[sqlite3.Connection]:
    """A connection that writes nothing, also on a medium that takes nothing: there a copy is read. With mode "rw"
    sqlite clears its own files away at the end, which it can't with "ro".

    Raises sqlite3.Error, and UsageError where no copy can be made.
    """
    path = (folder / FILE_NAME).absolute()
    with ExitStack() as stack:
        connection = stack.enter_context(closing(sqlite3.connect(f"{path.as_uri()}?mode={mode}", uri=True, timeout=30)))
        try:
            tables_of(connection)
        except sqlite3.OperationalError as error:
            if "is locked" in str(error):
                raise
            elsewhere = Path(stack.enter_context(tempfile.TemporaryDirectory()))  # sqlite finds room for its files here
            try:
                for name in (FILE_NAME, f"{FILE_NAME}-wal"):
                    if (folder / name).is_file():
                        shutil.copyfile(folder / name, elsewhere / name)
            except OSError as failed:
                raise UsageError(
                    f"{path}: can't be copied to {elsewhere}, to be read there: {failed.strerror}",
                    next_step="mend its permissions, or free space there",
                ) from error
            uri = (elsewhere / FILE_NAME).as_uri()
            connection = stack.enter_context(closing(sqlite3.connect(uri, uri=True)))
        connection.text_factory = os.fsdecode  # what isn't UTF-8 is a damaged row's, not the end of all
        yield connection


@contextmanager
def open_run(folder: Path) -> Iterator[Run]:
    """Open a run to read it, also on a medium that takes no byte; a replay may be writing meanwhile.

    Raises UsageError when it isn't one, or can't be read.
    """
    if not is_run(folder):
        raise UsageError(
            f"{folder}: no replay's run: there is no {FILE_NAME}",
            next_step="give the folder that was given to axpair replay as --run",
        )
    refuse_users_state(folder)
    path = folder / FILE_NAME
    mode = "rw" if os.access(folder, os.W_OK) and os.access(path, os.W_OK) else "ro"
    with refused_state(path), _reading(folder, mode) as connection:
        _refuse_foreign(connection, path)
        _refuse_other_release(connection, path)
        yield Run(folder, connection)


@contextmanager
def lock_run(folder: Path) -> Iterator[Run]:
    """Open a run to write it, made where there is none.

    Raises UsageError when it can't be written, holds something else, leads elsewhere by a link, or another replay is
    writing it.
    """
    refuse_odd(folder)
    refuse_users_state(folder)
    if folder.exists() and not is_run(folder) and not is_unused(folder):
        raise something_else(folder)
    try:
        make_folder(folder)
        mark = marked(folder, KIND, lambda run: dict.fromkeys(FILES, ""))
        make_folder(folder / CASES_FOLDER)
    except OSError as error:
        raise UsageError(f"--run {folder}: can't be written: {error.strerror}") from error
    with _locked(folder), _connected(folder) as connection:
        with connection:
            connection.execute(_VECTORS)
        yield Run(folder, connection, mark.id)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold a lock that ends with this process, however it ends: an open transaction on a database of its own."""
    with refused_state(folder / LOCK_NAME):
        lock = sqlite3.connect(folder / LOCK_NAME, isolation_level=None, timeout=0)
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as error:
            lock.close()
            if "is locked" not in str(error):
                raise
            if (refused := lock_refused(folder)) is not None:
                raise UsageError(
                    f"--run {folder}: its file system gives no locks: {refused.strerror}",
                    next_step="give a --run on a disk of this machine",
                ) from error
            raise UsageError(
                f"--run {folder}: another replay is writing it ({error})",
                next_step=in_other_folder("--run", folder, "wait for it, or with another folder:", "wait for it"),
            ) from error
    with closing(lock):
        yield


@contextmanager
def _connected(folder: Path) -> Iterator[sqlite3.Connection]:
    path = folder / FILE_NAME
    with refused_state(path):
        for name in STATE:
            own_file(folder / name)
        with ExitStack() as stack:
            connection = stack.enter_context(closing(sqlite3.connect(path, timeout=30)))
            try:
                _prepare(connection, path)
            except sqlite3.OperationalError as error:
                if "disk I/O error" not in str(error):
                    raise
                # Some shares can't be mapped by several processes; alone, sqlite needs no map.
                stack.close()
                connection = stack.enter_context(closing(sqlite3.connect(path, timeout=30)))
                connection.execute("PRAGMA locking_mode = EXCLUSIVE")
                _prepare(connection, path)
            yield connection


def _refuse_foreign(connection: sqlite3.Connection, path: Path) -> None:
    """Another program's database stays as it is, to the bit."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    tables = tables_of(connection)
    if tables and (version == 0 or not tables & TABLE_NAMES):
        raise not_ours(path, "a database, but not a replay's state")


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    connection.text_factory = os.fsdecode  # what isn't UTF-8 is a damaged row's, not the end of all
    _refuse_foreign(connection, path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version == 0:
        # Tables and version appear together: executescript would commit in between.
        connection.execute("BEGIN IMMEDIATE")
        with connection:
            for statement in filter(str.strip, _TABLES.split(";")):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {_VERSION}")
    else:
        _refuse_other_release(connection, path)


def _refuse_other_release(connection: sqlite3.Connection, path: Path) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version not in (0, _VERSION):
        raise UsageError(f"{path}: written by another release of axpair (layout {version}, expected {_VERSION})")
