"""Reads the table of layers out of a log of `pulsar build` or `pulsar2 build`.

pulsar: its rows are "Layer: NAME  2-norm RE: 1.23%  cosine-sim: 0.9991"
(log of `pulsar run`, 0.6.1.14; the one of layers has
the same columns). What a log goes through on its way to a file may colour it, prefix or frame its lines, and wrap
them: none of that matters here.

pulsar2: the table titled "Quant Precision Table", PerLayer (each layer fed with the float model's inputs) or EndToEnd
(errors add up), from the log or from quant/debug/precision_analysis_table.txt. In a piped log its cells are wrapped,
and cut with "…" where a word is too long; only the file has them whole (logs of 2023 to 7.0).
"""

import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from axpair_proto.log_lines import bare_lines
from axpair_proto.regular import read_regular
from axpair_proto.text import Decoded, decoded

from axpair_host.documents.layers import LayerRow, LayerScore, LayerScores
from axpair_host.errors import UsageError
from axpair_host.scoring.dumping import turned_on

MAX_BYTES = 1 << 28
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_STAMP = re.compile(r"^.{0,200}?\[\d{1,2} \d\d:\d\d:\d\d [^\]\n]*\][ \t]?", re.MULTILINE)
"""The toolchain's own, and whatever stands before it."""
_FRAME = re.compile(r"[|│┃]")
_TITLE = re.compile(r"Score compare table", re.IGNORECASE)
_NUMBER = r"[-+]?(?:\d+(?:\.\d*)?(?:[eE][-+]?\d+)?|nan|inf)"
_ROW = re.compile(
    rf"Layer:\s*(?P<name>(?=\S)(?:(?!Layer:|2-norm).){{1,500}}?)(?<=\S)\s*2-norm\s+RE:\s*(?P<error>{_NUMBER})\s*"
    rf"(?:(?P<percent>%)\s*)?cosine-sim:\s*(?P<cosine>{_NUMBER})",
    re.DOTALL | re.IGNORECASE,
)
_PRECISION_TITLE = re.compile(
    r"(?:Quant Precision Table|Precision Analysis)\s*[【(\[](?P<method>PerLayer|EndToEnd)[^\n]*", re.IGNORECASE
)
_BOXED = re.compile("[┏┃┡│├└╞]")
"""What begins a table's lines: whatever stands before it is a logger's."""
_CUT = "…"


def layers_in(path: Path) -> LayerScores:
    """The scores of the log's longest table, quantised against float, as they stand there.

    Raises UsageError where the file can't be read, or holds no such table.
    """
    return layers_of(text_of(path).text, path)


def text_of(path: Path) -> Decoded:
    """A log's text, and its encoding. Raises UsageError where the file can't be read."""
    try:
        data = read_regular(path, MAX_BYTES)
    except OSError as error:
        raise UsageError(f"--build-log {path}: {error.strerror or error}", next_step="check the path") from error
    if len(data) > MAX_BYTES:
        raise UsageError(f"--build-log {path}: more than {MAX_BYTES} bytes; no build log is that long")
    return decoded(data)


def layers_of(text: str, path: Path) -> LayerScores:
    """The scores in the text of a log; `path` is what it is called. Raises UsageError where it holds no such table."""
    rows = rows_in(text)
    if rows:
        return LayerScores("onnx", "", tuple(rows))
    if (precision := _precision_table(text)) is not None:
        return precision
    if any(mark in text for mark in ("pulsar2", "yamain", "Precision")):
        raise UsageError(
            f"--build-log {path}: a log of pulsar2 without a precision table",
            next_step="build with --quant.precision_analysis 1, or give quant/debug/precision_analysis_table.txt of it",
        )
    raise UsageError(
        f"--build-log {path}: no row 'Layer: ... 2-norm RE: ... cosine-sim: ...' in it, and no table of pulsar2",
        next_step=turned_on(),
    )


