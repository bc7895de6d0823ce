"""Right bytes, handed out otherwise than declared: layout, Q, order, batch item; fresh or stale."""

from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from axpair_host.diagnosis import diagnose
from axpair_host.evidence.record import InputTrial
from host.board_cases import PROBE, Array, J, codes, damaged, judged, twice
from host.evidence_builder import build, values


def nhwc(array: Array) -> Array:
    """The bytes in the other layout, under the declared shape."""
    turned: Array = np.ascontiguousarray(array.transpose(0, 2, 3, 1)).reshape(array.shape)
    return turned


HANDED_OUT = {
    "AX401": damaged(boxes=nhwc(J["boxes"])),
    "AX402": damaged(prob=J["prob"] * np.float32(256)),
}


@pytest.mark.parametrize("code", HANDED_OUT)
def test_each_way_is_named_and_proven(tmp_path: Path, code: str) -> None:
    verdict = judged(tmp_path, *twice(HANDED_OUT[code]))
    assert codes(verdict) == [code]
    assert verdict.findings[0].proven


def test_a_stale_answer_in_another_layout_is_both(tmp_path: Path) -> None:
    verdict = judged(tmp_path, *twice(damaged(boxes=nhwc(PROBE["boxes"]))))
    assert codes(verdict) == ["AX302", "AX401"]


def test_outputs_of_one_shape_under_each_others_names_are_an_order(tmp_path: Path) -> None:
    right = {"a": values(1), "b": values(2)}
    wrong = {"a": right["b"], "b": right["a"]}
    verdict = diagnose(build(tmp_path, joint=right, rounds=twice(wrong)))
    assert codes(verdict) == ["AX403"]


def test_batch_items_in_each_others_place_are_told(tmp_path: Path) -> None:
    right = {"prob": values(1, (3, 5, 4))}
    verdict = diagnose(build(tmp_path, joint=right, rounds=twice({"prob": np.roll(right["prob"], 1, axis=0)})))
    assert codes(verdict) == ["AX315"]
    assert "[2, 0, 1]" in verdict.findings[0].summary


@pytest.mark.parametrize("factor", [3.0, 255.0])
def test_another_factor_is_no_q(tmp_path: Path, factor: float) -> None:
    assert codes(judged(tmp_path, *twice(damaged(prob=J["prob"] * np.float32(factor))))) == ["AX306"]


def test_one_element_off_explains_nothing(tmp_path: Path) -> None:
    wrong = nhwc(J["boxes"])
    wrong[0, 3, 2, 1] += 1
    assert codes(judged(tmp_path, *twice(damaged(boxes=wrong)))) == ["AX306"]


def trial(name: str, code: str, answer: Array, source: str = "") -> InputTrial:
    digests = {key: sha256(value.tobytes()).hexdigest() for key, value in {**J, "prob": answer}.items()}
    return InputTrial(name, code, digests, source)


def test_the_answer_to_the_input_misread_is_named(tmp_path: Path) -> None:
    wrong = values(77)
    trials = (trial("swapped", "AX103", wrong), trial("sheared", "AX107", values(78)))
    verdict = judged(tmp_path, *twice(damaged(prob=wrong)), input_trials=trials)
    assert codes(verdict) == ["AX103"]
    assert (verdict.findings[0].proven, verdict.owner) == (True, "preprocess")


def test_two_misreadings_that_fit_are_both_named(tmp_path: Path) -> None:
    wrong = values(77)
    trials = (trial("swapped", "AX103", wrong), trial("sheared", "AX107", wrong))
    verdict = judged(tmp_path, *twice(damaged(prob=wrong)), input_trials=trials)
    assert codes(verdict) == ["AX103", "AX107"]
    assert not any(one.proven for one in verdict.findings)


def test_an_output_of_two_values_proves_no_misreading(tmp_path: Path) -> None:
    right, wrong = np.array([[0.25, 0.75]], np.float32), np.array([[0.5, 0.5]], np.float32)
    trials = (InputTrial("sheared", "AX107", {"y": sha256(wrong.tobytes()).hexdigest()}),)
    verdict = diagnose(build(tmp_path, joint={"y": right}, rounds=twice({"y": wrong}), input_trials=trials))
    assert (codes(verdict), verdict.findings[0].proven) == (["AX107"], False)


def test_a_misreading_that_the_probe_contradicts_is_chance(tmp_path: Path) -> None:
    wrong = values(77)
    trials = (trial("swapped", "AX103", wrong), trial("swapped", "AX103", values(79), "probe"))
    verdict = judged(tmp_path, *twice(damaged(prob=wrong)), input_trials=trials)
    assert codes(verdict) == ["AX306"]


def test_the_simulator_s_floats_as_codes_of_the_board_are_told(tmp_path: Path) -> None:
    joint = {"y": np.random.default_rng(1).normal(size=(1, 8, 10, 10)).astype(np.float32)}
    codes_ = {"y": np.clip(np.round(joint["y"] / 0.031) + 117, 0, 255).astype(np.uint8)}
    verdict = diagnose(build(tmp_path, joint=joint, rounds=twice(codes_)))
    assert codes(verdict) == ["AX402"]
    assert verdict.findings[0].proven
    assert "value = 0.031" in verdict.findings[0].summary
    assert "(code - 117)" in verdict.findings[0].summary


def test_bytes_of_another_size_that_are_no_codes_stay_another_size(tmp_path: Path) -> None:
    joint = {"y": np.random.default_rng(1).normal(size=(1, 8, 10, 10)).astype(np.float32)}
    other = {"y": np.random.default_rng(2).integers(0, 256, (1, 8, 10, 10), dtype=np.uint8)}
    assert codes(diagnose(build(tmp_path, joint=joint, rounds=twice(other)))) == ["AX002"]
