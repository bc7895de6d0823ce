"""Faults of the NPU's arithmetic: rounding, saturation, width of the accumulators."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

from axpair_emulator.errors import FaultError
from axpair_emulator.faults.fault import Fault, Parameter
from axpair_emulator.faults.known import require_known

if TYPE_CHECKING:
    from axpair_emulator.cmodel.execute import Executor
    from axpair_emulator.faults.narrowing import Arithmetic


class _Arithmetic(Fault):
    """An arithmetic of one or all operators that differs from the rule in one way."""

    code = "AX306"
    parameters = {"op": Parameter("", "name of the operator; by default all")}  # noqa: RUF012

    def loaded(self, executor: Executor) -> Executor:
        """Put other kernels in place. Raises FaultError for an operator that isn't there or doesn't calculate."""
        from axpair_emulator.cmodel.execute import Executor
        from axpair_emulator.faults.kernels import with_arithmetic

        named = self.text("op")
        able = [op.name for op in executor.program.ops if op.kind in self.concerned()]
        if not able:
            raise FaultError(
                f"no operator of this model is of the kinds {', '.join(self.concerned())}",
                next_step="choose another fault, or another model",
            )
        if named:
            require_known("operator", named, able, "with such arithmetic")
        kinds = with_arithmetic(executor.kinds, self.changed, named)
        return Executor(executor.program, executor.threads, kinds=kinds)

    def concerned(self) -> Sequence[str]:
        """Kinds of operators that the fault can be seen in."""
        from axpair_emulator.faults.kernels import CALCULATE

        return CALCULATE

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
        "bits": Parameter(16, "width of the accumulators, sign included", 2, 63),
    }

    def concerned(self) -> Sequence[str]:
        """What sums products."""
        from axpair_emulator.faults.kernels import SUMS_OF_PRODUCTS

        return SUMS_OF_PRODUCTS

    def changed(self, arithmetic: Arithmetic) -> Arithmetic:
        """Fewer bits."""
        return dataclasses.replace(arithmetic, accumulator_bits=min(arithmetic.accumulator_bits, self.number("bits")))
