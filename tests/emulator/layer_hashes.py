"""Prints the SHA-256 of every tensor that the cmodel computes, as JSON: `layer_hashes.py JOINT THREADS INPUT...`.

Runs as a process of its own, so that it can be run on another CPU.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from axpair_emulator.cmodel.execute import Executor
from axpair_emulator.program import Program
from axpair_emulator.storage.joint_file import load_program


def layer_hashes(program: Program, inputs: Mapping[str, bytes], threads: int) -> dict[str, str]:
    """Name to digest of shape, dtype and codes, or of an output's bytes, in the order in which they are computed."""
    found: dict[str, str] = {}

    def tap(name: str, codes: np.ndarray[Any, Any]) -> None:
        found[name] = hashlib.sha256(f"{codes.dtype}{codes.shape}".encode() + codes.tobytes()).hexdigest()

    executor = Executor(program, threads)
    assert executor.threads == threads
    outputs = executor.run(inputs, tap)
    return found | {f"output {name}": hashlib.sha256(value.tobytes()).hexdigest() for name, value in outputs.items()}


def cpu_features() -> list[str]:
    """What numpy finds on the CPU that this process runs on."""
    package = "numpy._core" if hasattr(np, "_core") else "numpy.core"
    features: dict[str, bool] = importlib.import_module(f"{package}._multiarray_umath").__cpu_features__
    return [name for name, present in features.items() if present]


def main(joint: str, threads: str, *inputs: str) -> None:
    program = load_program(Path(joint))
    given = {port.name: Path(path).read_bytes() for port, path in zip(program.inputs, inputs, strict=True)}
    print(json.dumps({"cpu": cpu_features(), "hashes": layer_hashes(program, given, int(threads))}))


if __name__ == "__main__":
    main(*sys.argv[1:])
