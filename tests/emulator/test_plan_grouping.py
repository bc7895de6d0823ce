"""Which float nodes become one operator."""

from __future__ import annotations

import math

import numpy as np
import onnx
import pytest
from axpair_emulator.errors import ModelError
from axpair_emulator.graph.pin import pin_shapes
from axpair_emulator.graph.simplify import simplify
from axpair_emulator.graph.view import view
from axpair_emulator.plan.cut import cut
from axpair_emulator.plan.grouping import group
from axpair_emulator.plan.placement import check_domains
from axpair_emulator.plan.step import Step
from onnx import helper
from onnx_models import INPUT, net, node, random_array

CONV = node("Conv", [INPUT, "w"], ["c"])
WEIGHT = random_array(4, 3, 1, 1)
LOW, HIGH = np.array(-3, np.float32), np.array(-1, np.float32)
HALF, TWO = np.array(0.5, np.float32), np.array(2, np.float32)


def steps_of(*nodes: onnx.NodeProto, outputs: tuple[str, ...] = ("y",), **constants: np.ndarray) -> list[Step]:
    model = net([CONV, *nodes], outputs, {"w": WEIGHT, **constants})
    return list(group(view(simplify(pin_shapes(model, {})))))


def test_clamps_go_into_their_producer() -> None:
    (step,) = steps_of(node("Relu", ["c"], ["r"]), node("Clip", ["r", "", "hi"], ["y"]), hi=np.array(6, np.float32))
    assert (step.kind, step.outputs, step.low, step.high) == ("Conv", ("y",), 0.0, 6.0)
    assert [one.op_type for one in step.nodes] == ["Conv", "Relu", "Clip"]


def test_clamps_in_a_row_narrow_as_they_would_one_after_the_other() -> None:
    (step,) = steps_of(
        node("Clip", ["c", "lo", "hi"], ["r"]),
        node("Relu", ["r"], ["y"]),
        lo=LOW,
        hi=HIGH,
    )
    assert (step.low, step.high) == (0.0, 0.0)
    (other,) = steps_of(node("Relu", ["c"], ["r"]), node("Clip", ["r", "lo", "hi"], ["y"]), lo=LOW, hi=HIGH)
    assert (other.low, other.high) == (-1.0, -1.0)


def test_clamp_stays_apart_where_the_unclamped_tensor_is_needed() -> None:
    for outputs, extra in ((("c", "y"), []), (("s", "y"), [node("Softmax", ["c"], ["s"])])):
        steps = steps_of(node("Relu", ["c"], ["y"]), *extra, outputs=outputs)
        assert steps[0].kind == "Conv"
        assert steps[0].outputs == ("c",)
        assert steps[0].low == -math.inf


def test_elementwise_nodes_of_one_tensor_become_one_table() -> None:
    steps = steps_of(
        node("Sigmoid", ["c"], ["s"]),
        node("Mul", ["c", "s"], ["m"]),
        node("Mul", ["m", "k"], ["d"]),
        node("Add", ["d", "h"], ["y"]),
        k=TWO,
        h=HALF,
    )
    assert [step.kind for step in steps] == ["Conv", "Chain"]
    assert steps[1].inputs == ("c",)
    assert [one.op_type for one in steps[1].nodes] == ["Sigmoid", "Mul", "Mul", "Add"]


def test_tensors_in_mid_chain_get_tables_from_the_same_root() -> None:
    steps = steps_of(
        node("Sigmoid", ["c"], ["s"]),
        node("Softmax", ["s"], ["p"]),
        node("Tanh", ["s"], ["y"]),
        outputs=("y", "p"),
    )
    tables = [step for step in steps if step.kind == "Chain"]
    assert {step.output: [one.op_type for one in step.nodes] for step in tables} == {
        "s": ["Sigmoid"],
        "y": ["Sigmoid", "Tanh"],
    }
    assert all(step.inputs == ("c",) for step in tables)


def test_operands_of_several_roots_or_elements_are_no_chain() -> None:
    steps = steps_of(
        node("MaxPool", ["c"], ["p"], kernel_shape=[1, 1]),
        node("Add", ["c", "p"], ["a"]),
        node("Mul", ["a", "k"], ["y"]),
        k=random_array(1, 4, 1, 1),
    )
    assert [step.kind for step in steps][-2:] == ["Add", "Mul"]


def test_scalar_that_adds_axes_is_no_chain() -> None:
    steps = steps_of(node("Flatten", ["c"], ["f"]), node("Mul", ["f", "k"], ["y"]), k=np.full((1, 1, 1), 2, np.float32))
    assert steps[-1].kind == "Mul"


def test_nodes_that_no_output_needs_are_left_out() -> None:
    model = net([CONV, node("Relu", ["c"], ["y"]), node("Softmax", ["c"], ["dead"])], ["y"], {"w": WEIGHT})
    steps = group(view(pin_shapes(model, {})))
    assert "Softmax" not in [step.kind for step in steps]


def test_operator_of_a_foreign_domain_is_named_with_domain_opset_and_node() -> None:
    made = helper.make_node("Fancy", ["c"], ["y"], domain="acme")
    model = net([CONV, made], ["y"], {"w": WEIGHT})
    model.opset_import.append(helper.make_opsetid("acme", 3))
    with pytest.raises(ModelError) as caught:
        check_domains(model)
    for word in ("Fancy", "acme", "opset 3", "'y'"):
        assert word in caught.value.message
    assert caught.value.next_step


def test_operator_that_only_the_cpu_has_is_named_where_the_cpu_part_is_disabled() -> None:
    made = helper.make_node("TopK", ["c", "k"], ["y", "i"], name="top", axis=1)
    graph = view(pin_shapes(net([CONV, made], ["y"], {"w": WEIGHT, "k": np.array([1])}), {}))
    with pytest.raises(ModelError) as caught:
        cut(graph, [], cpu=False)
    for word in ("TopK", "ai.onnx", "opset 17", "'top'", "no such operator", "disables the CPU part"):
        assert word in caught.value.message
    assert caught.value.next_step
