"""Small ONNX models, configurations and calibration pictures: where mutation starts from."""

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper, parser
from PIL import Image

SHAPE = (1, 3, 12, 10)
CONFIG = """target_hardware: TARGET_HARDWARE_AX620
neuwizard_conf {
  operator_conf { input_conf_items { selector { op_name: "data" } attributes { input_modifications {
    input_normalization { mean: [100, 120, 140] std: [60, 70, 80] } } } } }
  dataset_conf_calibration { path: "c.tar" type: DATASET_TYPE_TAR size: 2 }
}
"""
FLOAT_CONFIG = """target_hardware: TARGET_HARDWARE_AX620
neuwizard_conf {
  operator_conf { input_conf_items { attributes { type: FLOAT32 } } }
  dataset_conf_calibration { path: "c.tar" type: DATASET_TYPE_TAR }
}
"""
_WEIGHTS: Mapping[str, tuple[int, ...]] = {
    **{"w": (4, 3, 3, 3), "b": (4,), "depthwise": (4, 1, 3, 3), "up": (4, 2, 2, 2), "dense": (480, 5), "five": (5,)},
    **{"scale": (3,), "shift": (3,), "mean": (3,), "variance": (3,)},
    **{"lstm_w": (1, 16, 10), "lstm_r": (1, 16, 4)},
}
_GRAPHS = (
    """(float y, float p) {
      c = Conv<pads = [1, 1, 1, 1]>(data, w, b)
      y = HardSwish(c)
      f = Flatten(c)
      p = Softmax(f)
    }""",
    """(float y) {
      n = BatchNormalization(data, scale, shift, mean, variance)
      c = Conv<pads = [1, 1, 1, 1]>(n, w)
      r = Relu(c)
      d = Conv<group = 4, pads = [1, 1, 1, 1]>(r, depthwise)
      s = Sigmoid(d)
      m = Mul(s, r)
      q = MaxPool<kernel_shape = [2, 2], strides = [2, 2]>(m)
      y = ConvTranspose<strides = [2, 2]>(q, up)
    }""",
    """(float y, float z) {
      c = Conv<pads = [1, 1, 1, 1]>(data, w, b)
      a = AveragePool<kernel_shape = [3, 3], pads = [1, 1, 1, 1], count_include_pad = 1>(c)
      t = Concat<axis = 1>(c, a)
      s = Constant<value = int64[2] {3, 5}>()
      k, rest = Split<axis = 1>(t, s)
      z = Transpose<perm = [0, 2, 3, 1]>(k)
      g = GlobalAveragePool(rest)
      e = Sub(rest, g)
      y = Tanh(e)
    }""",
    """(float y) {
      c = Conv<pads = [1, 1, 1, 1]>(data, w, b)
      l = LeakyRelu<alpha = 0.1>(c)
      shape = Constant<value = int64[2] {1, 480}>()
      f = Reshape(l, shape)
      y = Gemm(f, dense, five)
    }""",
    """(float y, float o) {
      scales = Constant<value = float[4] {1.0, 1.0, 2.0, 2.0}>()
      none = Constant<value = float[1] {0.0}>()
      up2 = Resize<mode = "nearest", coordinate_transformation_mode = "asymmetric",
                   nearest_mode = "floor">(data, , scales)
      pads = Constant<value = int64[8] {0, 0, 1, 1, 0, 0, 1, 1}>()
      padded = Pad(up2, pads)
      c = Conv(padded, w)
      starts = Constant<value = int64[2] {1, 1}>()
      ends = Constant<value = int64[2] {9, 9}>()
      axes = Constant<value = int64[2] {2, 3}>()
      y = Slice(c, starts, ends, axes)
      mean2 = ReduceMean<axes = [2, 3], keepdims = 1>(c)
      o = Div(mean2, c)
    }""",
    """(float y) {
      c = Conv<pads = [1, 1, 1, 1]>(data, w, b)
      rows = ReduceMean<axes = [1], keepdims = 0>(c)
      turned = Transpose<perm = [1, 0, 2]>(rows)
      y, h, cell = LSTM<hidden_size = 4>(turned, lstm_w, lstm_r)
    }""",
)


def models() -> list[onnx.ModelProto]:
    """All of them, each with the float input "data" of 1x3x12x10."""
    random = np.random.default_rng(0)
    weights = {name: (random.standard_normal(shape) * 0.3).astype(np.float32) for name, shape in _WEIGHTS.items()}
    np.abs(weights["variance"], out=weights["variance"])
    made = []
    for graph in _GRAPHS:
        head = '<ir_version: 8, opset_import: ["" : 17]> net (float[1,3,12,10] data) => '
        model = parser.parse_model(head + graph)
        used = {name for node in model.graph.node for name in node.input}
        model.graph.initializer.extend(numpy_helper.from_array(weights[name], name) for name in weights if name in used)
        for index, node in enumerate(model.graph.node):
            node.name = f"{node.op_type}_{index}"
        made.append(model)
    return made


def picture(seed: int, mode: str = "RGB", size: tuple[int, int] = (10, 12)) -> Image.Image:
    """Noise."""
    shape = (size[1], size[0], 3) if mode == "RGB" else (size[1], size[0])
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, shape, np.uint8)).convert(mode)


def encoded(image: Image.Image, form: str = "PNG", **options: Any) -> bytes:
    """The content of an image file."""
    data = io.BytesIO()
    image.save(data, form, **options)
    return data.getvalue()


def write_archive(path: Path, members: Mapping[str, bytes]) -> None:
    """A plain tar."""
    with tarfile.open(path, "w") as archive:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))


def write_pictures(path: Path) -> None:
    """A calibration archive that fits the models."""
    write_archive(path, {f"{seed}.png": encoded(picture(seed)) for seed in range(2)})
