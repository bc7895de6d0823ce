"""What an engineer's own model may hold beyond the usual: on the NPU where it can, else on the CPU and named."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from axpair_emulator.build import BuildResult
from axpair_emulator.metrics import cosine
from axpair_emulator.simulator import EmulatorSimulator
from axpair_proto.simulator import Models
from onnx_models import INPUT, NORMALISED, SIXTEEN_BITS, Workspace, config_text, net, node, picture, png, random_array

R = random_array


def ints(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def floats(*values: float) -> np.ndarray:
    return np.array(values, np.float32)


CONV = node("Conv", [INPUT, "w", "b"], ["c"], pads=[1, 1, 1, 1])
CONV_PARTS = {"w": R(8, 3, 3, 3, seed=1), "b": R(8, seed=2)}


def after(
    *nodes: onnx.NodeProto, outputs: Sequence[str] = ("y",), opset: int = 20, **constants: np.ndarray
) -> onnx.ModelProto:
    """What follows a convolution to 1x8x12x10, called "c"."""
    return net([CONV, *nodes], outputs, {**CONV_PARTS, **constants}, opset=opset)


def unary(op_type: str, **attrs: Any) -> onnx.ModelProto:
    return after(node(op_type, ["c"], ["y"], **attrs))


def positive(op_type: str) -> onnx.ModelProto:
    """A function of what is never below a half."""
    return after(node("Abs", ["c"], ["a"]), node("Add", ["a", "k"], ["p"]), node(op_type, ["p"], ["y"]), k=floats(0.5))


def resize(mode: str, sizes: Sequence[int] = (), scales: Sequence[float] = (), **attrs: Any) -> onnx.ModelProto:
    inputs = ["c", "", "k"] if scales else ["c", "", "", "s"]
    constants: dict[str, Any] = {"k": floats(*scales)} if scales else {"s": ints(*sizes)}
    return after(node("Resize", inputs, ["y"], mode=mode, **attrs), **constants)


def rows(*nodes: onnx.NodeProto, **constants: Any) -> onnx.ModelProto:
    """What follows a tensor of three axes, 1x8x120, called "r"."""
    return after(node("Reshape", ["c", "to_rows"], ["r"]), *nodes, to_rows=ints(1, 8, 120), **constants)


def gemm(first: str = "r", second: str = "w2", third: str = "", **attrs: Any) -> onnx.NodeProto:
    return node("Gemm", [first, second, *([third] if third else [])], ["y"], **attrs)


FLAT = node("Reshape", ["c", "flat"], ["f"])
COORDINATES = ("half_pixel", "pytorch_half_pixel", "asymmetric", "align_corners", "half_pixel_symmetric")

ON_NPU = {
    "LeakyRelu": unary("LeakyRelu", alpha=0.2),
    "PRelu, one slope": after(node("PRelu", ["c", "k"], ["y"]), k=floats(0.3)),
    "PRelu, a slope each channel": after(node("PRelu", ["c", "k"], ["y"]), k=R(8, 1, 1) + 0.2),
    "Elu": unary("Elu", alpha=0.7),
    "Selu": unary("Selu"),
    "Celu": unary("Celu", alpha=2.0),
    "Gelu": unary("Gelu"),
    "Gelu by tanh": unary("Gelu", approximate="tanh"),
    "Mish": unary("Mish"),
    "HardSwish": unary("HardSwish"),
    "HardSigmoid": unary("HardSigmoid", alpha=0.3),
    "Softplus": unary("Softplus"),
    "Softsign": unary("Softsign"),
    "ThresholdedRelu": unary("ThresholdedRelu", alpha=0.4),
    "Shrink": unary("Shrink", lambd=0.3, bias=0.1),
    "Erf": unary("Erf"),
    "Tanh": unary("Tanh"),
    "Sin": unary("Sin"),
    "Abs": unary("Abs"),
    "Neg": unary("Neg"),
    "Exp": unary("Exp"),
    "Log": positive("Log"),
    "Sqrt": positive("Sqrt"),
    "Reciprocal": positive("Reciprocal"),
    "SiLU of a comparison": after(
        node("Greater", ["c", "k"], ["big"]), node("Where", ["big", "c", "k"], ["y"]), k=floats(0.1)
    ),
    "Cast between": after(
        node("Greater", ["c", "k"], ["big"]),
        node("Cast", ["big"], ["mask"], to=onnx.TensorProto.FLOAT),
        node("Mul", ["c", "mask"], ["y"]),
        k=floats(0.1),
    ),
    "Max and Min of tensors": after(
        node("Tanh", ["c"], ["t"]),
        node("MaxPool", ["c"], ["p"], kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        node("Max", ["c", "t", "p"], ["m"]),
        node("Min", ["m", "k"], ["y"]),
        k=R(8, 1, 1) + 1,
    ),
    "Sum and Mean of three": after(
        node("Conv", [INPUT, "w2"], ["d"]),
        node("Sum", ["c", "d", "c"], ["s"]),
        node("Mean", ["s", "d", "c"], ["y"]),
        w2=R(8, 3, 1, 1),
    ),
    "InstanceNormalization": after(
        node("InstanceNormalization", ["c", "g", "h"], ["y"]), g=R(8, seed=3) + 1, h=R(8, seed=4)
    ),
    "LayerNormalization": after(
        node("LayerNormalization", ["c", "g", "h"], ["y"], axis=-1, epsilon=0.01), g=R(10, seed=3) + 1, h=R(10, seed=4)
    ),
    "LayerNormalization over two axes": after(
        node("LayerNormalization", ["c", "g"], ["y"], axis=2, epsilon=0.01), g=R(12, 10, seed=3) + 1
    ),
    "GroupNormalization": net(
        [CONV, node("GroupNormalization", ["c", "g", "h"], ["y"], num_groups=2)],
        ["y"],
        {**CONV_PARTS, "g": R(8, seed=3) + 1, "h": R(8, seed=4)},
        opset=21,
    ),
    "BatchNormalization of three axes": rows(
        node("Abs", ["r"], ["a"]),
        node("BatchNormalization", ["a", "g", "h", "m", "v"], ["y"]),
        **{"g": R(8) + 1, "h": R(8, seed=4), "m": R(8, seed=5), "v": np.abs(R(8, seed=6)) + np.float32(0.2)},
    ),
    "Gather one": after(node("Gather", ["c", "k"], ["y"], axis=1), k=np.array(3, np.int64)),
    "Gather some, from the end too": after(node("Gather", ["c", "k"], ["y"], axis=1), k=ints(5, -1, 0, 5)),
    "Gather a table": after(node("Gather", ["c", "k"], ["y"], axis=3), k=ints(1, 2, 3, 4).reshape(2, 2)),
    "Split, Squeeze, Unsqueeze": after(
        node("Split", ["c"], ["p", "q"], axis=1, num_outputs=2),
        node("Unsqueeze", ["p", "k"], ["u"]),
        node("Squeeze", ["u", "k"], ["v"]),
        node("Mul", ["v", "q"], ["y"]),
        k=ints(0),
    ),
    "Expand": after(
        node("ReduceMean", ["c", "axes"], ["m"]), node("Expand", ["m", "k"], ["y"]), axes=ints(2), k=ints(1, 8, 4, 10)
    ),
    "Expand to more axes": rows(node("Expand", ["r", "k"], ["y"]), k=ints(2, 1, 8, 120)),
    "Tile": after(node("Tile", ["c", "k"], ["y"]), k=ints(1, 2, 1, 3)),
    "DepthToSpace": unary("DepthToSpace", blocksize=2),
    "DepthToSpace, columns last": unary("DepthToSpace", blocksize=2, mode="CRD"),
    "SpaceToDepth": unary("SpaceToDepth", blocksize=2),
    "Flatten": unary("Flatten", axis=2),
    "ReduceMax": after(node("ReduceMax", ["c", "k"], ["y"], keepdims=0), k=ints(1)),
    "ReduceMin": after(node("ReduceMin", ["c", "k"], ["y"]), k=ints(2, 3)),
    "ReduceSum": after(node("ReduceSum", ["c", "k"], ["y"]), k=ints(-1)),
    "ReduceL1": after(node("ReduceL1", ["c", "k"], ["y"]), k=ints(1)),
    "ReduceL2": after(node("ReduceL2", ["c", "k"], ["y"]), k=ints(1)),
    "GlobalMaxPool": unary("GlobalMaxPool"),
    "LogSoftmax": unary("LogSoftmax", axis=1),
    "conv with one axis, auto_pad": rows(node("Conv", ["r", "w2"], ["y"], auto_pad="SAME_UPPER"), w2=R(4, 8, 4)),
    "pools with one axis": rows(
        node("MaxPool", ["r"], ["m"], kernel_shape=[3], strides=[2], pads=[1, 0]),
        node("AveragePool", ["m"], ["y"], kernel_shape=[4], strides=[3]),
    ),
    "conv_transpose with one axis": rows(
        node("ConvTranspose", ["r", "w2", "b2"], ["y"], strides=[3], pads=[1, 0], output_padding=[2], group=2),
        w2=R(8, 2, 4),
        b2=R(4),
    ),
    "conv_transpose, output_shape": after(
        node("ConvTranspose", ["c", "w2"], ["y"], strides=[2, 2], output_shape=[24, 20]), w2=R(8, 3, 4, 4)
    ),
    "conv_transpose, auto_pad": after(
        node("ConvTranspose", ["c", "w2"], ["y"], strides=[2, 2], auto_pad="SAME_UPPER"), w2=R(8, 3, 4, 4)
    ),
    "conv in groups, dilated, uneven pads": after(
        node("Conv", ["c", "w2"], ["y"], group=2, dilations=[2, 3], pads=[3, 0, 1, 4], strides=[1, 2]),
        w2=R(6, 4, 3, 2),
    ),
    "average_pool, padding doesn't count": unary(
        "AveragePool", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1], count_include_pad=0
    ),
    "average_pool, ceil_mode": unary("AveragePool", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1),
    "average_pool, ceil_mode, padding counts": unary(
        "AveragePool", kernel_shape=[3, 4], strides=[2, 3], pads=[1, 1, 1, 1], ceil_mode=1, count_include_pad=1
    ),
    "average_pool, auto_pad": unary("AveragePool", kernel_shape=[3, 3], strides=[2, 2], auto_pad="SAME_UPPER"),
    "max_pool, dilated": unary("MaxPool", kernel_shape=[3, 2], dilations=[2, 3], strides=[2, 1], ceil_mode=1),
    "pad at the edge": after(node("Pad", ["c", "k"], ["y"], mode="edge"), k=ints(0, 0, 2, 1, 0, 1, 0, 3)),
    "pad around": after(node("Pad", ["c", "k"], ["y"], mode="wrap"), k=ints(0, 0, 2, 1, 0, 0, 0, 3)),
    "pad that crops": after(node("Pad", ["c", "k"], ["y"]), k=ints(0, 0, -2, 1, 0, 0, 1, -3)),
    "pad on some axes": after(node("Pad", ["c", "k", "v", "a"], ["y"]), k=ints(1, 2), v=floats(0.5)[0], a=ints(-1)),
    "Gemm, alpha and beta": after(
        FLAT, gemm("f", third="b2", alpha=0.5, beta=3.0), flat=ints(8, 120), w2=R(120, 5), b2=R(1, 5)
    ),
    "Gemm, transA": after(
        FLAT,
        gemm("f", third="b2", transA=1, transB=1, alpha=2.0, beta=0.5),
        flat=ints(8, 120),
        w2=R(5, 8),
        b2=R(120, 1),
    ),
    "Gemm of two activations": after(
        FLAT,
        node("Tanh", ["f"], ["t"]),
        gemm("f", "t", "b2", transB=1, alpha=0.25),
        flat=ints(8, 120),
        b2=R(8, 8),
    ),
    "MatMul in batches": after(
        node("Transpose", ["c"], ["t"], perm=[0, 1, 3, 2]),
        node("Sigmoid", ["t"], ["s"]),
        node("MatMul", ["s", "c"], ["p"]),
        node("MatMul", ["w2", "p"], ["y"]),
        w2=R(5, 10),
    ),
    "attention": rows(
        node("MatMul", ["wq", "r"], ["q"]),
        node("Transpose", ["r"], ["t"], perm=[0, 2, 1]),
        node("MatMul", ["t", "wk"], ["k"]),
        node("MatMul", ["k", "q"], ["scores"]),
        node("Softmax", ["scores"], ["share"], axis=-1),
        node("MatMul", ["share", "t"], ["y"]),
        wq=R(4, 8, seed=3),
        wk=R(8, 4, seed=4),
    ),
    **{
        f"Resize linear, {mode}": resize("linear", (1, 8, 31, 17), coordinate_transformation_mode=mode)
        for mode in COORDINATES
    },
    "Resize linear, smaller": resize("linear", (1, 8, 5, 7)),
    "Resize linear by scales": resize("linear", scales=(1, 1, 1.7, 2.4)),
    "Resize linear to one": resize("linear", (1, 8, 1, 1), coordinate_transformation_mode="align_corners"),
    **{
        f"Resize nearest, {mode}, {nearest}": resize(
            "nearest", (1, 8, 31, 7), coordinate_transformation_mode=mode, nearest_mode=nearest
        )
        for mode, nearest in zip(
            COORDINATES, ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil", "floor"), strict=True
        )
    },
    "Resize nearest by scales": resize("nearest", scales=(1, 1, 1.7, 0.6)),
    "Upsample": net(
        [CONV, node("Upsample", ["c", "k"], ["y"], mode="linear")],
        ["y"],
        {**CONV_PARTS, "k": floats(1, 1, 2, 2)},
        opset=9,
    ),
    "shape arithmetic": after(
        node("Shape", ["c"], ["s"]),
        node("Gather", ["s", "two"], ["rows"], axis=0),
        node("Concat", ["one", "rows", "rest"], ["shape"], axis=0),
        node("Reshape", ["c", "shape"], ["y"]),
        two=ints(2),
        one=ints(1),
        rest=ints(-1),
    ),
}
"""All of it runs as integer operators."""

ON_CPU = {
    "Resize cubic": (resize("cubic", (1, 8, 24, 20)), "Resize y (its mode is 'cubic'"),
    "Resize that shrinks with antialias": (
        resize("linear", (1, 8, 6, 5), antialias=1),
        "Resize y (it shrinks with antialias",
    ),
    "convolution with computed weights": (
        after(node("GlobalMaxPool", ["c"], ["g"]), node("Conv", ["c", "g"], ["y"])),
        "Conv y (its weight 'g' is computed at run time",
    ),
    "Pow of two tensors": (
        after(node("Sigmoid", ["c"], ["s"]), node("GlobalMaxPool", ["s"], ["g"]), node("Pow", ["s", "g"], ["y"])),
        "Pow y (it combines several tensors",
    ),
    "MaxPool with indices": (
        after(
            node("MaxPool", ["c"], ["p", "i"], kernel_shape=[2, 2], strides=[2, 2]),
            node("MaxUnpool", ["p", "i"], ["y"], kernel_shape=[2, 2], strides=[2, 2]),
        ),
        "MaxPool p (its second output",
    ),
    "average_pool, dilated": (
        after(node("AveragePool", ["c"], ["y"], kernel_shape=[2, 2], dilations=[2, 2])),
        "AveragePool y (dilations",
    ),
    "conv with three spatial axes": (
        after(node("Unsqueeze", ["c", "k"], ["u"]), node("Conv", ["u", "w2"], ["y"]), k=ints(2), w2=R(2, 8, 1, 2, 2)),
        "Conv y (it has 3 spatial axes",
    ),
    "Where by a mask of two tensors": (
        after(
            node("Tanh", ["c"], ["t"]),
            node("GlobalMaxPool", ["c"], ["g"]),
            node("Greater", ["t", "g"], ["mask"]),
            node("Where", ["mask", "c", "g"], ["y"]),
        ),
        "Greater mask (it combines several tensors",
    ),
    "ArgMax": (
        after(node("ArgMax", ["c"], ["i"], axis=1), node("Cast", ["i"], ["y"], to=onnx.TensorProto.FLOAT)),
        "ArgMax i",
    ),
    "TopK": (after(FLAT, node("TopK", ["f", "k"], ["y", "i"]), flat=ints(1, 960), k=ints(5)), "TopK y"),
    "GRU": (
        rows(
            node("Transpose", ["r"], ["t"], perm=[2, 0, 1]),
            node("GRU", ["t", "gw", "gr"], ["y"], hidden_size=4),
            gw=R(1, 12, 8),
            gr=R(1, 12, 4),
        ),
        "GRU y",
    ),
    "truth as an output": (
        after(
            node("Greater", ["c", "k"], ["big"]),
            node("Cast", ["big"], ["i"], to=onnx.TensorProto.INT32),
            node("Cast", ["i"], ["y"], to=onnx.TensorProto.FLOAT),
            k=floats(0),
        ),
        "Greater big (its result is bool",
    ),
}
"""Each with what the log says of the first operator on the CPU."""


def legs(model: onnx.ModelProto, bits: int, folder: Path) -> tuple[BuildResult, dict[str, dict[str, np.ndarray]]]:
    """Build, and run all three legs on a picture; no operator's own error exceeds a step."""
    space = Workspace(folder)
    wide = SIXTEEN_BITS if bits == 16 else ""
    space.write(model, config_text(f"{NORMALISED} {wide}", "calibration_strategy: CALIB_STRATEGY_PER_CHANNEL"))
    built = space.build()
    simulator = EmulatorSimulator()
    models = Models(built.joint, folder / "m.onnx", built.lava_joint, built.output_config)
    image = folder / "x.png"
    image.write_bytes(png(picture(seed=0)))
    inputs = simulator.prepare(models, {INPUT: image}).data
    for error in simulator.own_errors(models, inputs) or ():
        assert error.max_steps <= 1, error
        assert abs(error.mean_steps) < 0.05, error
    return built, {stage: dict(simulator.run(models, stage, inputs)) for stage in ("onnx", "lava_joint", "joint")}


