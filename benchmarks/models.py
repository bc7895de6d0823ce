"""Builds and runs the seven models at 8 and 16 bit: cosines, own errors, cost of calibration, the costliest layer.

Each build is a process of its own, so that its memory is its own. `python -m benchmarks.models NAME BITS` is one;
`python -m benchmarks.models NAME` looks for the costliest layer.
"""

import dataclasses
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

from benchmarks.costly import costliest
from benchmarks.material import MODELS, lay_out


def main() -> None:
    """Print the three tables of docs/emulator.md."""
    found = [_measured_elsewhere(name, str(bits)) for name in MODELS for bits in (8, 16)]
    print("| model | bits | output | F-Q | Q-J | F-J |\n|---|---|---|---|---|---|")
    for one in found:
        for name, pairs in one["cosines"].items():
            print(f"| {one['model']} | {one['bits']} | {name} | {' | '.join(f'{value:.4f}' for value in pairs)} |")
    print(
        "\n| model | bits | operators on NPU | on CPU | calibration, s | its peak, MB | build, s | peak, MB "
        "| own error, steps | mean, steps | differ |\n|---|---|---|---|---|---|---|---|---|---|---|"
    )
    for one in found:
        print(
            f"| {one['model']} | {one['bits']} | {one['npu']} | {one['cpu']} | {one['calibration_seconds']:.1f} "
            f"| {one['calibration_mb']:.0f} | {one['seconds']:.1f} | {one['peak_mb']:.0f} "
            f"| {one['largest']:.0f} | {one['mean']:.1e} | {one['differing']:.1e} |"
        )
    print(
        "\n| model | costliest layer at 8 bit | output | F-Q, mean of 4 | with that layer at 16 bit |"
        "\n|---|---|---|---|---|"
    )
    for name in MODELS:
        one = _measured_elsewhere(name)
        print(f"| {name} | {one['operator']} | {one['output']} | {one['before']:.4f} | {one['after']:.4f} |")


class _Calibration:
    """Hears of a build's phases, and takes processor time and peak memory of the one that calibrates."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.peak_mb = 0.0
        self._started = 0.0
        self._first = 0
        self._done = 0

    def __call__(self, phase: str, done: int, total: int) -> None:
        now = time.process_time()
        if phase == "calibrate":
            if not self._done:  # the first word comes after a sample, whose time has to be added at the end
                self._started, self._first = now, done
                _forget_peak()
            self._done = done
        elif phase == "compile":
            self.seconds = (now - self._started) * self._done / max(self._done - self._first, 1)
            self.peak_mb = _peak_mb()


def _forget_peak() -> None:
    """Lets the process's high-water mark of memory start again from what it holds now (Linux)."""
    Path("/proc/self/clear_refs").write_text("5")


def _peak_mb() -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def measure(name: str, bits: int, folder: Path) -> dict[str, Any]:
    """Build one model in the folder and run its three legs."""
    files = lay_out(name, folder)
    onnx, joint = fetch(name), folder / "model.joint"
    flags = BuildFlags(input_shapes=MODELS[name].shapes)
    heard = _Calibration()
    started = time.process_time()
    result = build(
        onnx,
        folder / "config.prototxt",
        joint,
        flags=flags,
        amend=_sixteen if bits == 16 else None,
        progress=heard,
    )
    seconds = time.process_time() - started
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
        "calibration_seconds": heard.seconds,
        "calibration_mb": heard.peak_mb,
        "seconds": seconds,
        "peak_mb": max(peak, heard.peak_mb),
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


def _measured_elsewhere(*arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.models", *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _one(arguments: list[str], folder: Path) -> dict[str, Any]:
    name, *bits = arguments
    return measure(name, int(bits[0]), folder) if bits else dataclasses.asdict(costliest(name, folder))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        print(json.dumps(_one(sys.argv[1:], Path(temporary)), indent=1))
