"""A fault of the toolchain's front end: the ONNX graph is read as one that computes something else, still in float.

It is recorded in joint and lava_joint, so that the float model can be shown as that build imported it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from axpair_emulator.errors import FaultError
from axpair_emulator.faults.known import checked_seed

# A worker of the emulated board knows the fault's name, and never loads what reads an ONNX graph.
if TYPE_CHECKING:
    import onnx


@dataclass(frozen=True)
class ImportFault:
    """As the catalogue lists it."""

    name: str
    summary: str
    code: str = "AX208"


GRAPH_IMPORT = ImportFault(
    "graph-import", "one operator of the ONNX graph is read wrongly: an activation, a bias or an order of operands lost"
)
_TRIES = 12
_SEEN = 0.2
"""2-norm relative error of an output on noise that is enough to be seen."""


def split(names: str, seed: int) -> tuple[str, str]:
    """What of NAME[,NAME...] is of the import, as a build takes it ("" = nothing), and the other names.

    Raises FaultError for a seed below 0.
    """
    checked_seed(seed)
    wanted = [name for name in names.split(",") if name]
    others = [name for name in wanted if name != GRAPH_IMPORT.name]
    return (f"{GRAPH_IMPORT.name}:{seed}" if others != wanted else ""), ",".join(others)


def damaged_import(model: onnx.ModelProto, fault: str) -> onnx.ModelProto:
    """The graph as a front end with that fault reads it; the same text and model give the same one.

    Of a few places in the order of the seed the first is taken that shows on noise, else the one that shows most.
    Raises FaultError for another text, and for a model without room for it.
    """
    import onnx
    from onnx import helper

    from axpair_emulator.graph.pin import model_inputs

    name, _, seed = fault.partition(":")
    if name != GRAPH_IMPORT.name or not seed.isdigit():
        raise FaultError(f"there is no fault {fault!r} of the import", next_step="build the joint again")
    random = np.random.default_rng([int(seed), 208])
    feeds = {
        value.name: random.normal(0, 1, [axis.dim_value for axis in value.type.tensor_type.shape.dim]).astype(
            helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type)
        )
        for value in model_inputs(model)
    }
    right = _run(model, feeds)
    places = [(at, damage) for at, node in enumerate(model.graph.node) for damage in _damages(model, node)]
    chosen: onnx.ModelProto | None = None
    most = 1e-3
    for place in random.permutation(len(places))[:_TRIES]:
        at, damage = places[place]
        wrong = onnx.ModelProto()
        wrong.CopyFrom(model)
        damage(wrong, wrong.graph.node[at])
        seen = max(map(_error, right, _run(wrong, feeds)))
        if seen > most:
            chosen, most = wrong, seen
        if seen > _SEEN:
            break
    if chosen is None:
        raise FaultError(
            f"this model gives no room for {GRAPH_IMPORT.name!r}", next_step="choose another fault, or another model"
        )
    return chosen


def _damages(
    model: onnx.ModelProto, node: onnx.NodeProto
) -> Iterator[Callable[[onnx.ModelProto, onnx.NodeProto], None]]:
    constants = {tensor.name for tensor in model.graph.initializer}
    if node.op_type in ("Relu", "Clip", "LeakyRelu", "PRelu", "HardSwish", "HardSigmoid", "Sigmoid", "Tanh"):
        yield _passed_on
    if node.op_type in ("Conv", "Gemm") and len(node.input) > 2 and node.input[2] in constants:
        yield _without_bias
    if node.op_type == "Concat" and len(node.input) > 1:
        yield _turned
    if node.op_type in ("Sub", "Div"):
        yield _turned


def _passed_on(model: onnx.ModelProto, node: onnx.NodeProto) -> None:
    first = node.input[0]
    node.op_type = "Identity"
    del node.attribute[:]
    del node.input[:]
    node.input.append(first)


def _without_bias(model: onnx.ModelProto, node: onnx.NodeProto) -> None:
    from onnx import numpy_helper

    bias = next(tensor for tensor in model.graph.initializer if tensor.name == node.input[2])
    zeros = np.zeros_like(numpy_helper.to_array(bias))
    lost = numpy_helper.from_array(zeros, f"{bias.name}/lost")
    model.graph.initializer.append(lost)
    node.input[2] = lost.name


def _turned(model: onnx.ModelProto, node: onnx.NodeProto) -> None:
    operands = list(node.input)[::-1]
    del node.input[:]
    node.input.extend(operands)


def _run(model: onnx.ModelProto, feeds: dict[str, np.ndarray]) -> list[np.ndarray]:
    from axpair_emulator.graph.session import open_session

    try:
        return list(open_session(model).run(None, feeds))
    except Exception:  # turned parts may not fit each other any more: no place for it then
        return []


def _error(right: np.ndarray, wrong: np.ndarray) -> float:
    if right.shape != wrong.shape or not np.isfinite(wrong.astype(np.float64)).all():
        return 0.0
    distance = float(np.linalg.norm(wrong.astype(np.float64) - right))
    return distance / max(float(np.linalg.norm(right.astype(np.float64))), 1e-12)
