"""A row as it comes out of a run's state: taken for what was stored, or named as damaged."""

import json
import re
from collections.abc import Sequence
from typing import Literal

import msgspec
from axpair_proto.sentences import recalled

from axpair_host.replay.row import BAD_INPUT, SENTENCES, Metric, Row

_KEPT = re.compile(r"(cases/(?!\.+$)[^/\\\0]{1,255})?")
"""A gt folder of the run; never one elsewhere."""


class DamagedRow(Exception):
    """A row isn't what was stored; says why."""


class _Measured(msgspec.Struct):
    relation: str = ""
    cosine: float | None = None


class _Output(msgspec.Struct):
    name: str
    golden_onnx: _Measured | None = None
    onnx_lava: _Measured | None = None
    lava_joint: _Measured | None = None
    onnx_joint: _Measured | None = None
    joint_board: _Measured | None = None


class _Finding(msgspec.Struct):
    code: str
    owner: str = ""
    summary: str = ""
    title: str = ""
    outputs: list[str] = []
    evidence: dict[str, object] = {}


class _Error(msgspec.Struct):
    message: str
    next_step: str = ""


class _Document(msgspec.Struct):
    """What the reports read of it; the rest is passed on as it is."""

    id: str
    verdict: Literal["PASS", "FAULT", "INCONCLUSIVE", "BAD INPUT"]
    owner: str | None = None
    findings: list[_Finding] = []
    warnings: list[_Finding] = []
    outputs: list[_Output] = []
    error: _Error | None = None


def read_row(fields: Sequence[object]) -> Row:
    """The row of (id, source_sha256, verdict, code, owner, kept, document, volatile). Raises DamagedRow."""
    texts = [field for field in fields if isinstance(field, str)]
    if len(texts) != len(fields):
        raise DamagedRow("bytes where text was stored")
    try:
        "".join(texts).encode()
        id_, source, verdict, code, owner, kept, document, rest = texts
        whole, volatile = json.loads(document), json.loads(rest)
        checked = msgspec.convert(whole, _Document)
        msgspec.convert(volatile, dict[str, object])
    except (ValueError, RecursionError, msgspec.ValidationError) as error:
        raise DamagedRow(f"its JSON makes no sense: {error}") from error
    first = checked.findings[0].code if checked.findings else ""
    said = (checked.id, checked.verdict, first, checked.owner or "")
    if said != (id_, verdict, code, owner) or (verdict == BAD_INPUT) != (checked.error is not None):
        raise DamagedRow("its columns say something else than its document")
    if not _KEPT.fullmatch(kept):
        raise DamagedRow(f"it names {kept!r} as its gt folder")
    table = volatile.pop(SENTENCES, {})
    return Row(
        id_, source, verdict, code, owner, kept, recalled(whole, table if isinstance(table, dict) else {}), volatile
    )


def is_metric(fields: Sequence[object], position: int, metric: Metric) -> bool:
    """Whether (position, output, legs, relation, cosine, measured) is what is stored of a row's metric."""
    *plain, measured = fields
    if plain != [position, metric.output, metric.legs, metric.relation, metric.cosine] or not isinstance(measured, str):
        return False
    try:
        return bool(json.loads(measured) == metric.values)
    except (ValueError, RecursionError):
        return False
