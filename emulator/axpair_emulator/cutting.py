"""Makes a part of a compiled model into a model of its own: the same operators and arrays, hence the same bits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
import onnx
from axpair_proto.capabilities import Node
from axpair_proto.simulator import Models
from onnx import helper

from axpair_emulator.config.build_config import Affine, BuildConfig, InputConf, Layout, OutputConf
from axpair_emulator.errors import EmulatorError, ModelError
from axpair_emulator.faults.known import suggestion
from axpair_emulator.graph.pieces import Pieces
from axpair_emulator.program import Origin, Port, Program, Tensor
from axpair_emulator.reference.graph_parts import values_name
from axpair_emulator.storage.files import write_whole
from axpair_emulator.storage.joint_file import load_edges, load_program, load_reference, pack_program, pack_reference


def nodes_of(program: Program) -> list[Node]:
    """The NPU's operators in the order of execution; a CPU part isn't among them."""
    return [
        Node(op.name, op.kind, tuple(name for name in op.inputs if name not in program.arrays), op.output)
        for op in program.ops
    ]


def cut_program(program: Program, inputs: Sequence[str], outputs: Sequence[str]) -> Program:
    """The part between tensors, which are named as `axpair_proto.capabilities.CutsModels.cut` says.

    Raises EmulatorError for a name that isn't there, and where `outputs` need more than `inputs`.
    """
    items = max((port.items for port in program.inputs), default=1)
    given = [_input(program, name, items) for name in inputs] if inputs else list(program.inputs)
    made = [_output(program, name, items) for name in outputs]
    cpu = program.cpu if any(port.cpu_part for port in made) else None
    needed = {port.tensor for port in made if not port.cpu_part} | set(cpu.inputs.values() if cpu else ())
    there = {port.tensor for port in given} | program.arrays.keys()
    ops = []
    for op in reversed(program.ops):
        if op.output in needed - there:
            ops.append(op)
            needed.update(op.inputs)
    ops.reverse()
    missing = sorted(needed - there - {op.output for op in ops})
    if missing or not outputs:
        raise EmulatorError(
            f"the outputs {', '.join(outputs) or '(none)'} also need the tensor {(missing or ['?'])[0]!r}",
            next_step="name it among the inputs of the part, or leave the inputs out",
        )
    if not ops and cpu is None:
        raise EmulatorError("there is no operator between these inputs and outputs", next_step="choose other tensors")
    keys = {key for op in ops for key in op.arrays.values()} | (needed & program.arrays.keys())
    origin = program.origin or Origin(program, (), ())
    whole_inputs = tuple(inputs) or origin.inputs
    return replace(
        program,
        inputs=tuple(port for port in given if port.tensor in needed),
        outputs=tuple(made),
        tensors={name: tensor for name, tensor in program.tensors.items() if name in needed},
        ops=tuple(ops),
        arrays={key: array for key, array in program.arrays.items() if key in keys},
        cpu=cpu,
        origin=Origin(origin.program, whole_inputs, tuple(outputs)),
    )


def cut_models(
    models: Models, simplified: onnx.ModelProto | None, inputs: Sequence[str], outputs: Sequence[str], folder: Path
) -> Models:
    """The files of a part in `folder`, which is made: model.joint, and what else there is of the whole.

    `simplified` is the float model as the build simplified it; the part's float model is left out where that lacks
    one of the tensors. Raises as `cut_program` does.
    """
    program = load_program(models.joint)
    part = cut_program(program, inputs, outputs)
    config = _config(part, load_edges(models.joint).config)
    files = {"model.joint": pack_program(part, config)}
    if models.lava_joint is not None:
        reference = _cut_reference(load_reference(models.lava_joint).model, part)
        files["model.lava_joint"] = pack_reference(reference, part, config)
    if simplified is not None and (float_part := _cut_float(simplified, part)) is not None:
        files["model.onnx"] = float_part.SerializeToString(deterministic=True)
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        write_whole(folder / name, data)
    written = {name: folder / name for name in files}
    return Models(written["model.joint"], written.get("model.onnx"), written.get("model.lava_joint"))


def _input(program: Program, name: str, items: int) -> Port:
    own = next((port for port in program.inputs if port.name == name), None)
    return own or _bared(program, name, items)


def _output(program: Program, name: str, items: int) -> Port:
    own = next((port for port in program.outputs if port.name == name), None)
    return own or _bared(program, name, items)


def _bared(program: Program, name: str, items: int) -> Port:
    """A port of an inner tensor's codes."""
    tensor = program.tensors.get(name)
    if tensor is None or name in program.arrays or not tensor.shape:
        known = [op.output for op in program.ops]
        raise EmulatorError(f"the joint has no tensor {name!r}", next_step=suggestion(name, known))
    shape = (tensor.shape[0] * items, *tensor.shape[1:])
    return Port(
        name,
        name,
        str(tensor.dtype),
        shape,
        _layout(tensor),
        items=items,
        code_step=tensor.scale,
        code_zero=tensor.zero_point,
    )


