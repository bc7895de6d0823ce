"""ONNX files and what is made like them (.axmodel, quantized ONNX) by parsing alone: no weight is read, none checked.

An .axmodel is an ONNX model of one unknown operator, which checkers complain of and simplifiers destroy: parse only.
Facts: five generations of pulsar2 (1.1-beta to 4.2) in the AX650 and AX620E SDKs, axcl-runtime and public models.
"""

import base64
import binascii
import json
import mmap
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from google.protobuf.message import DecodeError

from axpair_proto.errors import ContractError
from axpair_proto.onnx_meaning import naming, ordering
from axpair_proto.topology import axmodel_pb2

PULSAR2 = "Pulsar2"
"""producer_name of every .axmodel of the real toolchain."""
NEU_OPERATOR = "neu mode"
"""op_type of a compiled part."""
DTYPES = {
    1: "float32",
    2: "uint8",
    3: "int8",
    4: "uint16",
    5: "int16",
    6: "int32",
    7: "int64",
    9: "bool",
    10: "float16",
    11: "float64",
    12: "uint32",
    13: "uint64",
    16: "bfloat16",
}
"""TensorProto.DataType of the public schema."""
LAYOUTS = {1: "NHWC", 2: "NCHW"}
COLORS = {
    1: "GRAY",
    2: "BGR",
    3: "RGB",
    4: "RGBA",
    5: "YUV422",
    6: "NV12",
    7: "NV21",
    8: "YUYV422",
    9: "UYVY422",
}
TARGETS = {0: "AX650", 1: "AX620E", 2: "M76H", 3: "LAMBERT"}
NPU_MODES = ("NPU1", "NPU2", "NPU3", "ISP1", "ISP2", "ISP3")
MAX_BYTES = 1 << 31
"""What protobuf can hold; a larger file is none of these."""
MAX_VALUES = 100_000
_MODEL, _GRAPH, _TENSOR = "model", "graph", "tensor"
_KEPT = {_MODEL: {1, 2, 3, 4, 6, 7, 8, 14}, _GRAPH: {1, 2, 5, 11, 12}, _TENSOR: {1, 2, 8}}
"""Fields that are read, by message; weights are none of them."""
_INNER = {(_MODEL, 7): _GRAPH, (_GRAPH, 5): _TENSOR}
_VERSION = re.compile(r"Pulsar2 Version:\s+(\S+)")
_COMMIT = re.compile(r"Pulsar2 Commit:\s+(\S+)")


@dataclass(frozen=True)
class OnnxTensor:
    """One input or output."""

    name: str
    dtype: str
    """"" where the file names a type that isn't known here."""
    shape: tuple[int | str, ...] | None
    """Numbers, or the names of lengths that stay open ("" without a name); None where the file says no shape."""
    layout: str = ""
    """Of an .axmodel's input: "NHWC" or "NCHW"; "" is unknown."""
    color_space: str = ""


@dataclass(frozen=True)
class OnnxFile:
    """What an ONNX file says of itself."""

    producer: str
    producer_version: str
    ir_version: int
    opset: int
    """Of the default domain; 0 where none is named."""
    operators: tuple[str, ...]
    """Every op_type once, in the order of the graph."""
    inputs: tuple[OnnxTensor, ...]
    """Without initializers."""
    outputs: tuple[OnnxTensor, ...]
    ordering: Mapping[str, str] = field(default_factory=dict)
    """Output to the operator, such as TopK, that puts what it is made of into the order of a score, if any does."""
    naming: Mapping[str, str] = field(default_factory=dict)
    """Output to the operator, such as ArgMax, that makes its elements names of something, if any does."""
    axmodel: "AxmodelFacts | None" = None
    """None for anything that isn't one."""

    @property
    def is_quantized(self) -> bool:
        """Whether quantization points or pulsar2's quantized operators stand in it."""
        return any(one in ("QuantizeLinear", "DequantizeLinear") or one.startswith("AxQuant") for one in self.operators)


@dataclass(frozen=True)
class AxmodelFacts:
    """What an .axmodel says besides."""

    version: str
    """Of pulsar2, such as "4.0" or "1.9-beta1-dirty"; "" is unknown."""
    commit: str
    target: str
    """"AX650", ...; "" where no extra data say it."""
    npu_mode: str
    """"NPU1", ...; "" where no extra data say it, and for 1.6, whose three-core models leave it out."""
    static_batch_sizes: tuple[int, ...]
    max_dynamic_batch: int
    """0 where the batch isn't dynamic."""
    neu_batches: tuple[int, ...]
    """Of each compiled blob."""
    has_extra_data: bool
    """False for 1.1, which has none: colors, layouts, target and mode are unknown then."""
    extra_data_is_damaged: bool
    """There are some that can't be read: as unknown as without."""


