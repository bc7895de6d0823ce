"""AX205: asked only where quantisation loses accuracy, named only where one layer stands out, never before AX201."""

from pathlib import Path

import msgspec
import numpy as np
from axpair_host.diagnosis import Verdict, diagnose
from axpair_host.documents.layers import LayerCause, LayerRow, LayerScore, LayerScores
from axpair_host.evidence.folder import Evidence, load
from axpair_host.evidence.store import read_record, write_pair_json
from host.evidence_builder import build, values

F = {"prob": values(1), "feat": values(2)}
BAD = {"prob": F["prob"] + 2 * values(3), "feat": F["feat"]}


def row(name: str, own: float, inputs: tuple[str, ...] = (), causes: tuple[LayerCause, ...] = ()) -> LayerRow:
    reached = LayerScore(0.9 if own > 0.1 else 0.99, own)
    return LayerRow(
        name, f"n/{name}", "Conv", 100, (0.0, 1.0), inputs, (), reached, None, LayerScore(0.95, own), None, causes
    )


def scores(*rows: LayerRow) -> LayerScores:
    return LayerScores("onnx", "lava_joint", rows)


def judged(folder: Path, found: LayerScores | None, quantised: dict[str, np.ndarray] | None = None) -> Verdict:
    quantised = BAD if quantised is None else quantised
    evidence: Evidence = build(folder, onnx=F, lava_joint=quantised, joint=quantised)
    if found is not None:
        record = read_record(evidence.path)
        assert record is not None
        write_pair_json(evidence.path, msgspec.structs.replace(record, layer_scores=found), None)
        evidence = load(evidence.path)
    return diagnose(evidence)


def codes(verdict: Verdict) -> list[str]:
    return [one.code for one in verdict.findings]


def test_without_scores_it_says_what_would_tell(tmp_path: Path) -> None:
    verdict = judged(tmp_path, None)
    assert codes(verdict) == ["AX201"]
    (open_,) = [one for one in verdict.not_judged if one.what == "layer_scores"]
    assert [one.command for one in open_.steps] == ["{layers}"]


def test_a_layer_that_stands_out_is_named_after_the_loss_itself(tmp_path: Path) -> None:
    cause = LayerCause("outliers", "the range is set by few elements")
    verdict = judged(
        tmp_path, scores(row("stem", 0.01), row("wide", 0.5, ("stem",), (cause,)), row("prob", 0.02, ("wide",)))
    )
    assert codes(verdict) == ["AX201", "AX205"]
    finding = verdict.findings[1]
    assert not finding.proven
    assert finding.outputs == ("prob",)
    assert finding.evidence["layer"]["name"] == "wide"
    assert "few elements" in finding.summary


def test_a_loss_that_is_spread_names_no_layer(tmp_path: Path) -> None:
    rows = [row(f"l{at}", 0.1, (f"l{at - 1}",) if at else ()) for at in range(9)]
    verdict = judged(tmp_path, scores(*rows, row("prob", 0.1, ("l8",))))
    assert codes(verdict) == ["AX201"]
    assert any("spread" in one.why for one in verdict.not_judged)


def test_a_layer_of_another_output_isnt_blamed(tmp_path: Path) -> None:
    verdict = judged(tmp_path, scores(row("stem", 0.2), row("feat", 0.9, ("stem",)), row("prob", 0.01, ("stem",))))
    assert verdict.findings[1].evidence["layer"]["name"] == "stem"


def test_where_quantisation_holds_nothing_is_asked(tmp_path: Path) -> None:
    verdict = judged(tmp_path, scores(row("stem", 0.9), row("prob", 0.1, ("stem",))), F)
    assert codes(verdict) == []
    assert all(one.what != "layer_scores" for one in verdict.not_judged)
