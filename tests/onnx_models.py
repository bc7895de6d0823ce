"""Small ONNX models made by hand, calibration archives and configurations to build them with."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from axpair_emulator.build import BuildResult, build
from axpair_emulator.config.flags import BuildFlags
from axpair_proto.simulator import Models
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

Array = np.ndarray[Any, Any]
INPUT = "data"
SIXTEEN_BITS = "operator_conf_items { selector {} attributes { input_feature_type: UINT16 } }"


def random_array(*shape: int, seed: int = 0, scale: float = 0.3) -> Array:
    """Normally distributed float32, the same for the same seed."""
    return (np.random.default_rng(seed).standard_normal(shape) * scale).astype(np.float32)


def node(op_type: str, inputs: Sequence[str], outputs: Sequence[str], name: str = "", **attrs: Any) -> onnx.NodeProto:
    """A node whose name is its first output unless said."""
    made: onnx.NodeProto = helper.make_node(op_type, list(inputs), list(outputs), name=name or outputs[0], **attrs)
    return made


def net(
    nodes: Sequence[onnx.NodeProto],
    outputs: Sequence[str],
    constants: Mapping[str, Array] | None = None,
    shape: Sequence[int | str] = (1, 3, 12, 10),
    opset: int = 17,
) -> onnx.ModelProto:
    """A model with the float input "data"; output shapes are left to inference."""
    graph = helper.make_graph(
        list(nodes),
        "net",
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, list(shape))],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
        [numpy_helper.from_array(values, name) for name, values in (constants or {}).items()],
    )
    model: onnx.ModelProto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    return model


def picture(width: int = 10, height: int = 12, seed: int = 0, mode: str = "RGB") -> Image.Image:
    """Noise over a gradient."""
    channels = len(mode) if mode in ("RGB", "RGBA") else 1
    random = np.random.default_rng(seed)
    ramp = np.linspace(0, 200, width)[None, :, None] + np.zeros((height, 1, channels))
    pixels = (ramp + random.integers(0, 56, (height, width, channels))).astype(np.uint8)
    return Image.fromarray(pixels if channels > 1 else pixels[:, :, 0], mode="RGBA" if mode == "RGBA" else None)


def png(image: Image.Image) -> bytes:
    """The image as a file's content."""
    data = io.BytesIO()
    image.save(data, "PNG")
    return data.getvalue()


def pack(path: Path, members: Mapping[str, bytes]) -> Path:
    """A tar archive."""
    with tarfile.open(path, "w") as archive:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


def pictures(path: Path, count: int = 4, width: int = 10, height: int = 12, mode: str = "RGB") -> Path:
    """A calibration archive of images."""
    return pack(path, {f"{k}.png": png(picture(width, height, seed=k, mode=mode)) for k in range(count)})


NORMALISED = """input_conf_items { attributes { input_modifications {
  input_normalization { mean: [100, 120, 140] std: [60, 70, 80] } } } }"""


def config_text(operators: str = NORMALISED, dataset: str = "", rest: str = "", archive: str = "c.tar") -> str:
    """A configuration in the vendor's form."""
    return f"""target_hardware: TARGET_HARDWARE_AX620
neuwizard_conf {{
  operator_conf {{ {operators} }}
  dataset_conf_calibration {{ path: "{archive}" type: DATASET_TYPE_TAR {dataset} }}
}}
{rest}
"""


@dataclass(frozen=True)
class Workspace:
    """A folder with a model, a configuration and a calibration archive."""

    folder: Path

    def write(self, model: onnx.ModelProto | bytes, config: str) -> None:
        """Stores model and configuration, and four pictures unless there is an archive already."""
        data = model if isinstance(model, bytes) else model.SerializeToString()
        (self.folder / "m.onnx").write_bytes(data)
        (self.folder / "c.prototxt").write_text(config, encoding="utf-8")
        if not (self.folder / "c.tar").exists():
            pictures(self.folder / "c.tar")

    def build(self, name: str = "m", **flags: Any) -> BuildResult:
        """Builds <name>.joint from m.onnx and c.prototxt, with <name>.output.prototxt beside it."""
        return build(
            self.folder / "m.onnx",
            self.folder / "c.prototxt",
            self.folder / f"{name}.joint",
            output_config=self.folder / f"{name}.output.prototxt",
            flags=BuildFlags(**flags),
        )


TWO_OUTPUTS = net(
    [
        node("Conv", [INPUT, "w", "b"], ["c"], pads=[1, 1, 1, 1]),
        node("HardSwish", ["c"], ["maps/x"]),
        node("Flatten", ["c"], ["f"]),
        node("Softmax", ["f"], ["p"]),
    ],
    ["maps/x", "p"],
    {"w": random_array(4, 3, 3, 3), "b": random_array(4)},
)
"""A map and probabilities; one name is no file name."""


def built(folder: Path, config: str, model: onnx.ModelProto = TWO_OUTPUTS) -> Models:
    """All files of one conversion."""
    space = Workspace(folder)
    space.write(model, config)
    result = space.build()
    return Models(result.joint, folder / "m.onnx", result.lava_joint, result.output_config)