def read_onnx(path: Path) -> OnnxFile:
    """Read a file's graph without its weights. Raises ContractError when it can't be read or is no ONNX model."""
    try:
        size = path.stat().st_size
        if not 0 < size < MAX_BYTES:
            raise ContractError(f"{path}: {size} bytes: no ONNX model", next_step="check the file")
        with (
            path.open("rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped,
            memoryview(mapped) as view,
        ):
            lean = b"".join(_lean(view, _MODEL))
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise ContractError(f"{path}: not readable as an ONNX model: {why}", next_step="check the file") from error
    model = axmodel_pb2.OnnxModel()
    try:
        model.ParseFromString(lean)
    except DecodeError as error:
        raise ContractError(f"{path}: not an ONNX model: {error}", next_step="check the file") from error
    if not model.graph.node and not model.graph.output:
        raise ContractError(f"{path}: not an ONNX model: there is no graph in it", next_step="check the file")
    return _facts(model)


def _lean(view: memoryview, message: str) -> Iterator[bytes]:
    """The message's bytes without fields that aren't read. Raises ValueError where they are no such message."""
    at, fields = 0, 0
    while at < len(view):
        start = at
        key, at = _varint(view, at)
        field, kind = key >> 3, key & 7
        if not field or kind not in (0, 1, 2, 5):
            raise ValueError(f"no field begins at byte {start}")
        length = 0
        if kind == 0:
            _, at = _varint(view, at)
        elif kind == 2:
            length, at = _varint(view, at)
        else:
            length = 8 if kind == 1 else 4
        end = at + length
        if end > len(view):
            raise ValueError(f"the field {field} at byte {start} is cut off")
        inner = _INNER.get((message, field)) if kind == 2 else None
        if inner is not None:
            with view[at:end] as part:
                content = b"".join(_lean(part, inner))
            yield bytes(view[start : start + 1]) + _encoded(len(content)) + content
        elif field in _KEPT[message]:
            yield bytes(view[start:end])
        at = end
        fields += 1
        if fields > 10 * MAX_VALUES:
            raise ValueError("too many fields")


def _varint(view: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(view) or shift > 63:
            raise ValueError("a number is cut off")
        byte = view[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def _encoded(value: int) -> bytes:
    parts = bytearray()
    while value > 127:
        parts.append(value & 127 | 128)
        value >>= 7
    parts.append(value)
    return bytes(parts)


def _facts(model: axmodel_pb2.OnnxModel) -> OnnxFile:
    graph = model.graph
    operators = tuple(dict.fromkeys(node.op_type for node in graph.node))
    extra = _extra(model) if NEU_OPERATOR in operators or model.producer_name == PULSAR2 else None
    known = {one.name: one for one in extra.tensor_extras} if extra is not None else {}
    constants = {one.name for one in graph.initializer}
    return OnnxFile(
        producer=model.producer_name,
        producer_version=model.producer_version,
        ir_version=model.ir_version,
        opset=next((one.version for one in model.opset_import if one.domain in ("", "ai.onnx")), 0),
        operators=operators,
        inputs=tuple(_tensor(one, known) for one in graph.input if one.name not in constants),
        outputs=tuple(_tensor(one, known) for one in graph.output),
        ordering=ordering(graph),
        naming=naming(graph),
        axmodel=_axmodel(model, extra) if NEU_OPERATOR in operators else None,
    )


def _tensor(value: axmodel_pb2.OnnxValue, known: Mapping[str, axmodel_pb2.TensorExtra]) -> OnnxTensor:
    kind = value.type.tensor_type
    shape = tuple(one.dim_value if one.WhichOneof("value") == "dim_value" else one.dim_param for one in kind.shape.dim)
    extra = known.get(value.name)
    return OnnxTensor(
        value.name,
        DTYPES.get(kind.elem_type, ""),
        shape if kind.HasField("shape") else None,
        LAYOUTS.get(extra.layout, "") if extra is not None else "",
        COLORS.get(extra.color_space, "") if extra is not None else "",
    )


def _extra_text(model: axmodel_pb2.OnnxModel) -> str | None:
    return next((one.value for one in model.metadata_props if one.key == "extra_data"), None)


def _extra(model: axmodel_pb2.OnnxModel) -> axmodel_pb2.AxmodelExtra | None:
    text = _extra_text(model)
    if text is None:
        return None
    extra = axmodel_pb2.AxmodelExtra()
    try:
        extra.ParseFromString(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError, DecodeError):
        return None
    return extra


def _axmodel(model: axmodel_pb2.OnnxModel, extra: axmodel_pb2.AxmodelExtra | None) -> AxmodelFacts:
    version, commit = _VERSION.search(model.doc_string), _COMMIT.search(model.doc_string)
    mode = extra.build_info.npu_mode if extra is not None else -1
    if mode == 0 and version is not None and re.match(r"1\.6\b", version.group(1)):
        mode = -1
    return AxmodelFacts(
        version=version.group(1) if version else "",
        commit=commit.group(1) if commit else "",
        target=TARGETS.get(extra.hardware_type, f"type {extra.hardware_type}") if extra is not None else "",
        npu_mode=NPU_MODES[mode] if 0 <= mode < len(NPU_MODES) else "",
        static_batch_sizes=tuple(extra.build_info.static_batch_sizes) if extra is not None else (),
        max_dynamic_batch=extra.build_info.max_dynamic_batch_size if extra is not None else 0,
        neu_batches=_neu_batches(model, extra),
        has_extra_data=extra is not None,
        extra_data_is_damaged=extra is None and _extra_text(model) is not None,
    )


def _neu_batches(model: axmodel_pb2.OnnxModel, extra: axmodel_pb2.AxmodelExtra | None) -> tuple[int, ...]:
    """From the node's own description, else from the extra data; 1 where a blob names none."""
    for node in model.graph.node:
        for attribute in node.attribute:
            if attribute.name == "npu_graph_info":
                try:
                    described = json.loads(attribute.s)
                    return tuple(int(one.get("batch") or 1) for one in described["dotneus"])
                except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                    break
    return tuple(one.batch or 1 for part in extra.subgraphs for one in part.dotneus) if extra is not None else ()
