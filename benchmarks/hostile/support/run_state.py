"""What a run folder holds, read with nothing but sqlite3: the look must not depend on what is looked at."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from benchmarks.hostile.attack import digests


@dataclass(frozen=True)
class State:
    """Rows, metrics and kept folders."""

    rows: Mapping[str, tuple[object, ...]]
    """Case id to source digest, verdict, code, owner, kept folder and document, without what differs each time."""
    metrics: Mapping[str, tuple[object, ...]]
    """Case id to its comparisons."""
    kept: Mapping[str, Mapping[str, str]]
    """Folder in `cases` to the digests below it."""

    unknown: Sequence[str]
    """Kept folders whose mark names another run: axpair would take them for somebody else's."""

    def kept_of(self, id_: str) -> str:
        """The name of a case's kept folder; "" where it has none."""
        return str(self.rows[id_][4]).rpartition("/")[2]


def state_of(run: Path) -> State:
    """Read it. Raises sqlite3.Error where the rows can't be read or SQLite finds them damaged."""
    rows: dict[str, tuple[object, ...]] = {}
    metrics: dict[str, tuple[object, ...]] = {}
    if (run / "run.sqlite").is_file():
        with closing(sqlite3.connect(run / "run.sqlite")) as connection:
            (sound,) = connection.execute("PRAGMA integrity_check").fetchone()
            if sound != "ok":
                raise sqlite3.DatabaseError(sound)
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if "cases" in tables:
                columns = "id, source_sha256, verdict, code, owner, kept, document"
                rows = {id_: rest for id_, *rest in connection.execute(f"SELECT {columns} FROM cases")}
            if "metrics" in tables:
                found = "SELECT id, output, legs, relation, cosine, measured FROM metrics ORDER BY id, position"
                for id_, *rest in connection.execute(found):
                    metrics[id_] = (*metrics.get(id_, ()), tuple(rest))
    folders = sorted((run / "cases").iterdir()) if (run / "cases").is_dir() else []
    kept = {folder.name: digests(folder) for folder in folders if not folder.name.startswith(".")}
    unknown = [
        name for name in kept if (part_of := _marked(run / "cases" / name, "part_of")) and part_of != _marked(run, "id")
    ]
    return State({id_: tuple(row) for id_, row in rows.items()}, metrics, kept, unknown)


def _marked(folder: Path, key: str) -> str:
    """What the folder's mark says; "" where it has none, as those of release 0.1.0."""
    try:
        return str(json.loads((folder / ".axpair").read_bytes())[key])
    except FileNotFoundError:
        return ""


def damaged_marks(folder: Path) -> list[str]:
    """Folders below, hidden ones too, whose mark can't be read: nobody would ever remove what is left in them."""
    found = []
    for path in folder.rglob(".axpair"):
        try:
            json.loads(path.read_bytes())
        except ValueError:
            found.append(path.parent.name)
    return found
