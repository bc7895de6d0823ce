"""What can be known of a model without a board, and how a joint's outputs are to be read."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from axpair_proto.description import ModelDescription, TensorDescription
from axpair_proto.filekinds import FileKind, is_packed, kind_of
from axpair_proto.joint import EMULATED_TOOLS, PART_KINDS, SLIM_MEMBERS, JointTensor, Toolchain, read_joint
from axpair_proto.names import alike_words
from axpair_proto.onnx_file import OnnxFile, OnnxTensor, read_onnx

from axpair_host.errors import UsageError
from axpair_host.files import NO_MODEL, where_it_belongs
from axpair_host.simulators import simulator_for

_AXES = {"NHWC": "nhwc", "NCHW": "nchw"}
_REAL_ONLY = (
    "layout, Q and whatever is shown as unknown aren't in the file, or not where anybody has found it; run_joint on "
    "the board prints them"
)


@dataclass(frozen=True)
class ModelInfo:
    """What a joint's own files say, and its whole description where a simulator at hand knows it."""

    joint: Path
    simulator: str
    """Who described it; "" when only the files are known."""
    toolchain: Toolchain
    parts: tuple[tuple[str, str], ...]
    """Name and kind ("NEU", "AXE", else "type N") of each part, in the order of execution."""
    inputs: tuple[JointTensor, ...]
    outputs: tuple[JointTensor, ...]
    description: ModelDescription | None

    @property
    def input_names(self) -> tuple[str, ...]:
        """In the order in which a runtime lists them."""
        return tuple(one.name for one in self.inputs)

    @property
    def output_names(self) -> tuple[str, ...]:
        """In the order in which a runtime lists them."""
        return tuple(one.name for one in self.outputs)

    def document(self) -> dict[str, Any]:
        """As --json prints it. What isn't known is null, and `unknown` says why."""
        described = self.description
        return {
            "schema_version": 1,
            "joint": str(self.joint),
            "simulator": self.simulator or None,
            "release": self.toolchain.release or None,
            "commit": self.toolchain.commit or None,
            "parts": [{"name": name, "kind": kind} for name, kind in self.parts],
            "tools_version": described.tools_version if described else str(self.toolchain) or None,
            "vnpu_mode": described.vnpu_mode if described else None,
            "max_batch": described.max_batch if described else None,
            "dynamic_batch": described.dynamic_batch if described else None,
            "inputs": [_tensor(one) for one in described.inputs] if described else list(map(_known, self.inputs)),
            "outputs": [{**_tensor(one), "reading": reading(one)} for one in described.outputs]
            if described
            else list(map(_known, self.outputs)),
            "shared_names": _shared(self.input_names, self.output_names),
            "unknown": None if described else _REAL_ONLY,
        }

    def lines(self) -> list[str]:
        """The same for people."""
        shared = _shared(self.input_names, self.output_names)
        return [*(self._lines_of_files() if self.description is None else self._described(self.description)), *shared]

    def _described(self, description: ModelDescription) -> list[str]:
        lines = [f"{self.joint}: built by {description.tools_version or 'unknown tools'}, for {self.simulator}"]
        if description.max_batch > 1:
            most = "up to " if description.dynamic_batch else ""
            lines.append(f"takes {most}{description.max_batch} items at once, along the first axis")
        for index, one in enumerate(description.inputs):
            lines.append(f"input  {index}  {_summary(one)}")
        for index, one in enumerate(description.outputs):
            lines += [f"output {index}  {_summary(one)}", f"          {reading(one)}"]
        return lines

    def _lines_of_files(self) -> list[str]:
        release, commit = self.toolchain.release or "unknown", self.toolchain.commit or "unknown"
        by = "the emulated" if release.startswith(EMULATED_TOOLS) else "the real"
        lines = [f"{self.joint}: built by {by} toolchain, release {release}, commit {commit}"]
        lines += [f"part   {index}  {name}  {kind}" for index, (name, kind) in enumerate(self.parts)]
        for side, tensors in (("input", self.inputs), ("output", self.outputs)):
            lines += [f"{side:<6} {index}  {_known_line(one)}" for index, one in enumerate(tensors)]
        return [*lines, _REAL_ONLY]


