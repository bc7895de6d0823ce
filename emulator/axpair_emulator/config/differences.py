"""Whether a configuration is the one that a joint was built with: what the two say differently, in sentences."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from axpair_proto.config_files import read_config

from axpair_emulator.config.build_config import BuildConfig, InputConf, OutputConf
from axpair_emulator.config.inputs import resolve_inputs
from axpair_emulator.config.outputs import resolve_outputs
from axpair_emulator.config.signature import signature_of_build
from axpair_emulator.config.target import resolve_target
from axpair_emulator.errors import ConfigError


def config_differences(path: Path, built: BuildConfig) -> tuple[str, ...]:
    """What the configuration at `path` says otherwise than the build's own; calibration apart, which only that build
    saw. Raises ConfigError for a file that is no configuration at all.
    """
    message, _ = read_config(path)
    signature = signature_of_build(built)
    try:
        inputs = resolve_inputs(message, signature, [])
        outputs = resolve_outputs(message, signature, [])
        target = resolve_target(message, [])
    except ConfigError as error:
        return (f"it doesn't go with this model: {error.message}",)
    found = []
    for given, own in zip(inputs, built.inputs, strict=True):
        found += [f"input {own.name!r}: {words}" for words in _input(given, own)]
    for made, mine in zip(outputs, built.outputs, strict=True):
        found += [f"output {mine.name!r}: {words}" for words in _output(made, mine)]
    if target != (built.target_hardware, built.virtual_npu):
        here, there = (f"{hardware} with virtual NPU {mode}" for hardware, mode in (target, _target(built)))
        found.append(f"it is for {here}, the joint for {there}")
    return tuple(found)


def _target(built: BuildConfig) -> tuple[str, str]:
    return built.target_hardware, built.virtual_npu


def _input(given: InputConf, own: InputConf) -> Iterator[str]:
    for what, here, there in (
        ("the model's colours", given.src_color, own.src_color),
        ("the joint's colours", given.dst_color, own.dst_color),
        ("the YUV range", given.color_standard, own.color_standard),
        ("the model's layout", given.src_layout, own.src_layout),
        ("the joint's layout", given.dst_layout, own.dst_layout),
        ("the joint's dtype", given.dst_dtype, own.dst_dtype),
        ("Q", given.q, own.q),
    ):
        if here != there:
            yield f"{what} {here or 'none'!s}, in the joint {there or 'none'!s}"
    if given.channels != own.channels:
        return
    sides = [conf.gain_and_offset() for conf in (given, own)]
    if not all(np.allclose(one, other, rtol=1e-6, atol=1e-9) for one, other in zip(*sides, strict=True)):
        here, there = (" and ".join(_values(side) for side in sides_) for sides_ in sides)
        yield f"slope and offset {here}, in the joint {there}"


def _values(array: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> str:
    return "(" + ", ".join(f"{value:.6g}" for value in array.tolist()) + ")"


def _output(given: OutputConf, own: OutputConf) -> Iterator[str]:
    for what, here, there in (
        ("layout", given.dst_layout, own.dst_layout),
        ("dtype", given.dtype, own.dtype),
        ("Q", given.q, own.q),
    ):
        if here != there:
            yield f"{what} {here or 'none'!s}, in the joint {there or 'none'!s}"
