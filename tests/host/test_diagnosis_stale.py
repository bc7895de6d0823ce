"""AX302: the answer belongs to an earlier input, and what only looks like it."""

from pathlib import Path

import numpy as np
from host.board_cases import PROBE, J, codes, damaged, judged, twice
from host.evidence_builder import Ran, values


def test_the_answer_to_the_probe_is_a_stale_output(tmp_path: Path) -> None:
    verdict = judged(tmp_path, *twice(PROBE))
    assert codes(verdict) == ["AX302"]
    finding = verdict.findings[0]
    assert (finding.owner, finding.stage, finding.side, finding.proven) == ("board", "on_board", "axera", True)
    assert set(finding.outputs) == {"prob", "boxes"}


def test_a_ring_that_is_one_behind_is_stale_and_not_unrepeatable(tmp_path: Path) -> None:
    """Round 1 gives what belongs to the probe, round 2 what belongs to round 1, which is right by chance."""
    garbage = {name: values(99, array.shape) for name, array in J.items()}
    assert codes(judged(tmp_path, Ran(PROBE), Ran(J), probe=garbage)) == ["AX302"]


def test_stale_cache_lines_are_a_stale_output(tmp_path: Path) -> None:
    seen = J["prob"].copy()
    lines, old = seen.reshape(-1, 16), PROBE["prob"].reshape(-1, 16)
    lines[[3, 4, 17]] = old[[3, 4, 17]]
    verdict = judged(tmp_path, *twice(damaged(prob=seen)))
    assert codes(verdict) == ["AX302"]
    assert verdict.findings[0].evidence["outputs"]["prob"]["lines"] == 3
    assert verdict.findings[0].outputs == ("prob",)


def test_stale_lines_that_change_from_round_to_round_are_stale_all_the_same(tmp_path: Path) -> None:
    rounds = []
    for line in (3, 9):
        seen = J["prob"].copy()
        seen.reshape(-1, 16)[line] = PROBE["prob"].reshape(-1, 16)[line]
        rounds.append(Ran(damaged(prob=seen)))
    assert codes(judged(tmp_path, *rounds)) == ["AX302"]


def test_one_line_that_belongs_to_nothing_spoils_the_explanation(tmp_path: Path) -> None:
    seen = J["prob"].copy()
    seen.reshape(-1, 16)[[3, 4]] = PROBE["prob"].reshape(-1, 16)[[3, 4]]
    seen.reshape(-1)[600] += np.float32(3.25)
    seen.reshape(-1)[601] -= np.float32(7.5)
    assert codes(judged(tmp_path, *twice(damaged(prob=seen)))) == ["AX306"]


def test_an_output_that_is_rolled_belongs_to_no_earlier_input(tmp_path: Path) -> None:
    rolled = {name: np.roll(array, array.size // 3) for name, array in J.items()}
    assert codes(judged(tmp_path, *twice(rolled))) == ["AX306"]


def test_lines_of_zeros_belong_to_anything(tmp_path: Path) -> None:
    old, seen = PROBE["prob"].copy(), J["prob"].copy()
    old.reshape(-1, 16)[[2, 30]] = 0
    seen.reshape(-1, 16)[[2, 30]] = 0
    probe = {**PROBE, "prob": old}
    verdict = judged(tmp_path, *twice(damaged(prob=seen)), probe=probe, probe_joint=probe)
    assert codes(verdict) == ["AX306"]


def test_an_answer_that_does_not_depend_on_the_input_is_not_called_stale(tmp_path: Path) -> None:
    wrong = damaged(prob=values(5))
    verdict = judged(tmp_path, *twice(wrong), probe=wrong, probe_joint=J)
    assert codes(verdict) == ["AX306"]


def test_an_input_that_never_reached_the_npu_leaves_the_same_answer_to_both(tmp_path: Path) -> None:
    neither = {name: values(40, array.shape) for name, array in J.items()}
    verdict = judged(tmp_path, *twice(neither), probe=neither)
    assert codes(verdict) == ["AX302"]
    assert "board's answer to the probe" in verdict.findings[0].summary


def test_a_board_that_damages_every_answer_in_the_same_place_is_not_stale(tmp_path: Path) -> None:
    """Both inputs' right answers differ in one element only, and the board flips a bit there."""
    other = J["prob"].copy()
    other.reshape(-1)[77] += 1
    flipped = J["prob"].copy()
    flipped.reshape(-1).view(np.uint32)[77] ^= 1 << 12
    probe = {**J, "prob": other}
    verdict = judged(tmp_path, *twice(damaged(prob=flipped)), probe=damaged(prob=flipped), probe_joint=probe)
    assert codes(verdict) == ["AX305"]


def test_without_the_simulated_answer_to_the_probe_it_stays_a_hint(tmp_path: Path) -> None:
    neither = {name: values(40, array.shape) for name, array in J.items()}
    verdict = judged(tmp_path, *twice(neither), probe=neither, probe_joint=None)
    assert codes(verdict) == ["AX302"]
    assert not verdict.findings[0].proven
    assert "probe_joint" in [one.what for one in verdict.not_judged]


def test_what_mending_a_stale_board_would_leave_is_the_simulator_s_cosine(tmp_path: Path) -> None:
    verdict = judged(tmp_path, *twice(PROBE), onnx=J)
    assert verdict.findings[0].cosine_if_fixed == 1.0
