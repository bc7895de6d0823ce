"""What an agent says of itself and of a model, checked before anything is built on it."""

import math
from collections.abc import Mapping, Sequence

from axpair_proto.description import ModelDescription
from axpair_proto.dtypes import MAX_AXES
from axpair_proto.v1 import tensors_pb2

from axpair_host.boards.limits import (
    MAX_ENTRIES,
    MAX_NAME_BYTES,
    MAX_ROUND_BYTES,
    MAX_TENSORS,
    MAX_TEXT_BYTES,
)
from axpair_host.boards.outputs import Nonsense

_SHOWN = 80


def described(message: tensors_pb2.ModelDescription) -> ModelDescription:
    """The model's description. Raises Nonsense where no model can be like that."""
    for kind, tensors in (("input", message.inputs), ("output", message.outputs)):
        if not 0 < len(tensors) <= MAX_TENSORS:
            raise Nonsense(f"a model of {len(tensors)} {kind}s; 1 to {MAX_TENSORS} can be")
        for tensor in tensors:
            _check_tensor(kind, tensor)
        if len({tensor.name for tensor in tensors}) != len(tensors):
            raise Nonsense(f"a model with two {kind}s of one name")
        if (total := sum(tensor.size_bytes for tensor in tensors)) > MAX_ROUND_BYTES:
            raise Nonsense(f"a model with {total} bytes of {kind}s; at most {MAX_ROUND_BYTES} can be")
    text("the toolchain", message.tools_version)
    text("the VNPU mode", message.vnpu_mode)
    return ModelDescription.from_message(message)


def text(what: str, value: str, limit: int = MAX_TEXT_BYTES) -> str:
    """The text, of a length that can be. Raises Nonsense."""
    if len(value) > limit:
        raise Nonsense(f"{what}: {len(value)} characters, {value[:_SHOWN]!r} and so on; at most {limit} can be")
    return value


def texts(what: str, values: Sequence[str]) -> tuple[str, ...]:
    """So many texts as can be. Raises Nonsense."""
    if len(values) > MAX_ENTRIES:
        raise Nonsense(f"{what}: {len(values)} entries; at most {MAX_ENTRIES} can be")
    return tuple(text(what, value) for value in values)


def mapping(what: str, values: Mapping[str, str]) -> dict[str, str]:
    """As many entries as can be, each of a length that can be. Raises Nonsense."""
    texts(what, list(values) if len(values) <= MAX_ENTRIES else [""] * len(values))
    texts(what, list(values.values()))
    return dict(values)


def _check_tensor(kind: str, tensor: tensors_pb2.TensorDescription) -> None:
    name = text(f"the name of an {kind}", tensor.name, MAX_NAME_BYTES)
    shown = f"the {kind} {name[:_SHOWN]!r}"
    if not name or "\0" in name:
        raise Nonsense(f"an {kind} with the name {name[:_SHOWN]!r}")
    for what, value in (("dtype", tensor.dtype), ("layout", tensor.layout), ("colors", tensor.color_space)):
        text(f"{shown}: {what}", value, _SHOWN)
    if len(tensor.shape) > MAX_AXES or any(length < 0 for length in tensor.shape):
        raise Nonsense(f"{shown}: a shape of {len(tensor.shape)} axes, the least {min(tensor.shape)}")
    if not math.isfinite(tensor.step):
        raise Nonsense(f"{shown}: a step of {tensor.step}")
