"""The same bits on every CPU: one stored joint per model, its layers hashed on feature levels, threads and runs.

Whole CPUs are emulated by qemu-user, so that onnxruntime and numpy both choose other kernels. One more level is cheap:
this machine with numpy's own choice of kernels held at its baseline, which onnxruntime's isn't touched by.
"""

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from axpair_emulator.build import build
from axpair_emulator.config.flags import BuildFlags
from axpair_emulator.program import Program
from axpair_emulator.simulator import EmulatorSimulator
from axpair_emulator.storage.joint_file import load_program
from axpair_emulator.zoo import fetch
from axpair_proto.pulsar import config_pb2 as pb
from axpair_proto.simulator import Models

from benchmarks.layer_hashes import THREADS, dispatched_features
from benchmarks.material import MODELS, lay_out

QEMU = "qemu-x86_64"
NATIVE, PLAIN_NUMPY = "native", "native, numpy plain"
EMULATED = {"Nehalem": ("SSE42", "AVX"), "SandyBridge": ("AVX", "AVX2"), "Haswell": ("AVX2", "AVX512F")}
"""CPUs that qemu can be, each with the best feature it has and one that it hasn't."""
LEVELS = (NATIVE, PLAIN_NUMPY, *EMULATED)
RUNS = 3
"""On this machine's own CPU; on the slow emulated ones it is one for each number of threads."""
SAMPLES = 4
DEADLINE = 3600
"""Seconds for one process: an emulated CPU on a busy machine takes minutes for the larger models."""
SCRIPT = Path(__file__).with_name("layer_hashes.py")


@dataclass(frozen=True)
class Stored:
    """A joint as it is run on every level, and its input's files in the order of its inputs."""

    joint: Path
    inputs: tuple[Path, ...]

    @property
    def digest(self) -> str:
        """SHA-256 of the joint."""
        return hashlib.sha256(self.joint.read_bytes()).hexdigest()

    @property
    def program(self) -> Program:
        """What the joint holds."""
        return load_program(self.joint)


@dataclass(frozen=True)
class Seen:
    """What one level computed: its CPU features, and by number of threads every run's digests by layer."""

    features: tuple[str, ...]
    threads: Mapping[int, Sequence[Mapping[str, str]]]

    def unequal(self, threads: int, expected: Mapping[str, str]) -> list[str]:
        """The layers that had other bits than expected in any run, in order."""
        runs = self.threads[threads]
        return [name for name in expected if any(run.get(name) != expected[name] for run in runs)]


def main(names: Sequence[str] = ()) -> int:
    """Print the table of docs/emulator.md, for the models named or all; 1 where a layer of an NPU part differs."""
    levels = [level for level in LEVELS if not why_not(level)]
    print(f"Of an NPU part's layers those equal on 1 thread / 2 threads, in each of {RUNS} runs (1 where emulated):\n")
    print(f"| model | bits | joint, sha256 | layers | {' | '.join(levels)} |")
    print("|---" * (4 + len(levels)) + "|")
    broken, floats = dict[str, list[str]](), dict[str, list[str]]()
    for name in names or MODELS:
        for bits in (8, 16):
            with tempfile.TemporaryDirectory() as folder:
                stored = store(name, bits, Path(folder))
                digest, promised = stored.digest, promised_layers(stored.program)
                seen = look(stored, levels)
            expected = seen[NATIVE].threads[1][0]
            cells = []
            for level in levels:
                other = {threads: seen[level].unequal(threads, expected) for threads in THREADS}
                wrong = {threads: [layer for layer in other[threads] if layer in promised] for threads in THREADS}
                cells.append(" / ".join(str(len(promised) - len(wrong[threads])) for threads in THREADS))
                differing = list(dict.fromkeys(layer for threads in THREADS for layer in other[threads]))
                for kind, wanted in ((broken, True), (floats, False)):
                    layers = [layer for layer in differing if (layer in promised) == wanted]
                    if layers:
                        kind[f"{name}, {bits} bit, {level}"] = layers
            row = (name, str(bits), digest[:16], str(len(promised)), *cells)
            print(f"| {' | '.join(row)} |", flush=True)
    for title, kind in (("Unequal", broken), ("Float outputs of CPU parts that differ, as they may", floats)):
        print(f"\n{title}: " + ("; ".join(f"{where}: {', '.join(layers)}" for where, layers in kind.items()) or "none"))
    return 1 if broken else 0


