"""What each compiled operator adds of its own: fed with the quantised model's codes, compared with its codes.

End to end the two engines drift apart, because rare differences of one step grow through a network. So a compiler's
or executor's fault is looked for operator by operator, where nothing is inherited.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from axpair_proto.simulator import LayerError

from axpair_emulator.cmodel.execute import Executor
from axpair_emulator.errors import EmulatorError
from axpair_emulator.program import Program

Array = np.ndarray[Any, Any]


def own_errors(program: Program, codes: Mapping[str, Array], executor: Executor | None = None) -> list[LayerError]:
    """Own error of every operator, in the program's order.

    `codes` holds the reference's codes of every tensor, the joint's inputs included (in NCHW order, as the program
    has them); `executor` one of this program, where there is one already.
    Raises EmulatorError when a tensor's codes are missing or of another shape than the program's.
    """
    executor = executor or Executor(program)
    errors = []
    for index, op in enumerate(program.ops):
        wanted = _codes_of(program, codes, op.output)
        got = executor.run_op(index, {name: codes[name] for name in op.inputs if name in codes})
        difference = got.astype(np.int32) - wanted.astype(np.int32)
        errors.append(
            LayerError(
                name=op.name,
                kind=op.kind,
                max_steps=float(np.abs(difference).max(initial=0)),
                mean_steps=float(difference.sum(dtype=np.int64)) / max(difference.size, 1),
                differing=int(np.count_nonzero(difference)),
                elements=difference.size,
            )
        )
    return errors


def _codes_of(program: Program, codes: Mapping[str, Array], name: str) -> Array:
    declared = program.tensors[name].shape
    if name not in codes or codes[name].shape != declared:
        found = codes[name].shape if name in codes else "nothing"
        raise EmulatorError(f"the reference gave {found} for the tensor {name!r}; the joint declares {declared}")
    return codes[name]
