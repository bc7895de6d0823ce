"""Ranges of a float model's tensors over a data set, under a configuration: what calibration would see."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from axpair_proto.capabilities import Observed, Spread
from axpair_proto.config_files import read_config

from axpair_emulator.calibrate.observer import Observer
from axpair_emulator.calibrate.pairing import dataset_inputs
from axpair_emulator.config.resolve import resolve
from axpair_emulator.config.signature import signature_of
from axpair_emulator.errors import DatasetError
from axpair_emulator.float_model import FloatModel
from axpair_emulator.graph.load import load_onnx
from axpair_emulator.graph.pin import pin_shapes
from axpair_emulator.graph.simplify import simplify
from axpair_emulator.graph.view import Graph, view
from axpair_emulator.inspecting import joins
from axpair_emulator.plan.inputs import input_port

FIRST_LAYERS = 5
"""Layers with weights that are looked at."""
MOST_FEATURES = 4096
"""Of an input; more are places, samples in time or pixels."""


class _Seen:
    """One tensor over the samples."""

    def __init__(self, against: Spread | None, feature_axis: int | None) -> None:
        self._feature_axis = feature_axis
        self._features: np.ndarray[Any, Any] | None = None
        self._infinite = 0.0
        self._observer = Observer(histogram=False)
        self._against = against
        self._outside = 0
        self._elements = 0

    def see(self, values: np.ndarray[Any, Any]) -> None:
        """Takes one sample's."""
        self._observer.see(values)
        self._elements += values.size
        if self._observer.bad and not self._infinite:
            infinite = values[np.isinf(values)]
            self._infinite = float(infinite[0]) if infinite.size else 0.0
        if self._feature_axis is not None:
            sizes = np.abs(np.where(np.isfinite(values), values, 0.0))
            reach = sizes.max(axis=tuple(axis for axis in range(values.ndim) if axis != self._feature_axis))
            self._features = reach if self._features is None else np.maximum(self._features, reach)
        if self._against is not None:
            slack = 1e-3 * (self._against.high - self._against.low)
            low, high = self._against.low - slack, self._against.high + slack
            beyond = ((values < low) | (values > high)) & np.isfinite(values)  # infinite ones have no place in a range
            self._outside += int(np.count_nonzero(beyond))

    def spread(self, kind: str) -> Spread:
        """What came of it."""
        low, high = self._observer.low, self._observer.high
        if low > high:
            low = high = 0.0
        features = () if self._features is None else tuple(map(float, self._features))
        return Spread(low, high, kind, self._outside / max(1, self._elements), self._infinite, features)


def observe(
    onnx_path: Path,
    config_path: Path,
    shapes: Mapping[str, tuple[int, ...]],
    *,
    archives: Mapping[str, Path] | None = None,
    limit: int = 0,
    against: Mapping[str, Spread] | None = None,
) -> Observed:
    """Run the float model on a data set; one sample alive at a time.

    Raises a subclass of AxpairError for whatever is wrong with model, configuration or data set.
    """
    message, _ = read_config(config_path)
    simplified = simplify(pin_shapes(load_onnx(onnx_path), shapes))
    graph = view(simplified)
    config, _ = resolve(message, config_path.parent, signature_of(graph))
    kinds = _looked_at(graph)
    ports = [input_port(conf) for conf in config.inputs]
    model = FloatModel(simplified, config.inputs, ports, [name for name in kinds if name not in graph.inputs])
    paths = {name: str(path) for name, path in archives.items()} if archives is not None else config.calibration.paths
    for port in ports:
        if port.name not in paths:
            raise DatasetError(f"no archive for input {port.name!r}", next_step="give one for each input")
    seen = {name: _Seen((against or {}).get(name), _feature_axis(graph, name)) for name in kinds}
    samples = 0
    for _, data in dataset_inputs(paths, limit or config.calibration.size, ports, lambda _: None):
        values = model.values(data)
        for name, one in seen.items():
            one.see(np.asarray(values[name]))
        samples += 1
    return Observed(samples, {name: seen[name].spread(kind) for name, kind in kinds.items()})


def _feature_axis(graph: Graph, name: str) -> int | None:
    """Of an input: channels of what is like a picture, else the last one; None for any other tensor."""
    shape = graph.shapes.get(name, ())
    axis = 1 if len(shape) == 4 else len(shape) - 1
    return axis if name in graph.inputs and axis >= 0 and 1 < shape[axis] <= MOST_FEATURES else None


def _looked_at(graph: Graph) -> dict[str, str]:
    """Tensors and what they are, in the order of execution."""
    kinds = dict.fromkeys(graph.inputs, "input")
    layers = 0
    for node in graph.nodes:
        name = node.outputs[0]
        if node.op_type in ("Conv", "ConvTranspose", "Gemm", "MatMul") and layers < FIRST_LAYERS:
            kinds.setdefault(name, "layer")
            layers += 1
        if node.op_type == "Concat":
            for part in node.inputs:
                if not graph.is_constant(part):
                    kinds.setdefault(part, "part")
    for join in joins(graph).values():
        for operand in join.operands:
            kinds.setdefault(operand, "operand")
    for name in graph.outputs:
        if name in graph.shapes:
            kinds[name] = "output"
    floats = {"float32", "float64", "float16"}
    return {name: kind for name, kind in kinds.items() if graph.dtypes.get(name) in floats or kind == "input"}
