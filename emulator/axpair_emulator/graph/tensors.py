"""Checks every tensor that lies in an ONNX file: its data have to be as much as its shape and dtype say."""

from __future__ import annotations

import math
from collections.abc import Iterator

import onnx
from onnx import TensorProto, helper

from axpair_emulator.errors import ModelError

_BITS = {"UINT4": 4, "INT4": 4, "FLOAT4E2M1": 4, "UINT2": 2, "INT2": 2, "FLOAT6E2M3": 6, "FLOAT6E3M2": 6}
"""Of dtypes that share bytes; by name, as older versions of onnx lack some."""
MAX_AXES = 32
"""What every numpy can hold."""
_KEYS = ("location", "offset", "length", "checksum", "basepath")


def require_sound_tensors(model: onnx.ModelProto) -> None:
    """Raises ModelError for the first tensor whose data don't fit its shape, and for a Constant without its value.

    Looks at weights, attributes, subgraphs and functions; what lies outside the file is loaded before.
    """
    for node in _nodes(model):
        if node.op_type == "Constant" and node.domain in ("", "ai.onnx"):
            _require_value(node)
    for label, tensor in _tensors(model):
        wrong = _wrong(tensor)
        if wrong:
            raise ModelError(f"the tensor {label} of the model is damaged: {wrong}", next_step="export the model again")


def drop_foreign_keys(model: onnx.ModelProto) -> None:
    """Takes the keys away that ONNX doesn't know from where data outside the file lie.

    Others write notes of their own there, as onnxruntime does; onnx warns of them, and leaves them out as well.
    """
    for _, tensor in _tensors(model):
        known = [entry for entry in tensor.external_data if entry.key in _KEYS]
        if len(known) < len(tensor.external_data):
            kept = [(entry.key, entry.value) for entry in known]
            del tensor.external_data[:]
            for key, value in kept:
                tensor.external_data.add(key=key, value=value)


def _require_value(node: onnx.NodeProto) -> None:
    if len(node.attribute) != 1:
        raise ModelError(
            f"the Constant {_shown(node)} has {len(node.attribute)} attributes instead of one",
            next_step="export the model again",
        )
    attribute = node.attribute[0]
    if attribute.name == "value" and not attribute.HasField("t"):
        raise ModelError(
            f"the Constant {_shown(node)} has a value that is no tensor", next_step="export the model again"
        )


def _wrong(tensor: TensorProto) -> str:
    """What is wrong with a tensor; "" where nothing is."""
    if len(tensor.dims) > MAX_AXES:
        return f"it has {len(tensor.dims)} axes; a tensor has at most {MAX_AXES}"
    shape = "x".join(map(str, tensor.dims)) or "()"
    if tensor.HasField("segment"):
        return "it is a segment of another tensor, which nothing reads"
    try:
        dtype, field = TensorProto.DataType.Name(tensor.data_type), helper.tensor_dtype_to_field(tensor.data_type)
    except (KeyError, ValueError):
        return f"it has the dtype {tensor.data_type}, which ONNX doesn't have"
    if min(tensor.dims, default=0) < 0:
        return f"its shape is {shape}"
    count, bits = math.prod(tensor.dims), _BITS.get(dtype, 0)
    if tensor.HasField("raw_data"):
        if dtype == "STRING":
            return "its strings lie in raw bytes"
        each = helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize
        wanted, found, unit = -(-count * bits // 8) if bits else count * each, len(tensor.raw_data), "bytes"
    else:
        wanted, found, unit = count, len(getattr(tensor, field)), "values"
        if dtype.startswith("COMPLEX"):
            wanted = 2 * count
        elif bits in (2, 4):
            wanted = -(-count * bits // 8)
    return f"{dtype.lower()} of shape {shape} takes {wanted} {unit}; there are {found}" if wanted != found else ""


def _tensors(model: onnx.ModelProto) -> Iterator[tuple[str, TensorProto]]:
    """Each tensor with words that name it."""
    for graph in _graphs(model):
        for tensor in graph.initializer:
            yield repr(tensor.name), tensor
        for sparse in graph.sparse_initializer:
            yield from _parts(repr(sparse.values.name), sparse)
    for node in _nodes(model):
        for attribute in node.attribute:
            label = f"in {attribute.name!r} of {node.op_type} {_shown(node)}"
            for tensor in (*([attribute.t] if attribute.HasField("t") else ()), *attribute.tensors):
                yield label, tensor
            singly = [attribute.sparse_tensor] if attribute.HasField("sparse_tensor") else []
            for sparse in (*singly, *attribute.sparse_tensors):
                yield from _parts(label, sparse)


def _shown(node: onnx.NodeProto) -> str:
    return repr(node.name or next(iter(node.output), ""))


def _parts(label: str, sparse: onnx.SparseTensorProto) -> Iterator[tuple[str, TensorProto]]:
    yield label, sparse.values
    yield f"{label} (its indices)", sparse.indices


def _graphs(model: onnx.ModelProto) -> Iterator[onnx.GraphProto]:
    yield model.graph
    for node in _nodes(model):
        for attribute in node.attribute:
            yield from _inner(attribute)


def _nodes(model: onnx.ModelProto) -> Iterator[onnx.NodeProto]:
    """Every node, those of subgraphs and functions included."""
    waiting = [*model.graph.node, *(node for function in model.functions for node in function.node)]
    while waiting:
        node = waiting.pop()
        yield node
        for attribute in node.attribute:
            for graph in _inner(attribute):
                waiting.extend(graph.node)


def _inner(attribute: onnx.AttributeProto) -> Iterator[onnx.GraphProto]:
    if attribute.HasField("g"):
        yield attribute.g
    yield from attribute.graphs
