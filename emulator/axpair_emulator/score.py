"""The scores of a build: the quantised model against the float one, in the vendor's two metrics."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from axpair_proto.meanings import Meanings, names_line
from axpair_proto.row_matching import in_order, matched_rows

from axpair_emulator.batch import one_item
from axpair_emulator.calibrate.dataset import Warn
from axpair_emulator.calibrate.pairing import dataset_inputs
from axpair_emulator.config.build_config import BuildConfig
from axpair_emulator.float_model import FloatModel, joint_outputs
from axpair_emulator.metrics import cosine, relative_error
from axpair_emulator.program import Op, Program, Tensor
from axpair_emulator.reference.engine import Reference

Array = np.ndarray[Any, Any]
SCORED_SAMPLES = 2
"""Without a data set for the error measurement: so many of the calibration samples."""
GUIDE_LINE = 0.98
"""Cosine below which the vendor's troubleshooting guide speaks of a loss of accuracy."""
CHUNK_BYTES = 1 << 26
"""Of layers held at once, each as float twice: what is compared doesn't grow with the model's depth."""


@dataclass(frozen=True)
class Score:
    """One output's or layer's scores."""

    name: str
    cosine: float
    relative_error: float
    """2-norm of the difference over the 2-norm of the float result."""
    agreement: float | None = None
    """Of an output whose elements name something, such as behind an ArgMax: the share that is the same. No distance of
    names means anything, so nothing else counts there. None for any other."""
    line: float = GUIDE_LINE
    """Below which the cosine, or the agreement, shows a loss."""

    @property
    def is_low(self) -> bool:
        """Whether accuracy is lost, also where no cosine could be had."""
        return not (self.cosine if self.agreement is None else self.agreement) >= self.line


def below_line(scores: Sequence[Score]) -> list[Score]:
    """Those that have lost accuracy."""
    return [one for one in scores if one.is_low]


def score_samples(
    model: onnx.ModelProto,
    reference: onnx.ModelProto,
    program: Program,
    config: BuildConfig,
    meanings: Meanings,
    warn: Warn,
) -> tuple[Score, ...]:
    """Scores of every output, each the worst of the samples measured. Rows that stand in the order of a score are
    matched first where they aren't alike as they stand: near ties that change places lose nothing."""
    ports, outputs = one_item(program.inputs), one_item(program.outputs)
    floats = FloatModel(model, config.inputs, ports)
    quantised = Reference(reference, ports, outputs)
    layouts = {conf.name: conf.src_layout for conf in config.outputs}
    shapes = {port.name: port.shape for port in outputs}
    found: dict[str, list[Score]] = {name: [] for name in shapes}
    count = 0
    for data in measured(program, config, warn):
        count += 1
        wanted = joint_outputs(outputs, layouts, floats.values(data))
        given = _matched(wanted, quantised.run(data), meanings.ordered)
        for name, scores in found.items():
            both = wanted[name], given[name]
            same = float((both[0] == np.rint(both[1])).mean()) if name in meanings.named else None
            scores.append(Score(name, cosine(*both), relative_error(*both), same))
    if config.measurement.size > count:
        warn(f"dataset_conf_error_measurement.size {config.measurement.size}: there are {count} samples")
    return tuple(
        Score(
            name,
            min(score.cosine for score in scores),
            max(score.relative_error for score in scores),
            min((score.agreement for score in scores if score.agreement is not None), default=None),
            names_line(math.prod(shapes[name])) if name in meanings.named else GUIDE_LINE,
        )
        for name, scores in found.items()
    )


def _matched(wanted: Mapping[str, Array], given: Mapping[str, Array], ordered: Mapping[str, str]) -> dict[str, Array]:
    turned = dict(given)
    if any(cosine(wanted[name], given[name]) < GUIDE_LINE for name in ordered):
        for name, matching in matched_rows(wanted, given, ordered).items():
            turned[name] = in_order(wanted[name], given[name], matching)
    return turned


def score_layers(
    simplified: onnx.ModelProto,
    reference: onnx.ModelProto,
    program: Program,
    config: BuildConfig,
    warn: Warn,
    progress: Callable[[int, int], None],
) -> tuple[Score, ...]:
    """Scores of every operator of the NPU over all samples measured, errors of earlier layers included.

    `simplified` is the float model as it was compiled. Only sums are kept, and layers are taken in chunks, so that
    memory grows neither with the samples nor with the model's depth. `progress` is told (layers done, of how many).
    """
    ports = one_item(program.inputs)
    names = {name for node in simplified.graph.node for name in node.output}
    layers = [op for op in program.ops if op.output in names and op.sources]
    several = {op.name for op in layers if sum(other.name == op.name for other in layers) > 1}
    engine = Reference(reference, ports, one_item(program.outputs))
    scores: list[Score] = []
    for chunk in _chunks(layers, program.tensors):
        tensors = [op.output for op in chunk]
        floats = FloatModel(simplified, config.inputs, ports, tensors)
        quantised = engine.tensors(tensors)
        sums = {name: _Sums() for name in tensors}
        for data in measured(program, config, warn):
            wanted, given = floats.values(data), quantised(data)
            for name, sum_ in sums.items():
                sum_.add(wanted[name], given[name])
        for op in chunk:
            shown = f"{op.name} ({op.output})" if op.name in several else op.name
            scores.append(sums[op.output].score(shown))
        progress(len(scores), len(layers))
    return tuple(scores)


def measured(program: Program, config: BuildConfig, warn: Warn) -> Iterator[dict[str, bytes]]:
    """The input bytes of one item of each sample of the error measurement."""
    ports, own = one_item(program.inputs), config.measurement
    if own.paths:
        pairs = dataset_inputs(own.paths, own.size, ports, warn)
    else:
        pairs = itertools.islice(
            dataset_inputs(config.calibration.paths, config.calibration.size, ports, warn), SCORED_SAMPLES
        )
    return (data for _, data in pairs)


class _Sums:
    """The sums that both metrics are made of, in float64."""

    def __init__(self) -> None:
        self.wanted = self.given = self.product = self.difference = 0.0

    def add(self, wanted: Array, given: Array) -> None:
        first, second = (array.astype(np.float64).ravel() for array in (wanted, given))
        self.wanted += float(first @ first)
        self.given += float(second @ second)
        self.product += float(first @ second)
        second -= first
        self.difference += float(second @ second)

    def score(self, name: str) -> Score:
        """Cosine 1 and error 0 for equal results, 0 and infinite where nothing can be compared."""
        if self.difference == 0.0:
            return Score(name, 1.0, 0.0)
        lengths = math.sqrt(self.wanted) * math.sqrt(self.given)
        value = self.product / lengths if lengths else 0.0
        error = math.sqrt(self.difference / self.wanted) if self.wanted else math.inf
        return Score(
            name,
            max(-1.0, min(1.0, value)) if math.isfinite(value) else 0.0,
            error if not math.isnan(error) else math.inf,
        )


def _chunks(layers: Sequence[Op], tensors: Mapping[str, Tensor]) -> Iterator[list[Op]]:
    chunk: list[Op] = []
    held = 0
    for op in layers:
        size = 8 * math.prod(tensors[op.output].shape)
        if chunk and held + size > CHUNK_BYTES:
            yield chunk
            chunk, held = [], 0
        chunk.append(op)
        held += size
    if chunk:
        yield chunk
