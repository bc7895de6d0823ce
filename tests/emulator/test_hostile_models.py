"""Models that hold other data than they say, or ask for more memory than they may: refused before anything runs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from axpair_emulator.errors import ModelError
from axpair_emulator.graph.load import load_onnx
from axpair_emulator.graph.pin import pin_shapes
from axpair_emulator.graph.view import view
from axpair_emulator.metrics import BLOCK, cosine, relative_error
from axpair_emulator.storage.consistency import require_runnable
from axpair_emulator.zoo import fetch
from onnx import TensorProto, helper, numpy_helper
from onnx_models import INPUT, Workspace, config_text, net, node, random_array

Change = Callable[[onnx.ModelProto], None]


def model() -> onnx.ModelProto:
    """A convolution, a Constant, and an If with a weight of its own inside."""
    inner = helper.make_graph(
        [node("Add", ["c", "k"], ["inside"])],
        "leaf",
        [],
        [helper.make_tensor_value_info("inside", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.ones(1, np.float32), "k")],
    )
    nodes = [
        node("Conv", [INPUT, "w"], ["c"]),
        node("Constant", [], ["yes"], value=helper.make_tensor("", TensorProto.BOOL, [], [True])),
        node("If", ["yes"], ["y"], then_branch=inner, else_branch=inner),
    ]
    return net(nodes, ["y"], {"w": random_array(4, 3, 1, 1)})


def weights(change: Callable[[TensorProto], None]) -> Change:
    return lambda net: change(net.graph.initializer[0])


def typed(tensor: TensorProto) -> None:
    tensor.ClearField("raw_data")
    tensor.float_data.extend([1.0] * 11)


def more_dims(tensor: TensorProto) -> None:
    tensor.dims.extend([1] * 60)


def halves(tensor: TensorProto) -> None:
    tensor.data_type = TensorProto.INT4
    tensor.raw_data = bytes(7)


def inner_weight(net: onnx.ModelProto) -> None:
    net.graph.node[2].attribute[0].g.initializer[0].raw_data = b"\0\0"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            weights(lambda w: setattr(w, "raw_data", w.raw_data[:-2])),
            "'w'.*float of shape 4x3x1x1 takes 48 bytes; ",
        ),
        (weights(lambda w: setattr(w, "data_type", TensorProto.DOUBLE)), "double of shape 4x3x1x1 takes 96 bytes"),
        (weights(lambda w: w.dims.__setitem__(0, -4)), "its shape is -4x3x1x1"),
        (weights(lambda w: setattr(w.segment, "end", 3)), "it is a segment"),
        (weights(typed), "takes 12 values; there are 11"),
        (weights(halves), "int4 of shape 4x3x1x1 takes 6 bytes; there are 7"),
        (weights(more_dims), "it has 64 axes"),
        (inner_weight, "'k'.*takes 4 bytes; there are 2"),
        (lambda net: net.graph.node[1].attribute[0].t.dims.append(3), "in 'value' of Constant 'yes'.*3 takes 3 values"),
        (lambda net: net.graph.node[1].ClearField("attribute"), "the Constant 'yes' has 0 attributes"),
    ],
)
def test_tensor_whose_data_dont_fit_is_refused_by_name(change: Change, words: str, tmp_path: Path) -> None:
    hostile = model()
    change(hostile)
    (tmp_path / "m.onnx").write_bytes(hostile.SerializeToString())
    with pytest.raises(ModelError, match=words):
        load_onnx(tmp_path / "m.onnx")


@pytest.mark.parametrize("dtype", ["int4", "float16", "complex64", "string", "uint64", "bool", "bfloat16"])
def test_sound_tensors_of_every_form_are_taken(dtype: str, tmp_path: Path) -> None:
    sound = model()
    values: list[Any] = [b"a", b"b", b"c"] if dtype == "string" else [1, 0, 1]
    made = helper.make_tensor("k", getattr(TensorProto, dtype.upper()), [3], values)
    sound.graph.initializer.append(made)
    (tmp_path / "m.onnx").write_bytes(sound.SerializeToString())
    assert load_onnx(tmp_path / "m.onnx").graph.initializer[1].dims == [3]


def test_notes_of_others_beside_external_data_are_passed_over(tmp_path: Path) -> None:
    outside = model()
    tensor = outside.graph.initializer[0]
    (tmp_path / "w.bin").write_bytes(tensor.raw_data)
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", "w.bin"), ("prepacked_0", "x|0|48")):
        tensor.external_data.add(key=key, value=value)
    (tmp_path / "m.onnx").write_bytes(outside.SerializeToString())
    assert len(load_onnx(tmp_path / "m.onnx").graph.initializer[0].raw_data) == 48


WIDE = (1, 3, 12, 1_000_000)


@pytest.mark.parametrize(
    ("nodes", "shape", "words"),
    [
        (
            [node("Concat", [INPUT] * 2, ["y"], axis=1)],
            WIDE,
            r"'y' would have the shape 1x6x12x1000000, 288000000 bytes",
        ),
        ([node("Relu", [INPUT], ["y"])], (1, 3, 8, 1_000_000), "and 2 tensors 192000000 bytes; inputs and outputs"),
        (
            [
                node("Pad", [INPUT, "pads"], ["p0"]),
                *(node("Relu", [f"p{i}"], [f"p{i + 1}"]) for i in range(10)),
                node("ReduceMax", ["p10"], ["y"]),
            ],
            (1, 3, 12, 10),
            "bytes; a model's tensors have at most 603979776 elements together",
        ),
    ],
)
def test_vast_model_is_refused_before_it_runs(nodes: list[onnx.NodeProto], shape: tuple[int, ...], words: str) -> None:
    pads = np.array([0, 0, 0, 0, 0, 0, 2_000_000, 0], np.int64)
    hostile = net(nodes, ["y"], {"pads": pads} if len(nodes) > 1 else {}, shape=shape)
    with pytest.raises(ModelError, match=words):
        pin_shapes(hostile, {})


@pytest.mark.parametrize(
    ("name", "shapes"),
    [("centerface", {"input.1": (1, 3, 1056, 1920)}), ("common-det", {"images": (1, 3, 640, 640)})],
)
def test_real_model_on_a_large_picture_is_no_vast_one(name: str, shapes: dict[str, tuple[int, ...]]) -> None:
    pinned = pin_shapes(load_onnx(fetch(name)), shapes)
    (name, shape), *_ = shapes.items()
    sides = {one.name: [axis.dim_value for axis in one.type.tensor_type.shape.dim] for one in pinned.graph.input}
    assert sides[name] == list(shape)


@pytest.mark.parametrize("sides", [(12, 1), (11, 2)])
def test_slice_of_a_negative_length_is_refused_where_it_would_end_the_process(sides: tuple[int, int]) -> None:
    kernel, other = sides
    cut = ["from", "to", "axis"]
    nodes = [
        node("Conv", [INPUT, "w"], ["c"]),
        node("Slice", ["c", *cut], ["s"]),
        node("MaxPool", ["s"], ["p"], kernel_shape=[other, other]),
        node("Slice", ["p", *cut], ["y"]),
    ]
    numbers = {name: np.array([value]) for name, value in zip(cut, (0, 5, 3), strict=True)}
    hostile = net(nodes, ["y"], {"w": random_array(4, 3, kernel, kernel), **numbers})
    with pytest.raises(ModelError, match=r"would have the shape 1x4x1x-1: a window is larger than what it looks at"):
        pin_shapes(hostile, {})


def test_slices_of_slices_are_inferred() -> None:
    cut = ["from", "to", "axis"]
    nodes = [node("Slice", [INPUT if i == 0 else f"s{i - 1}", *cut], [f"s{i}"]) for i in range(4)]
    numbers = {name: np.array([value]) for name, value in zip(cut, (1, 99, 3), strict=True)}
    assert view(pin_shapes(net(nodes, ["s3"], numbers), {})).shapes["s3"] == (1, 3, 12, 6)


def test_pad_wider_than_the_npu_has_is_refused_with_its_numbers(tmp_path: Path) -> None:
    space = Workspace(tmp_path)
    conv = node("Conv", [INPUT, "w"], ["c"], pads=[5000, 0, 0, 0])
    space.write(net([conv], ["c"], {"w": random_array(4, 3, 1, 1)}), config_text())
    with pytest.raises(ModelError, match=r"pads are \[5000, 0, 0, 0\]; a window has at most 4096"):
        space.build()


def test_program_that_no_board_would_load_is_never_written(tmp_path: Path) -> None:
    space = Workspace(tmp_path)
    space.write(net([node("Conv", [INPUT, "w"], ["c"])], ["c"], {"w": random_array(4, 3, 1, 1)}), config_text())
    program = space.build().program
    require_runnable(program)
    *others, conv = program.ops
    wrong = dataclasses.replace(conv, attrs={**conv.attrs, "strides": [0, 1]})
    with pytest.raises(ModelError, match=r"can't be compiled: operator 'c' \(conv\): its strides is \[0, 1\]"):
        require_runnable(dataclasses.replace(program, ops=(*others, wrong)))


def test_view_tells_shape_and_dtype_of_each() -> None:
    nodes = [node("Shape", [INPUT], ["s"]), node("Relu", [INPUT], ["r"]), node("ArgMax", ["r"], ["y"], axis=1)]
    graph = view(net(nodes, ["r"]))
    assert graph.shapes == {INPUT: (1, 3, 12, 10), "s": (4,), "r": (1, 3, 12, 10), "y": (1, 1, 12, 10)}
    assert graph.dtypes == {INPUT: "float32", "s": "int64", "r": "float32", "y": "int64"}
    assert {name: array.tolist() for name, array in graph.constants.items()} == {"s": [1, 3, 12, 10]}


def test_sequence_is_refused_in_words() -> None:
    nodes = [node("SequenceConstruct", [INPUT], ["s"]), node("ConcatFromSequence", ["s"], ["y"], axis=0)]
    with pytest.raises(ModelError, match=r"'s' is a seq\(tensor\(float\)\)"):
        view(net(nodes, ["y"]))


def test_metrics_of_arrays_longer_than_a_block_are_those_of_the_whole() -> None:
    first, second = (random_array(BLOCK + 1000, seed=seed) for seed in (1, 2))
    a, b = first.astype(np.float64), second.astype(np.float64)
    assert cosine(first, second) == pytest.approx(float(a @ b / np.linalg.norm(a) / np.linalg.norm(b)), rel=1e-9)
    assert relative_error(first, second) == pytest.approx(float(np.linalg.norm(a - b) / np.linalg.norm(a)), rel=1e-12)
    assert relative_error(first, first.copy()) == 0.0
