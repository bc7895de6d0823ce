"""Where an operator stands: everything that preparing it needs, and nothing of how it is executed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from axpair_emulator.errors import EmulatorError
from axpair_emulator.program import Op, Program, Tensor

Array = np.ndarray[Any, Any]

Kernel = Callable[[Sequence[Array]], Array]
"""A prepared operator: operands (codes, in the order of `Op.inputs`) to the output's codes. It keeps no state."""


@dataclass(frozen=True)
class Site:
    """One operator of a program, with its tensors and arrays looked up."""

    program: Program
    op: Op
    threads: int

    def tensor(self, index: int) -> Tensor:
        """The quantised tensor of an operand. Raises EmulatorError where the program doesn't declare it."""
        return self._declared(self.op.inputs[index])

    @property
    def x(self) -> Tensor:
        """The first operand's tensor."""
        return self.tensor(0)

    @property
    def y(self) -> Tensor:
        """The output's tensor."""
        return self._declared(self.op.output)

    def array(self, role: str) -> Array:
        """A constant of the operator. Raises EmulatorError where it has none in that role."""
        key = self.op.arrays.get(role)
        if key is None or key not in self.program.arrays:
            raise EmulatorError(f"the operator {self.op.name!r} ({self.op.kind}) has no array for {role!r}")
        return self.program.arrays[key]

    def number(self, name: str) -> int:
        """An attribute that is one whole number."""
        return int(self._attribute(name))

    def numbers(self, name: str) -> tuple[int, ...]:
        """An attribute that is a list of whole numbers."""
        return tuple(int(value) for value in self._attribute(name))

    def _attribute(self, name: str) -> Any:
        if name not in self.op.attrs:
            raise EmulatorError(f"the operator {self.op.name!r} ({self.op.kind}) has no attribute {name!r}")
        return self.op.attrs[name]

    def _declared(self, name: str) -> Tensor:
        tensor = self.program.tensors.get(name)
        if tensor is None:
            raise EmulatorError(f"the operator {self.op.name!r} ({self.op.kind}) uses the unknown tensor {name!r}")
        return tensor
