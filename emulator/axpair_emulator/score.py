"""The score table of a build: the quantised model against the float one, in the vendor's two metrics."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import onnx

from axpair_emulator.calibrate.calibration import calibration_inputs
from axpair_emulator.config.build_config import BuildConfig
from axpair_emulator.float_model import FloatModel, joint_outputs
from axpair_emulator.metrics import cosine, relative_error
from axpair_emulator.program import Program
from axpair_emulator.reference.engine import Reference

SCORED_SAMPLES = 2


@dataclass(frozen=True)
class OutputScore:
    """One output's scores over the samples scored, each the worst."""

    name: str
    cosine: float
    relative_error: float
    """2-norm of the difference over the 2-norm of the float result."""


def score_samples(
    model: onnx.ModelProto, reference: onnx.ModelProto, program: Program, config: BuildConfig
) -> tuple[OutputScore, ...]:
    """Scores of every output over the first two calibration samples."""
    floats = FloatModel(model, config.inputs, program.inputs)
    quantised = Reference(reference, program.inputs, program.outputs)
    layouts = {conf.name: conf.src_layout for conf in config.outputs}
    found: dict[str, list[OutputScore]] = {port.name: [] for port in program.outputs}
    for _, data in itertools.islice(calibration_inputs(config, program.inputs), SCORED_SAMPLES):
        wanted = joint_outputs(program.outputs, layouts, floats.values(data))
        given = quantised.run(data)
        for name, scores in found.items():
            scores.append(
                OutputScore(name, cosine(wanted[name], given[name]), relative_error(wanted[name], given[name]))
            )
    return tuple(
        OutputScore(name, min(score.cosine for score in scores), max(score.relative_error for score in scores))
        for name, scores in found.items()
    )
