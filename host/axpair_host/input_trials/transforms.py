"""Each way of misreading an input's bytes, as bytes: what the model gives on them is then asked of the simulator."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from axpair_proto.sentences import say

from axpair_host.evidence.record import InputFacts

Array = np.ndarray[Any, Any]
PADDINGS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
"""Bytes that rows are padded by, or to whole multiples of."""
_YUV = ("NV12", "NV21", "YUV_NV12", "YUV_NV21")


@dataclass(frozen=True)
class Misread:
    """One hypothesis: every input changed in the same way; those that it doesn't concern stay."""

    name: str
    """Goes on "the board worked on ..."."""
    code: str
    inputs: Mapping[str, bytes]


def misreads(facts: Sequence[InputFacts], data: Mapping[str, bytes]) -> Iterator[Misread]:
    """Every hypothesis that changes a byte of these inputs, each different from the others."""
    seen = {tuple(data[one.name] for one in facts)}
    for name, code, changed in _all(facts, data):
        inputs = {one.name: changed.get(one.name, data[one.name]) for one in facts}
        key = tuple(inputs.values())
        if key not in seen:
            seen.add(key)
            yield Misread(name, code, inputs)


def _all(facts: Sequence[InputFacts], data: Mapping[str, bytes]) -> Iterator[tuple[str, str, dict[str, bytes]]]:
    yield say("the picture with red and blue (of YUV: the two chromas) swapped"), "AX103", _each(facts, data, _swapped)
    for extra in _strides(facts):
        words = say("rows that begin {count} bytes further apart than they lie", count=extra)
        if extra < 0:
            words = say("rows that begin {count} bytes nearer than they lie", count=-extra)
        yield words, "AX107", {one.name: _sheared(data[one.name], _rows(one), extra) for one in facts if _rows(one) > 1}
    yield say("the same values in the other layout (NHWC for NCHW)"), "AX105", _each(facts, data, _turned)
    yield say("the same values in Fortran order"), "AX105", _each(facts, data, _fortran)
    for name, scale in ((say("float32 values"), 1.0), (say("float32 values 0..1"), 255.0)):
        yield (
            say("{name} read as {dtypes}", name=name, dtypes="/".join(sorted({one.dtype for one in facts}))),
            "AX102",
            {one.name: _as_float(data[one.name], scale) for one in facts if one.dtype == "uint8"},
        )
    yield (
        say("float32 inputs that were rounded to bytes"),
        "AX102",
        {one.name: _as_bytes(data[one.name]) for one in facts if one.dtype == "float32"},
    )
    for name, low, high in (
        (say("video range (16..235) for full range"), 16, 235),
        (say("full range for video range"), 0, 255),
    ):
        yield (
            say("luma of {name}", name=name),
            "AX108",
            {one.name: _ranged(data[one.name], low, high) for one in facts if one.color_space in _YUV},
        )


def _each(facts: Sequence[InputFacts], data: Mapping[str, bytes], change: Any) -> dict[str, bytes]:
    changed = {one.name: change(one, data[one.name]) for one in facts}
    return {name: content for name, content in changed.items() if content is not None}


def _array(one: InputFacts, content: bytes) -> Array:
    return np.frombuffer(content, one.dtype).reshape(one.shape)


def _swapped(one: InputFacts, content: bytes) -> bytes | None:
    if one.color_space in _YUV:
        items = np.frombuffer(content, np.uint8).reshape(one.shape[0], -1)
        chroma = items.shape[1] * 2 // 3
        turned = items[:, chroma:].reshape(len(items), -1, 2)[:, :, ::-1].reshape(len(items), -1)
        return np.concatenate([items[:, :chroma], turned], axis=1).tobytes()
    axis = {"NHWC": 3, "NCHW": 1}.get(one.layout, 0)
    if len(one.shape) != 4 or not axis or one.shape[axis] not in (3, 4):
        return None
    return bytes(_array(one, content).take([2, 1, 0, 3][: one.shape[axis]], axis).tobytes())


def _strides(facts: Sequence[InputFacts]) -> list[int]:
    """Differences of stride worth trying: usual paddings, and rounding up to their multiples, both ways."""
    extras = dict.fromkeys(PADDINGS)
    for one in facts:
        if _rows(one) > 1:
            row = _row_bytes(one)
            extras.update(dict.fromkeys(-row % padding for padding in PADDINGS if row % padding))
    return [sign * extra for extra in sorted(extras) for sign in (1, -1)]


def _rows(one: InputFacts) -> int:
    if len(one.shape) != 4:
        return 0
    batch, first, second, _ = one.shape
    return batch * first * second if one.layout == "NCHW" else batch * first


def _row_bytes(one: InputFacts) -> int:
    return int(np.prod(one.shape)) * np.dtype(one.dtype).itemsize // _rows(one)


def unpadded_rows(one: InputFacts, size: int, given: bytes) -> Iterator[tuple[int, bytes]]:
    """Of what was given for an input of `size` bytes: the rows as they are if they lie so many bytes further apart than
    they are long, one behind the other. Where more was given that number is known; else, cut to the input's size, it
    is one of the usual ones, and the last rows aren't there."""
    rows = _rows(one)
    spare = len(given) - size
    if rows < 2 or spare < 0:
        return
    row = size // rows
    if spare:
        extra = -(-spare // rows)  # what lies behind the last row may be left out
        yield extra, _sheared(given, rows, extra, row)
        return
    for extra in _strides([one]):
        if 0 < extra <= row:
            yield extra, _sheared(given, size // (row + extra), extra, row)


def _sheared(content: bytes, rows: int, extra: int, row: int = 0) -> bytes:
    """Row r from r * (its bytes + extra) on; zeros beyond the end. Rows have `row` bytes, else share the content."""
    row = row or len(content) // rows
    stride = max(0, row + extra)
    memory = content + bytes(max(0, stride * rows + row - len(content)))
    return b"".join(memory[at * stride : at * stride + row] for at in range(rows))


def _turned(one: InputFacts, content: bytes) -> bytes | None:
    """The values as if they had been written in the other layout."""
    turn = {"NHWC": (0, 3, 1, 2), "NCHW": (0, 2, 3, 1)}.get(one.layout)
    if turn is None or len(one.shape) != 4:
        return None
    return bytes(_array(one, content).transpose(turn).tobytes())


def _fortran(one: InputFacts, content: bytes) -> bytes | None:
    return bytes(_array(one, content).tobytes(order="F")) if len(one.shape) > 1 else None


def _as_float(content: bytes, divisor: float) -> bytes:
    """The first bytes of the float array that was given in the place of bytes."""
    values = np.frombuffer(content, np.uint8)[: len(content) // 4 + 1]
    return bytes((values / np.float32(divisor)).astype("<f4").tobytes()[: len(content)])


def _as_bytes(content: bytes) -> bytes:
    values = np.frombuffer(content, "<f4")
    return bytes(np.clip(np.nan_to_num(values), 0, 255).astype(np.uint8).tobytes().ljust(len(content), b"\0"))


def _ranged(content: bytes, low: int, high: int) -> bytes:
    """Luma stretched or squeezed; the chroma behind it stays."""
    luma = len(content) * 2 // 3
    values = np.frombuffer(content[:luma], np.uint8).astype(np.float64)
    moved = low + values * (high - low) / 255 if low else (values - 16) * 255 / 219
    return np.clip(np.floor(moved + 0.5), 0, 255).astype(np.uint8).tobytes() + content[luma:]