def _layout(tensor: Tensor) -> Layout:
    return "NCHW" if len(tensor.shape) == 4 else ""


def _config(part: Program, config: BuildConfig) -> BuildConfig:
    """The configuration of the part: a bared input is codes that an affine step makes real values of."""
    inputs = {conf.name: conf for conf in config.inputs}
    outputs = {conf.name: conf for conf in config.outputs}
    return msgspec.structs.replace(
        config,
        inputs=tuple(_input_conf(part, port) if port.code_step else inputs[port.name] for port in part.inputs),
        outputs=tuple(_output_conf(part, port) if port.code_step else outputs[port.name] for port in part.outputs),
    )


def _input_conf(part: Program, port: Port) -> InputConf:
    tensor = part.tensors[port.tensor]
    layout = _layout(tensor)
    channels = tensor.shape[1] if layout else 1
    ones, step = (1.0,) * channels, (port.code_step,) * channels
    offset = (-port.code_zero * port.code_step,) * channels
    return InputConf(port.name, tensor.shape, layout, "", layout, "", port.dtype, (Affine(step, ones, offset, ones),))


def _output_conf(part: Program, port: Port) -> OutputConf:
    tensor = part.tensors[port.tensor]
    return OutputConf(port.name, tensor.shape, _layout(tensor), _layout(tensor), port.dtype)


def _cut_reference(model: onnx.ModelProto, part: Program) -> onnx.ModelProto:
    pieces = Pieces(model)
    bared = [port for port in part.inputs if port.code_step]
    raw = [port.tensor for port in part.inputs if not port.code_step]
    outputs = [values_name(port.tensor) for port in part.outputs]
    piece = pieces.piece(outputs, {*raw, *(values_name(port.tensor) for port in bared)})
    scales = [name for port in bared for name in (f"scale/{port.tensor}", f"zero/{port.tensor}")]
    piece = replace(piece, constants=tuple(dict.fromkeys((*piece.constants, *scales))))
    real = [
        helper.make_node(
            "DequantizeLinear",
            [port.tensor, f"scale/{port.tensor}", f"zero/{port.tensor}"],
            [values_name(port.tensor)],
        )
        for port in bared
    ]
    described = [value for value in model.graph.input if value.name in raw]
    for port in bared:
        tensor = part.tensors[port.tensor]
        code_type = helper.np_dtype_to_tensor_dtype(tensor.dtype)
        described.append(helper.make_tensor_value_info(port.tensor, code_type, tensor.shape))
    return pieces.model(piece, described, first=real)


def _cut_float(model: onnx.ModelProto, part: Program) -> onnx.ModelProto | None:
    pieces = Pieces(model)
    try:
        piece = pieces.piece([port.name for port in part.outputs], {port.name for port in part.inputs})
    except ModelError:
        return None
    if not piece.nodes or set(piece.inputs) != {port.name for port in part.inputs}:
        return None
    own = {value.name: value for value in model.graph.input}
    described = [
        own[port.name]
        if port.name in own
        else helper.make_tensor_value_info(port.name, onnx.TensorProto.FLOAT, part.tensors[port.tensor].shape)
        for port in part.inputs
    ]
    results = {value.name: value for value in model.graph.output}
    made = [
        results.get(port.name)
        or helper.make_tensor_value_info(port.name, onnx.TensorProto.FLOAT, part.tensors[port.tensor].shape)
        for port in part.outputs
    ]
    return pieces.model(piece, described, made)