@dataclass(frozen=True)
class OnnxInfo:
    """What an ONNX file, or an .axmodel, says of itself."""

    path: Path
    kind: FileKind
    file: OnnxFile

    def document(self) -> dict[str, Any]:
        """As --json prints it. What isn't known is null, and `unknown` says why."""
        facts = self.file.axmodel
        document: dict[str, Any] = {
            "schema_version": 1,
            "model": str(self.path),
            "kind": self.kind.name.lower(),
            "producer": self.file.producer or None,
            "ir_version": self.file.ir_version,
            "opset": self.file.opset or None,
            "operators": list(self.file.operators),
            "inputs": list(map(_of_onnx, self.file.inputs)),
            "outputs": list(map(_of_onnx, self.file.outputs)),
            "shared_names": self._shared(),
            "unknown": self._unknown(),
        }
        if facts is not None:
            document |= {
                "release": facts.version or None,
                "commit": facts.commit or None,
                "target": facts.target or None,
                "npu_mode": facts.npu_mode or None,
                "static_batch_sizes": list(facts.static_batch_sizes),
                "max_dynamic_batch": facts.max_dynamic_batch,
                "compiled_batches": list(facts.neu_batches),
            }
        return document

    def lines(self) -> list[str]:
        """The same for people."""
        facts = self.file.axmodel
        if facts is None:
            head = [f"{self.path}: {self.kind.value}, by {self.file.producer or 'an unknown producer'}"]
            count = len(self.file.operators)
            head.append(f"opset {self.file.opset or 'unknown'}, {count} kind{'' if count == 1 else 's'} of operators")
        else:
            version, commit = facts.version or "unknown", facts.commit or "unknown"
            head = [f"{self.path}: {self.kind.value}, release {version}, commit {commit}"]
            head.append(f"target {facts.target or 'unknown'}, NPU mode {facts.npu_mode or 'unknown'}")
            batches = ", ".join(map(str, facts.neu_batches)) or "unknown"
            most = f", up to {facts.max_dynamic_batch} at run time" if facts.max_dynamic_batch else ""
            head.append(f"compiled for batches of {batches}{most}")
        for side, tensors in (("input", self.file.inputs), ("output", self.file.outputs)):
            head += [f"{side:<6} {index}  {_onnx_line(one)}" for index, one in enumerate(tensors)]
        return [*head, *self._shared(), *filter(None, [self._unknown()])]

    def _shared(self) -> list[str]:
        return _shared(*([one.name for one in side] for side in (self.file.inputs, self.file.outputs)))

    def _unknown(self) -> str | None:
        facts = self.file.axmodel
        if facts is None:
            return None
        lacking = (
            "scales, zero points, mean and std aren't in an axmodel; quant/quant_axmodel.json of its build has them"
        )
        if facts.has_extra_data:
            return lacking
        why = (
            "its extra data can't be read: the file is damaged"
            if facts.extra_data_is_damaged
            else "no extra data in it (pulsar2 1.1 wrote none)"
        )
        return f"{why}: colors, layouts, target and mode are unknown; {lacking}"


def model_info(path: Path) -> ModelInfo | OnnxInfo:
    """Read a joint, an .axmodel or an ONNX model. Raises ContractError or UsageError when it is none of them."""
    kind = kind_of(path)
    if kind in (FileKind.AXMODEL, FileKind.ONNX, FileKind.QUANTIZED_ONNX):
        return OnnxInfo(path, kind, read_onnx(path))
    if kind in (FileKind.JOINT, FileKind.LAVA_JOINT) or (kind is not FileKind.PACKED and is_packed(path)):
        return joint_info(path)
    if kind is FileKind.DAMAGED_AXMODEL:
        raise UsageError(f"{path}: is {kind.value}", next_step=where_it_belongs(path, kind))
    if kind in (FileKind.HTML, FileKind.JSON, FileKind.TEXT):
        raise UsageError(f"{path}: is {kind.value}, and no model", next_step=where_it_belongs(path, kind) or NO_MODEL)
    raise UsageError(
        f"{path}: is {kind.value}, and neither a joint nor an ONNX model nor an .axmodel, or it is cut off",
        next_step=where_it_belongs(path, kind) or "copy the file again",
    )


