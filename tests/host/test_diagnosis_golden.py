"""The training code's own result: never passed over when the float model misses it."""

from pathlib import Path

import numpy as np
import pytest
from host.board_cases import Array, J, judged, twice
from host.evidence_builder import noisy


def verdict_with(tmp_path: Path, golden: dict[str, Array]) -> tuple[str, list[str]]:
    verdict = judged(tmp_path, *twice(J), golden=golden, onnx=J, lava_joint=J)
    return verdict.verdict, [one.why for one in verdict.not_judged if one.what == "golden -> onnx"]


def test_a_golden_result_that_the_float_model_has_is_a_pass(tmp_path: Path) -> None:
    assert verdict_with(tmp_path, {name: noisy(array, 0.9995) for name, array in J.items()}) == ("PASS", [])


@pytest.mark.parametrize("change", [lambda a: noisy(a, 0.99), lambda a: a[..., :-1], lambda a: np.full_like(a, np.nan)])
def test_any_other_leaves_the_verdict_open(tmp_path: Path, change: object) -> None:
    assert callable(change)
    verdict, why = verdict_with(tmp_path, {**J, "prob": change(J["prob"])})
    assert verdict == "INCONCLUSIVE"
    assert "'prob'" in why[0]


def test_an_output_that_golden_lacks_is_named(tmp_path: Path) -> None:
    verdict, why = verdict_with(tmp_path, {"prob": J["prob"]})
    assert verdict == "PASS"
    assert "isn't judged" in why[0]
