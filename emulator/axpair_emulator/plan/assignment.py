"""Gives every tensor between steps its bits, scale and zero point."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from axpair_emulator.config.build_config import BuildConfig, InputConf
from axpair_emulator.graph.view import Graph, Node
from axpair_emulator.plan.halves import off_halves_of_bytes, off_halves_of_sum
from axpair_emulator.plan.placement import PLACEMENTS
from axpair_emulator.plan.step import CHAIN, Step
from axpair_emulator.program import Tensor
from axpair_emulator.quantize.activations import quantised_tensor

Range = tuple[float, float]
SIGMOID_STEP = 2.0**-20
"""The least step of a Sigmoid: in float32 its small values are only exact to some 2^-24."""


def observed_tensors(graph: Graph, steps: tuple[Step, ...], config: BuildConfig) -> tuple[str, ...]:
    """The float tensors whose ranges calibration has to find."""
    floats = [conf.name for conf in config.inputs if conf.dst_dtype != "uint8" and not conf.ids]
    made = [name for step in steps if _needs_range(step) for name in step.outputs]
    return tuple(name for name in (*floats, *made) if name in graph.shapes)


def assign_tensors(
    graph: Graph, steps: tuple[Step, ...], ranges: Mapping[str, Range], config: BuildConfig
) -> dict[str, Tensor]:
    """Name to tensor for every input and every step's output, constants apart.

    Inputs of bytes span all that a byte can say; operators that only move codes pass their input's scale on;
    a Softmax spans 0 to 1; all others span the range that calibration found.
    """
    bits = feature_bits(graph, steps, config)
    tensors: dict[str, Tensor] = {}
    for conf in config.inputs:
        if conf.name not in graph.inputs or conf.ids:  # goes to the CPU part, or picks rows, as it is
            continue
        low, high = byte_range(conf) if conf.dst_dtype == "uint8" else ranges[conf.name]
        tensor = quantised_tensor(conf.name, conf.shape, low, high, bits[conf.name])
        tensors[conf.name] = off_halves_of_bytes(tensor, conf) if conf.dst_dtype != "float32" else tensor
    for step in steps:
        for name in step.outputs:
            shape = graph.shapes[name]
            if PLACEMENTS[step.kind].shares:
                tensors[name] = replace(tensors[step.inputs[0]], name=name, shape=shape)
            else:
                low, high = (0.0, 1.0) if step.kind == "Softmax" else ranges[name]
                tensor = quantised_tensor(name, shape, low, high, bits[name])
                if step.kind in ("Add", "Sub"):
                    tensor = off_halves_of_sum(tensor, (tensors[given] for given in step.inputs if given in tensors))
                elif step.kind == CHAIN and step.node.op_type == "Sigmoid":
                    tensor = replace(tensor, scale=max(tensor.scale, SIGMOID_STEP))
                tensors[name] = tensor
    return tensors


def byte_range(conf: InputConf) -> Range:
    """The smallest and largest real value that an input of bytes can have after its modifications."""
    gain, offset = conf.gain_and_offset()
    ends = [*(offset.tolist()), *((gain * 255.0 + offset).tolist())]
    return min(ends), max(ends)


def _needs_range(step: Step) -> bool:
    return not PLACEMENTS[step.kind].shares and step.kind != "Softmax"


def feature_bits(graph: Graph, steps: tuple[Step, ...], config: BuildConfig) -> dict[str, int]:
    """Bits per tensor: the most that any operator reading it asks for; outputs follow the one that makes them."""
    asked = _widths(config)
    bits: dict[str, int] = {}
    for step in reversed(steps):
        features = max(asked(node)[-1] for node in step.nodes)
        for name in step.outputs:
            if name in graph.outputs:
                bits[name] = max(bits.get(name, 8), features)
        if PLACEMENTS[step.kind].shares:
            features = max(bits.get(name, 8) for name in step.outputs)
        for name in step.inputs:
            bits[name] = max(bits.get(name, 8), features)
    return {name: bits.get(name, 8) for name in (*graph.inputs, *(n for s in steps for n in s.outputs))}


def unmet_widths(steps: tuple[Step, ...], bits: Mapping[str, int], config: BuildConfig) -> list[str]:
    """A sentence for each operator that an item takes out of 16 bit again, and whose input has them all the same."""
    asked = _widths(config)
    return [
        f"operator_conf_items: {step.node.name!r} is to have 8-bit features, but its input {name!r} has {bits[name]} "
        "bits for what makes it or also reads it"
        for step in steps
        if any(len(set(asked(node))) > 1 for node in step.nodes) and all(asked(node)[-1] == 8 for node in step.nodes)
        for name in step.inputs
        if bits.get(name, 8) > 8
    ]


def _widths(config: BuildConfig) -> Callable[[Node], list[int]]:
    """What all items that mean a node say, in order: the last one counts; 8 comes first."""
    rules = [(re.compile(rule.pattern), rule.feature_bits) for rule in config.operators]

    def asked(node: Node) -> list[int]:
        # The parts of a compound operator are named after it, with "@" and a role.
        names = (node.name, node.name.partition("@")[0])
        return [8, *(bits for pattern, bits in rules if any(map(pattern.fullmatch, names)))]

    return asked
