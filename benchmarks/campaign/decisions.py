"""Post-processors of the campaigns, as a user would write them: a dict of tensors in, something JSON-able out."""

from typing import Any

import numpy as np

Outputs = dict[str, "np.ndarray[Any, Any]"]


def top1(outputs: Outputs) -> dict[str, Any]:
    """Number of the largest element of the first output."""
    scores = next(iter(outputs.values())).reshape(-1)
    return {"label": int(scores.argmax())}
