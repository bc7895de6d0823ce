"""The layer that costs most at 8 bit: of all operators the one that, alone at 16 bit, brings back most.

Everything else stays as it is built: the model is compiled again with that one operator's features at UINT16, as a
configuration can ask for. Measured on the loss, 1 - cosine F-Q, of the output that has the largest, as a mean over the
input measured on and three calibration samples, since single inputs go up and down by chance.
"""

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from axpair_emulator.calibrate.calibration import find_ranges
from axpair_emulator.calibrate.moments import WindowObserver, moments_of
from axpair_emulator.calibrate.pairing import dataset_inputs
from axpair_emulator.config.build_config import BuildConfig, OperatorConf
from axpair_emulator.config.resolve import resolve
from axpair_emulator.config.signature import signature_of
from axpair_emulator.float_model import FloatModel, joint_outputs
from axpair_emulator.graph.load import load_onnx
from axpair_emulator.graph.pin import pin_shapes
from axpair_emulator.graph.simplify import simplify
from axpair_emulator.graph.view import Graph, view
from axpair_emulator.metrics import cosine
from axpair_emulator.plan.assignment import assign_tensors, feature_bits, observed_tensors
from axpair_emulator.plan.compiler import compile_program
from axpair_emulator.plan.cpu_part import cpu_part
from axpair_emulator.plan.cut import Cut, cut
from axpair_emulator.plan.dynamic_q import settle_q
from axpair_emulator.plan.grouping import group
from axpair_emulator.plan.inputs import input_port
from axpair_emulator.plan.step import Step
from axpair_emulator.plan.windows import windows_of
from axpair_emulator.prepare import prepare_files
from axpair_emulator.quantize.rounding import Moments
from axpair_emulator.reference.builder import build_reference
from axpair_emulator.reference.engine import Reference
from axpair_emulator.zoo import fetch
from axpair_proto.config_files import read_config

from benchmarks.material import MODELS, lay_out

CALIBRATION_SAMPLES = 3
Range = tuple[float, float]
Losses = Mapping[str, float]
"""Output to 1 - mean cosine."""


@dataclass(frozen=True)
class Costliest:
    """The operator, and its output's mean cosine F-Q before and after it alone gets 16 bit."""

    operator: str
    """Type and name; of a fused group those of its last node."""
    output: str
    before: float
    after: float


def costliest(name: str, folder: Path) -> Costliest:
    """Measure one of the seven models in the folder."""
    trials = _Trials(name, folder)
    losses = trials.losses(())
    output = max(losses, key=lambda key: losses[key])
    tried = {step.outputs: trials.losses((step,))[output] for step in trials.steps}
    best = min(trials.steps, key=lambda step: tried[step.outputs])
    told = f"{best.node.op_type} {best.node.name}"
    return Costliest(told, output, 1 - losses[output], 1 - tried[best.outputs])


class _Trials:
    """A model calibrated once, ranges for both widths, to be compiled many times."""

    def __init__(self, name: str, folder: Path) -> None:
        files = lay_out(name, folder)
        message, _ = read_config(folder / "config.prototxt")
        self._pinned = pin_shapes(load_onnx(fetch(name)), MODELS[name].shapes)
        simplified = simplify(self._pinned)
        self._graph: Graph = view(simplified)
        self._config: BuildConfig
        self._config, _ = resolve(message, folder, signature_of(self._graph))
        floats = [conf.name for conf in self._config.inputs if conf.dst_dtype == "float32"]
        self._parts: Cut = cut(self._graph, floats)
        self.steps: tuple[Step, ...] = group(self._parts.npu)
        self._ports = [input_port(conf) for conf in self._config.inputs]
        self._ranges: dict[int, dict[str, Range]] = {}
        self._moments: dict[str, Moments] = {}
        for bits in (8, 16):
            self._calibrate(simplified, bits)
        self._inputs = [prepare_files(self._ports, files).data]
        paths, size = self._config.calibration.paths, self._config.calibration.size
        samples = dataset_inputs(paths, size, self._ports, lambda said: None)
        self._inputs += [data for _, data in itertools.islice(samples, CALIBRATION_SAMPLES)]

    def _calibrate(self, simplified: Any, bits: int) -> None:
        observed = observed_tensors(self._parts.npu, self.steps, self._config)
        widths = dict.fromkeys((*self._graph.inputs, *(name for step in self.steps for name in step.outputs)), bits)
        windows = windows_of(self._parts.npu, self.steps, widths)
        closely = {name: WindowObserver(window) for name, window in windows.items()}
        open_model = partial(FloatModel, simplified, self._config.inputs, self._ports)
        quiet = (lambda done: None), (lambda said: None)
        self._ranges[bits] = find_ranges(
            open_model, self._graph.shapes, observed, widths, self._config, self._ports, *quiet, closely.values()
        )
        self._moments.update(moments_of(closely))

    def losses(self, wide: Sequence[Step]) -> Losses:
        """The outputs' losses with the features of these steps at 16 bit."""
        names = dict.fromkeys(node.name for step in wide for node in step.nodes)
        rules = tuple(OperatorConf(re.escape(name), 16) for name in names)
        config = msgspec.structs.replace(self._config, operators=(*self._config.operators, *rules))
        bits = feature_bits(self._parts.npu, self.steps, config)
        ranges = {name: self._ranges[bits.get(name, 8)][name] for name in self._ranges[8]}
        tensors = assign_tensors(self._parts.npu, self.steps, ranges, config)
        config = settle_q(config, ranges, tensors, self._graph.constants)
        cpu = cpu_part(self._graph, self._parts, config.outputs)
        closely = windows_of(self._parts.npu, self.steps, bits)
        moments = {name: self._moments[name] for name in closely if name in self._moments}
        compiled = compile_program(self._parts.npu, self.steps, tensors, config, "trial", cpu, moments)
        program = compiled.program
        quantised = Reference(
            build_reference(self._parts.npu, self.steps, compiled, config), program.inputs, program.outputs
        )
        floats = FloatModel(self._pinned, config.inputs, program.inputs)
        layouts = {conf.name: conf.src_layout for conf in config.outputs}
        found: dict[str, list[float]] = {port.name: [] for port in program.outputs}
        for data in self._inputs:
            wanted, given = joint_outputs(program.outputs, layouts, floats.values(data)), quantised.run(data)
            for name, values in found.items():
                values.append(cosine(wanted[name], given[name]))
        return {name: 1 - float(np.mean(values)) for name, values in found.items()}
