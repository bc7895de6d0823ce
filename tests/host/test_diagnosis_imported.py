"""AX208: a difference between two float runs on the same bytes, asked only where conversion loses accuracy."""

from pathlib import Path

import numpy as np
from axpair_host.diagnosis import Verdict, diagnose
from axpair_host.evidence.folder import load
from axpair_proto.gt.tensors import write_tensors
from axpair_proto.names import file_stems
from host.evidence_builder import Tensors, build, noisy, values

F = {"prob": values(1), "feat": values(2)}
WRONG = {"prob": noisy(F["prob"], 0.9), "feat": F["feat"]}


def judged(folder: Path, quantised: Tensors, imported: Tensors | None) -> Verdict:
    build(folder, onnx=F, lava_joint=quantised, joint=quantised)
    if imported is not None:
        write_tensors(folder / "trials/imported/onnx", imported, file_stems(imported))
    return diagnose(load(folder))


def codes(verdict: Verdict) -> list[str]:
    return [one.code for one in verdict.findings]


def test_a_quantised_model_that_follows_a_wrong_import_isnt_blamed(tmp_path: Path) -> None:
    verdict = judged(tmp_path, WRONG, WRONG)
    assert codes(verdict) == ["AX208"]
    finding = verdict.findings[0]
    assert (finding.owner, finding.side, finding.proven) == ("toolchain", "axera", True)
    assert finding.outputs == ("prob",)
    assert finding.cosine_if_fixed is not None
    assert finding.cosine_if_fixed > 0.99


def test_a_wrong_import_and_a_loss_behind_it_are_both_named(tmp_path: Path) -> None:
    lossy = {"prob": noisy(WRONG["prob"], 0.9, seed=4), "feat": F["feat"]}
    verdict = judged(tmp_path, lossy, WRONG)
    assert codes(verdict) == ["AX208", "AX201"]
    assert not verdict.findings[0].proven


def test_a_sound_import_leaves_the_loss_to_quantisation(tmp_path: Path) -> None:
    assert codes(judged(tmp_path, WRONG, F)) == ["AX201"]


def test_float_runs_that_differ_beside_the_loss_blame_no_import(tmp_path: Path) -> None:
    """A map in which nothing is found: its values are float noise, and the quantised model has zeros."""
    assert codes(judged(tmp_path, {**F, "prob": np.zeros_like(F["prob"])}, WRONG)) == ["AX201"]


def test_without_the_imported_model_it_says_what_would_tell(tmp_path: Path) -> None:
    verdict = judged(tmp_path, WRONG, None)
    (open_,) = [one for one in verdict.not_judged if one.what == "imported_float"]
    assert "--use_onnx_ir" in open_.why


def test_where_nothing_is_lost_nothing_is_asked(tmp_path: Path) -> None:
    verdict = judged(tmp_path, F, None)
    assert all(one.what != "imported_float" for one in verdict.not_judged)
