"""affine_preprocess and input_normalization with one value per channel, checked."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from axpair_proto.pulsar import config_pb2 as pb

from axpair_emulator.config.build_config import Affine, Modification, Normalization
from axpair_emulator.errors import ConfigError


def modifications_of(items: Iterable[pb.Modification], name: str, channels: int) -> tuple[Modification, ...]:
    """The steps in order for an input of `channels` channels.

    Raises ConfigError for a list that is neither of length 1 nor of length `channels`, a zero divisor, or a value
    that is not finite.
    """
    found: list[Modification] = []
    for item in items:
        kind = item.WhichOneof("kind")
        if kind == "affine_preprocess":
            affine = item.affine_preprocess
            found.append(
                Affine(
                    slope=_spread("slope", affine.slope, 1.0, name, channels),
                    slope_divisor=_spread("slope_divisor", affine.slope_divisor, 1.0, name, channels),
                    bias=_spread("bias", affine.bias, 0.0, name, channels),
                    bias_divisor=_spread("bias_divisor", affine.bias_divisor, 1.0, name, channels),
                )
            )
        elif kind == "input_normalization":
            norm = item.input_normalization
            found.append(
                Normalization(
                    mean=_spread("mean", norm.mean, 0.0, name, channels),
                    std=_spread("std", norm.std, 1.0, name, channels),
                )
            )
    return tuple(found)


def odd_values(steps: Iterable[Modification], name: str) -> list[str]:
    """Warnings of values that are allowed and hardly meant: a slope of 0, a negative std."""
    found: list[str] = []
    for step in steps:
        if isinstance(step, Affine) and 0.0 in step.slope:
            found.append(f"slope of input {name!r} holds 0: whatever the picture, the model sees the bias there")
        if isinstance(step, Normalization) and min(step.std) < 0.0:
            found.append(f"std of input {name!r} holds {min(step.std):g}: a negative one turns light and dark round")
    return found


def _spread(field: str, values: Sequence[float], default: float, name: str, channels: int) -> tuple[float, ...]:
    given = list(values) or [default]
    if len(given) not in (1, channels):
        raise ConfigError(
            f"{field} for input {name!r} has {len(given)} values; the input has {channels} channels",
            next_step="give one value, or one per channel in the order of dst color_space (AUTO = BGR)",
        )
    divides = field.endswith("divisor") or field == "std"
    for value in given:
        if not math.isfinite(value) or (divides and value == 0.0):
            raise ConfigError(
                f"{field} for input {name!r} holds {value}",
                next_step="divisors and std can't be zero, and every value is finite",
            )
    return tuple(given if len(given) == channels else given * channels)
