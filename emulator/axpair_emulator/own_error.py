"""What each compiled operator adds of its own: fed with the quantised model's codes, compared with its codes.

End to end the two engines drift apart, because rare differences of one step grow through a network. So a compiler's
or executor's fault is looked for operator by operator, where nothing is inherited.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from axpair_proto.simulator import LayerError

from axpair_emulator.cmodel.execute import Executor, real_values
from axpair_emulator.errors import EmulatorError
from axpair_emulator.ports import output_values
from axpair_emulator.program import Program

Array = np.ndarray[Any, Any]


def own_errors(
    program: Program,
    codes: Mapping[str, Array],
    executor: Executor | None = None,
    outputs: Mapping[str, Array] | None = None,
) -> list[LayerError]:
    """Own error of every operator, in the program's order; then of what hands out the outputs, of kind "output".

    `codes` holds the reference's codes of every tensor, the joint's inputs included (in NCHW order, as the program
    has them); `executor` one of this program, where there is one already; `outputs` the reference's outputs by name,
    without which the handing out (which tensor, which scale, which Q) isn't looked at.
    Raises EmulatorError when a tensor's codes are missing or of another shape than the program's.
    """
    executor = executor or Executor(program)
    errors = []
    for index, op in enumerate(program.ops):
        wanted = _codes_of(program, codes, op.output)
        got = executor.run_op(index, {name: codes[name] for name in op.inputs if name in codes})
        errors.append(_error(op.name, op.kind, got.astype(np.float64) - wanted))
    outputs = outputs or {}
    for port in program.outputs:
        if port.name in outputs and not port.cpu_part:
            tensor = program.tensors[port.tensor]
            got = output_values(port, real_values(tensor, _codes_of(program, codes, port.tensor)))
            # A whole number can't be nearer than one.
            step = tensor.scale if port.dtype == "float32" else max(tensor.scale * port.q, 1.0)
            # Infinities on both sides are no difference.
            moved = np.where(got == outputs[port.name], 0.0, got.astype(np.float64)) - np.where(
                got == outputs[port.name], 0.0, outputs[port.name]
            )
            errors.append(_error(port.name, "output", moved / step))
    return errors


def _error(name: str, kind: str, steps: Array) -> LayerError:
    return LayerError(
        name=name,
        kind=kind,
        max_steps=float(np.abs(steps).max(initial=0)),
        mean_steps=float(steps.sum()) / max(steps.size, 1),
        differing=int(np.count_nonzero(steps)),
        elements=steps.size,
    )


def _codes_of(program: Program, codes: Mapping[str, Array], name: str) -> Array:
    declared = program.tensors[name].shape
    if name not in codes or codes[name].shape != declared:
        found = codes[name].shape if name in codes else "nothing"
        raise EmulatorError(f"the reference gave {found} for the tensor {name!r}; the joint declares {declared}")
    return codes[name]
