"""Small nets that lose accuracy in ways a cosine hides or blames on another, as users reported them."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from axpair_proto.simulator import Models
from onnx import TensorProto, helper
from onnx_models import INPUT, Workspace, config_text, net, node, pack, png, random_array
from pairs import Case, case_of
from PIL import Image

Array = np.ndarray[Any, Any]
TOKENS, WIDTH = 16, 32
FEATURES = 60
LARGE = (300.0, 250.0, 120.0, 180.0)
"""What the first features of the policy's input reach; all others stay near 1."""


def attention(folder: Path, mask: float, *, as_input: bool = False) -> Case:
    """One attention over 16 tokens whose causal mask is added as `mask`, a constant or the input "mask"."""
    causal = np.triu(np.full((1, TOKENS, TOKENS), mask, np.float32), 1)
    constants = {
        name: random_array(WIDTH, WIDTH, seed=seed, scale=math.sqrt(1 / WIDTH))
        for seed, name in enumerate(("wq", "wk", "wv"))
    }
    model = net(
        [
            node("MatMul", [INPUT, "wq"], ["q"]),
            node("MatMul", [INPUT, "wk"], ["k"]),
            node("MatMul", [INPUT, "wv"], ["v"]),
            node("Transpose", ["k"], ["kt"], perm=[0, 2, 1]),
            node("MatMul", ["q", "kt"], ["s"]),
            node("Mul", ["s", "scale"], ["scaled"]),
            node("Add", ["scaled", "mask"], ["masked"], name="/attn/mask_add"),
            node("Softmax", ["masked"], ["p"], axis=-1),
            node("MatMul", ["p", "v"], ["o"]),
            node("Add", ["o", INPUT], ["y"]),
        ],
        ["y"],
        {**constants, "scale": np.float32(WIDTH**-0.5), **({} if as_input else {"mask": causal})},
        shape=(1, TOKENS, WIDTH),
        opset=13,
    )
    files = [_floats(folder / "x.npy", lambda: _normal(TOKENS, WIDTH))]
    sets = {INPUT: [_normal(TOKENS, WIDTH, seed=seed) for seed in range(1, 9)]}
    if as_input:
        model.graph.input.append(helper.make_tensor_value_info("mask", TensorProto.FLOAT, list(causal.shape)))
        files.append(_floats(folder / "mask.npy", lambda: causal))
        sets["mask"] = [causal] * 8
    return _case(folder, model, sets, files)


def policy(folder: Path, *, alike: bool = False) -> Case:
    """A net on a vector of sensor values, four in the hundreds and the rest within 1; `alike` normalises them."""
    reach = np.ones(FEATURES, np.float32)
    if not alike:
        reach[: len(LARGE)] = LARGE
    model = net(
        [
            node("Gemm", [INPUT, "w1", "b1"], ["l1"]),
            node("Elu", ["l1"], ["l1a"]),
            node("Gemm", ["l1a", "w2", "b2"], ["actions"]),
        ],
        ["actions"],
        {
            "w1": random_array(FEATURES, 64, seed=1, scale=FEATURES**-0.5) / reach[:, None],
            "b1": random_array(64, seed=2, scale=0.1),
            "w2": random_array(64, 16, seed=3, scale=0.125),
            "b2": random_array(16, seed=4, scale=0.1),
        },
        shape=(1, FEATURES),
        opset=13,
    )
    samples = [_normal(FEATURES, seed=seed) * reach for seed in range(1, 33)]
    return _case(folder, model, {INPUT: samples}, [_floats(folder / "x.npy", lambda: _normal(FEATURES) * reach)])


def picking(folder: Path, *, weak: bool = False) -> Case:
    """The head of a detector without NMS: TopK of 64 scores, and GatherElements of the boxes. Some scores lie so near
    to each other that quantisation changes their places; `weak` loses the boxes themselves too: one of their numbers
    is thousands of times as large as the others."""
    places = 64
    random = np.random.default_rng(9)
    boxes = random.normal(scale=0.3, size=(4, 8, 1, 1)).astype(np.float32)
    if weak:
        boxes[0] *= 4000
    model = net(
        [
            node("Conv", [INPUT, "w1"], ["stem"], strides=[8, 8]),
            node("Relu", ["stem"], ["features"]),
            node("Conv", ["features", "wb"], ["b"]),
            node("Conv", ["features", "wc"], ["c"]),
            node("Reshape", ["b", "sb"], ["br"]),
            node("Reshape", ["c", "sc"], ["cr"]),
            node("Transpose", ["br"], ["bt"], perm=[0, 2, 1]),
            node("Transpose", ["cr"], ["ct"], perm=[0, 2, 1]),
            node("Sigmoid", ["ct"], ["sg"]),
            node("ReduceMax", ["sg"], ["best"], axes=[-1], keepdims=0),
            node("TopK", ["best", "k"], ["values", "at"], axis=-1),
            node("Unsqueeze", ["at", "last"], ["at1"]),
            node("Tile", ["at1", "four"], ["at4"]),
            node("GatherElements", ["bt", "at4"], ["picked"], axis=1),
            node("Unsqueeze", ["values", "last"], ["scores"]),
            node("Concat", ["picked", "scores"], ["out"], axis=2),
        ],
        ["out"],
        {
            "w1": random.normal(scale=0.2, size=(8, 3, 8, 8)).astype(np.float32),
            "wb": boxes,
            "wc": random.normal(scale=0.3, size=(5, 8, 1, 1)).astype(np.float32),
            "sb": np.array([1, 4, places]),
            "sc": np.array([1, 5, places]),
            "k": np.array([10]),
            "last": np.array([-1]),
            "four": np.array([1, 1, 4]),
        },
        shape=(1, 3, 64, 64),
        opset=13,
    )
    return _pictured(folder, model)


