"""The CPU part of a joint: the float operators behind the cut, as an ONNX model of their own."""

from __future__ import annotations

from collections.abc import Sequence

import onnx
from onnx import helper, numpy_helper

from axpair_emulator.config.build_config import OutputConf
from axpair_emulator.graph.view import Graph, Node
from axpair_emulator.plan.cut import Cut
from axpair_emulator.program import CpuPart

IR_VERSION = 10


def cpu_part(graph: Graph, parts: Cut, outputs: Sequence[OutputConf]) -> CpuPart | None:
    """The part, None where the NPU does all; `outputs` are the model's. Its outputs have channels first."""
    if not parts.cpu_nodes:
        return None
    nodes = [node.proto for node in parts.cpu_nodes]
    names = []
    for conf in outputs:
        if conf.name in parts.cpu_outputs:
            names.append(cpu_output(conf))
            if conf.src_layout == "NHWC":
                nodes.append(helper.make_node("Transpose", [conf.name], names[-1:], perm=[0, 3, 1, 2]))
    used = {name for node in nodes for name in node.input if name in graph.constants}
    made = helper.make_graph(
        nodes,
        "cpu",
        [_value(name, graph) for name in parts.boundary],
        [helper.make_empty_tensor_value_info(name) for name in names],
        [numpy_helper.from_array(graph.constants[name], name) for name in sorted(used)],
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", graph.opset)], ir_version=IR_VERSION)
    return CpuPart(
        model=model.SerializeToString(deterministic=True),
        inputs={name: f"{name}@joint" if name in parts.raw_inputs else name for name in parts.boundary},
        outputs=tuple(names),
        operators=tuple(_told(node, parts.reasons.get(node.name, "")) for node in parts.cpu_nodes),
    )


def cpu_output(conf: OutputConf) -> str:
    """The name of an output in the CPU part's model, where it has channels first."""
    return f"{conf.name}@planes" if conf.src_layout == "NHWC" else conf.name


def _told(node: Node, reason: str) -> str:
    return f"{node.op_type} {node.name}" + (f" ({reason})" if reason else "")


def _value(name: str, graph: Graph) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, graph.shapes[name])
