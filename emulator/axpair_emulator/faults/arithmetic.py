"""Faults of the NPU's arithmetic: rounding, saturation, width of the accumulators."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from axpair_emulator.errors import FaultError
from axpair_emulator.faults.fault import Fault, Parameter

if TYPE_CHECKING:
    from axpair_emulator.cmodel.execute import Executor
    from axpair_emulator.faults.kernels import Arithmetic


class _Arithmetic(Fault):
    """An arithmetic of one or all operators that differs from the rule in one way."""

    code = "AX306"
    parameters = {"op": Parameter("", "name of the operator; by default all")}  # noqa: RUF012

    def loaded(self, executor: Executor) -> Executor:
        """Put other kernels in place. Raises FaultError for an operator that isn't there or doesn't calculate."""
        from axpair_emulator.cmodel.execute import Executor
        from axpair_emulator.faults.kernels import ACCUMULATES, with_arithmetic

        named = self.text("op")
        if named and named not in [op.name for op in executor.program.ops if op.kind in ACCUMULATES]:
            raise FaultError(
                f"there is no operator {named!r} that calculates",
                next_step=f"such are of the kinds {', '.join(ACCUMULATES)}",
            )
        kinds = with_arithmetic(executor.kinds, self.changed, named)
        return Executor(executor.program, executor.threads, kinds=kinds)

    def changed(self, arithmetic: Arithmetic) -> Arithmetic:
        """What the fault makes of an arithmetic."""
        raise NotImplementedError


class TruncatedRounding(_Arithmetic):
    """The half that rounding adds is missing: floor for round."""

    name = "truncated-rounding"
    summary = "results are cut off where they should be rounded"

    def changed(self, arithmetic: Arithmetic) -> Arithmetic:
        """No rounding."""
        return dataclasses.replace(arithmetic, rounds=False)


class WrapAround(_Arithmetic):
    """The narrowing to codes keeps the low bits instead of saturating."""

    name = "wrap-around"
    summary = "results beyond the codes' range wrap round where they should saturate"

    def changed(self, arithmetic: Arithmetic) -> Arithmetic:
        """No saturation."""
        return dataclasses.replace(arithmetic, saturates=False)


class AccumulatorWrap(_Arithmetic):
    """Accumulators are too narrow. Sums that fit are right: often only a worst-case input shows it."""

    name = "accumulator-wrap"
    summary = "the sums of convolutions and products wrap round at too few bits"
    parameters = {  # noqa: RUF012
        **_Arithmetic.parameters,
        "bits": Parameter(16, "width of the accumulators, sign included"),
    }

    def changed(self, arithmetic: Arithmetic) -> Arithmetic:
        """Fewer bits. Raises FaultError for a width that is none."""
        if not 2 <= self.number("bits") <= 63:
            raise FaultError(f"accumulators have 2 to 63 bits, not {self.number('bits')}")
        return dataclasses.replace(arithmetic, accumulator_bits=min(arithmetic.accumulator_bits, self.number("bits")))
