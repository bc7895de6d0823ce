"""Lowers all steps into one Program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from axpair_emulator.batch import of_items
from axpair_emulator.config.build_config import BuildConfig, OutputConf
from axpair_emulator.graph.view import Graph
from axpair_emulator.plan.cpu_part import cpu_output
from axpair_emulator.plan.inputs import input_port, lower_input
from axpair_emulator.plan.lowering import Lowering
from axpair_emulator.plan.placement import PLACEMENTS
from axpair_emulator.plan.step import Step
from axpair_emulator.program import CpuPart, Op, Port, Program, Tensor
from axpair_emulator.quantize.activations import codes_of, quantised_tensor
from axpair_emulator.quantize.rounding import Moments
from axpair_emulator.quantize.weights import QuantisedWeights

VNPU_MODES = {"0": "disable", "111": "1_1", "112": "1_1", "221": "2_2", "222": "2_2", "311": "3_1", "312": "3_1"}
"""What AX_JOINT reports for each value of --virtual_npu."""


@dataclass(frozen=True)
class Compiled:
    """The program, and the integers that stand for float weights by step output (the reference wants them)."""

    program: Program
    weights: Mapping[str, QuantisedWeights]


def compile_program(
    graph: Graph,
    steps: tuple[Step, ...],
    tensors: Mapping[str, Tensor],
    config: BuildConfig,
    tools_version: str,
    cpu: CpuPart | None = None,
    moments: Mapping[str, Moments] | None = None,
) -> Compiled:
    """The integer program of the steps between the tensors given.

    `moments` are what calibration saw of the inputs of some layers with weights, by step output.
    """
    lowering = Lowering(graph, dict(tensors), config.calibration.per_channel, moments or {})
    inputs = tuple(lower_input(conf, lowering) if conf.name in tensors else input_port(conf) for conf in config.inputs)
    for step in steps:
        PLACEMENTS[step.kind].lower(step, lowering)
    bits = max((tensor.bits for tensor in tensors.values()), default=8)
    outputs = tuple(
        _cpu_port(conf) if cpu and cpu_output(conf) in cpu.outputs else _output_port(conf, lowering, bits)
        for conf in config.outputs
    )
    program = Program(
        inputs=tuple(of_items(port, config.items) for port in inputs),
        outputs=tuple(of_items(port, config.items) for port in outputs),
        tensors=lowering.tensors,
        ops=tuple(lowering.ops),
        arrays=lowering.arrays,
        tools_version=tools_version,
        vnpu_mode=VNPU_MODES.get(config.virtual_npu, "disable"),
        max_batch=max(config.batch_sizes),
        dynamic_batch=config.dynamic_batch,
        cpu=cpu,
    )
    return Compiled(program, lowering.weights)


def _cpu_port(conf: OutputConf) -> Port:
    return Port(conf.name, cpu_output(conf), conf.dtype, conf.joint_shape, conf.dst_layout, q=conf.q, cpu_part=True)


def _add_constant(conf: OutputConf, lowering: Lowering, bits: int) -> None:
    """An output that depends on no input: its codes stand in the program, and come out whatever goes in."""
    values = lowering.graph.constants[conf.name].astype(np.float64)
    low, high = float(values.min(initial=0.0)), float(values.max(initial=0.0))
    tensor = quantised_tensor(conf.name, tuple(values.shape), low, high, bits)
    stored = constant_name(conf.name)
    lowering.tensors[conf.name] = tensor
    lowering.tensors[stored] = replace(tensor, name=stored)
    lowering.arrays[stored] = codes_of(values, tensor)
    lowering.ops.append(Op("reshape", f"{conf.name}@output", (stored,), conf.name, {"shape": list(tensor.shape)}))


def constant_name(output: str) -> str:
    """The program's name for what an output that depends on no input holds."""
    return f"{output}@constant"


def _output_port(conf: OutputConf, lowering: Lowering, bits: int) -> Port:
    if conf.name not in lowering.tensors:
        _add_constant(conf, lowering, bits)
    tensor = conf.name
    if conf.src_layout == "NHWC":
        source = lowering.tensors[tensor]
        tensor = f"{conf.name}@planes"
        shape = tuple(source.shape[axis] for axis in (0, 3, 1, 2))
        lowering.tensors[tensor] = Tensor(tensor, shape, source.scale, source.zero_point, source.bits)
        attrs = {"perm": [0, 3, 1, 2]}
        lowering.ops.append(Op("transpose", f"{conf.name}@layout", (conf.name,), tensor, attrs))
    return Port(conf.name, tensor, conf.dtype, conf.joint_shape, conf.dst_layout, q=conf.q)
