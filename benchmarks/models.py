"""Builds and runs the seven models at 8 and 16 bit: cosines, own errors, time and peak memory of the build.

Each build is a process of its own, so that its memory is its own. `python -m benchmarks.models NAME BITS` is one.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from axpair_emulator.build import build
from axpair_emulator.config.flags import BuildFlags
from axpair_emulator.metrics import cosine
from axpair_emulator.simulator import EmulatorSimulator
from axpair_emulator.zoo import fetch
from axpair_proto.pulsar import config_pb2 as pb
from axpair_proto.simulator import Models

from benchmarks.material import MODELS, lay_out


def main() -> None:
    """Print the two tables of docs/emulator.md."""
    found = [_measured_elsewhere(name, bits) for name in MODELS for bits in (8, 16)]
    print("| model | bits | output | F-Q | Q-J | F-J |\n|---|---|---|---|---|---|")
    for one in found:
        for name, pairs in one["cosines"].items():
            print(f"| {one['model']} | {one['bits']} | {name} | {' | '.join(f'{value:.4f}' for value in pairs)} |")
    print(
        "\n| model | bits | operators on NPU | on CPU | build, s | peak, MB | own error, steps | mean, steps | differ |"
        "\n|---|---|---|---|---|---|---|---|---|"
    )
    for one in found:
        print(
            f"| {one['model']} | {one['bits']} | {one['npu']} | {one['cpu']} | {one['seconds']:.1f} "
            f"| {one['peak_mb']:.0f} | {one['largest']:.0f} | {one['mean']:.1e} | {one['differing']:.1e} |"
        )


def measure(name: str, bits: int, folder: Path) -> dict[str, Any]:
    """Build one model in the folder and run its three legs."""
    files = lay_out(name, folder)
    onnx, joint = fetch(name), folder / "model.joint"
    flags = BuildFlags(input_shapes=MODELS[name].shapes)
    started = time.perf_counter()
    result = build(onnx, folder / "config.prototxt", joint, flags=flags, amend=_sixteen if bits == 16 else None)
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    simulator = EmulatorSimulator()
    models = Models(joint=joint, onnx=onnx, lava_joint=result.lava_joint)
    data = simulator.prepare(models, files).data
    floats, quantised, executed = (simulator.run(models, stage, data) for stage in ("onnx", "lava_joint", "joint"))
    errors = simulator.own_errors(models, data) or []
    return {
        "model": name,
        "bits": bits,
        "cosines": {
            key: [
                cosine(floats[key], quantised[key]),
                cosine(quantised[key], executed[key]),
                cosine(floats[key], executed[key]),
            ]
            for key in floats
        },
        "npu": len(result.program.ops),
        "cpu": len(result.program.cpu.operators) if result.program.cpu else 0,
        "seconds": seconds,
        "peak_mb": peak,
        "largest": max(error.max_steps for error in errors),
        "mean": max(abs(error.mean_steps) for error in errors),
        "differing": sum(error.differing for error in errors) / sum(error.elements for error in errors),
        "worst": [
            [error.name, error.kind, error.max_steps, error.mean_steps, error.differing / max(error.elements, 1)]
            for error in sorted(errors, key=lambda one: (one.max_steps, abs(one.mean_steps)))[-3:]
        ],
    }


def _sixteen(config: pb.Config) -> None:
    config.neuwizard_conf.operator_conf.operator_conf_items.add().attributes.input_feature_type = pb.UINT16


def _measured_elsewhere(name: str, bits: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.models", name, str(bits)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        print(json.dumps(measure(sys.argv[1], int(sys.argv[2]), Path(temporary)), indent=1))
