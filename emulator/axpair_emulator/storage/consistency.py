"""Checks that a stored program hangs together, so that a damaged or hostile one ends in a sentence."""

from __future__ import annotations

import math
from collections.abc import Sequence

from axpair_proto.dtypes import ITEM_BYTES

from axpair_emulator.batch import of_items
from axpair_emulator.config.build_config import BuildConfig
from axpair_emulator.config.input_checks import input_defect, output_defect
from axpair_emulator.errors import JointError, ModelError
from axpair_emulator.program import Port, Program
from axpair_emulator.storage.op_checks import op_defect, too_large

KINDS = frozenset(
    (
        *("channel_lut", "quantize", "conv", "conv_transpose", "gemm", "matmul", "lut", "add", "mul", "div"),
        *("mean", "max_pool", "average_pool", "softmax", "resize_nearest", "reshape", "transpose", "slice", "pad"),
        *("concat", "affine", "yuv_planes", "color_matrix"),
        *("concat", "gather", "lookup", "maximum", "minimum", "reduce_max", "reduce_min", "resize_linear"),
    )
)

DAMAGED = "the joint's program is damaged: "


def check_program(program: Program) -> None:
    """Raises JointError unless every name that an operator or port uses is defined, and before it is used."""
    known = {port.tensor for port in program.inputs}
    known.update(name for name in program.arrays if name in program.tensors)
    for name, tensor in program.tensors.items():
        if tensor.bits not in (8, 16) or not 0 < tensor.scale < math.inf or not 0 <= tensor.zero_point <= tensor.top:
            raise _broken(f"tensor {name!r} has {tensor.bits} bits, scale {tensor.scale}, zero {tensor.zero_point}")
        if too_large(tensor.shape):
            raise _broken(f"tensor {name!r} has the shape {tensor.shape}")
    for port in (*program.inputs, *program.outputs):
        if not 1 <= port.items <= program.max_batch or (port.items > 1 and port.shape[:1] != (port.items,)):
            raise _broken(f"port {port.name!r} has {port.items} items and the shape {port.shape}")
    for op in program.ops:
        if op.kind not in KINDS:
            raise _broken(f"operator {op.name!r} is of the unknown kind {op.kind!r}")
        missing = [name for name in op.inputs if name not in known]
        missing += [key for key in op.arrays.values() if key not in program.arrays]
        if missing or op.output not in program.tensors:
            raise _broken(f"operator {op.name!r} uses {(missing or [op.output])[0]!r}, which isn't there")
        defect = op_defect(op, program)
        if defect:
            raise _broken(f"operator {op.name!r} ({op.kind}): {defect}")
        known.add(op.output)
    cpu_outputs = program.cpu.outputs if program.cpu else ()
    if program.cpu and not known.issuperset(program.cpu.inputs.values()):
        raise _broken("its CPU part reads a tensor that is never computed")
    for port in program.outputs:
        if port.tensor not in (cpu_outputs if port.cpu_part else known):
            raise _broken(f"output {port.name!r} is never computed")
        shape = program.tensors[port.tensor].shape if port.tensor in program.tensors else None
        if shape and port.layout == "NHWC":
            shape = tuple(shape[axis] for axis in (0, 2, 3, 1)) if len(shape) == 4 else ()
        if shape is not None and not port.cpu_part and of_items(port, 1).shape != shape:
            raise _broken(f"output {port.name!r} has the shape {port.shape}, {port.tensor!r} {shape}")


def require_runnable(program: Program) -> None:
    """Raises ModelError where a program, just compiled, holds what `check_program` refuses: nothing would run it."""
    try:
        check_program(program)
    except JointError as error:
        raise ModelError(
            f"the model can't be compiled: {error.message.removeprefix(DAMAGED)}",
            next_step="check the numbers in this operator's attributes and the shapes around it",
        ) from error


def check_edges(inputs: Sequence[Port], outputs: Sequence[Port], config: BuildConfig) -> None:
    """Raises JointError where ports can't be, or contradict the configuration that is stored beside them."""
    for ports in (inputs, outputs):
        names = [port.name for port in ports]
        if len(set(names)) < len(names):
            raise _broken(f"of the ports {', '.join(map(repr, names))} two have one name")
        for port in ports:
            if port.dtype not in ITEM_BYTES or too_large(port.shape) or (port.layout and len(port.shape) != 4):
                raise _broken(f"port {port.name!r} is {port.dtype} {port.shape} {port.layout}")
            if port.items < 1 or (port.items > 1 and (not port.shape or port.shape[0] % port.items)):
                raise _broken(f"port {port.name!r} has {port.items} items and the shape {port.shape}")
    known = {port.name: of_items(port, 1) for port in inputs}
    for given in config.inputs:
        defect = input_defect(given)
        taken = known.get(given.name)
        if taken and not defect and (taken.shape, taken.dtype) != (given.joint_shape, given.dst_dtype):
            shown = f"{given.joint_shape} ({given.dst_dtype})"
            defect = f"has the shape {shown}; the joint takes {taken.shape} ({taken.dtype})"
        if defect:
            raise _broken(f"the configured input {given.name!r} {defect}")
    for made in config.outputs:
        defect = output_defect(made)
        if defect:
            raise _broken(f"the configured output {made.name!r} {defect}")


def _broken(reason: str) -> JointError:
    return JointError(f"{DAMAGED}{reason}", next_step="build the joint again")
