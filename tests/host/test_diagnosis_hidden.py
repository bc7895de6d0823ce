"""Losses that the cosine doesn't show, through the whole ladder."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from axpair_host.compare.lines import Line
from axpair_host.diagnosis import Settings, Verdict, diagnose
from axpair_host.documents.json_form import json_form
from host.evidence_builder import Ran, build

from benchmarks.campaign.losses.net import photo

Array = np.ndarray[Any, Any]
PICTURE = photo(np.random.default_rng(0), 64, low=120, high=235)
DEPTH = (2 + 0.2 * photo(np.random.default_rng(1), 64, channels=1) / 255).astype(np.float32)


def noisy(tensor: Array, rmse: float, seed: int = 4) -> Array:
    moved: Array = (tensor + np.random.default_rng(seed).normal(scale=rmse, size=tensor.shape)).astype(np.float32)
    return moved


def verdict_of(folder: Path, wanted: Array, quantised: Array, joint: Array, **settings: Any) -> Verdict:
    evidence = build(
        folder,
        onnx={"y": wanted},
        lava_joint={"y": quantised},
        joint={"y": joint},
        rounds=[Ran({"y": joint})],
        layers=[],
    )
    return diagnose(evidence, Settings(**settings))


def test_a_picture_whose_noise_the_mean_hides_is_a_loss_of_quantisation(tmp_path: Path) -> None:
    lost = noisy(PICTURE, 19)
    verdict = verdict_of(tmp_path, PICTURE, lost, lost)
    assert (verdict.verdict, verdict.owner) == ("FAULT", "quantization")
    (finding,) = verdict.findings
    assert finding.code == "AX201"
    assert "has PSNR 22" in finding.summary
    assert "a picture within 0..255" in finding.summary
    assert "one value throughout would have 0.9" in finding.summary
    assert finding.evidence["outputs"]["y"]["measure"] == "psnr"
    document = json_form(verdict.document().outputs[0].onnx_joint)
    assert document["relation"] == "SIMILAR"
    assert document["psnr_db"] == pytest.approx(22.5, abs=0.3)
    assert document["rmse"] == pytest.approx(19, abs=0.5)
    assert document["correlation"] < 0.9


def test_the_same_picture_kept_passes(tmp_path: Path) -> None:
    kept = noisy(PICTURE, 3)
    verdict = verdict_of(tmp_path, PICTURE, kept, kept)
    assert (verdict.verdict, verdict.findings, verdict.warnings) == ("PASS", (), ())


def test_a_picture_that_only_the_joint_loses_is_asked_for_in_its_layers(tmp_path: Path) -> None:
    verdict = verdict_of(tmp_path, PICTURE, noisy(PICTURE, 2), noisy(PICTURE, 19))
    assert verdict.verdict == "INCONCLUSIVE"
    (why,) = [one.why for one in verdict.not_judged if one.undecided]
    assert "the joint's 'y' has PSNR 22" in why


def test_a_map_without_its_mean_is_a_warning_and_changes_no_verdict(tmp_path: Path) -> None:
    lost = noisy(DEPTH, float(DEPTH.std()))
    verdict = verdict_of(tmp_path, DEPTH, lost, lost)
    assert (verdict.verdict, verdict.findings) == ("PASS", ())
    (warning,) = verdict.warnings
    assert (warning.code, warning.outputs) == ("AX201", ("y",))
    assert "doesn't show what was lost: it has correlation without the mean 0.7" in warning.summary
    commands = [step.command for step in warning.next_steps]
    assert commands == ["{try_int16}", "{pair} --line 'y:correlation>=0.9'"]


def test_a_line_of_the_user_makes_it_a_loss(tmp_path: Path) -> None:
    lost = noisy(DEPTH, float(DEPTH.std()))
    verdict = verdict_of(tmp_path, DEPTH, lost, lost, lines=(Line("y", "correlation", 0.95),))
    assert verdict.verdict == "FAULT"
    assert verdict.findings[0].code == "AX201"
    assert verdict.warnings == ()


def test_what_only_the_joint_has_is_no_matter_of_quantisation(tmp_path: Path) -> None:
    verdict = verdict_of(tmp_path, DEPTH, noisy(DEPTH, 0.001), noisy(DEPTH, float(DEPTH.std())))
    assert (verdict.verdict, verdict.warnings) == ("PASS", ())
    assert "the quantised model's isn't below that" in next(
        one.why for one in verdict.not_judged if one.what == "lava_joint -> joint"
    )
