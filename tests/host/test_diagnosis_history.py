"""AX313: what ran before decides the answer; told apart from a race and from an answer that is simply wrong."""

from pathlib import Path

from axpair_host.diagnosis import Verdict
from host.board_cases import PROBE, J, codes, damaged, judged, twice
from host.evidence_builder import Ran, Tensors, values

MIXED = damaged(prob=(J["prob"] * 3 + PROBE["prob"]) / 4)
OTHER = damaged(prob=(J["prob"] + PROBE["prob"]) / 2)


def processes(folder: Path, *rounds: Ran) -> Verdict:
    """After two rounds of MIXED behind the probe in the first process."""
    return judged(folder, *twice(MIXED), *rounds)


def behind(outputs: Tensors, generation: int) -> tuple[Ran, Ran, Ran]:
    rounds = (Ran(outputs, generation=generation),) * 2
    return Ran(PROBE, "probe", generation=generation), *rounds


def test_wrong_behind_another_input_and_right_alone_is_ax313(tmp_path: Path) -> None:
    verdict = processes(tmp_path, Ran(J, generation=2), *behind(MIXED, 3), Ran(J, generation=4))
    assert codes(verdict) == ["AX313"]
    assert verdict.findings[0].proven
    assert verdict.findings[0].outputs == ("prob",)


def test_another_mixture_behind_another_input_is_the_same_fault(tmp_path: Path) -> None:
    verdict = processes(tmp_path, Ran(J, generation=2), *behind(OTHER, 3), Ran(J, generation=4))
    assert codes(verdict) == ["AX313"]
    assert verdict.findings[0].proven


def test_one_fresh_process_alone_is_a_hint_that_says_what_is_lacking(tmp_path: Path) -> None:
    verdict = processes(tmp_path, Ran(J, generation=2))
    assert codes(verdict) == ["AX313"]
    assert not verdict.findings[0].proven
    assert "histories" in [one.what for one in verdict.not_judged]


def test_wrong_alone_too_but_otherwise_is_a_hint(tmp_path: Path) -> None:
    verdict = processes(tmp_path, Ran(OTHER, generation=2), *behind(MIXED, 3), Ran(OTHER, generation=4))
    assert codes(verdict) == ["AX313"]
    assert not verdict.findings[0].proven


def test_other_bytes_in_each_round_stay_ax301(tmp_path: Path) -> None:
    verdict = judged(tmp_path, Ran(MIXED), Ran(OTHER), Ran(J, generation=2))
    assert codes(verdict) == ["AX301"]


def test_right_behind_another_input_in_a_second_process_is_ax301(tmp_path: Path) -> None:
    verdict = processes(tmp_path, Ran(J, generation=2), *behind(J, 3), Ran(J, generation=4))
    assert codes(verdict) == ["AX301"]


def test_the_same_bytes_alone_are_ax306(tmp_path: Path) -> None:
    wrong = damaged(prob=values(77))
    verdict = judged(tmp_path, *twice(wrong), Ran(wrong, generation=2))
    assert codes(verdict) == ["AX306"]
