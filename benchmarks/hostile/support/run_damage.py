"""Damage to a replay's state: to single rows, to the header, to the file."""

import contextlib
import random
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.hostile.support.mutations import ESCAPE, LONG, mutate_bytes, mutate_json, put_in_place

_ROW = ("source_sha256", "verdict", "code", "owner", "kept", "document", "volatile")
_VALUES: tuple[Any, ...] = (
    *("", "{", "null", "[]", "{}", "[" * LONG, ESCAPE, "x" * LONG, "../../outside/secret", "/etc", "cases/..", "NaN"),
    *(
        b"\xff\xfe\x00",
        b"",
        7,
        -1,
        1.5,
        2**62,
        '{"findings": 3}',
        '{"findings": [{"code": 7}]}',
        '{"outputs": {"a": 1}}',
    ),
    *('{"error": 1}', '{"verdict": "PASS"}', '{"outputs": [{"name": "y", "joint_board": {"cosine": "low"}}]}'),
)


def rows_of(run: Path) -> list[tuple[object, ...]]:
    """Every row without what differs from run to run, then every metric."""
    with contextlib.closing(sqlite3.connect(run / "run.sqlite")) as connection:
        rows = connection.execute(
            "SELECT id, source_sha256, verdict, code, owner, kept, document FROM cases ORDER BY id"
        )
        metrics = connection.execute("SELECT * FROM metrics ORDER BY id, position")
        return [*rows.fetchall(), *metrics.fetchall()]


def damage_row(run: Path, random_: random.Random, number: int) -> tuple[str, str]:
    """Damage one row, or its metrics, so that it can't be what was stored; returns its id and what was done."""
    damages: tuple[tuple[str, Any], ...] = (
        *(
            ("document", "{"),
            ("document", b"\xff\xfe"),
            ("document", "[]"),
            ("volatile", "{"),
            ("document", "[" * LONG),
        ),
        *(("document", '{"findings": 3}'), ("verdict", ESCAPE), ("kept", "../../outside"), ("verdict", b"\xff")),
        *(("metrics.cosine", ESCAPE), ("metrics.output", ESCAPE), ("metrics.measured", b"\xff")),
        *(("document", "null"), ("volatile", "7"), ("kept", "x" * LONG), ("document", 7), ("code", b"\x00\xff")),
    )
    column, value = damages[number % len(damages)]
    with contextlib.closing(sqlite3.connect(run / "run.sqlite")) as connection, connection:
        ids = [id_ for (id_,) in connection.execute("SELECT id FROM cases ORDER BY id")]
        id_ = random_.choice(ids)
        table, _, named = column.rpartition(".")
        connection.execute(f"UPDATE {table or 'cases'} SET {named} = ? WHERE id = ?", (value, id_))
    return str(id_), f"{column} {str(value)[:20]!r}"


def damage_run(run: Path, outside: Path, random_: random.Random) -> str:
    """Damage a run in any way; says how."""
    path = run / "run.sqlite"

    def sql(text: str, *values: Any) -> str:
        with contextlib.closing(sqlite3.connect(path)) as connection, connection:
            connection.execute(text, values)
        return f"{text} {str(values)[:60]}"

    def document() -> str:
        with contextlib.closing(sqlite3.connect(path)) as connection, connection:
            id_, text = random_.choice(connection.execute("SELECT id, document FROM cases").fetchall())
            changed = mutate_json(text.encode(), random_).decode("utf-8", "replace")
            connection.execute("UPDATE cases SET document = ? WHERE id = ?", (changed, id_))
        return "a row's document"

    def column() -> str:
        return sql(f"UPDATE cases SET {random_.choice(_ROW)} = ? WHERE id LIKE '001%'", random_.choice(_VALUES))

    def schema() -> str:
        texts: tuple[str, ...] = (
            "DROP TABLE metrics",
            "DROP TABLE cases",
            "DROP TABLE header",
            "PRAGMA user_version = 99",
            "DELETE FROM cases",
        )
        texts += ("CREATE TRIGGER t AFTER INSERT ON cases BEGIN SELECT RAISE(ABORT, 'no'); END", "DELETE FROM header")
        return sql(random_.choice(texts))

    def bytes_of(name: str) -> str:
        target = run / name
        target.write_bytes(mutate_bytes(target.read_bytes() if target.is_file() else b"", random_))
        return f"bytes of {name}"

    def placed() -> str:
        inner = random_.choice([path, run / "run.lock", *(run / "cases").rglob("*")])
        return f"{put_in_place(inner, outside, random_)} for {inner.relative_to(run)}"

    deeds: tuple[Callable[[], str], ...] = (
        *(document, document, column, column, schema, placed, placed),
        lambda: sql("UPDATE header SET value = ?", random_.choice(_VALUES)),
        lambda: sql("UPDATE cases SET id = ? WHERE id LIKE '001%'", random_.choice(_VALUES)),
        lambda: bytes_of("run.sqlite"),
        lambda: bytes_of("run.sqlite-wal"),
        lambda: bytes_of("run.lock"),
    )
    try:
        return random_.choice(deeds)()
    except sqlite3.Error as error:
        return f"what sqlite refused: {error}"
