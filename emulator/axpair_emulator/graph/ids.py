"""Inputs of whole numbers that pick rows of a constant table, as ids of words do: Gather on an input."""

from __future__ import annotations

import onnx

INTEGERS = ("int32", "int64")
"""Dtypes of such inputs; one of bytes is a picture."""
_CODES = (onnx.TensorProto.INT32, onnx.TensorProto.INT64)


def without_casts(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model without Casts from one of these types to the other behind an input, where Gather alone reads them: it
    takes either. The model itself where there are none."""
    integers = {value.name for value in model.graph.input if value.type.tensor_type.elem_type in _CODES}
    casts = {
        node.output[0]: node.input[0]
        for node in model.graph.node
        if node.op_type == "Cast"
        and node.input[0] in integers
        and next((one.i for one in node.attribute if one.name == "to"), 0) in _CODES
    }
    results = {value.name for value in model.graph.output}
    for node in model.graph.node:
        for place, name in enumerate(node.input):
            if name in casts and (node.op_type, place) != ("Gather", 1):
                results.add(name)
    taken = {made: given for made, given in casts.items() if made not in results}
    if not taken:
        return model
    plain = onnx.ModelProto()
    plain.CopyFrom(model)
    kept = [node for node in plain.graph.node if not (node.op_type == "Cast" and node.output[0] in taken)]
    for node in kept:
        for place, name in enumerate(node.input):
            node.input[place] = taken.get(name, name)
    del plain.graph.node[:]
    plain.graph.node.extend(kept)
    return plain
