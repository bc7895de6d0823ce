"""What a model says of itself, as a plain value: the same fields as on the wire, in JSON and in Python."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from axpair_proto.dtypes import MAX_AXES
from axpair_proto.fields import Fields, checked_number
from axpair_proto.v1 import tensors_pb2

MAX_TENSORS = 1024
"""So many inputs, and outputs, a model may have; real ones have a few dozen."""
MAX_NAME = 1024
MAX_WORD = 64
"""Of dtype, layout and color space, in characters."""
MAX_TEXT = 4096
MAX_UINT32 = (1 << 32) - 1


@dataclass(frozen=True)
class TensorDescription:
    """One input or output; the fields are those of `axpair.v1.TensorDescription`, with the same units."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    layout: str = ""
    color_space: str = ""
    q: int = 0
    step: float = 0.0
    cpu_part: bool = False
    size_bytes: int = 0


@dataclass(frozen=True)
class ModelDescription:
    """A model's ordered inputs and outputs, and what built it."""

    inputs: tuple[TensorDescription, ...]
    outputs: tuple[TensorDescription, ...]
    tools_version: str = ""
    max_batch: int = 1
    dynamic_batch: bool = False
    vnpu_mode: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain dicts, lists and numbers, as the worker sends them."""
        return dataclasses.asdict(self)

    @staticmethod
    def from_json(document: Mapping[str, Any]) -> "ModelDescription":
        """The inverse of `to_json`; unknown keys are ignored.

        Raises ContractError on keys that are missing, mistyped or beyond the bounds of this module, naming the first.
        """
        fields = Fields(document, "the model's description")
        return ModelDescription(
            inputs=tuple(map(_tensor_from_json, fields.objects("inputs", MAX_TENSORS))),
            outputs=tuple(map(_tensor_from_json, fields.objects("outputs", MAX_TENSORS))),
            tools_version=fields.text("tools_version", MAX_TEXT, ""),
            max_batch=fields.number("max_batch", 0, MAX_UINT32, 1),
            dynamic_batch=fields.flag("dynamic_batch", False),
            vnpu_mode=fields.text("vnpu_mode", MAX_TEXT, ""),
        )

    def to_message(self) -> tensors_pb2.ModelDescription:
        """The wire form."""
        return tensors_pb2.ModelDescription(
            inputs=[tensors_pb2.TensorDescription(**dataclasses.asdict(tensor)) for tensor in self.inputs],
            outputs=[tensors_pb2.TensorDescription(**dataclasses.asdict(tensor)) for tensor in self.outputs],
            tools_version=self.tools_version,
            max_batch=self.max_batch,
            dynamic_batch=self.dynamic_batch,
            vnpu_mode=self.vnpu_mode,
        )

    @staticmethod
    def from_message(message: tensors_pb2.ModelDescription) -> "ModelDescription":
        """The value of a wire message."""
        return ModelDescription(
            inputs=tuple(map(_tensor_from_message, message.inputs)),
            outputs=tuple(map(_tensor_from_message, message.outputs)),
            tools_version=message.tools_version,
            max_batch=message.max_batch,
            dynamic_batch=message.dynamic_batch,
            vnpu_mode=message.vnpu_mode,
        )


def _tensor_from_json(fields: Fields) -> TensorDescription:
    return TensorDescription(
        name=fields.text("name", MAX_NAME),
        dtype=fields.text("dtype", MAX_WORD),
        shape=tuple(checked_number(length, "a shape's length") for length in fields.items("shape", MAX_AXES)),
        layout=fields.text("layout", MAX_WORD, ""),
        color_space=fields.text("color_space", MAX_WORD, ""),
        q=fields.number("q", 0, MAX_UINT32, 0),
        step=fields.real("step", 0.0),
        cpu_part=fields.flag("cpu_part", False),
        size_bytes=fields.number("size_bytes", default=0),
    )


def _tensor_from_message(message: tensors_pb2.TensorDescription) -> TensorDescription:
    return TensorDescription(
        name=message.name,
        dtype=message.dtype,
        shape=tuple(message.shape),
        layout=message.layout,
        color_space=message.color_space,
        q=message.q,
        step=message.step,
        cpu_part=message.cpu_part,
        size_bytes=message.size_bytes,
    )
