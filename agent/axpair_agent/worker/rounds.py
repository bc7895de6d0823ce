"""One round: poison the outputs, hand the inputs over, run, read, digest, look for surviving poison."""

import hashlib
import os
import time
from typing import Any, Dict, List, NamedTuple, Sequence, Union

from axpair_agent.worker import poison
from axpair_agent.worker.runtime import ReportsDelivery, Runtime, RuntimeFault

Buffer = Union[bytes, bytearray, memoryview]

_ITEM_BYTES = {"8": 1, "16": 2, "32": 4, "64": 8}


class InputFault(Exception):
    """The inputs don't fit the model; nothing was run."""


class Round(NamedTuple):
    """What one round gave; `outputs` stay valid until the next round."""

    header: Dict[str, Any]
    outputs: List[memoryview]


_OTHER_SHADES = bytes(value ^ 0x55 for value in range(256))


def probe_input(data: bytes, dtype: str) -> bytes:
    """An input whose answer is another one, so that a stale answer shows: the elements rolled by half their number.

    Those of uint8, which are pictures, also change shade (XOR 0x55): a sure classifier may answer a rolled picture with
    the very same bytes. Other dtypes keep their values: token numbers have to stay in their range.
    """
    item = next((size for bits, size in _ITEM_BYTES.items() if dtype.endswith(bits)), 1)
    cut = len(data) - len(data) // item // 2 * item
    moved = data[cut:] + data[:cut]
    return moved.translate(_OTHER_SHADES) if dtype == "uint8" else moved


def check_inputs(description: Dict[str, Any], inputs: Sequence[bytes]) -> None:
    """Raise InputFault where number or sizes aren't those of the model."""
    expected = description["inputs"]
    if len(inputs) != len(expected):
        raise InputFault(f"the model takes {len(expected)} inputs, {len(inputs)} came")
    for tensor, data in zip(expected, inputs):
        if len(data) != tensor["size_bytes"]:
            raise InputFault(f"input {tensor['name']!r} takes {tensor['size_bytes']} bytes, {len(data)} came")


def run_round(runtime: Runtime, description: Dict[str, Any], inputs: Sequence[bytes]) -> Round:
    """Run once and say what was handed over, what came back and how long it took.

    The header: delivered [{sha256, size_bytes}], outputs [{sha256, size_bytes, poisoned, survivors}], seed,
    run_us, worker_us. Raises RuntimeFault, also for outputs whose number isn't the model's.
    """
    started = time.perf_counter()
    seed = os.urandom(16)
    patterns = _poison_outputs(runtime, seed)
    delivered = [_digest(data) for data in inputs]
    before = time.perf_counter()
    returned = runtime.run(inputs)
    after = time.perf_counter()
    outputs = [memoryview(output).cast("B") for output in returned]
    expected = len(description["outputs"])
    if len(outputs) != expected:
        raise RuntimeFault(f"the runtime returned {len(outputs)} outputs, the model has {expected}")
    if isinstance(runtime, ReportsDelivery):
        buffers = runtime.delivered()
        if buffers is not None:
            delivered = [_digest(memoryview(data).cast("B")) for data in buffers]
            if len(delivered) != len(inputs):
                raise RuntimeFault(f"the runtime shows {len(delivered)} inputs, the model has {len(inputs)}")
    found = [_output(output, patterns[index] if patterns else None) for index, output in enumerate(outputs)]
    return Round(
        {
            "delivered": delivered,
            "outputs": found,
            "seed": seed.hex(),
            "run_us": _us(after - before),
            "worker_us": _us(time.perf_counter() - started - (after - before)),
        },
        outputs,
    )


def _poison_outputs(runtime: Runtime, seed: bytes) -> "List[bytes]":
    buffers = runtime.outputs()
    patterns = []
    for index, buffer in enumerate(buffers or ()):
        view = memoryview(buffer).cast("B")
        patterns.append(poison.poison(seed, index, len(view)))
        view[:] = patterns[index]
    return patterns


def _output(output: memoryview, pattern: "Union[bytes, None]") -> Dict[str, Any]:
    return {
        **_digest(output),
        "poisoned": pattern is not None,
        "survivors": poison.survivors(pattern, output) if pattern is not None else [],
    }


def _digest(data: Buffer) -> Dict[str, Any]:
    return {"sha256": hashlib.sha256(data).hexdigest(), "size_bytes": len(data)}


def _us(seconds: float) -> int:
    return max(0, int(seconds * 1e6))
