"""Reads the fault book, which lies beside this file as TOML."""

import difflib
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from axpair_proto.sentences import Sentence

from axpair_host.advice.commands import Step
from axpair_host.codebook.entry import SHOWN, Entry

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # type: ignore[import-not-found, unused-ignore]

_FOLDER = Path(__file__).parent / "codes"


@cache
def entries() -> Mapping[str, Entry]:
    """Every code's entry, by code, in the order of the codes."""
    tables: dict[str, dict[str, Any]] = {}
    for path in _FOLDER.glob("*.toml"):
        tables.update(read_toml(path))
    return {code: _entry(code, tables[code]) for code in sorted(tables)}


def read_toml(path: Path) -> dict[str, Any]:
    """One of our own files."""
    with path.open("rb") as stream:
        found: dict[str, Any] = tomllib.load(stream)
    return found


def find(code: str) -> Entry | None:
    """The entry of a code, however it is spelled ("ax302", "302"); None when there is none."""
    wanted = code.strip().upper()
    return entries().get(wanted) or entries().get(f"AX{wanted}")


def near_misses(code: str) -> list[str]:
    """Codes that look like an unknown one, then those whose title holds the word."""
    wanted = code.strip().upper()
    alike = difflib.get_close_matches(wanted, entries(), n=4, cutoff=0.6)
    word = code.strip().casefold()
    spoken = [entry.code for entry in entries().values() if len(word) > 2 and word in entry.title.casefold()]
    return list(dict.fromkeys([*alike, *spoken]))[:6]


def _entry(code: str, table: Mapping[str, Any]) -> Entry:
    values = {key: _remembering(key, value) for key, value in table.items() if key != "next_steps"}
    return Entry(code=code, next_steps=tuple(map(_step, table["next_steps"])), **values)


def _step(written: str | Mapping[str, str]) -> Step:
    text, command = (written, "") if isinstance(written, str) else (written["text"], written["command"])
    return Step(Sentence(text), command)


def _remembering(key: str, value: Any) -> Any:
    """Texts that are shown as sentences, so that what comes of them can be had in Chinese."""
    if isinstance(value, list):
        return tuple(value)
    return Sentence(value) if key in SHOWN else value
