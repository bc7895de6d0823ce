"""A small net with what it is calibrated with and run on, and its conversion."""

import io
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from axpair_emulator.build import build
from axpair_proto.simulator import Models
from onnx import TensorProto, helper, numpy_helper

Array = np.ndarray[Any, Any]
Both = Mapping[str, tuple[Array, Array]]
"""By output: what the float model made, and the joint."""
CALIBRATION = 12
"""Samples; the inputs that a net is run on are others."""
_CONFIG = """\
input_type: INPUT_TYPE_ONNX output_type: OUTPUT_TYPE_JOINT target_hardware: TARGET_HARDWARE_AX620
dst_input_tensors {{ data_type: FLOAT32 }}
neuwizard_conf {{
  operator_conf {{ input_conf_items {{ attributes {{ type: FLOAT32 }} }} }}
  dataset_conf_calibration {{ {path} type: DATASET_TYPE_TAR size: {size} batch_size: 1 {items} }}
}}
"""


@dataclass(frozen=True)
class Net:
    """A float model, and random inputs for it by name: those of cases first, then those of its calibration set."""

    model: onnx.ModelProto
    cases: Sequence[Mapping[str, Array]]
    calibration: Sequence[Mapping[str, Array]]

    def convert(self, folder: Path) -> Models:
        """Write model, configuration and sets into the folder, and build it there."""
        onnx.save(self.model, str(folder / "m.onnx"))
        names = list(self.cases[0])
        for name in names:
            _archive(folder / f"{name}.tar", [sample[name].tobytes() for sample in self.calibration])
        items = [f'dataset_conf_items {{ selector {{ op_name: "{name}" }} path: "{name}.tar" }}' for name in names]
        one = len(names) == 1
        text = _CONFIG.format(
            path=f'path: "{names[0]}.tar"' if one else "",
            size=len(self.calibration),
            items="" if one else " ".join(items),
        )
        (folder / "c.prototxt").write_text(text, encoding="utf-8")
        done = build(folder / "m.onnx", folder / "c.prototxt", folder / "m.joint", output_config=folder / "oc.prototxt")
        return Models(done.joint, folder / "m.onnx", done.lava_joint, done.output_config)

    def write_cases(self, folder: Path) -> list[dict[str, Path]]:
        """Each case's inputs as .npy: by input name."""
        written = []
        for number, case in enumerate(self.cases):
            place = folder / f"case{number}"
            place.mkdir(parents=True, exist_ok=True)
            for name, values in case.items():
                np.save(place / f"{name}.npy", values)
            written.append({name: place / f"{name}.npy" for name in case})
        return written


@dataclass
class Graph:
    """Nodes and constants as they are added."""

    seed: int = 0
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: dict[str, Array] = field(default_factory=dict)

    def add(self, operator: str, inputs: Sequence[str | Array], output: str, **attributes: Any) -> str:
        """A node of one output, named after it; arrays among its inputs become constants."""
        names = []
        for place, one in enumerate(inputs):
            if not isinstance(one, str):
                name = f"{output}/{place}"
                self.constants[name], one = one, name
            names.append(one)
        outputs = output.split(",")
        self.nodes.append(helper.make_node(operator, names, outputs, name=outputs[0], **attributes))
        return outputs[0]

    def conv(self, source: str, weights: Array, output: str, bias: Array | None = None, stride: int = 1) -> str:
        """A convolution that keeps the size but for its stride."""
        side = weights.shape[-1]
        pads = [side // 2] * 4 if side % 2 else [0] * 4
        inputs: list[str | Array] = [source, weights.astype(np.float32)]
        if bias is not None:
            inputs.append(bias.astype(np.float32))
        return self.add("Conv", inputs, output, kernel_shape=[side] * 2, pads=pads, strides=[stride] * 2)

    def model(
        self, inputs: Mapping[str, Sequence[int]], outputs: Sequence[str], integers: Sequence[str] = ()
    ) -> onnx.ModelProto:
        """All inputs are float32, all outputs too but for `integers`."""
        graph = helper.make_graph(
            self.nodes,
            "net",
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape)) for name, shape in inputs.items()],
            [
                helper.make_tensor_value_info(name, TensorProto.INT64 if name in integers else TensorProto.FLOAT, None)
                for name in outputs
            ],
            [numpy_helper.from_array(values, name) for name, values in self.constants.items()],
        )
        made: onnx.ModelProto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
        return onnx.shape_inference.infer_shapes(made)


def weights(random: np.random.Generator, *shape: int, scale: float = 1.0) -> Array:
    """Normally distributed float32, of the scale that keeps the size of what goes through."""
    fan = int(np.prod(shape[1:])) if len(shape) > 1 else 1
    drawn: Array = (random.standard_normal(shape) * scale / np.sqrt(fan)).astype(np.float32)
    return drawn


def photo(random: np.random.Generator, size: int, channels: int = 3, low: float = 20.0, high: float = 235.0) -> Array:
    """1 x channels x size x size, within 0..255: soft patches of random colors, with a little texture."""
    coarse = random.uniform(low, high, (channels, size // 8, size // 8))
    soft = np.stack([_grown(one, size) for one in coarse])
    texture = random.normal(0, 3, (1, size, size))
    picture: Array = np.clip(soft + texture, 0, 255).astype(np.float32)[None]
    return picture


def _grown(coarse: Array, size: int) -> Array:
    """Linear interpolation of a square map to another size."""
    at = np.linspace(0, len(coarse) - 1, size)
    rows = np.stack([np.interp(at, np.arange(len(coarse)), column) for column in coarse.T], axis=1)
    return np.stack([np.interp(at, np.arange(coarse.shape[1]), row) for row in rows])


def drawn(model: onnx.ModelProto, draw: Any, cases: int, seed: int) -> Net:
    """The net with inputs that `draw` makes of a random generator: a dictionary by input name."""
    made = [draw(np.random.default_rng((seed, number))) for number in range(cases + CALIBRATION)]
    return Net(model, made[:cases], made[cases:])


def _archive(path: Path, members: Sequence[bytes]) -> None:
    with tarfile.open(path, "w") as archive:
        for index, data in enumerate(members):
            member = tarfile.TarInfo(f"{index:03}.bin")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
