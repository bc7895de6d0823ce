"""Reads an ONNX file and says clearly what is wrong with one that can't be used."""

from __future__ import annotations

from pathlib import Path

import onnx
from axpair_proto.filekinds import FileKind, kind_of
from axpair_proto.regular import read_regular
from google.protobuf.message import DecodeError

from axpair_emulator.errors import ModelError
from axpair_emulator.graph.tensors import drop_foreign_keys, require_sound_tensors

MAX_MODEL_BYTES = 2**31 - 1
"""What protobuf can hold; larger models keep their weights in files of their own."""


def load_onnx(path: Path) -> onnx.ModelProto:
    """The model with its weights. Raises ModelError on a missing, empty, truncated, damaged or foreign file."""
    data = _read(path)
    model = onnx.ModelProto()
    try:
        model.ParseFromString(data)
    except DecodeError as error:
        kind = kind_of(path)
        if kind is not FileKind.UNKNOWN:
            raise ModelError(f"{path}: is {kind.value}, not an ONNX model", next_step="give the .onnx file") from error
        raise ModelError(
            f"{path} ({len(data)} bytes) is not an ONNX model, or is cut off",
            next_step="export the model again, or check that the whole file was copied",
        ) from error
    if kind_of(path) is FileKind.AXMODEL:
        raise ModelError(
            f"{path}: is {FileKind.AXMODEL.value}, built already", next_step="give the ONNX it was built from"
        )
    if not model.graph.node or not model.opset_import:
        raise ModelError(
            f"{path} ({len(data)} bytes) is not an ONNX model: it holds no operators",
            next_step="give the .onnx file itself, not an archive, a joint or a text file",
        )
    drop_foreign_keys(model)
    if model.graph.sparse_initializer:
        raise ModelError(
            f"{path} keeps the weight {model.graph.sparse_initializer[0].values.name!r} as a sparse tensor",
            next_step="export the model with dense weights; sparse ones aren't read",
        )
    try:
        onnx.load_external_data_for_model(model, str(path.parent))
        require_sound_tensors(model)
        _check(model)
    except (onnx.checker.ValidationError, OSError, ValueError) as error:
        first = str(error).strip().splitlines()[0]
        raise ModelError(
            f"{path} is a broken ONNX model: {first}",
            next_step="export the model again; `onnx.checker.check_model` must accept it",
        ) from error
    return model


def _check(model: onnx.ModelProto) -> None:
    """onnx's own check; outputs without a shape, which it refuses, are common and harmless."""
    graph = model.graph
    values = [value.name for value in (*graph.input, *graph.output)] + [one.name for one in graph.initializer]
    for name in (*values, *(word for node in graph.node for word in (node.name, *node.input, *node.output))):
        if not isinstance(name, str):  # protobuf gives bytes for what is no UTF-8
            raise ValueError(f"the name {name!r} is not UTF-8")
    open_ended = [value.type.tensor_type for value in model.graph.output]
    open_ended = [tensor for tensor in open_ended if not tensor.HasField("shape")]
    for tensor in open_ended:
        tensor.shape.SetInParent()
    onnx.checker.check_model(model)
    for tensor in open_ended:
        tensor.ClearField("shape")


def _read(path: Path) -> bytes:
    try:
        data = read_regular(path, MAX_MODEL_BYTES)
    except OSError as error:
        raise ModelError(
            f"the model {path} can't be read: {error.strerror or error}",
            next_step="check the path of the ONNX model",
        ) from error
    if len(data) > MAX_MODEL_BYTES:
        raise ModelError(
            f"{path} has more than {MAX_MODEL_BYTES} bytes, the most that an ONNX file can have",
            next_step="save the weights as external data",
        )
    if not data:
        raise ModelError(f"the model {path} is empty", next_step="copy or export the file again")
    return data
