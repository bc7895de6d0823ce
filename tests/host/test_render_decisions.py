"""Decisions of all legs in the verdict: what isn't as expected, in words, whatever the tensors have."""

from pathlib import Path
from typing import Any

import click
import numpy as np
from axpair_host.advice.commands import Known
from axpair_host.advice.filling import filled
from axpair_host.diagnosis import diagnose
from axpair_host.evidence.folder import load
from axpair_host.evidence.record import PostprocessFacts
from axpair_host.render.verdict import verdict_lines
from axpair_proto.gt.tensors import write_tensors
from msgspec.structs import replace

HERE = {"label": "face", "score": 0.9, "box": [10, 10, 50, 60]}
THERE = {**HERE, "box": [34, 10, 74, 60]}


def shown(folder: Path, **facts: Any) -> str:
    """The verdict's text on tensors of which the board's are wrong."""
    good = np.arange(64, dtype=np.float32).reshape(1, 64)
    for leg, tensor in (("onnx", good), ("joint", good), ("board", good[:, ::-1].copy())):
        write_tensors(folder / leg, {"y": tensor}, {"y": "y"})
    evidence = load(folder)
    evidence = evidence.with_record(replace(evidence.record, **facts))
    return click.unstyle("\n".join(verdict_lines(filled(diagnose(evidence).document(), Known()))))


def test_decisions_are_shown_where_the_tensors_differ_already(tmp_path: Path) -> None:
    said = PostprocessFacts("post:faces", {"onnx": [HERE], "joint": [HERE], "board": [THERE]})
    text = shown(tmp_path, postprocess=said, expect_leg="onnx", observed=[], has_observed=True)
    assert "decisions of post:faces; expected is what it makes of onnx: [face (0.9)]" in text
    assert "  joint         as expected\n" in text
    assert "  board         face (0.9) shifted by 24 right (IoU 0.25)\n" in text
    assert "  your program  1 missing: face (0.9) at [10, 10, 50, 60]\n" in text


def test_without_an_expectation_what_was_said_is_shown(tmp_path: Path) -> None:
    said = PostprocessFacts("post:faces", {"onnx": [HERE]}, {"board": "ValueError: no face"})
    text = shown(tmp_path, postprocess=said)
    assert "decisions of post:faces; nothing is expected\n  onnx   [face (0.9)]\n" in text
    assert "  board  failed: ValueError: no face\n" in text


def test_without_decisions_there_is_no_such_table(tmp_path: Path) -> None:
    assert "expected" not in shown(tmp_path)
