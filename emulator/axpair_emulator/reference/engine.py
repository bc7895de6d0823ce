"""Runs the quantised float model: outputs in the joint's form, or the codes of every tensor."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort

from axpair_emulator.batch import one_item, run_items
from axpair_emulator.errors import JointError
from axpair_emulator.graph.session import first_line, open_session
from axpair_emulator.ports import input_planes, output_values
from axpair_emulator.program import Port
from axpair_emulator.reference.graph_parts import codes_name, values_name

Array = np.ndarray[Any, Any]


class Reference:
    """The model that a .lava_joint holds. Every quantisation point stays where it is; float operators may be fused."""

    def __init__(self, model: onnx.ModelProto, inputs: Sequence[Port], outputs: Sequence[Port]) -> None:
        self.model = model
        self._ports = tuple(inputs)
        self._inputs, self._outputs = one_item(inputs), one_item(outputs)
        self._session = open_session(model, quantised=True)

    def run(self, inputs: Mapping[str, bytes]) -> dict[str, Array]:
        """The outputs by name in the joint's dtype, shape and layout; item by item where there is a batch."""
        return run_items(self._ports, inputs, self._run_item)

    def _run_item(self, inputs: Mapping[str, bytes]) -> dict[str, Array]:
        names = [values_name(port.tensor) for port in self._outputs]
        results = _run(self._session, names, self._feeds(inputs))
        return {port.name: output_values(port, result) for port, result in zip(self._outputs, results, strict=True)}

    def codes(self, inputs: Mapping[str, bytes], tensors: Sequence[str]) -> dict[str, Array]:
        """The codes of the named program tensors for one item, those of the joint's inputs included."""
        feeds = self._feeds(inputs)
        wanted = [name for name in tensors if name not in feeds]
        session = open_session(self.model, extra_outputs=[codes_name(name) for name in wanted], quantised=True)
        results = _run(session, [codes_name(name) for name in wanted], feeds)
        return {name: feeds[name] for name in tensors if name in feeds} | dict(zip(wanted, results, strict=True))

    def tensors(self, names: Sequence[str]) -> Callable[[Mapping[str, bytes]], dict[str, Array]]:
        """A function from one item's bytes to the real values of the named program tensors."""
        wanted = [values_name(name) for name in names]
        session = open_session(self.model, extra_outputs=wanted, quantised=True)
        return lambda inputs: dict(zip(names, _run(session, wanted, self._feeds(inputs)), strict=True))

    def _feeds(self, inputs: Mapping[str, bytes]) -> dict[str, Array]:
        return {port.tensor: input_planes(port, inputs[port.name]) for port in self._inputs}


def _run(session: ort.InferenceSession, names: list[str], feeds: Mapping[str, Array]) -> list[Array]:
    try:
        results: list[Array] = session.run(names, dict(feeds))
    except Exception as error:  # onnxruntime's own exceptions share no public base
        raise JointError(
            f"onnxruntime can't run the quantised model: {first_line(error)}",
            next_step="the .lava_joint is damaged or of another version: build it again",
        ) from error
    return results
