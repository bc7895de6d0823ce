"""Every operator type through the whole compiler: right at 16 bit, and cmodel and reference one step apart at most."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from axpair_emulator.metrics import cosine
from axpair_emulator.simulator import EmulatorSimulator
from axpair_proto.simulator import Models
from onnx_models import INPUT, NORMALISED, SIXTEEN_BITS, Workspace, config_text, net, node, picture, png, random_array

R = random_array


def ints(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


CONV = node("Conv", [INPUT, "w", "b"], ["c"], pads=[1, 1, 1, 1])
CONV_PARTS = {"w": R(8, 3, 3, 3, seed=1), "b": R(8, seed=2)}


def after_conv(*nodes: onnx.NodeProto, outputs: tuple[str, ...] = ("y",), **constants: np.ndarray) -> onnx.ModelProto:
    return net([CONV, *nodes], outputs, {**CONV_PARTS, **constants})


MODELS = {
    "conv strided, dilated, uneven pads": net(
        [node("Conv", [INPUT, "w"], ["y"], strides=[2, 1], dilations=[1, 2], pads=[0, 1, 2, 3])],
        ["y"],
        {"w": R(5, 3, 3, 2)},
    ),
    "conv in groups": after_conv(node("Conv", ["c", "w2"], ["y"], group=4), w2=R(12, 2, 2, 2)),
    "conv with one spatial axis, relu, in groups": after_conv(
        node("Reshape", ["c", "k"], ["rows"]),
        node("Conv", ["rows", "w2", "b2"], ["p"], strides=[2], pads=[1, 2], dilations=[2], group=2),
        node("Relu", ["p"], ["y"]),
        k=ints(1, 8, 120),
        w2=R(6, 4, 3),
        b2=R(6),
    ),
    "conv depthwise with relu": after_conv(
        node("Relu", ["c"], ["r"]),
        node("Conv", ["r", "w2"], ["d"], group=8),
        node("Relu", ["d"], ["y"]),
        w2=R(8, 1, 3, 3),
    ),
    "conv auto_pad": net(
        [node("Conv", [INPUT, "w"], ["y"], strides=[2, 2], auto_pad="SAME_LOWER")], ["y"], {"w": R(4, 3, 3, 3)}
    ),
    "conv with clip at both ends": after_conv(
        node("Clip", ["c", "lo", "hi"], ["y"]), lo=np.float32(-0.5), hi=np.float32(0.75)
    ),
    "conv_transpose": after_conv(
        node("ConvTranspose", ["c", "w2", "b2"], ["y"], strides=[2, 2], output_padding=[1, 0], pads=[1, 0, 1, 1]),
        w2=R(8, 5, 3, 3),
        b2=R(5),
    ),
    "conv_transpose in groups, batch norm": after_conv(
        node("ConvTranspose", ["c", "w2"], ["t"], strides=[2, 2], group=2),
        node("BatchNormalization", ["t", "g", "b2", "m", "v"], ["y"]),
        w2=R(8, 3, 2, 2),
        g=R(6, seed=3) + 1,
        b2=R(6, seed=4),
        m=R(6, seed=5),
        v=np.abs(R(6, seed=6)) + np.float32(0.1),
    ),
    "batch norm alone": net(
        [node("BatchNormalization", [INPUT, "g", "b2", "m", "v"], ["y"])],
        ["y"],
        {"g": R(3) + 1, "b2": R(3), "m": R(3), "v": np.abs(R(3)) + np.float32(0.1)},
    ),
    "gemm": after_conv(
        node("Flatten", ["c"], ["f"]),
        node("Gemm", ["f", "w2", "b2"], ["y"], transB=1, alpha=0.5, beta=2.0),
        w2=R(7, 960),
        b2=R(7, scale=20),
    ),
    "matmul with weights, bias added after": after_conv(
        node("MatMul", ["c", "w2"], ["p"]), node("Add", ["p", "b2"], ["y"]), w2=R(10, 6), b2=R(6)
    ),
    "matmul of two tensors": after_conv(
        node("Transpose", ["c"], ["t"], perm=[0, 1, 3, 2]), node("MatMul", ["c", "t"], ["y"])
    ),
    "add of tensors of different range, relu": after_conv(
        node("Conv", [INPUT, "w2"], ["c2"]),
        node("Add", ["c", "c2"], ["a"]),
        node("Relu", ["a"], ["y"]),
        w2=R(8, 3, 1, 1, scale=3),
    ),
    "sub, broadcast": after_conv(node("GlobalAveragePool", ["c"], ["g"]), node("Sub", ["c", "g"], ["y"])),
    "mul, squeeze and excite": after_conv(
        node("GlobalAveragePool", ["c"], ["g"]),
        node("HardSigmoid", ["g"], ["s"]),
        node("Mul", ["c", "s"], ["y"]),
    ),
    "div, layer normalisation in parts": after_conv(
        node("ReduceMean", ["c"], ["m"], axes=[3]),
        node("Sub", ["c", "m"], ["d"]),
        node("Pow", ["d", "two"], ["q"]),
        node("ReduceMean", ["q"], ["v"], axes=[3]),
        node("Add", ["v", "eps"], ["ve"]),
        node("Sqrt", ["ve"], ["s"]),
        node("Div", ["d", "s"], ["y"]),
        two=np.float32(2),
        eps=np.float32(0.01),
    ),
    "add and mul with constants per channel": after_conv(
        node("Mul", ["c", "k"], ["p"]), node("Add", ["p", "k2"], ["y"]), k=R(1, 8, 1, 1) + 1, k2=R(1, 8, 1, 1)
    ),
    "concat of different ranges": after_conv(node("Sigmoid", ["c"], ["s"]), node("Concat", ["c", "s"], ["y"], axis=1)),
    "reduce_mean without keepdims": after_conv(node("ReduceMean", ["c"], ["y"], axes=[-1, 2], keepdims=0)),
    "average_pool": after_conv(node("AveragePool", ["c"], ["y"], kernel_shape=[2, 3], strides=[2, 1])),
    "average_pool, padding counts": after_conv(
        node("AveragePool", ["c"], ["y"], kernel_shape=[3, 3], pads=[1, 1, 1, 1], count_include_pad=1)
    ),
    "max_pool": after_conv(node("MaxPool", ["c"], ["y"], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])),
    "max_pool, ceil_mode": after_conv(node("MaxPool", ["c"], ["y"], kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)),
    "softmax over channels": after_conv(node("Softmax", ["c"], ["y"], axis=1)),
    "softmax over the last axis, opset 11": net(
        [
            CONV,
            node("Flatten", ["c"], ["f"]),
            node("Gemm", ["f", "w2"], ["g"], transB=1),
            node("Softmax", ["g"], ["y"]),
        ],
        ["y"],
        {**CONV_PARTS, "w2": R(9, 960)},
        opset=11,
    ),
    "resize nearest": after_conv(
        node(
            "Resize",
            ["c", "", "k"],
            ["y"],
            mode="nearest",
            coordinate_transformation_mode="asymmetric",
            nearest_mode="floor",
        ),
        k=np.array([1, 1, 2, 3], np.float32),
    ),
    "resize nearest, half pixel": after_conv(
        node("Resize", ["c", "", "k"], ["y"]), k=np.array([1, 1, 2, 2], np.float32)
    ),
    "reshape, transpose, squeeze": after_conv(
        node("Transpose", ["c"], ["t"], perm=[0, 2, 3, 1]),
        node("Reshape", ["t", "k"], ["r"]),
        node("Squeeze", ["r", "x"], ["y"]),
        k=ints(1, 120, 8),
        x=ints(0),
    ),
    "slice backwards": after_conv(
        node("Slice", ["c", "s", "e", "a", "k"], ["y"]),
        s=ints(-1, 1),
        e=ints(-(1 << 63), 1 << 62),
        a=ints(1, 3),
        k=ints(-1, 3),
    ),
    "split": after_conv(
        node("Split", ["c", "k"], ["p", "q"], axis=1), node("Add", ["q", "q"], ["y"]), outputs=("p", "y"), k=ints(3, 5)
    ),
    "pad": after_conv(node("Pad", ["c", "k", "v"], ["y"]), k=ints(0, 0, 1, 2, 0, 1, 0, 3), v=np.float32(0.25)),
    "pad mirrored": after_conv(node("Pad", ["c", "k"], ["y"], mode="reflect"), k=ints(0, 0, 3, 2, 0, 1, 0, 4)),
    "chains from one root": after_conv(
        node("Sigmoid", ["c"], ["s"]),
        node("Mul", ["c", "s"], ["silu"]),
        node("Mul", ["silu", "two"], ["d"]),
        node("Tanh", ["silu"], ["t"]),
        node("Add", ["d", "t"], ["y"]),
        outputs=("y",),
        two=np.float32(2),
    ),
    "elementwise functions": after_conv(
        node("HardSwish", ["c"], ["h"]),
        node("Elu", ["c"], ["e"]),
        node("Softplus", ["c"], ["s"]),
        node("LeakyRelu", ["c"], ["l"]),
        node("Erf", ["c"], ["r"]),
        node("Abs", ["c"], ["a"]),
        node("Sqrt", ["a"], ["q"]),
        node("Concat", ["h", "e", "s", "l", "r", "q"], ["y"], axis=1),
    ),
    "clamped only where nothing else reads it": after_conv(
        node("Relu", ["c"], ["r"]), node("Sub", ["r", "c"], ["y"]), outputs=("y", "c")
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_operator_is_right_at_16_bit_and_engines_agree_to_a_step(name: str, tmp_path: Path) -> None:
    space = Workspace(tmp_path)
    for bits in (16, 8):
        space.write(
            MODELS[name],
            config_text(
                f"{NORMALISED} {SIXTEEN_BITS if bits == 16 else ''}", "calibration_strategy: CALIB_STRATEGY_PER_CHANNEL"
            ),
        )
        built = space.build()
        simulator = EmulatorSimulator()
        models = Models(built.joint, tmp_path / "m.onnx", built.lava_joint, built.output_config)
        image = tmp_path / "x.png"
        image.write_bytes(png(picture(seed=0)))
        inputs = simulator.prepare(models, {INPUT: image}).data
        legs = {stage: simulator.run(models, stage, inputs) for stage in ("onnx", "lava_joint", "joint")}
        for output in legs["onnx"]:
            # Weights keep 8 bits.
            assert cosine(legs["onnx"][output], legs["lava_joint"][output]) > (0.9995 if bits == 16 else 0.99), output
            assert cosine(legs["lava_joint"][output], legs["joint"][output]) > 0.9999, output
        errors = simulator.own_errors(models, inputs)
        assert errors
        for error in errors:
            assert error.max_steps <= 1, error
            assert abs(error.mean_steps) < 0.05, error
