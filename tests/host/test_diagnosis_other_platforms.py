"""AX207 and --other: what is said of another platform, and what follows from it."""

from pathlib import Path

import numpy as np
import pytest
from axpair_host.diagnosis import Verdict, diagnose
from axpair_host.errors import UsageError
from axpair_host.evidence.other_platform import other_platforms
from host.evidence_builder import build, noisy, values

F = {"prob": values(1), "feat": values(2)}
LOSSY = {"prob": noisy(F["prob"], 0.9), "feat": F["feat"]}


def judged(folder: Path, *others: str, lossy: bool = True) -> Verdict:
    quantised = LOSSY if lossy else F
    return diagnose(build(folder, onnx=F, lava_joint=quantised, joint=quantised, other=other_platforms(others)))


def said(verdict: Verdict) -> str:
    return " ".join(one.why for one in verdict.not_judged if one.what == "other platforms")


def test_a_platform_that_falls_too_is_a_hint_behind_the_loss(tmp_path: Path) -> None:
    verdict = judged(tmp_path, "rk3588,int8,mAP=0.48,float=0.60")
    assert [one.code for one in verdict.findings] == ["AX201", "AX207"]
    assert verdict.findings[1].weight == "inconclusive"
    assert "rk3588 (in int8) keeps 80%" in verdict.findings[1].summary


def test_platforms_that_hold_send_on_to_the_ax_side(tmp_path: Path) -> None:
    verdict = judged(tmp_path, "rk3588,int8,mAP=0.598,float=0.60", "sdk,mixed,top1=71%,float=71.2%")
    assert [one.code for one in verdict.findings] == ["AX201"]
    assert "go on with the AX side" in said(verdict)


def test_of_several_those_that_hold_are_said_beside_those_that_fall(tmp_path: Path) -> None:
    verdict = judged(tmp_path, "one,int8,mAP=0.3,float=0.6", "two,int16,mAP=0.6,float=0.6")
    assert "it holds on two" in verdict.findings[1].summary


def test_half_precision_that_falls_is_no_loss_of_quantisation(tmp_path: Path) -> None:
    assert [one.code for one in judged(tmp_path, "gpu,float16,mAP=0.3,float=0.6").findings] == ["AX201"]


def test_without_a_loss_here_other_platforms_mean_nothing(tmp_path: Path) -> None:
    verdict = judged(tmp_path, "rk3588,int8,mAP=0.48,float=0.60", lossy=False)
    assert verdict.findings == ()
    assert said(verdict) == ""


def test_nothing_said_is_left_open(tmp_path: Path) -> None:
    (left_open,) = [one for one in judged(tmp_path).not_judged if one.what == "other platforms"]
    assert "--other {other}" in left_open.steps[0].command


def test_a_folder_is_compared_output_by_output(tmp_path: Path) -> None:
    for place, tensors in (("float", F), ("int8", LOSSY)):
        (tmp_path / "theirs" / place).mkdir(parents=True)
        for name, tensor in tensors.items():
            np.save(tmp_path / "theirs" / place / f"{name}.npy", tensor)
    (found,) = other_platforms([str(tmp_path / "theirs")])
    assert (found.name, found.precision) == ("theirs", "int8")
    assert found.worst.name == "cosine of prob"
    assert found.worst.kept == pytest.approx(0.9, abs=1e-3)


def test_a_bin_alone_is_taken_for_float32(tmp_path: Path) -> None:
    for place in ("float", "int16"):
        (tmp_path / place).mkdir()
        (tmp_path / place / "prob.bin").write_bytes(F["prob"].tobytes())
    (found,) = other_platforms([str(tmp_path)])
    assert found.precision == "int16"
    assert found.worst.kept == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("rk3588", "neither a folder nor figures"),
        ("mAP=0.48,float=0.60", "begin with the platform's name"),
        ("rk3588,int8,mAP=0.48", "found: mAP"),
        ("rk3588,mAP=0.48,top1=0.5,float=0.60", "found: mAP, top1, float"),
        ("rk3588,int4,mAP=0.48,float=0.60", "'int4' is no figure"),
        ("rk3588,int8,int16,mAP=0.48,float=0.60", "int8 was given already"),
        ("rk3588,mAP=high,float=0.60", "mAP='high' is no number"),
        ("rk3588,mAP=nan,float=0.60", "means nothing"),
        ("rk3588,mAP=0.5,float=0", "means nothing"),
        ("rk3588,mAP=0.5,mAP=0.4,float=1", "given twice"),
        ("rk3588,loss=0.5,float=0.4", "falls as the model gets better"),
    ],
)
def test_what_cant_be_understood_is_refused_with_what_was_found(text: str, words: str) -> None:
    with pytest.raises(UsageError) as raised:
        other_platforms([text])
    assert words in raised.value.message


def test_a_folder_without_one_of_the_two_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no float outputs"):
        other_platforms([str(tmp_path)])
