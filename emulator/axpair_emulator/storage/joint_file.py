"""Reads and writes our .joint and .lava_joint files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

import msgspec
import onnx
from axpair_proto.advice import UNKNOWN, Next, calling
from axpair_proto.errors import ContractError
from axpair_proto.joint import (
    AXE,
    NEU,
    PERFORMANCE_MEMBER,
    UINT8,
    JointArchive,
    color_space_number,
    pack_joint,
    read_joint,
)
from axpair_proto.topology import topology_pb2
from google.protobuf.message import DecodeError

from axpair_emulator.config.build_config import BuildConfig
from axpair_emulator.errors import JointError
from axpair_emulator.program import CpuPart, Origin, Port, Program, Tensor
from axpair_emulator.storage.arrays import pack_arrays, unpack_arrays
from axpair_emulator.storage.consistency import check_edges, check_program
from axpair_emulator.storage.document import (
    ARRAYS_MEMBER,
    CPU_MEMBER,
    FORMAT,
    MARKER_MEMBER,
    ORIGIN_MEMBER,
    PROGRAM_MEMBER,
    REFERENCE_MEMBER,
    ArrayIndex,
    CpuDocument,
    Marker,
    OriginDocument,
    ProgramDocument,
    encode,
)

Decoded = TypeVar("Decoded")


@dataclass(frozen=True)
class Edges:
    """Where a model of one build meets the world, whatever form it is in."""

    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    config: BuildConfig


@dataclass(frozen=True)
class StoredReference:
    """What a .lava_joint holds: the quantised float model, its edges and its tensors."""

    model: onnx.ModelProto
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    tensors: dict[str, Tensor]
    config: BuildConfig


def pack_program(program: Program, config: BuildConfig) -> bytes:
    """The bytes of a .joint; the same program gives the same bytes."""
    whole = program.origin.program if program.origin else program
    index, block = pack_arrays(whole.arrays)
    cpu = whole.cpu
    members = {
        PERFORMANCE_MEMBER: _performance(program),
        MARKER_MEMBER: encode(Marker(FORMAT, "joint", program.tools_version)),
        PROGRAM_MEMBER: encode(_program_document(program, config, index)),
        ARRAYS_MEMBER: block,
        **({CPU_MEMBER: cpu.model} if cpu else {}),
    }
    if program.origin:
        document = _program_document(whole, config, index)
        members[ORIGIN_MEMBER] = encode(OriginDocument(document, program.origin.inputs, program.origin.outputs))
    return pack_joint(_topology(program, PROGRAM_MEMBER, members), members)


def _program_document(program: Program, config: BuildConfig, index: Mapping[str, ArrayIndex]) -> ProgramDocument:
    document = _outline(program, config)
    document.ops, document.arrays = program.ops, {name: index[name] for name in program.arrays}
    cpu = program.cpu
    if cpu:
        document.cpu = CpuDocument(dict(cpu.inputs), cpu.outputs, cpu.operators)
    return document


def pack_reference(model: onnx.ModelProto, program: Program, config: BuildConfig) -> bytes:
    """The bytes of a .lava_joint."""
    members = {
        PERFORMANCE_MEMBER: _performance(program),
        MARKER_MEMBER: encode(Marker(FORMAT, "lava_joint", program.tools_version)),
        PROGRAM_MEMBER: encode(_outline(program, config)),
        REFERENCE_MEMBER: model.SerializeToString(deterministic=True),
    }
    return pack_joint(_topology(program, REFERENCE_MEMBER, members), members)


def refuse_other_joint(path: Path) -> None:
    """Raise JointError where a file is there that isn't the emulator's own: a real toolchain's takes hours to build."""
    if not path.exists() or not path.stat().st_size:
        return
    try:
        is_own = MARKER_MEMBER in read_joint(path, wanted=[MARKER_MEMBER]).members
    except ContractError:
        is_own = False
    if not is_own:
        raise JointError(
            f"{path}: axpair didn't build that, and it won't be replaced",
            next_step="move it away, or give another name with --output",
        )


