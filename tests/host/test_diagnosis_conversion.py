"""Conversion findings: AX201, AX202, AX206, and what must not be called one."""

from pathlib import Path

import numpy as np
import pytest
from axpair_host.diagnosis import Settings, Verdict, diagnose
from axpair_host.documents.json_form import json_form
from axpair_host.evidence.record import Layer
from host.evidence_builder import Ran, build, noisy, values

F = {"prob": values(1), "boxes": values(2, (1, 16, 12, 12))}
HEALTHY = Layer("conv1", "Conv", 1.0, 0.001, 40, 10_000)


def low(cosine: float, seed: int = 9) -> dict[str, "np.ndarray[tuple[int, ...], np.dtype[np.float32]]"]:
    return {**F, "prob": noisy(F["prob"], cosine, seed)}


def codes(verdict: Verdict) -> list[str]:
    return [one.code for one in verdict.findings]


def test_a_quantised_model_below_the_line_is_quantisation(tmp_path: Path) -> None:
    joint = low(0.94)
    verdict = diagnose(build(tmp_path, onnx=F, lava_joint=low(0.945), joint=joint, rounds=[Ran(joint)] * 2))
    assert (codes(verdict), verdict.owner, verdict.findings[0].stage) == (["AX201"], "quantization", "conversion")
    assert verdict.findings[0].outputs == ("prob",)
    assert "0.9450" in verdict.findings[0].summary
    assert verdict.findings[0].evidence["outputs"]["prob"]["onnx_joint"] == pytest.approx(0.94, abs=1e-4)


def test_at_the_line_nothing_is_lost(tmp_path: Path) -> None:
    joint = low(0.981)
    verdict = diagnose(build(tmp_path, onnx=F, lava_joint=low(0.982), joint=joint, rounds=[Ran(joint)] * 2))
    assert verdict.verdict == "PASS"


def test_the_line_moves_with_the_settings(tmp_path: Path) -> None:
    evidence = build(tmp_path, onnx=F, lava_joint=low(0.982), joint=low(0.981))
    assert codes(diagnose(evidence, Settings(cosine=0.99))) == ["AX201"]
    assert codes(diagnose(evidence, Settings(cosine=0.9))) == []


def test_a_healthy_net_whose_joint_is_97_from_its_quantised_form_is_quantisation_only(tmp_path: Path) -> None:
    """Q-F .95, J-Q .97: rare flips that grew. Compilation is not accused, with or without its layers."""
    lava = low(0.95)
    joint = {**F, "prob": noisy(lava["prob"], 0.97, seed=4)}
    for place, layers in enumerate((None, [HEALTHY])):
        verdict = diagnose(build(tmp_path / str(place), onnx=F, lava_joint=lava, joint=joint, layers=layers))
        assert codes(verdict) == ["AX201"]
        assert json_form(verdict.document())["outputs"][0]["lava_joint"]["cosine"] == pytest.approx(0.97, abs=1e-3)


def test_a_layer_that_is_off_by_more_than_a_step_is_compilation(tmp_path: Path) -> None:
    layers = [HEALTHY, Layer("conv7", "Conv", 9.0, 0.2, 900, 10_000), HEALTHY]
    verdict = diagnose(build(tmp_path, onnx=F, lava_joint=low(0.995), joint=low(0.9), layers=layers))
    assert (codes(verdict), verdict.owner, verdict.findings[0].side) == (["AX202"], "toolchain", "axera")
    assert "'conv7'" in verdict.findings[0].summary
    assert verdict.findings[0].cosine_if_fixed == pytest.approx(0.995, abs=1e-3)


def test_a_layer_that_leans_to_one_side_within_a_step_is_compilation_too(tmp_path: Path) -> None:
    layers = [Layer("conv7", "Conv", 1.0, -0.5, 5000, 10_000)]
    assert codes(diagnose(build(tmp_path, onnx=F, lava_joint=low(0.995), joint=low(0.9), layers=layers))) == ["AX202"]


def test_healthy_layers_below_the_line_accuse_nobody(tmp_path: Path) -> None:
    verdict = diagnose(build(tmp_path, onnx=F, lava_joint=low(0.981), joint=low(0.979), layers=[HEALTHY]))
    assert (verdict.verdict, codes(verdict), verdict.owner) == ("INCONCLUSIVE", [], "unknown")
    assert "small differences grew" in verdict.not_judged[-1].why


def test_without_layers_a_loss_in_compilation_stays_open(tmp_path: Path) -> None:
    verdict = diagnose(build(tmp_path, onnx=F, lava_joint=low(0.995), joint=low(0.9)))
    assert (verdict.verdict, codes(verdict)) == ("INCONCLUSIVE", [])
    assert "layers" in [one.what for one in verdict.not_judged]


def test_without_the_quantised_model_both_stages_are_named_as_hints(tmp_path: Path) -> None:
    verdict = diagnose(build(tmp_path, onnx=F, joint=low(0.9)))
    assert [(one.code, one.proven) for one in verdict.findings] == [("AX201", False), ("AX202", False)]
    assert "AX201" in verdict.findings[0].summary
    assert "AX202" in verdict.findings[0].summary


def test_a_quantised_model_below_the_line_with_a_joint_above_it_is_nothing_wrong(tmp_path: Path) -> None:
    assert diagnose(build(tmp_path, onnx=F, lava_joint=low(0.979), joint=low(0.985))).verdict == "PASS"


def test_a_stale_board_does_not_hide_the_loss_in_conversion(tmp_path: Path) -> None:
    joint, other = low(0.94), {name: values(60, array.shape) for name, array in F.items()}
    verdict = diagnose(
        build(
            tmp_path,
            onnx=F,
            lava_joint=low(0.945),
            joint=joint,
            rounds=[Ran(other, "probe"), Ran(other), Ran(other)],
            probe_joint=other,
        )
    )
    assert codes(verdict) == ["AX302", "AX201"]
    assert verdict.findings[0].cosine_if_fixed == pytest.approx(0.94, abs=1e-3)


def test_scores_that_vanish_beside_boxes_are_a_collapse_that_the_cosine_hides(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    out = rng.uniform(0, 0.6, (1, 20, 100)).astype(np.float32)
    out[:, :4] = rng.uniform(0, 320, (1, 4, 100))
    step = 320 / 255
    joint = (np.rint(out / step) * step).astype(np.float32)
    verdict = diagnose(build(tmp_path, onnx={"out": out}, lava_joint={"out": joint}, joint={"out": joint}))
    assert (codes(verdict), verdict.owner) == (["AX206"], "quantization")
    assert "slice 4 of axis 1" in verdict.findings[0].summary
    assert len(verdict.findings[0].evidence["outputs"]["out"]) == 16


def test_a_class_that_is_absent_is_no_collapse(tmp_path: Path) -> None:
    out = np.random.default_rng(1).uniform(0, 0.0015, (1, 5, 20, 20)).astype(np.float32)
    out[:, 0, 3:6, 3:6] = 0.97
    joint = (np.rint(out * 255) / 255).astype(np.float32)
    assert diagnose(build(tmp_path, onnx={"out": out}, joint={"out": joint})).verdict == "PASS"


def test_a_classifier_with_a_class_rounded_to_zero_is_nothing_wrong(tmp_path: Path) -> None:
    out = np.array([[0.92, 0.0010, 0.04, 0.039]], np.float32)
    joint = (np.rint(out * 255) / 255).astype(np.float32)
    verdict = diagnose(build(tmp_path, onnx={"p": out}, lava_joint={"p": joint}, joint={"p": joint}, steps=1 / 255))
    assert verdict.verdict == "PASS"
