"""Runs a joint's CPU part: float operators through onnxruntime, unoptimised, on one thread.

It is float arithmetic: the same on every run of a machine, but no promise is made across processors.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import onnx
from google.protobuf.message import DecodeError

from axpair_emulator.errors import EmulatorError
from axpair_emulator.graph.session import first_line, open_session
from axpair_emulator.program import CpuPart

Array = np.ndarray[Any, Any]


def prepare_cpu_part(part: CpuPart) -> Callable[[Mapping[str, Array]], dict[str, Array]]:
    """From real values of the part's inputs, by program tensor, to its outputs. Raises EmulatorError if damaged."""
    model = onnx.ModelProto()
    try:
        model.ParseFromString(part.model)
    except DecodeError as error:
        raise EmulatorError(f"the joint's CPU part is damaged: {error}", next_step="build the joint again") from error
    if any(tensor.data_location == onnx.TensorProto.EXTERNAL for tensor in model.graph.initializer):
        raise EmulatorError("the joint's CPU part wants files outside the joint", next_step="build the joint again")
    session = open_session(model, optimise=False)

    def run(values: Mapping[str, Array]) -> dict[str, Array]:
        feeds = {name: np.asarray(values[tensor], np.float32) for name, tensor in part.inputs.items()}
        try:
            return dict(zip(part.outputs, session.run(list(part.outputs), feeds), strict=True))
        except Exception as error:  # onnxruntime's own exceptions share no public base
            raise EmulatorError(
                f"the joint's CPU part doesn't fit its inputs: {first_line(error)}",
                next_step="the joint is damaged or of another version: build it again",
            ) from error

    return run
