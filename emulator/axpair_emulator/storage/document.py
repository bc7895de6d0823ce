"""The JSON form of programs and their parts, as they lie inside our joints."""

from __future__ import annotations

from typing import Any

import msgspec

from axpair_emulator.config.build_config import BuildConfig
from axpair_emulator.program import Op, Port, Tensor

FORMAT = 1
"""Raised with every change of meaning of what is stored."""
MARKER_MEMBER = "axpair.json"
PROGRAM_MEMBER = "part_0.program.json"
ARRAYS_MEMBER = "part_0.arrays.bin"
CPU_MEMBER = "part_1.onnx"
ORIGIN_MEMBER = "origin.program.json"
REFERENCE_MEMBER = "part_0.reference.onnx"


class Marker(msgspec.Struct):
    """What tells our joints from real ones."""

    format: int
    kind: str
    """"joint" or "lava_joint"."""
    tools_version: str


class ArrayIndex(msgspec.Struct):
    """Where an array lies in the arrays member."""

    dtype: str
    shape: tuple[int, ...]
    offset: int


class CpuDocument(msgspec.Struct):
    """The CPU part without its model, which lies beside it."""

    inputs: dict[str, str]
    outputs: tuple[str, ...]
    operators: tuple[str, ...]


class ProgramDocument(msgspec.Struct):
    """A Program without its arrays, which lie beside it; in a .lava_joint without its operators too."""

    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    tensors: dict[str, Tensor]
    tools_version: str
    vnpu_mode: str
    max_batch: int
    dynamic_batch: bool
    config: BuildConfig
    ops: tuple[Op, ...] = ()
    arrays: dict[str, ArrayIndex] = {}
    cpu: CpuDocument | None = None


class OriginDocument(msgspec.Struct):
    """A whole Program beside the part that was cut from it; both have their arrays in the one arrays member."""

    program: ProgramDocument
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def encode(document: Any) -> bytes:
    """JSON with keys in order of definition: the same document gives the same bytes."""
    return msgspec.json.encode(document)
