"""The batch of a configuration, held against the model's own."""

from __future__ import annotations

import math
from dataclasses import dataclass

from axpair_proto.advice import again
from axpair_proto.pulsar import config_pb2 as pb

from axpair_emulator.config.signature import Signature
from axpair_emulator.errors import ConfigError

MAX_ELEMENTS = 1 << 28
"""Of one input or output, whole batch: a gigabyte of floats."""


@dataclass(frozen=True)
class Batch:
    """How many items a joint takes."""

    sizes: tuple[int, ...]
    """The sizes asked for; the largest is the maximum."""
    dynamic: bool
    """Whether any number up to the maximum will do."""
    items: int
    """How often the compiled operators run for a full batch: 1 where the model itself has a batch."""


def resolve_batch(config: pb.Config, signature: Signature, warnings: list[str]) -> Batch:
    """The batch; several sizes imply a dynamic one, and the largest is the maximum (configuration reference, 0.6.1.x).

    Raises ConfigError where sizes and option contradict each other or the model.
    """
    pulsar = config.pulsar_conf
    own = {shape[0] for shape in signature.inputs.values() if shape}
    declared = own.pop() if len(own) == 1 else 1
    sizes = tuple(pulsar.batch_size)
    shown = ", ".join(map(str, sizes))
    if any(size < 1 for size in sizes):
        raise ConfigError(f"pulsar_conf.batch_size is {shown}", next_step="every size is at least 1")
    if pulsar.batch_size_option == pb.BSO_STATIC and len(set(sizes)) > 1:
        raise ConfigError(
            f"pulsar_conf.batch_size_option BSO_STATIC contradicts the batch sizes {shown}",
            next_step="give one batch_size, or BSO_DYNAMIC",
        )
    dynamic = pulsar.batch_size_option == pb.BSO_DYNAMIC or len(set(sizes)) > 1
    if dynamic and not sizes:
        warnings.append(f"batch_size_option BSO_DYNAMIC without a batch_size: the maximum is the model's, {declared}")
    if not sizes and declared > 1:
        name = next(iter(signature.inputs))
        warnings.append(_own_batch(name, signature.inputs[name]))
    most = max(sizes, default=declared)
    if most != declared and declared > 1:
        raise ConfigError(
            f"pulsar_conf.batch_size {shown} contradicts the ONNX model, whose own batch is {declared}",
            next_step=again(
                "drop batch_size, or with the lengths that you run:", "--input-shape", _shape_flag(signature)
            ),
        )
    if dynamic and declared > 1:
        raise ConfigError(
            f"a dynamic batch of up to {most} contradicts the ONNX model, whose own batch is {declared}",
            next_step=again("with the lengths that you run:", "--input-shape", _shape_flag(signature)),
        )
    if most > declared:
        _check_first_axes(signature, most)
    return Batch(sizes or (declared,), dynamic, most // declared)


def _check_first_axes(signature: Signature, most: int) -> None:
    for side, shapes in (("input", signature.inputs), ("output", signature.outputs)):
        for name, shape in shapes.items():
            if shape[:1] != (1,):
                raise ConfigError(
                    f"a batch of {most} needs items along the first axis; the {side} {name!r} has the shape "
                    f"{'x'.join(map(str, shape)) or 'of a single number'}",
                    next_step="use batch_size: 1, or export the model with the batch in front everywhere",
                )
            if math.prod(shape) * most > MAX_ELEMENTS:
                raise ConfigError(
                    f"a batch of {most} makes {math.prod(shape) * most} elements of the {side} {name!r}",
                    next_step=f"an input or output has at most {MAX_ELEMENTS}: use a smaller batch_size",
                )


def _own_batch(name: str, shape: tuple[int, ...]) -> str:
    shown, one = ("x".join(map(str, lengths)) for lengths in (shape, (1, *shape[1:])))
    return (
        f"input {name!r} has the shape {shown}: the joint takes {shape[0]} items at once; if the ONNX model declares a "
        f"wrong shape, build with --input-shape {name}:{one} or the lengths that you run"
    )


def _shape_flag(signature: Signature) -> str:
    name, shape = next(iter(signature.inputs.items()))
    return f"{name}:{'x'.join(map(str, (1, *shape[1:])))}"
