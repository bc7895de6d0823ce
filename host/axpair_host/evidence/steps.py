"""An output's quantisation step in the units of its tensor."""

from typing import Any

import numpy as np

from axpair_host.evidence.record import OutputFacts


def data_step(output: OutputFacts, tensor: "np.ndarray[Any, Any]") -> float:
    """0.0 where unknown. Floats hold real values; integers real values times Q, or codes where there is no Q."""
    if tensor.dtype.kind == "f" or not output.step:
        return output.step
    return max(1.0, output.step * output.q) if output.q else 1.0