def _pictured(folder: Path, model: onnx.ModelProto, *, scaled: bool = True) -> Case:
    """Built for pictures of 64x64 within 0..1, or 0..255."""
    pack(folder / "c.tar", {f"{seed}.png": png(_blurred(seed)) for seed in range(6)})
    space = Workspace(folder)
    changed = "input_modifications { affine_preprocess { slope: 1 slope_divisor: 255 bias: 0 } }"
    space.write(model, config_text(f"input_conf_items {{ attributes {{ {changed} }} }}" if scaled else ""))
    (folder / "x.png").write_bytes(png(_blurred(77)))
    return _built(space, [folder / "x.png"])


def residual(folder: Path, loud: float) -> Case:
    """A picture with what two convolutions make of it added. Two of their channels are `loud` times the others, and are
    read as much more softly, so that 8 bit lose the others."""
    random = np.random.default_rng(7)
    first = random.normal(scale=0.08, size=(16, 3, 3, 3))
    second = random.normal(scale=0.05, size=(3, 16, 3, 3))
    first[14:] *= loud
    second[:, 14:] /= loud
    model = net(
        [
            node("Conv", [INPUT, "w1"], ["c1"], pads=[1] * 4),
            node("Relu", ["c1"], ["branch"]),
            node("Conv", ["branch", "w2"], ["added"], pads=[1] * 4),
            node("Add", [INPUT, "added"], ["sum"]),
            node("Clip", ["sum", "low", "high"], ["y"]),
        ],
        ["y"],
        {
            "w1": first.astype(np.float32),
            "w2": second.astype(np.float32),
            "low": np.float32(0),
            "high": np.float32(255),
        },
        shape=(1, 3, 64, 64),
        opset=13,
    )
    return _pictured(folder, model, scaled=False)


def naming(folder: Path, kind: str = "int64", *, loud: float = 1.0) -> Case:
    """The head of a segmentation: for each of 64x64 pixels the largest of 21 scores, as `kind` of number. `loud` puts
    so much on one class that never wins that the others share a few steps."""
    random = np.random.default_rng(9)
    bias = np.zeros(21, np.float32)
    bias[0] = 1 - loud
    model = net(
        [
            node("Conv", [INPUT, "w1"], ["c1"], pads=[1] * 4),
            node("Relu", ["c1"], ["r1"]),
            node("Conv", ["r1", "w2", "b2"], ["scores"]),
            node("ArgMax", ["scores"], ["largest"], axis=1, keepdims=0),
            node("Cast", ["largest"], ["classes"], to=getattr(TensorProto, kind.upper())),
        ],
        ["classes"],
        {
            "w1": random.normal(scale=0.3, size=(16, 3, 3, 3)).astype(np.float32),
            "w2": random.normal(scale=0.2, size=(21, 16, 1, 1)).astype(np.float32),
            "b2": bias,
        },
        shape=(1, 3, 64, 64),
        opset=13,
    )
    model.graph.output[0].type.tensor_type.elem_type = getattr(TensorProto, kind.upper())
    return _pictured(folder, model)


def _blurred(seed: int) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    return Image.fromarray(pixels).resize((64, 64), Image.Resampling.BICUBIC)


def _normal(*shape: int, seed: int = 0) -> Array:
    return random_array(1, *shape, seed=100 + seed, scale=1.0)


def _floats(path: Path, make: Callable[[], Array]) -> Path:
    np.save(path, make())
    return path


def _case(folder: Path, model: onnx.ModelProto, sets: dict[str, list[Array]], files: list[Path]) -> Case:
    """Built with float inputs, each with its own calibration set."""
    items = []
    for name, samples in sets.items():
        pack(folder / f"{name}.tar", {f"{at}.bin": sample.tobytes() for at, sample in enumerate(samples)})
        items.append(f'dataset_conf_items {{ selector {{ op_name: "{name}" }} path: "{name}.tar" }}')
    first = next(iter(sets))
    space = Workspace(folder)
    (folder / "c.tar").write_bytes((folder / f"{first}.tar").read_bytes())
    dataset = "" if len(sets) == 1 else " ".join(items)
    path = 'path: "c.tar"' if len(sets) == 1 else ""
    space.write(
        model,
        f"""input_type: INPUT_TYPE_ONNX output_type: OUTPUT_TYPE_JOINT target_hardware: TARGET_HARDWARE_AX620
dst_input_tensors {{ data_type: FLOAT32 }}
neuwizard_conf {{
  operator_conf {{ input_conf_items {{ attributes {{ type: FLOAT32 }} }} }}
  dataset_conf_calibration {{ {path} type: DATASET_TYPE_TAR size: 32 batch_size: 1 {dataset} }}
}}
""",
    )
    return _built(space, files)


def _built(space: Workspace, files: list[Path]) -> Case:
    result = space.build()
    assert result.output_config is not None
    models = Models(result.joint, space.folder / "m.onnx", result.lava_joint, result.output_config)
    case = case_of(models, files[0])
    more = [flag for path in files[1:] for flag in ("--input", path)]
    return Case(models, files[0], (*case.flags, "--config", result.output_config, *more))
