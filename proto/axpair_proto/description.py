"""What a model says of itself, as a plain value: the same fields as on the wire, in JSON and in Python."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from axpair_proto.errors import ContractError
from axpair_proto.v1 import tensors_pb2


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
        """The inverse of `to_json`; unknown keys are ignored. Raises ContractError on missing or mistyped ones."""
        try:
            tensors = {
                side: tuple(_tensor_from_json(tensor) for tensor in document[side]) for side in ("inputs", "outputs")
            }
            return ModelDescription(
                inputs=tensors["inputs"],
                outputs=tensors["outputs"],
                tools_version=str(document.get("tools_version", "")),
                max_batch=int(document.get("max_batch", 1)),
                dynamic_batch=bool(document.get("dynamic_batch", False)),
                vnpu_mode=str(document.get("vnpu_mode", "")),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ContractError(f"a model description is malformed: {error!r}") from error

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


def _tensor_from_json(document: Mapping[str, Any]) -> TensorDescription:
    known = {field.name for field in dataclasses.fields(TensorDescription)}
    values = {key: value for key, value in document.items() if key in known}
    values["shape"] = tuple(int(length) for length in values["shape"])
    return TensorDescription(**values)


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