def rows_in(text: str) -> list[LayerRow]:
    """Rows of the longest table in a text; none where there is no table."""
    plain = _ESCAPES.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    plain = _FRAME.sub(" ", _STAMP.sub("", plain))
    tables = [[_row(found) for found in _ROW.finditer(part)] for part in _TITLE.split(plain)]
    return max(tables, key=len)


def cut_names(scores: LayerScores) -> int:
    """How many layers have a name that the log cut short."""
    return sum(_CUT in row.name or _CUT in row.node for row in scores.layers)


def _precision_table(text: str) -> LayerScores | None:
    """The last of pulsar2's tables with rows; None where there is none."""
    plain = _ESCAPES.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    plain = "\n".join(bare_lines(plain.split("\n"), _BOXED))
    titles = list(_PRECISION_TITLE.finditer(plain))
    ends = [*(title.start() for title in titles[1:]), len(plain)]
    for title, end in reversed(list(zip(titles, ends, strict=True)) if titles else []):
        part = plain[title.end() : end]
        per_layer = title["method"].lower() == "perlayer"
        if rows := [row for cells in _table_rows(part) if (row := _precision_row(cells, per_layer)) is not None]:
            cut_off = not any(line.strip().startswith("└") for line in part.splitlines())
            return LayerScores("onnx", "lava_joint" if per_layer else "", tuple(rows), cut_off=cut_off)
    return None


def _table_rows(text: str) -> Iterator[dict[str, str]]:
    """Rows of the first box in a text, by column; the lines of a cell are put together again."""
    columns: list[str] = []
    lines: list[list[str]] = []
    for line in text.splitlines():
        bare = line.strip()
        if bare[:1] in ("┃", "│"):
            lines.append([cell.strip() for cell in re.split("[┃│]", bare.strip("┃│"))])
        elif bare[:1] in ("┡", "├", "└", "╞") and lines:
            cells = [
                _joined(part) for part in zip(*(line for line in lines if len(line) == len(lines[0])), strict=True)
            ]
            if columns:
                yield dict(zip(columns, cells, strict=False))
            else:
                columns = [cell.lower() for cell in cells]
            lines = []
            if bare[0] == "└":
                return


def _joined(parts: tuple[str, ...]) -> str:
    """Lines of one cell: words of a header and numbers of a shape stand apart, a name was broken anywhere."""
    words = [part for part in parts if part]
    apart = all(re.fullmatch(r"[A-Za-z]+|\(?[\d, ]+\)?", word) for word in words)
    return (" " if apart else "").join(words)


def _precision_row(cells: Mapping[str, str], per_layer: bool) -> LayerRow | None:
    cosine = _column(cells, "cosin", "cosin distance")
    if not re.fullmatch(_NUMBER, cosine, re.IGNORECASE):
        return None
    node = _column(cells, "operator", "op")
    name = _column(cells, "output tensor", "tensor") or node
    kind = _column(cells, "type", "op type")
    shape = [int(length) for length in re.findall(r"\d+", _column(cells, "shape"))]
    score = LayerScore(_number(cosine), None)
    own, end = (score, None) if per_layer else (None, score)
    return LayerRow(name, node, kind, math.prod(shape) if shape else 0, None, own=own, lava_joint=end)


def _column(cells: Mapping[str, str], *names: str) -> str:
    """The cell under one of these heads, which may be cut short themselves; "" without one."""
    for head, value in cells.items():
        begun = head.removesuffix(_CUT)
        if head in names or (begun != head and any(name.startswith(begun) for name in names)):
            return value
    return ""


def _row(found: "re.Match[str]") -> LayerRow:
    name = re.sub(r"\s*\n\s*", "", found["name"]).strip()
    error = _number(found["error"])
    if error is not None and found["percent"]:
        error /= 100
    return LayerRow(name, name, "", 0, None, lava_joint=LayerScore(_number(found["cosine"]), error))


def _number(text: str) -> float | None:
    value = float(text)
    return value if abs(value) < float("inf") else None
