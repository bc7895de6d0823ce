"""What people read of a verdict: in a table where it fits, one under the other where it doesn't."""

from pathlib import Path

from axpair_host.advice.commands import Known
from axpair_host.advice.filling import filled
from axpair_host.compare import Relation
from axpair_host.render.verdict import verdict_lines
from axpair_proto.lines import width
from host.board_cases import J, judged, twice
from host.evidence_builder import values


def test_outputs_stand_in_one_table_with_a_row_each(tmp_path: Path) -> None:
    lines = verdict_lines(filled(judged(tmp_path, *twice(J), onnx=J).document(), Known()))
    head = next(line for line in lines if "joint-board" in line)
    assert "onnx-joint" in head
    rows = [line for line in lines if Relation.IDENTICAL.name in line]
    assert len(rows) == len(J)


def test_a_table_that_would_be_too_wide_is_told_leg_by_leg(tmp_path: Path) -> None:
    long = {"n" * 130: values(1)}
    lines = verdict_lines(filled(judged(tmp_path, *twice(long), joint=long, probe=None).document(), Known()))
    table = [line for line in lines if "joint-board" in line]
    assert len(table) == 1
    assert Relation.IDENTICAL.name in table[0]
    assert width(table[0]) < 60