def promised_layers(program: Program) -> set[str]:
    """The layers whose bits are promised: all of the NPU part, and the outputs that don't come from a CPU part."""
    outputs = {f"output {port.name}" for port in program.outputs if not port.cpu_part}
    return {op.output for op in program.ops} | outputs


def store(name: str, bits: int, folder: Path) -> Stored:
    """Build a model of the seven, once, and prepare its input."""
    files = lay_out(name, folder, SAMPLES)
    joint = folder / "model.joint"
    flags = BuildFlags(input_shapes=MODELS[name].shapes)
    build(fetch(name), folder / "config.prototxt", joint, flags=flags, amend=_sixteen if bits == 16 else None)
    data = EmulatorSimulator().prepare(Models(joint=joint), files).data
    inputs = []
    for index, port in enumerate(load_program(joint).inputs):
        inputs.append(folder / f"input_{index}.bin")
        inputs[-1].write_bytes(data[port.name])
    return Stored(joint, tuple(inputs))


def look(stored: Stored, levels: Sequence[str], runs: int = RUNS, at_once: int = 2) -> dict[str, Seen]:
    """Run a joint on each level, at most so many processes at once. Raises ChildProcessError where one fails."""
    seen = {}
    for start in range(0, len(levels), at_once):
        processes = {level: _started(stored, level, runs) for level in levels[start : start + at_once]}
        for level, process in processes.items():
            output, _ = process.communicate(timeout=DEADLINE)
            errors = _errors(stored, level)
            if process.returncode:
                raise ChildProcessError(f"{level}: {errors.read_text(errors='replace')[-2000:]}")
            found = json.loads(output)
            if level in EMULATED and [name in found["cpu"] for name in EMULATED[level]] != [True, False]:
                raise ChildProcessError(f"{level} has the features {', '.join(found['cpu'])}")
            seen[level] = Seen(tuple(found["cpu"]), {int(key): value for key, value in found["threads"].items()})
    return seen


def why_not(level: str) -> str:
    """Why a level can't be tried here; "" when it can."""
    if level not in EMULATED:
        return ""
    if platform.machine() not in ("x86_64", "AMD64") or sys.platform != "linux":
        return f"{QEMU} runs this machine's own programs on x86-64 Linux only"
    if not shutil.which(QEMU):
        return f"{QEMU} is missing; on Debian and Ubuntu: apt-get install qemu-user"
    # numpy 2.4.6's wheel stops on qemu's Nehalem.
    command = [QEMU, "-cpu", level, sys.executable, "-c", "import numpy"]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    said = done.stderr.strip().splitlines()
    return f"numpy {version('numpy')} doesn't start on a {level}: {said[-1:]}" if done.returncode else ""


def _started(stored: Stored, level: str, runs: int) -> subprocess.Popen[str]:
    runs = 1 if level in EMULATED else runs
    command = [sys.executable, str(SCRIPT), str(stored.joint), str(runs), *map(str, stored.inputs)]
    environment = dict(os.environ)
    if level in EMULATED:
        command = [QEMU, "-cpu", level, *command]
    if level == PLAIN_NUMPY:
        environment["NPY_DISABLE_CPU_FEATURES"] = " ".join(dispatched_features())
    with _errors(stored, level).open("wb") as errors:
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment)


def _errors(stored: Stored, level: str) -> Path:
    """Where a process's stderr goes: qemu says much there, more than a pipe holds."""
    return stored.joint.with_name(f"{level}.txt")


def _sixteen(config: pb.Config) -> None:
    config.neuwizard_conf.operator_conf.operator_conf_items.add().attributes.input_feature_type = pb.UINT16


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
