"""AX204: named where layers that leave their calibrated range cost accuracy, instead of AX205."""

from pathlib import Path

import msgspec
from axpair_host.diagnosis import Verdict
from axpair_host.documents.layers import LayerCause, LayerRow
from host.test_diagnosis_layers import codes, judged, row, scores

CLIPPED = LayerCause("clipped", "this input leaves the calibrated range")


def clipped(name: str, own: float, share: float, inputs: tuple[str, ...] = ()) -> LayerRow:
    return msgspec.structs.replace(row(name, own, inputs, (CLIPPED,)), clipped=share, clipped_noise=0.9)


def of(folder: Path, *rows: LayerRow) -> Verdict:
    return judged(folder, scores(*rows))


def test_layers_out_of_their_range_are_the_sets_matter_not_the_layers(tmp_path: Path) -> None:
    verdict = of(tmp_path, clipped("stem", 0.4, 0.03), row("prob", 0.02, ("stem",)))
    assert codes(verdict) == ["AX201", "AX204"]
    finding = verdict.findings[1]
    assert (finding.owner, finding.proven) == ("calibration", False)
    assert "'stem'" in finding.summary


def test_another_layer_that_stands_out_is_named_beside_it(tmp_path: Path) -> None:
    rows = (clipped("stem", 0.4, 0.03), row("wide", 0.6, ("stem",)), row("prob", 0.02, ("wide",)))
    assert codes(of(tmp_path, *rows)) == ["AX201", "AX204", "AX205"]


def test_few_clipped_elements_are_what_mse_clipping_means_to_do(tmp_path: Path) -> None:
    assert codes(of(tmp_path, clipped("stem", 0.4, 0.001), row("prob", 0.02, ("stem",)))) == ["AX201", "AX205"]


def test_clipped_layers_that_cost_little_arent_the_cause(tmp_path: Path) -> None:
    rows = (clipped("stem", 0.1, 0.03), row("wide", 0.6, ("stem",)), row("prob", 0.02, ("wide",)))
    assert codes(of(tmp_path, *rows)) == ["AX201", "AX205"]


def test_a_layer_that_only_passes_on_what_was_cut_off_before_is_not_named(tmp_path: Path) -> None:
    rows = (clipped("stem", 0.4, 0.03), row("deep", 0.41, ("stem",)), row("prob", 0.02, ("deep",)))
    verdict = of(tmp_path, *rows)
    assert codes(verdict) == ["AX201", "AX204"]
    assert verdict.findings[1].evidence["share"] > 0.8
