"""The CPU part's operators at the end of the reference's graph: they are the same float operators there."""

from __future__ import annotations

import onnx

from axpair_emulator.program import CpuPart
from axpair_emulator.reference.graph_parts import GraphParts, values_name


def add_cpu_nodes(parts: GraphParts, part: CpuPart) -> None:
    """Adds them between the dequantised tensors of the NPU part, or raw inputs, and the joint's outputs."""
    model = onnx.ModelProto()
    model.ParseFromString(part.model)
    names = {name: tensor if tensor.endswith("@joint") else values_name(tensor) for name, tensor in part.inputs.items()}
    for tensor in model.graph.initializer:
        names[tensor.name] = parts.initializer(f"constant/{tensor.name}", onnx.numpy_helper.to_array(tensor))
    for node in model.graph.node:
        copy = onnx.NodeProto()
        copy.CopyFrom(node)
        copy.name = ""
        for index, name in enumerate(node.input):
            copy.input[index] = names[name] if name else ""
        for index, name in enumerate(node.output):
            if name:
                names[name] = values_name(name) if name in part.outputs else f"cpu/{name}"
                copy.output[index] = names[name]
        parts.nodes.append(copy)
