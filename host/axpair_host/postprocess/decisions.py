"""What a post-processor said, as a JSON value: made from what it returned, and told to people."""

import json
import math
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np

from axpair_host.errors import PostprocessError
from axpair_host.postprocess.forms import as_boxes, as_top

_DEEPEST = 32
_LONGEST_TOLD = 80
_ENTRIES_TOLD = 3


def as_json(value: Any, depth: int = 0) -> Any:
    """A JSON value of what a post-processor returned: numpy numbers and arrays become numbers and lists, tuples
    lists, and numbers that JSON lacks the texts "NaN", "Infinity" and "-Infinity"; half a character becomes "?".

    Raises PostprocessError for anything else.
    """
    if depth > _DEEPEST:
        raise PostprocessError(f"the post-processor's result is nested more than {_DEEPEST} deep")
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        if abs(value) > sys.float_info.max:
            raise PostprocessError(
                f"the post-processor returned a whole number of {value.bit_length()} bits: no output has one so large",
                next_step="look at what it computes that number from",
            )
        return value
    if isinstance(value, str):
        return _writable(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else "NaN" if math.isnan(value) else f"{'-' * (value < 0)}Infinity"
    if isinstance(value, Mapping):
        return {_writable(str(key)): as_json(each, depth + 1) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(each, depth + 1) for each in value]
    raise PostprocessError(
        f"the post-processor returned a value of type {type(value).__name__}, which JSON can't hold",
        next_step="return numbers, texts, lists, dicts or numpy arrays",
    )


def holds_nan(decision: Any) -> bool:
    """Whether a NaN is anywhere in a decision, as `as_json` writes it."""
    if isinstance(decision, Mapping | list):
        return any(map(holds_nan, decision.values() if isinstance(decision, Mapping) else decision))
    return isinstance(decision, str) and decision == "NaN"


def told(decision: Any) -> str:
    """A decision in one short line: labels and boxes with their scores, anything else as JSON."""
    entries = as_boxes(decision) or as_top(decision) if isinstance(decision, list | dict) else None
    if entries:
        shown = ", ".join(entry.told() for entry in entries[:_ENTRIES_TOLD])
        more = len(entries) - _ENTRIES_TOLD
        return f"[{shown}{f', and {more} more' if more > 0 else ''}]"
    text = json.dumps(_rounded(decision), ensure_ascii=False)
    return text if len(text) <= _LONGEST_TOLD else f"{text[: _LONGEST_TOLD - 3]}..."


def _writable(text: str) -> str:
    """Without surrogates on their own, which no file can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, dict):
        return {key: _rounded(each) for key, each in value.items()}
    return [_rounded(each) for each in value[:100]] if isinstance(value, list) else value
