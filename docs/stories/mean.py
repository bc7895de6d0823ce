"""The files of the third story: a detector with mean and std the wrong way round, and SiLU layers that lose at 8 bit.

The network is a real one that takes BGR bytes. Its input is changed to RGB normalised with mean and std, of which a
first Mul, Add and Gather make those bytes again; and it gives what it gave as two outputs, boxes and how sure it is.
"""

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from axpair_emulator.zoo import fetch
from onnx import helper, numpy_helper
from PIL import Image

EDGE = 224
STRIDES = (8, 16, 32)
MEAN = (123.675, 116.28, 103.53)
STD = (58.395, 57.12, 57.375)
"""Of red, green and blue, as the training code has them."""

CONFIG = """\
# The customer's configuration. BGR in; mean and std copied from the training code, where they are of RGB.
src_input_tensors { color_space: TENSOR_COLOR_SPACE_RGB }
dst_input_tensors { color_space: TENSOR_COLOR_SPACE_BGR }
neuwizard_conf {
  operator_conf {
    input_conf_items {
      attributes {
        input_modifications { input_normalization { mean: [123.675, 116.28, 103.53] std: [58.395, 57.12, 57.375] } }
      }
    }
  }
  dataset_conf_calibration {
    path: "calibration.tar"
    type: DATASET_TYPE_TAR
    size: 8
    batch_size: 1
    calibration_strategy: CALIB_STRATEGY_PER_CHANNEL
  }
}
"""

AS_COPIED = "mean: [123.675, 116.28, 103.53] std: [58.395, 57.12, 57.375]"
TURNED = "mean: [103.53, 116.28, 123.675] std: [57.375, 57.12, 58.395]"
PLACE = "  operator_conf {\n"
SIXTEEN = """\
    operator_conf_items {
      selector { op_name_regex: "(Sigmoid|Mul)_.*" }
      attributes { input_feature_type: UINT16 }
    }
"""

TRAINING = '''\
"""The training code's own way: picture -> normalised RGB -> model; saves what goes in and what comes out."""

import sys
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image


def save_golden(folder, inputs, outputs):
    """inputs, outputs: name in the ONNX model -> array, as the model takes and gives them."""
    for place, tensors in ((Path(folder) / "input", inputs), (Path(folder), outputs)):
        place.mkdir(parents=True, exist_ok=True)
        for name, tensor in tensors.items():
            np.save(place / (name.replace("/", "_") + ".npy"), np.asarray(tensor))


pixels = np.asarray(Image.open(sys.argv[1]), np.float32)
batch = ((pixels - (123.675, 116.28, 103.53)) / (58.395, 57.12, 57.375)).transpose(2, 0, 1)[None].astype(np.float32)
session = onnxruntime.InferenceSession("things.onnx", providers=["CPUExecutionProvider"])
names = [output.name for output in session.get_outputs()]
save_golden("golden", {"images": batch}, dict(zip(names, session.run(names, {"images": batch}), strict=True)))
'''


def lay_out(folder: Path) -> None:
    """Write model, configuration and two mended ones, calibration archive, a picture and training.py."""
    onnx.save(_normalised(onnx.load(fetch("common-det"))), folder / "things.onnx")
    (folder / "config.prototxt").write_text(CONFIG)
    (folder / "mended.prototxt").write_text(CONFIG.replace(AS_COPIED, TURNED))
    (folder / "sixteen.prototxt").write_text(CONFIG.replace(AS_COPIED, TURNED).replace(PLACE, PLACE + SIXTEEN))
    (folder / "training.py").write_text(TRAINING)
    with tarfile.open(folder / "calibration.tar", "w") as archive:
        for index, picture in enumerate(_pictures()):
            data = io.BytesIO()
            picture.save(data, "PNG")
            member = tarfile.TarInfo(f"{index}.png")
            member.size = data.tell()
            data.seek(0)
            archive.addfile(member, data)
    Image.open(fetch("china")).convert("RGB").resize((EDGE, EDGE)).save(folder / "street.png")


def _pictures() -> Iterator[Image.Image]:
    """Parts of four photos, two of each."""
    for name in ("china", "flower", "chelsea", "astronaut"):
        photo = Image.open(fetch(name)).convert("RGB")
        edge = min(photo.size)
        for share in (0.6, 0.9):
            yield photo.crop((0, 0, int(edge * share), int(edge * share))).resize((EDGE, EDGE))


def _normalised(model: onnx.ModelProto) -> onnx.ModelProto:
    """Normalised RGB in; `boxes` 1x4xN and `objects` 1xN out."""
    graph = model.graph
    made: dict[str, Any] = {output: node for node in graph.node for output in node.output}
    reshaped = made[made[graph.output[0].name].input[0]].input
    heads = [made[made[name].input[0]].input for name in reshaped]
    for side in graph.input[0].type.tensor_type.shape.dim[2:]:
        side.dim_value = EDGE
    for node in graph.node:
        node.input[:] = ["pixels" if name == "images" else name for name in node.input]
    channels = np.array([2, 1, 0])
    constants = {
        "std": np.array(STD, np.float32).reshape(1, 3, 1, 1),
        "mean": np.array(MEAN, np.float32).reshape(1, 3, 1, 1),
        "bgr": channels,
        "of boxes": np.array([1, 4, -1]),
        "of objects": np.array([1, -1]),
    }
    graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in constants.items())
    first = [
        helper.make_node("Mul", ["images", "std"], ["scaled"], name="std"),
        helper.make_node("Add", ["scaled", "mean"], ["rgb"], name="mean"),
        helper.make_node("Gather", ["rgb", "bgr"], ["pixels"], name="bgr", axis=1),
    ]
    last = []
    for what, place, axis in (("boxes", 0, 2), ("objects", 1, 1)):
        flat = [f"{what} {stride}" for stride in STRIDES]
        for name, head in zip(flat, heads, strict=True):
            last.append(helper.make_node("Reshape", [head[place], f"of {what}"], [name], name=name))
        last.append(helper.make_node("Concat", flat, [what], name=what, axis=axis))
    needed, kept = {"boxes", "objects"}, []
    for node in reversed([*first, *graph.node, *last]):
        if needed & set(node.output):
            kept.append(node)
            needed.update(node.input)
    weights = [one for one in graph.initializer if one.name in needed]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(reversed(kept))
    graph.initializer.extend(weights)
    cells = sum((EDGE // stride) ** 2 for stride in STRIDES)
    del graph.output[:], graph.value_info[:]
    graph.output.extend(
        helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)
        for name, shape in (("boxes", [1, 4, cells]), ("objects", [1, cells]))
    )
    return model
