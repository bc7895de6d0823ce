"""cmodel and reference against onnxruntime's float, one thread each, for seven models; and calibration's memory.

The float base is the model as onnxruntime runs it best: onnxslim'd, shapes fixed, all optimisations. The lines that
must hold are those of 8 bit: cmodel at most 2.5, reference at most 2, memory at most 1.2.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
from axpair_emulator.build import build
from axpair_emulator.cmodel.execute import Executor
from axpair_emulator.config.flags import BuildFlags
from axpair_emulator.graph.load import load_onnx
from axpair_emulator.graph.pin import pin_shapes
from axpair_emulator.graph.session import open_session
from axpair_emulator.graph.simplify import simplify
from axpair_emulator.ports import input_planes
from axpair_emulator.prepare import prepare_data
from axpair_emulator.reference.engine import Reference
from axpair_emulator.storage.joint_file import load_program, load_reference
from axpair_emulator.zoo import fetch
from axpair_proto.pulsar import config_pb2 as pb

from benchmarks import calibration
from benchmarks.material import MODELS, lay_out
from benchmarks.rounds import interleaved

SAMPLES = 4
"""Calibration has no say in how long a model takes."""


def main() -> None:
    """Print a row for each model and width, then calibration's peaks."""
    print(f"onnxruntime {onnxruntime.__version__}, numpy {np.__version__}, one thread")
    print("ratios of medians of interleaved runs, by CPU time (quartiles of the rounds) and by the clock")
    print("\n| model | bits | float, ms | cmodel | by the clock | reference | by the clock |")
    print("|---|---|---|---|---|---|---|")
    for name in MODELS:
        for bits in (8, 16):
            with tempfile.TemporaryDirectory() as folder:
                base, *others = interleaved(_contenders(Path(folder), name, bits))
            cells = " | ".join(
                f"{row.cpu_ratio:.2f} ({row.quartiles[0]:.2f}..{row.quartiles[1]:.2f}) | {row.ratio:.2f}"
                for row in others
            )
            print(f"| {name} | {bits} | {base.milliseconds:.1f} | {cells} |", flush=True)
    print()
    calibration.main()


def _contenders(folder: Path, name: str, bits: int) -> dict[str, Callable[[], object]]:
    files = lay_out(name, folder, SAMPLES)
    joint, shapes = folder / "model.joint", MODELS[name].shapes
    amend = _sixteen if bits == 16 else None
    build(fetch(name), folder / "config.prototxt", joint, flags=BuildFlags(input_shapes=shapes), amend=amend)
    program, stored = load_program(joint), load_reference(joint.with_suffix(".lava_joint"))
    reference, executor = Reference(stored.model, stored.inputs, stored.outputs), Executor(program)
    session = open_session(simplify(pin_shapes(load_onnx(fetch(name)), shapes)))
    given = [(port, files[port.name]) for port in program.inputs]
    data = {port.name: prepare_data(port, path.read_bytes(), path.name)[0] for port, path in given}
    floats = {port.name: input_planes(port, data[port.name]).astype(np.float32) for port in program.inputs}
    return {
        "float": lambda: session.run(None, floats),
        "cmodel": lambda: executor.run(data),
        "reference": lambda: reference.run(data),
    }


def _sixteen(config: pb.Config) -> None:
    config.neuwizard_conf.operator_conf.operator_conf_items.add().attributes.input_feature_type = pb.UINT16