def load_program(path: Path) -> Program:
    """The program of a .joint. Raises JointError for a foreign, damaged or real one."""
    archive = _open(path, "joint", PROGRAM_MEMBER, ARRAYS_MEMBER, CPU_MEMBER, ORIGIN_MEMBER)
    program = _program(_document(archive, path), archive)
    check_program(program)
    if ORIGIN_MEMBER in archive.members:
        stored = _decode(archive.members[ORIGIN_MEMBER], OriginDocument, path)
        whole = _program(stored.program, archive)
        check_program(whole)
        program = replace(program, origin=Origin(whole, stored.inputs, stored.outputs))
    return program


def _program(document: ProgramDocument, archive: JointArchive) -> Program:
    return Program(
        inputs=document.inputs,
        outputs=document.outputs,
        tensors=document.tensors,
        ops=document.ops,
        arrays=unpack_arrays(document.arrays, archive.members.get(ARRAYS_MEMBER, b"")),
        tools_version=document.tools_version,
        vnpu_mode=document.vnpu_mode,
        max_batch=document.max_batch,
        dynamic_batch=document.dynamic_batch,
        cpu=_cpu_part(document.cpu, archive.members.get(CPU_MEMBER, b"")),
    )


def _cpu_part(document: CpuDocument | None, model: bytes) -> CpuPart | None:
    return CpuPart(model, document.inputs, document.outputs, document.operators) if document else None


def load_edges(path: Path) -> Edges:
    """Inputs, outputs and configuration of a .joint or .lava_joint. Raises JointError as `load_program` does."""
    document = _document(_open(path, "", PROGRAM_MEMBER), path)
    return Edges(document.inputs, document.outputs, document.config)


def load_reference(path: Path) -> StoredReference:
    """The quantised float model of a .lava_joint. Raises JointError for a foreign, damaged or real one."""
    archive = _open(path, "lava_joint", PROGRAM_MEMBER, REFERENCE_MEMBER)
    document = _document(archive, path)
    model = onnx.ModelProto()
    try:
        model.ParseFromString(archive.members[REFERENCE_MEMBER])
    except (KeyError, DecodeError) as error:
        raise _damaged(path, error) from error
    return StoredReference(model, document.inputs, document.outputs, document.tensors, document.config)


def is_ours(path: Path) -> bool:
    """Whether the file is a .joint that `axpair emulator build` wrote; False for anything else."""
    try:
        _open(path, "joint")
    except JointError:
        return False
    return True


def _outline(program: Program, config: BuildConfig) -> ProgramDocument:
    """The document of a program without operators and arrays."""
    return ProgramDocument(
        inputs=program.inputs,
        outputs=program.outputs,
        tensors=dict(program.tensors),
        tools_version=program.tools_version,
        vnpu_mode=program.vnpu_mode,
        max_batch=program.max_batch,
        dynamic_batch=program.dynamic_batch,
        config=_portable(config),
    )


def _portable(config: BuildConfig) -> BuildConfig:
    """Without folders: the same build gives the same bytes wherever it is done."""
    calibration, measurement = (
        msgspec.structs.replace(data, paths={name: Path(path).name for name, path in data.paths.items()})
        for data in (config.calibration, config.measurement)
    )
    return msgspec.structs.replace(config, calibration=calibration, measurement=measurement)


def _open(path: Path, kind: str, *wanted: str) -> JointArchive:
    """The members wanted of an archive of ours; what else there is in it takes no memory."""
    try:
        archive = read_joint(path, wanted=(MARKER_MEMBER, *wanted))
    except ContractError as error:
        raise JointError(error.message, next_step=error.next_step) from error
    if MARKER_MEMBER not in archive.members:
        raise JointError(
            f"{path} is a joint of the real toolchain; the emulator only runs those from `axpair emulator build`",
            next_step=_built(UNKNOWN["joint"], "use a real board, and --gt with results of pulsar run; or build one:"),
        )
    marker = _decode(archive.members[MARKER_MEMBER], Marker, path)
    if marker.format != FORMAT:
        raise JointError(
            f"{path} is of format {marker.format} ({marker.tools_version}); this emulator reads format {FORMAT}",
            next_step=_built(path),
        )
    if kind and marker.kind != kind:
        raise JointError(f"{path} is a .{marker.kind}, not a .{kind}", next_step=f"give the .{kind} file")
    return archive