def joint_info(joint: Path) -> ModelInfo:
    """Read a joint. Raises ContractError when it is none."""
    archive = read_joint(joint, wanted=SLIM_MEMBERS)
    parts = tuple((part.name, PART_KINDS.get(part.type, f"type {part.type}")) for part in archive.topology.parts)
    inputs, outputs = archive.inputs(), archive.outputs()
    try:
        simulator = simulator_for(joint)
    except UsageError:
        return ModelInfo(joint, "", archive.toolchain, parts, inputs, outputs, None)
    description = simulator.describe(joint)
    return ModelInfo(joint, simulator.name, archive.toolchain, parts, inputs, outputs, description)


def _shared(inputs: Iterable[str], outputs: Iterable[str]) -> list[str]:
    """Sentences on names that are one in a joint."""
    return [*alike_words("input", inputs), *alike_words("output", outputs)]


def _of_onnx(one: OnnxTensor) -> dict[str, Any]:
    return {
        "name": one.name,
        "dtype": one.dtype or None,
        "shape": list(one.shape) if one.shape is not None else None,
        "layout": one.layout or None,
        "color_space": one.color_space or None,
    }


def _onnx_line(one: OnnxTensor) -> str:
    words = [one.name, one.dtype or "dtype unknown", _shape_words(one.shape), one.layout, one.color_space]
    return "  ".join(filter(None, words))


def _shape_words(shape: Iterable[int | str] | None) -> str:
    return "shape unknown" if shape is None else "x".join(str(length) or "?" for length in shape) or "scalar"


def _known(one: JointTensor) -> dict[str, Any]:
    return {
        "name": one.name,
        "dtype": one.dtype or None,
        "shape": list(one.shape) if one.shape is not None else None,
        "layout": None,
        "color_space": one.color_space or None,
        "part": PART_KINDS.get(one.part_type) or (f"type {one.part_type}" if one.part_type else None),
        "cpu_part": one.cpu_part,
    }


def _known_line(one: JointTensor) -> str:
    words = [one.name, one.dtype or "dtype unknown", _shape_words(one.shape), one.color_space]
    return "  ".join(word for word in [*words, "after a CPU part (AXE)" if one.cpu_part else ""] if word)


def reading(tensor: TensorDescription) -> str:
    """How to index an output's flat buffer in C, and what to divide it by."""
    axes = _AXES.get(tensor.layout) if len(tensor.shape) == 4 else None
    letters = list(axes) if axes else [f"i{axis}" for axis in range(len(tensor.shape))]
    index = letters[0] if letters else "0"
    for letter, length in zip(letters[1:], tensor.shape[1:], strict=True):
        inner = f"({index})" if "+" in index else index
        index = f"{inner}*{length}+{letter}"
    quotient = f" / {tensor.q}" if tensor.q else ""
    return f"value({','.join(letters)}) = (({_C_TYPES.get(tensor.dtype, tensor.dtype)} *)out)[{index}]{quotient}"


_C_TYPES = {
    "uint8": "uint8_t",
    "int8": "int8_t",
    "uint16": "uint16_t",
    "int16": "int16_t",
    "uint32": "uint32_t",
    "int32": "int32_t",
    "int64": "int64_t",
    "float32": "float",
    "float64": "double",
}


def _tensor(one: TensorDescription) -> dict[str, Any]:
    return {
        "name": one.name,
        "dtype": one.dtype,
        "shape": list(one.shape),
        "layout": one.layout or None,
        "color_space": one.color_space or None,
        "q": one.q or None,
        "step": one.step or None,
        "cpu_part": one.cpu_part,
        "size_bytes": one.size_bytes,
    }


def _summary(one: TensorDescription) -> str:
    parts = [one.name, one.dtype, "x".join(map(str, one.shape)), one.layout, one.color_space]
    if one.q:
        parts.append(f"Q={one.q}")
    if one.step:
        parts.append(f"step={one.step:.6g}")
    if one.cpu_part:
        parts.append("after a CPU part")
    return "  ".join(part for part in [*parts, f"{one.size_bytes} bytes"] if part)
