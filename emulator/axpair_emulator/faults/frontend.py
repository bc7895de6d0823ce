"""Faults of the NPU's front end: the input buffer is right, what is read of it isn't."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from axpair_proto.dtypes import ITEM_BYTES

from axpair_emulator.config.build_config import YUV
from axpair_emulator.errors import FaultError
from axpair_emulator.faults.fault import Fault, Parameter
from axpair_emulator.program import Port

if TYPE_CHECKING:
    from axpair_emulator.cmodel.execute import Executor


class ChannelSwap(Fault):
    """The colour conversion takes BGR for RGB, or NV12 for NV21, or the reverse."""

    name = "channel-swap"
    summary = "the colour conversion swaps red and blue of the image inputs; of NV12 and NV21 the two chromas"
    code = "AX103"

    def loaded(self, executor: Executor) -> Executor:
        """Only see that there is an image."""
        if not any(_channel_axis(port) or port.color_space in YUV for port in executor.program.inputs):
            raise FaultError("no input of this model has three channels to swap", next_step="choose another fault")
        return executor

    def fetched(self, port: Port, content: bytes) -> bytes:
        """Turn the channels round; inputs without three channels or chroma stay."""
        if port.color_space in YUV:
            return _swapped_chroma(port, content)
        axis = _channel_axis(port)
        if not axis:
            return content
        pixels = np.frombuffer(content, f"V{ITEM_BYTES[port.dtype]}").reshape(port.shape)
        return pixels.take([2, 1, 0, 3][: port.shape[axis]], axis).tobytes()


class WrongStride(Fault):
    """The rows are fetched with another pitch than they were written with."""

    name = "wrong-stride"
    summary = "the image inputs are read with a row stride that is too large: rows shear linearly"
    code = "AX107"
    parameters = {  # noqa: RUF012
        "extra": Parameter(
            32, "by how many bytes; below 0 the stride is too small. Beyond the buffer's end are zeros", -0xFFFF
        )
    }

    def check(self) -> None:
        """The stride has to be another one."""
        if not self.number("extra"):
            raise FaultError("extra is 0: that is the right stride", next_step="give bytes, above or below 0")

    def loaded(self, executor: Executor) -> Executor:
        """Only see that there are rows."""
        if not any(len(port.shape) == 4 and port.shape[-2] > 1 for port in executor.program.inputs):
            raise FaultError("no input of this model has rows", next_step="choose another fault")
        return executor

    def fetched(self, port: Port, content: bytes) -> bytes:
        """Row r (of all planes) is read from r * (its bytes + extra) on; inputs without four axes stay."""
        if len(port.shape) != 4:
            return content
        row = len(content) // _rows(port)
        stride = max(0, row + self.number("extra"))
        memory = content + bytes(max(0, stride * _rows(port) + row - len(content)))
        return b"".join(memory[at * stride : at * stride + row] for at in range(_rows(port)))


def _channel_axis(port: Port) -> int:
    """The axis of three channels, or of BGR0's four; 0 where there is none."""
    axis = {"NHWC": 3, "NCHW": 1}.get(port.layout, 0)
    channels = 4 if port.color_space == "BGR0" else 3
    return axis if axis and len(port.shape) == 4 and port.shape[axis] == channels else 0


def _swapped_chroma(port: Port, content: bytes) -> bytes:
    """U in the place of V: the last third of each item's rows, pair by pair."""
    items = np.frombuffer(content, np.uint8).reshape(port.shape[0], -1)
    chroma = items.shape[1] * 2 // 3
    turned = items[:, chroma:].reshape(len(items), -1, 2)[:, :, ::-1].reshape(len(items), -1)
    return np.concatenate([items[:, :chroma], turned], axis=1).tobytes()


def _rows(port: Port) -> int:
    batch, first, second, _ = port.shape
    return batch * first * second if port.layout == "NCHW" else batch * first
