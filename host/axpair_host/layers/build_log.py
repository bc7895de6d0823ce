"""Reads the table of layers out of a log of `pulsar build`.

Its rows are "Layer: NAME  2-norm RE: 1.23%  cosine-sim: 0.9991" (log of `pulsar run`, 0.6.1.14; the one of layers has
the same columns). What a log goes through on its way to a file may colour it, prefix or frame its lines, and wrap
them: none of that matters here.
"""

import re
from pathlib import Path

from axpair_host.errors import UsageError
from axpair_host.evidence.layer_scores import LayerRow, LayerScore, LayerScores

MAX_BYTES = 1 << 28
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_STAMP = re.compile(r"^.{0,200}?\[\d{1,2} \d\d:\d\d:\d\d [^\]\n]*\][ \t]?", re.MULTILINE)
"""The toolchain's own, and whatever stands before it."""
_FRAME = re.compile(r"[|│┃]")
_TITLE = re.compile(r"Score compare table", re.IGNORECASE)
_NUMBER = r"[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|nan|inf)"
_ROW = re.compile(
    rf"Layer:\s*(?P<name>(?:(?!Layer:|2-norm).){{1,500}}?)\s*2-norm\s+RE:\s*(?P<error>{_NUMBER})\s*(?P<percent>%?)\s*"
    rf"cosine-sim:\s*(?P<cosine>{_NUMBER})",
    re.DOTALL | re.IGNORECASE,
)


def layers_in(path: Path) -> LayerScores:
    """The scores of the log's longest table, quantised against float, as they stand there.

    Raises UsageError where the file can't be read, or holds no such table.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UsageError(f"--build-log {path}: {path.stat().st_size} bytes; no build log is that long")
        text = path.read_bytes().decode("utf-8", errors="replace")
    except OSError as error:
        raise UsageError(f"--build-log {path}: {error.strerror or error}", next_step="check the path") from error
    rows = rows_in(text)
    if not rows:
        raise UsageError(
            f"--build-log {path}: no row 'Layer: ... 2-norm RE: ... cosine-sim: ...' in it",
            next_step="turn the table on: axpair layers --config FILE --write-config OUT, build with OUT, keep the log",
        )
    return LayerScores("onnx", "", tuple(rows))


def rows_in(text: str) -> list[LayerRow]:
    """Rows of the longest table in a text; none where there is no table."""
    plain = _ESCAPES.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    plain = _FRAME.sub(" ", _STAMP.sub("", plain))
    tables = [[_row(found) for found in _ROW.finditer(part)] for part in _TITLE.split(plain)]
    return max(tables, key=len)


def _row(found: "re.Match[str]") -> LayerRow:
    name = re.sub(r"\s*\n\s*", "", found["name"]).strip()
    error = _number(found["error"])
    if error is not None and found["percent"]:
        error /= 100
    return LayerRow(name, name, "", 0, None, lava_joint=LayerScore(_number(found["cosine"]), error))


def _number(text: str) -> float | None:
    value = float(text)
    return value if abs(value) < float("inf") else None
