"""The smaller of the seven real models, from their own configurations, at both widths; benchmarks measure them all."""

from __future__ import annotations

from pathlib import Path

import pytest
from axpair_emulator.build import build
from axpair_emulator.config.flags import BuildFlags
from axpair_emulator.metrics import cosine
from axpair_emulator.simulator import EmulatorSimulator
from axpair_emulator.zoo import fetch
from axpair_proto.pulsar import config_pb2 as pb
from axpair_proto.simulator import Models

from benchmarks.material import MODELS, lay_out

LEAST = {
    ("ppocr-det", 16): 0.99,
    ("ppocr-cls", 8): 0.999,
    ("ppocr-cls", 16): 0.9999,
    ("ppocr-rec", 8): 0.999,
    ("common-det", 8): 0.99,
    ("silero-vad", 8): 0.5,
    ("silero-vad", 16): 0.9,
}
"""Cosine F-J that every output has to reach. A sound's spectrum spans more than 8 bits can say."""


def sixteen(config: pb.Config) -> None:
    config.neuwizard_conf.operator_conf.operator_conf_items.add().attributes.input_feature_type = pb.UINT16


@pytest.mark.parametrize(("name", "bits"), LEAST)
def test_model_builds_and_runs_from_its_own_configuration(name: str, bits: int, tmp_path: Path) -> None:
    files = lay_out(name, tmp_path, samples=16 if name == "ppocr-det" else 4)
    joint = tmp_path / "m.joint"
    flags = BuildFlags(input_shapes=MODELS[name].shapes)
    result = build(fetch(name), tmp_path / "config.prototxt", joint, flags=flags, amend=sixteen if bits == 16 else None)
    simulator = EmulatorSimulator()
    models = Models(joint=joint, onnx=fetch(name), lava_joint=result.lava_joint)
    data = simulator.prepare(models, files).data
    floats, quantised, executed = (simulator.run(models, stage, data) for stage in ("onnx", "lava_joint", "joint"))
    for output in floats:
        assert cosine(floats[output], executed[output]) > LEAST[name, bits], output
        assert cosine(quantised[output], executed[output]) > 0.998, output
    errors = simulator.own_errors(models, data)
    assert errors
    for error in errors:
        assert error.max_steps <= 1, error
        assert abs(error.mean_steps) < 0.05, error


def test_recurrent_operator_of_silero_is_named_and_its_outputs_are_flagged(tmp_path: Path) -> None:
    lay_out("silero-vad", tmp_path, samples=2)
    joint = tmp_path / "m.joint"
    flags = BuildFlags(input_shapes=MODELS["silero-vad"].shapes)
    result = build(fetch("silero-vad"), tmp_path / "config.prototxt", joint, flags=flags)
    assert any("LSTM /recurrent/LSTM" in said for said in result.warnings)
    described = EmulatorSimulator().describe(joint)
    assert {one.name: one.cpu_part for one in described.outputs} == dict.fromkeys(("speech_probs", "hn", "cn"), True)
    assert [one.name for one in described.inputs] == ["input", "h", "c"]