def _document(archive: JointArchive, path: Path) -> ProgramDocument:
    document = _decode(archive.members.get(PROGRAM_MEMBER, b""), ProgramDocument, path)
    check_edges(document.inputs, document.outputs, document.config)
    return document


def _decode(data: bytes, kind: type[Decoded], path: Path) -> Decoded:
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise _damaged(path, error) from error


def _built(joint: Path | str, text: str = "build it again:") -> Next:
    if Path(joint).suffix == ".lava_joint":
        joint = Path(joint).with_suffix(".joint")
    return calling(
        *("axpair", "emulator", "build", "--input", UNKNOWN["onnx"], "--config", UNKNOWN["config"], "--output", joint),
        text=text,
    )


def _damaged(path: Path, reason: object) -> JointError:
    return JointError(f"{path} is damaged: {reason}", next_step=_built(path))


def _topology(program: Program, part: str, members: Mapping[str, bytes]) -> topology_pb2.Topology:
    """As real joints have it: names in the joint's spelling, colors in the configuration's numbering, shapes of up to
    three axes, release and commit on two lines. A part's own names of tensors are the program's."""
    inputs, outputs = [port.name for port in program.inputs], [port.name for port in program.outputs]
    types = {port.name: _data_type(port) for port in program.inputs}
    sizes = topology_pb2.MemberSizes(
        code_bytes=len(members[part]), parameter_bytes=len(members.get(ARRAYS_MEMBER, b""))
    )
    member = topology_pb2.Member(name=part, sizes=sizes)
    parts = [_part(NEU, member, inputs, outputs, types)]
    behind: list[str] = []
    if program.cpu and part == PROGRAM_MEMBER:
        on_npu = [name for name in inputs if f"{name}@joint" not in program.cpu.inputs.values()]
        made = [port.name for port in program.outputs if not port.cpu_part]
        handed = [name for name in program.cpu.inputs if name not in inputs]
        behind = [port.name for port in program.outputs if port.cpu_part]
        parts = [
            _part(NEU, member, on_npu, [*made, *(name for name in handed if name not in made)], types),
            _part(AXE, topology_pb2.Member(name=CPU_MEMBER), list(program.cpu.inputs), behind, types),
        ]
    return topology_pb2.Topology(
        parts=parts,
        model_inputs=[_endpoint(part, port) for port in program.inputs],
        model_outputs=[_endpoint(CPU_MEMBER if port.name in behind else part, port) for port in program.outputs],
        output_names=[port.joint_name for port in program.outputs],
        input_names=[port.joint_name for port in program.inputs],
        tool_commit=f"{program.tools_version}\n{sha256(program.tools_version.encode()).hexdigest()[:8]}",
    )


def _part(
    kind: int, member: topology_pb2.Member, inputs: list[str], outputs: list[str], types: Mapping[str, int]
) -> topology_pb2.Part:
    """One part, named as the member that holds it; `types` are those of the model's inputs."""
    endpoint, name = topology_pb2.Endpoint, member.name
    return topology_pb2.Part(
        type=kind,
        name=name,
        inputs=inputs,
        outputs=outputs,
        input_endpoints=[endpoint(part=name, name=tensor, data_type=types.get(tensor, 0)) for tensor in inputs],
        output_endpoints=[endpoint(part=name, name=tensor) for tensor in outputs],
        members=[member],
    )


def _endpoint(part: str, port: Port) -> topology_pb2.Endpoint:
    """Of an input or output of the whole model."""
    return topology_pb2.Endpoint(
        part=part,
        name=port.name,
        color_space=color_space_number(port.color_space),
        data_type=_data_type(port),
        shape=port.shape if len(port.shape) < 4 else (),
    )


def _data_type(port: Port) -> int:
    return UINT8 if port.dtype == "uint8" else 0


def _performance(program: Program) -> bytes:
    mapping = [[", ".join(op.sources) or op.name, op.name] for op in program.ops]
    document = {"table_mapping": [mapping, ["Origin Layers", "Lava Layers"]], "table_performance": []}
    return json.dumps(document).encode()
