"""Weights that make up for each other's rounding, and the windows from which calibration learns what they read."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime
import pytest
from axpair_emulator.calibrate.moments import Window, WindowObserver
from axpair_emulator.program import Tensor
from axpair_emulator.quantize.rounding import Moments, coded, mean_error
from axpair_emulator.quantize.weights import QuantisedWeights, quantise_weights
from onnx import TensorProto, helper, numpy_helper
from onnx_models import random_array

R = random_array
SOURCE, RESULT = Tensor("x", (1, 24), 1e-4, 0, 16), Tensor("y", (1, 5), 1e-3, 0, 16)


def correlated(count: int) -> np.ndarray:
    """Rows of 24 values that go together, and aren't zero on average."""
    random = np.random.default_rng(3)
    mixed = random.standard_normal((6, 24))
    return (random.standard_normal((count, 6)) @ mixed + 1.5).astype(np.float32)


def moments_of_rows(rows: np.ndarray) -> Moments:
    observer = WindowObserver(Window("x"))
    for start in range(0, len(rows), 64):
        observer.see(rows[start : start + 64])
    found = observer.moments()
    assert found is not None
    return found


def results(found: QuantisedWeights, rows: np.ndarray) -> np.ndarray:
    scales = found.scales.astype(np.float64)
    return np.asarray(rows @ (found.codes * scales[:, None]).T + found.bias * scales * SOURCE.scale)


def test_rounding_by_moments_keeps_results_nearer_and_their_mean_in_place() -> None:
    weights, bias, seen, unseen = R(5, 24, seed=1), R(5, seed=2), correlated(512), correlated(2048)[1024:]
    wanted = unseen @ weights.T.astype(np.float64) + bias
    plain = quantise_weights(weights, bias, SOURCE, RESULT, per_channel=True)
    made = quantise_weights(weights, bias, SOURCE, RESULT, per_channel=True, moments=moments_of_rows(seen))
    errors = [results(found, unseen) - wanted for found in (plain, made)]
    assert np.abs(made.codes).max() <= 127
    assert np.square(errors[1]).mean() < np.square(errors[0]).mean() / 10
    assert np.abs(errors[1].mean(axis=0)).max() < np.abs(errors[0].mean(axis=0)).max() / 3


def test_rows_too_long_for_a_covariance_have_their_mean_put_right() -> None:
    weights, seen = R(5, 24, seed=1).astype(np.float64), correlated(512)
    mean = Moments(moments_of_rows(seen).mean, None)
    scales = np.full(5, 0.05)
    codes = coded(weights, scales, 127, mean)
    np.testing.assert_array_equal(codes, np.rint(weights / scales[:, None]))
    shift = mean_error(weights, codes, scales, mean)
    wanted = ((codes * scales[:, None] - weights) @ seen.T).mean(axis=1)
    np.testing.assert_allclose(shift, wanted, atol=0.02)


def test_inputs_that_never_change_leave_rounding_as_it_is() -> None:
    weights, scales = R(5, 24, seed=1).astype(np.float64), np.full(5, 0.05)
    still = Moments(np.zeros((1, 24)), np.zeros((1, 24, 24), np.float32))
    np.testing.assert_array_equal(coded(weights, scales, 127, still), coded(weights, scales, 127, None))


def of_onnx(op_type: str, x: np.ndarray, weight: np.ndarray, **attrs: Any) -> np.ndarray:
    node = helper.make_node(op_type, ["x", "w"], ["y"], **attrs)
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)
    graph = helper.make_graph(
        [node], "one", [value], [helper.make_empty_tensor_value_info("y")], [numpy_helper.from_array(weight, "w")]
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (result,) = session.run(None, {"x": x})
    return np.asarray(result)


@pytest.mark.parametrize(
    ("op_type", "weight", "window"),
    [
        ("Conv", R(4, 2, 3, 2), Window("x", (3, 2), (2, 1), (1, 0, 2, 1), (1, 2), 3)),
        ("ConvTranspose", R(6, 2, 3, 2), Window("x", (3, 2), (2, 1), (1, 0, 0, 1), (1, 2), 2, transposed=True)),
    ],
)
def test_windows_are_what_the_layer_reads(op_type: str, weight: np.ndarray, window: Window) -> None:
    x = R(1, 6, 5, 4, seed=7, scale=1.0)
    if op_type == "Conv":
        weight = np.concatenate([weight, R(2, 2, 3, 2, seed=9)])
        by_group = weight.reshape(window.group, -1, weight[0].size)
    else:
        by_group = weight.reshape(window.group, 3, 2, 3, 2).swapaxes(1, 2).reshape(window.group, 2, -1)
    attrs = {"strides": window.strides, "pads": window.pads, "dilations": window.dilations, "group": window.group}
    wanted = of_onnx(op_type, x, weight, **attrs)
    rows = window.rows(x, np.random.default_rng(0))  # few enough places that all are taken, in some order
    got = (by_group @ rows.transpose(0, 2, 1)).reshape(wanted.shape[1], -1)
    assert got.shape[1] == wanted[0, 0].size
    np.testing.assert_allclose(np.sort(got), np.sort(wanted.reshape(wanted.shape[1], -1)), rtol=1e-4, atol=1e-5)


def test_samples_with_values_that_are_no_numbers_pass_unseen() -> None:
    observer = WindowObserver(Window("x"))
    observer.see(np.full((4, 3), np.nan, np.float32))
    assert observer.moments() is None
