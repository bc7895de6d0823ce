"""Parts of a graph: the nodes that lie between some tensors and another one, as a model of their own."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from onnx import helper

from axpair_emulator.errors import ModelError
from axpair_emulator.graph.session import first_line, open_session

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Piece:
    """What it takes to compute some tensors."""

    outputs: tuple[str, ...]
    inputs: tuple[str, ...]
    """Tensors that have to be given."""
    nodes: tuple[onnx.NodeProto, ...]
    """In the model's order."""
    constants: tuple[str, ...]
    """Names of initializers."""

    @property
    def kind(self) -> str:
        """The operators' types in order, such as "Conv+Relu"; "" where there is nothing to compute."""
        return "+".join(node.op_type for node in self.nodes if node.op_type != "Constant")


class Pieces:
    """A model that can be computed part by part: an index of who makes what."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self._model = model
        self._makers = {name: at for at, node in enumerate(model.graph.node) for name in node.output if name}
        self._constants = {tensor.name: tensor for tensor in model.graph.initializer}

    def __contains__(self, name: str) -> bool:
        """Whether some node computes that tensor."""
        return name in self._makers

    def piece(self, outputs: Sequence[str], given: Collection[str]) -> Piece:
        """What computes `outputs` from those of `given` that they need, and from inputs of the model.

        An output that is given itself costs nothing. Raises ModelError for a tensor that nothing makes.
        """
        nodes: set[int] = set()
        inputs: dict[str, None] = {}
        constants: dict[str, None] = {}
        seen: set[str] = set()
        waiting = list(outputs)
        while waiting:
            name = waiting.pop()
            if name in seen:
                continue
            seen.add(name)
            if name in given:
                inputs[name] = None
            elif name in self._constants:
                constants[name] = None
            elif name in self._makers:
                at = self._makers[name]
                nodes.add(at)
                waiting.extend(_reads(self._model.graph.node[at]))
            elif any(value.name == name for value in self._model.graph.input):
                inputs[name] = None
            else:
                raise ModelError(f"no operator of the model makes the tensor {name!r}")
        made = tuple(self._model.graph.node[at] for at in sorted(nodes))
        return Piece(tuple(outputs), tuple(inputs), made, tuple(constants))

    def model(
        self,
        piece: Piece,
        inputs: Sequence[onnx.ValueInfoProto],
        outputs: Sequence[onnx.ValueInfoProto] = (),
        first: Sequence[onnx.NodeProto] = (),
    ) -> onnx.ModelProto:
        """The piece as a model; types of outputs are left to inference where none are given.

        `first` are nodes before its own, whose constants have to be among the piece's.
        """
        made: onnx.ModelProto = helper.make_model(
            helper.make_graph(
                [*first, *piece.nodes],
                "piece",
                inputs,
                outputs or [helper.make_empty_tensor_value_info(name) for name in piece.outputs],
                [self._constants[name] for name in piece.constants],
            ),
            opset_imports=list(self._model.opset_import),
            ir_version=self._model.ir_version,
        )
        return made

    def run(self, piece: Piece, given: Mapping[str, Array]) -> list[Array]:
        """The piece's outputs, computed node by node as they stand, for the tensors it needs. Raises ModelError."""
        if not piece.nodes:
            return [given[name] for name in piece.outputs]
        feeds = {name: given[name] for name in piece.inputs}
        described = [
            helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape)
            for name, array in feeds.items()
        ]
        session = open_session(self.model(piece, described), optimise=False)
        try:
            results: list[Array] = session.run(list(piece.outputs), feeds)
        except Exception as error:  # onnxruntime's own exceptions share no public base
            raise ModelError(
                f"onnxruntime can't compute {', '.join(map(repr, piece.outputs))}: {first_line(error)}",
                next_step="check that the files are of one build",
            ) from error
        return results


def _reads(node: onnx.NodeProto) -> Iterator[str]:
    """Names that a node reads, those inside its branches and loops included."""
    yield from filter(None, node.input)
    for attribute in node.attribute:
        for graph in (attribute.g, *attribute.graphs):
            inner = {value.name for value in graph.input} | {tensor.name for tensor in graph.initializer}
            for part in graph.node:
                yield from (name for name in _reads(part) if name not in inner)
                inner.update(part.output)
