"""Faults of the compiler: the quantised model is right, the joint made of it is not.

They are put into a joint when it is built, so that simulator and board agree on the wrong answers.
"""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from axpair_emulator.errors import FaultError
from axpair_emulator.faults.damage import (
    operand_of,
    table_roles,
    with_entries,
    with_moved_padding,
    with_other_normalisation,
    with_scaled_multipliers,
    with_scaled_output,
    with_shifted_weights,
    with_swapped_outputs,
    with_swapped_parts,
    without_bias,
)
from axpair_emulator.faults.known import checked_seed, suggestion
from axpair_emulator.program import Op, Program

Random = np.random.Generator
TABLE_ENTRIES = 32
"""Neighbouring entries that a miscompiled table has wrong."""
_TRIES = 8


@dataclass(frozen=True)
class ToolchainFault:
    """A way to compile wrongly."""

    name: str
    summary: str
    damages: Callable[[Program, Random], Iterator[Program]]
    """Damaged programs in the order of the seed; none where the program has no room for it."""
    code: str = "AX202"
    """The code of the fault book that has to be found."""


def _in_one_op(
    fits: Callable[[Op], bool], damage: Callable[[Program, Op, Random], Program]
) -> Callable[[Program, Random], Iterator[Program]]:
    """Damages of one operator each."""

    def damages(program: Program, random: Random) -> Iterator[Program]:
        ops = [op for op in program.ops if fits(op)]
        for at in random.permutation(len(ops)):
            yield damage(program, ops[at], random)

    return damages


def _miscompiled_table(program: Program, op: Op, random: Random) -> Program:
    role = str(random.choice(table_roles(op)))
    size = program.arrays[op.arrays[role]].shape[-1]
    width = max(TABLE_ENTRIES * size // 256, 1)
    # Codes that mean little occur most: the table goes wrong around the zero point.
    zero = program.tensors[operand_of(op, role)].zero_point
    start = min(max(zero - int(random.integers(width)), 0), size - width)
    top_bit = program.tensors[op.output].bits - 1
    return with_entries(program, op, role, range(start, start + width), top_bit)


def _swapped_concat(program: Program, op: Op, random: Random) -> Program:
    first, second = random.choice(len(op.inputs), 2, replace=False)
    return with_swapped_parts(program, op, int(first), int(second))


def _is_padded(op: Op) -> bool:
    pads = op.attrs.get("pads", ())
    return op.kind in ("conv", "conv_transpose", "max_pool", "average_pool") and any(pads[: len(pads) // 2])


def _swapped_outputs(program: Program, random: Random) -> Iterator[Program]:
    ports = [(at, port) for at, port in enumerate(program.outputs) if not port.cpu_part]
    pairs = [
        (at, place)
        for (at, one), (place, other) in itertools.combinations(ports, 2)
        if (one.shape, one.dtype, one.layout) == (other.shape, other.dtype, other.layout)
        and program.tensors[one.tensor].shape == program.tensors[other.tensor].shape
    ]
    for at in random.permutation(len(pairs)):
        yield with_swapped_outputs(program, *pairs[at])


def _wrong_scale(program: Program, random: Random) -> Iterator[Program]:
    places = [at for at, port in enumerate(program.outputs) if not port.cpu_part]
    for at in random.permutation(len(places)):
        yield with_scaled_output(program, places[at], 2.0)


FAULTS: Mapping[str, ToolchainFault] = {
    one.name: one
    for one in (
        ToolchainFault(
            "miscompiled-table",
            f"{TABLE_ENTRIES} neighbouring entries of a lookup table have their highest bit wrong",
            _in_one_op(lambda op: bool(table_roles(op)), _miscompiled_table),
        ),
        ToolchainFault(
            "miscompiled-multiplier",
            "an operator's multipliers are sixteen times too small",
            _in_one_op(
                lambda op: "shift" in op.arrays, lambda program, op, _: with_scaled_multipliers(program, op, -4)
            ),
        ),
        ToolchainFault(
            "dropped-bias",
            "the biases of an operator are left out",
            _in_one_op(lambda op: "bias" in op.arrays, lambda program, op, _: without_bias(program, op)),
        ),
        ToolchainFault(
            "shifted-weights",
            "each output channel of an operator has the weights of its neighbour",
            _in_one_op(lambda op: "weight" in op.arrays, lambda program, op, _: with_shifted_weights(program, op)),
        ),
        ToolchainFault(
            "wrong-padding",
            "an operator's padding is all at the end of each axis",
            _in_one_op(_is_padded, lambda program, op, _: with_moved_padding(program, op)),
        ),
        ToolchainFault(
            "wrong-normalisation",
            "mean and std are given to the wrong channels of an input; where they are alike, its contrast is halved",
            _in_one_op(
                lambda op: op.kind == "channel_lut", lambda program, op, _: with_other_normalisation(program, op)
            ),
        ),
        ToolchainFault(
            "swapped-concat",
            "two parts of a concatenation stand in each other's place",
            _in_one_op(lambda op: op.kind == "concat" and len(op.inputs) > 1, _swapped_concat),
        ),
        ToolchainFault(
            "swapped-topology", "two outputs of the same shape are made of each other's tensors", _swapped_outputs
        ),
        ToolchainFault("wrong-output-scale", "the values of an output are twice what they should be", _wrong_scale),
    )
}
"""By the name under which a build injects them: `axpair emulator build --fault NAME`."""


def chosen(text: str) -> tuple[ToolchainFault, ...]:
    """The faults of NAME[,NAME...]. Raises FaultError for unknown names."""
    names = [name for name in text.split(",") if name]
    for name in names:
        if name not in FAULTS:
            raise FaultError(
                f"there is no fault {name!r} of the toolchain",
                next_step=f"{suggestion(name, FAULTS)}; those of the board are injected there: "
                "--board 'emulator:?fault=NAME'",
            )
    return tuple(FAULTS[name] for name in names)


def apply(program: Program, name: str, seed: int = 0) -> Program:
    """The program as a compiler with that fault would have made it; the same seed gives the same one.

    The seed chooses some places; the one whose damage shows most on an input of noise is taken.
    Raises FaultError for an unknown name, and for a program without room for it.
    """
    from axpair_emulator.cmodel.execute import Executor
    from axpair_emulator.faults.effect import stimulus, strongest

    (fault,) = chosen(name)
    random = np.random.default_rng([checked_seed(seed), zlib.crc32(name.encode())])
    inputs = stimulus(program, random)
    damages = list(itertools.islice(fault.damages(program, random), _TRIES))
    if not damages:
        raise FaultError(f"this model gives no room for {name!r}", next_step="choose another fault, or another model")
    return strongest(Executor(program), damages, inputs).program


def damaged(program: Program, names: str, seed: int) -> Program:
    """The program with the faults NAME[,NAME...], one after the other. Raises FaultError as `apply` does."""
    for fault in chosen(names):
        program = apply(program, fault.name, seed)
    return program


def damage_joint(joint: Path, names: str, seed: int = 0) -> None:
    """Put faults into a joint of ours as it lies on disk: NAME[,NAME...], one after the other.

    Raises FaultError as `apply` does, and JointError for a file that isn't such a joint.
    """
    from axpair_emulator.storage.files import write_whole
    from axpair_emulator.storage.joint_file import load_edges, load_program, pack_program

    program = damaged(load_program(joint), names, seed)
    write_whole(joint, pack_program(program, load_edges(joint).config))
