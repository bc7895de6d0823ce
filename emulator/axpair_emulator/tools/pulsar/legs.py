"""The models of one `pulsar run`, each as something that turns input bytes into outputs of one form."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from axpair_proto.config_files import read_config
from axpair_proto.simulator import Stage

from axpair_emulator.batch import of_items
from axpair_emulator.cmodel.execute import Executor
from axpair_emulator.config.resolve import resolve
from axpair_emulator.config.signature import signature_of
from axpair_emulator.errors import ConfigError, EmulatorError, JointError
from axpair_emulator.float_leg import float_leg
from axpair_emulator.graph.load import load_onnx
from axpair_emulator.graph.pin import pin_shapes
from axpair_emulator.graph.simplify import simplify
from axpair_emulator.graph.view import view
from axpair_emulator.plan.inputs import input_port
from axpair_emulator.program import Port
from axpair_emulator.reference.engine import Reference
from axpair_emulator.storage.joint_file import Edges, load_edges, load_program, load_reference
from axpair_emulator.tools.pulsar.output_config import require_output_config

Array = np.ndarray[Any, Any]
Leg = Callable[[Mapping[str, bytes]], Mapping[str, Array]]
STAGES: Mapping[str, Stage] = {".onnx": "onnx", ".lava_joint": "lava_joint", ".joint": "joint"}


@dataclass(frozen=True)
class Simulated:
    """One model of the command line."""

    path: Path
    stage: Stage

    @property
    def shown(self) -> str:
        """As the log names it."""
        return f"{self.path.name} (with conf)" if self.stage == "onnx" else self.path.name


def simulated(paths: Sequence[Path]) -> list[Simulated]:
    """What each file is, by its suffix. Raises EmulatorError for others."""
    found = []
    for path in paths:
        if path.suffix not in STAGES:
            raise EmulatorError(
                f"{path} is none of .onnx, .lava_joint and .joint", next_step="check the model's suffix"
            )
        found.append(Simulated(path, STAGES[path.suffix]))
    return found


def edges_of(models: Sequence[Simulated], config: Path | None) -> Edges:
    """Inputs and outputs that all models of the run have: as they were built, of an ONNX model alone as configured.

    Raises JointError when joints are of different builds, ConfigError for a configuration that is no output_config, or
    for none where an ONNX model is alone.
    """
    built = {model.path: load_edges(model.path) for model in models if model.stage != "onnx"}
    edges = next(iter(built.values()), None)
    for path, other in built.items():
        if edges is not None and (other.inputs, other.outputs) != (edges.inputs, edges.outputs):
            raise JointError(
                f"{next(iter(built))} and {path} are of different models: their inputs or outputs differ",
                next_step="give files of one build",
            )
    if edges is None:
        if config is None:
            raise ConfigError(
                f"no --config: {models[0].path} alone doesn't say in which colours, dtype and layout its input comes",
                next_step="add the .joint, or --config with what `pulsar build --output_config FILE` wrote",
            )
        return _configured(models[0].path, config)
    if config is None:
        return edges
    message, _ = read_config(config)
    require_output_config(message, config, [port.name for port in edges.inputs], [port.name for port in edges.outputs])
    return edges


def open_leg(model: Simulated, edges: Edges, config: Path | None, imported: bool) -> Leg:
    """Make a model ready. Raises a subclass of EmulatorError when it can't be read or doesn't fit the edges."""
    if model.stage == "onnx":
        return float_leg(model.path, config, edges, imported=imported).run
    if model.stage == "joint":
        return Executor(load_program(model.path)).run
    stored = load_reference(model.path)
    return Reference(stored.model, stored.inputs, stored.outputs).run


def _configured(onnx: Path, config: Path) -> Edges:
    message, _ = read_config(config)
    signature = signature_of(view(simplify(pin_shapes(load_onnx(onnx), {}))))
    require_output_config(message, config, list(signature.inputs), list(signature.outputs))
    resolved, _ = resolve(message, config.parent, signature)
    outputs = tuple(
        of_items(
            Port(conf.name, conf.name, conf.dtype, conf.joint_shape, cast(str, conf.dst_layout), q=conf.q),
            resolved.items,
        )
        for conf in resolved.outputs
    )
    inputs = tuple(of_items(input_port(conf), resolved.items) for conf in resolved.inputs)
    return Edges(inputs, outputs, resolved)
