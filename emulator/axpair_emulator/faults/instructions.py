"""Faults of what the NPU executes: a damaged table in its memory, a wrong instruction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NoReturn

import numpy as np

from axpair_emulator.errors import FaultError
from axpair_emulator.faults.damage import operand_of, table_roles, with_entries, with_other_instruction
from axpair_emulator.faults.fault import Array, Fault, Parameter
from axpair_emulator.faults.known import require_known
from axpair_emulator.program import Op, Program

if TYPE_CHECKING:
    from axpair_emulator.cmodel.execute import Executor

_TRIES = 16


class WrongLutEntry(Fault):
    """One entry of one table. Only elements with its code are wrong, all by as much; a rare code masks it."""

    name = "wrong-lut-entry"
    summary = "one entry of a lookup table is wrong in the device's copy of the model"
    code = "AX306"
    parameters = {  # noqa: RUF012
        "op": Parameter(
            "", "name of the operator; by default the seed chooses some, and the one that shows most is taken"
        ),
        "entry": Parameter(-1, "which code's entry; -1: the seed chooses among those that occur", -1, 0xFFFF),
        "bit": Parameter(6, "which bit of the entry is flipped, 0 being the lowest, as far as it has so many", 0, 15),
    }

    def loaded(self, executor: Executor) -> Executor:
        """Flip the bit; of the seed's choices the one that changes the answers most."""
        from axpair_emulator.faults.effect import stimulus, strongest

        program, random = executor.program, self.random()
        ops = _named(program, self.text("op"), [op for op in program.ops if table_roles(op)], "a table")
        ops = [op for op in ops if self._roles(program, op)] or self._refuse(program, ops)
        inputs = stimulus(program, random)
        codes: dict[str, Array] = dict(program.arrays)
        for port in program.inputs:
            codes[port.tensor] = np.frombuffer(inputs[port.name], np.uint8)
        executor.run(inputs, tap=codes.__setitem__)
        return strongest(executor, self._damages(program, ops, codes, random), inputs)

    def _damages(
        self, program: Program, ops: list[Op], codes: dict[str, Array], random: np.random.Generator
    ) -> Iterator[Program]:
        for _ in range(_TRIES):
            op = ops[int(random.integers(len(ops)))]
            role = str(random.choice(self._roles(program, op)))
            entry = self.number("entry")
            if entry < 0:
                entry = int(random.choice(codes[operand_of(op, role)].ravel()))
            yield with_entries(program, op, role, [entry], self.number("bit"))

    def _roles(self, program: Program, op: Op) -> list[str]:
        """Those of an operator's tables that have the entry and the bit."""
        tables = {role: program.arrays[op.arrays[role]] for role in table_roles(op)}
        return [
            role
            for role, table in tables.items()
            if self.number("entry") < table.shape[-1] and self.number("bit") < 8 * table.itemsize
        ]

    def _refuse(self, program: Program, ops: Sequence[Op]) -> NoReturn:
        tables = [program.arrays[op.arrays[role]] for op in ops for role in table_roles(op)]
        entries, bits = max(table.shape[-1] for table in tables), 8 * max(table.itemsize for table in tables)
        what = f"the table of {self.text('op')!r} has" if self.text("op") else "the tables have at most"
        raise FaultError(
            f"{what} the entries 0 to {entries - 1} and the bits 0 to {bits - 1}, not entry {self.number('entry')} "
            f"with bit {self.number('bit')}",
            next_step="give an entry and a bit that are there",
        )


class WrongInstruction(Fault):
    """One operator does what another one should do."""

    name = "wrong-instruction"
    summary = "an Add is executed as a Sub; in a model without Add, a Mul as an Add"
    code = "AX306"
    parameters = {  # noqa: RUF012
        "op": Parameter(
            "", "name of the operator; by default the seed chooses some, and the one that shows most is taken"
        )
    }

    def loaded(self, executor: Executor) -> Executor:
        """Exchange it; of the seed's choices the one that changes the answers most."""
        from axpair_emulator.faults.effect import stimulus, strongest

        program, random = executor.program, self.random()
        adds, muls = ([op for op in program.ops if op.kind == kind] for kind in ("add", "mul"))
        named = self.text("op")
        ops = _named(program, named, adds + muls if named else adds or muls, "an instruction to take for another")
        inputs = stimulus(program, random)
        order = random.permutation(len(ops))[:_TRIES]
        return strongest(executor, (with_other_instruction(program, ops[at]) for at in order), inputs)


def _named(program: Program, name: str, ops: list[Op], what: str) -> list[Op]:
    """The operators of that name; all if it is empty. Raises FaultError if there are none."""
    if not ops:
        raise FaultError(f"no operator of this model has {what}", next_step="choose another fault, or another model")
    if name:
        require_known("operator", name, (op.name for op in ops), f"with {what}")
    return [op for op in ops if name in ("", op.name)]
