"""Cases in the form of the real toolchain's: a joint with its topology, a gt folder, a finished run and its log.

Nothing in them is the vendor's: what a board would give is made up, so that it is known what must be said.
"""

import io
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from axpair_proto.gt.tensors import tensor_files
from axpair_proto.joint import JointArchive
from axpair_proto.names import joint_name, run_joint_file_stem
from axpair_proto.topology import topology_pb2

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Finished:
    """What lies there after simulation and run: everything that `axpair pair` needs."""

    folder: Path
    inputs: Mapping[str, Array]
    outputs: Mapping[str, Array]
    """What the simulator gave, by the ONNX model's names."""
    toolchain: str
    """Field 8 of topo.bin."""
    flags: tuple[str, ...] = field(default=())
    colors: Mapping[str, str] = field(default_factory=dict)
    """Of each input, as topo.bin has it."""

    def log(self, toolchain: str, *, not_fed: bool = False) -> Path:
        """Write run_joint's log of this case, of a joint that this toolchain built."""
        path = self.folder / "run.log"
        path.write_text("\n".join(self._log_lines(toolchain, not_fed)) + "\n")
        return path

    def _log_lines(self, toolchain: str, not_fed: bool) -> list[str]:
        lines = ["run joint version: 0.5.13", "", "virtual npu mode is 1_1", "", f"tools version: {toolchain}"]
        lines += ["Using wbt 0", "Max Batch Size 1", "Support Dynamic Batch? No", "Is FilterMode? No", ""]
        lines += ["Quantization Type is 8 bit", ""]
        for side, tensors in (("Input", self.inputs), ("Output", self.outputs)):
            for index, (name, array) in enumerate(tensors.items()):
                color = f" {self.colors.get(name) or 'RGB'} " if side == "Input" else " "
                lines += [f"{side}[{index}]: {joint_name(name)}"]
                lines += [f"    Shape {list(array.shape)} NHWC {array.dtype.name}{color}", "    Memory Physical"]
                lines += [f"    Size {array.nbytes}"]
        lines += ["", "Using batch size 1"]
        if not_fed:
            lines.append(f"input[0] {next(iter(self.inputs))} data not provided, using random data")
        for index, name in enumerate(self.outputs):
            stem = run_joint_file_stem(joint_name(name))
            lines.append(f"dump output[{index}] {joint_name(name)} as out/{stem}.bin success")
        return lines

    def dump(self, outputs: Mapping[str, Array]) -> Path:
        """Write what the board gave as run_joint does."""
        out = self.folder / "out"
        out.mkdir(exist_ok=True)
        for name, array in outputs.items():
            (out / f"{run_joint_file_stem(joint_name(name))}.bin").write_bytes(array.tobytes())
        return out


def finished_run(
    folder: Path,
    topology: topology_pb2.Topology,
    random: np.random.Generator,
    shapes: Sequence[tuple[int, ...]] = (),
    names: Sequence[str] = (),
) -> Finished:
    """A case of a joint with this topology: input bytes and outputs are drawn, the board's are the simulator's.

    `names` are the ONNX model's own of the outputs, `shapes` theirs; without, those of the topology.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_joint(folder / "m.joint", topology)
    known = JointArchive(topology, {}, {})
    inputs: dict[str, Array] = {
        one.name: random.integers(0, 256, one.shape or (1, 8, 8, 3), dtype=np.uint8) for one in known.inputs()
    }
    outputs: dict[str, Array] = {}
    for index, one in enumerate(known.outputs()):
        shape = shapes[index] if shapes else one.shape or (1, 4, 4, 6)
        name = names[index] if names else one.name
        outputs[name] = (random.integers(-128, 128, shape) / 16).astype(np.float32)
    for leg, tensors in (("input", inputs), ("onnx", outputs), ("joint", outputs)):
        place = folder / "gt" / leg
        place.mkdir(parents=True, exist_ok=True)
        # As pulsar run may write them: the ONNX model's own spelling, separators replaced.
        for name, data in tensor_files(tensors, {name: name.replace("/", "_") for name in tensors}):
            (place / name).write_bytes(data)
    colors = {one.name: one.color_space for one in known.inputs()}
    done = Finished(folder, inputs, outputs, topology.tool_commit, colors=colors)
    done.dump(outputs)
    return done


def write_joint(path: Path, topology: topology_pb2.Topology) -> None:
    """A joint that holds this topology and parts of zeros."""
    with tarfile.open(path, "w:gz") as archive:
        members = {"topo.bin": topology.SerializeToString(), "part_0.neu": bytes(64), "performance.json": b"{}"}
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


def made_up_topology(random: np.random.Generator) -> tuple[topology_pb2.Topology, list[str], list[tuple[int, ...]]]:
    """A topology in the real ones' form, with the ONNX model's names of its outputs and their shapes."""
    count = int(random.integers(1, 6))
    names: list[str] = []
    while len(names) < count:
        name = made_up_name(random)
        if _stem(name) not in {_stem(one) for one in names}:
            names.append(name)
    shapes = [tuple(int(one) for one in random.integers(1, 9, int(random.integers(1, 5)))) for _ in names]
    release = ("0.6.1.4\n59588c54", "0.6.1.14\n4111370", "59588c54", "Unknown", "0.6.0.34\n9c2b134d")[
        int(random.integers(5))
    ]
    topology = topology_pb2.Topology(input_names=["images"], tool_commit=release)
    topology.parts.add(type=1, name="part_0", inputs=["images"], outputs=[f"op_{index}" for index in range(count)])
    topology.model_inputs.add(part="part_0", name="images", color_space=int(random.choice([1, 2, 4])), data_type=2)
    for index, (name, shape) in enumerate(zip(names, shapes, strict=True)):
        topology.output_names.append(joint_name(name))
        topology.model_outputs.add(part="part_0", name=f"op_{index}", shape=shape if len(shape) < 4 else ())
    return topology, names, shapes


def made_up_name(random: np.random.Generator) -> str:
    """Of the kinds that PyTorch, Paddle and TensorFlow give: with '.', ':', '/' and '::' in them."""
    number = int(random.integers(1000))
    forms = (
        "{}",
        "conv2d_{}.tmp_0",
        "/model.24/m.0/Conv_{}",
        "onnx::Reshape_{}",
        "head/{}:0",
        "a.b.c_{}",
        "x:{}",
        "/o.{}",
    )
    return str(random.choice(forms)).format(number)


def _stem(name: str) -> str:
    return run_joint_file_stem(joint_name(name)).casefold()