@pytest.mark.parametrize("name", ON_NPU)
def test_operator_runs_in_integers_and_stays_near_the_float_model(name: str, tmp_path: Path) -> None:
    for bits, least in ((16, 0.999), (8, 0.98)):
        built, found = legs(ON_NPU[name], bits, tmp_path)
        assert built.program.cpu is None, built.program.cpu
        for output, wanted in found["onnx"].items():
            assert found["joint"][output].shape == wanted.shape
            assert cosine(wanted, found["joint"][output]) > least, (bits, output)
            assert cosine(found["lava_joint"][output], found["joint"][output]) > 0.9999, (bits, output)


@pytest.mark.parametrize("name", ON_CPU)
def test_setting_that_the_npu_lacks_runs_on_the_cpu_and_is_named(name: str, tmp_path: Path) -> None:
    model, said = ON_CPU[name]
    built, found = legs(model, 16, tmp_path)
    assert built.program.cpu is not None
    assert built.program.cpu.operators[0].startswith(said)
    assert any(said in warning for warning in built.warnings), built.warnings
    for output, wanted in found["onnx"].items():
        if "TopK" in name or "ArgMax" in name or "truth" in name:  # positions, and decisions, may differ near a tie
            assert found["joint"][output].shape == wanted.shape
            assert cosine(wanted, found["joint"][output]) > 0.9, output
        else:
            assert cosine(wanted, found["joint"][output]) > 0.999, output


def test_a_compound_operator_chosen_by_name_gets_16_bit_in_all_its_parts(tmp_path: Path) -> None:
    space = Workspace(tmp_path)
    chosen = 'operator_conf_items { selector { op_name: "y" } attributes { input_feature_type: UINT16 } }'
    space.write(ON_NPU["LayerNormalization"], config_text(f"{NORMALISED} {chosen}"))
    program = space.build().program
    tensors = program.tensors
    inside = [name for name in tensors if name.startswith("y@") and name not in program.arrays]
    assert len(inside) > 5
    assert {tensors[name].bits for name in (*inside, "c", "y")} == {16}
    assert tensors[INPUT].bits == 8
