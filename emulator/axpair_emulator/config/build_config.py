"""What a build is told, after all sugar: every tensor named, every default spelled out, every path absolute.

BuildConfig is also stored in the joint, so that the float leg can be run from joint and ONNX alone.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec
import numpy as np

Layout = Literal["NHWC", "NCHW", ""]
"""Axis order of four-axis tensors; "" where a tensor has other axes."""

ColorStandard = Literal["legacy", "studio", "full"]
"""How YUV codes colours: CSC_LEGACY, CSS_ITU_BT601_STUDIO_SWING or CSS_ITU_BT601_FULL_SWING."""

YUV = ("NV12", "NV21")
"""Colour spaces of one plane: rows of luma, then half as many of chroma pairs (U first in NV12)."""
_CHANNELS = {"BGR": 3, "RGB": 3, "BGR0": 4, "GRAY": 1, "NV12": 1, "NV21": 1}


class Affine(msgspec.Struct, frozen=True, tag="affine"):
    """y = x * slope / slope_divisor + bias / bias_divisor, one value per channel each."""

    slope: tuple[float, ...]
    slope_divisor: tuple[float, ...]
    bias: tuple[float, ...]
    bias_divisor: tuple[float, ...]


class Normalization(msgspec.Struct, frozen=True, tag="normalization"):
    """y = (x - mean) / std, one value per channel each."""

    mean: tuple[float, ...]
    std: tuple[float, ...]


Modification = Affine | Normalization


class InputConf(msgspec.Struct, frozen=True):
    """One input: how the joint takes it (`dst`), and how the ONNX model wants it (`src`)."""

    name: str
    shape: tuple[int, ...]
    """In the ONNX model's own axis order, batch included."""
    src_layout: Layout
    src_color: str
    """"BGR", "RGB", "GRAY", "NV12", "NV21", "BGR0", or "" for an input that is no image."""
    dst_layout: Layout
    dst_color: str
    dst_dtype: str
    """"uint8", "int8", "uint16", "int16" or "float32"; of ids also "int32"."""
    modifications: tuple[Modification, ...] = ()
    """Applied in order to the joint's input, channels in `picture_color` order."""
    q: int = 0
    """The real value is the joint's integer divided by it; 0 = the integer is the value."""
    color_standard: ColorStandard = "legacy"
    ids: bool = False
    """Whether its whole numbers pick rows of a table: they are handed on as they are."""

    @property
    def channels(self) -> int:
        """Length of the channel axis; 1 for inputs without one."""
        if len(self.shape) != 4:
            return 1
        return self.shape[3] if self.src_layout == "NHWC" else self.shape[1]

    @property
    def planes_shape(self) -> tuple[int, ...]:
        """The shape with channels before height and width."""
        if self.src_layout != "NHWC":
            return self.shape
        batch, height, width, channels = self.shape
        return batch, channels, height, width

    @property
    def joint_planes_shape(self) -> tuple[int, ...]:
        """The shape of what the joint takes, with channels before height and width; YUV is one channel."""
        if self.dst_color == self.src_color or not self.dst_color:
            return self.planes_shape
        batch, _, height, width = self.planes_shape
        return batch, _CHANNELS[self.dst_color], height * 3 // 2 if self.dst_color in YUV else height, width

    @property
    def joint_shape(self) -> tuple[int, ...]:
        """The shape in the joint's layout."""
        if self.dst_layout != "NHWC":
            return self.joint_planes_shape
        batch, channels, height, width = self.joint_planes_shape
        return batch, height, width, channels

    @property
    def picture_color(self) -> str:
        """The colours to which the joint's bytes are converted before they are modified.

        BGR and RGB stay as they are for a model of three channels, BGR0 loses its fourth byte; all else becomes what
        the ONNX model takes.
        """
        if self.src_color not in ("BGR", "RGB"):
            return self.src_color
        return {"BGR": "BGR", "RGB": "RGB", "BGR0": "BGR"}.get(self.dst_color, self.src_color)

    @property
    def reverses_channels(self) -> bool:
        """Whether the joint swaps red and blue before the ONNX model's own first operator."""
        return {self.src_color, self.picture_color} == {"BGR", "RGB"}

    def gain_and_offset(self) -> tuple[np.ndarray[Any, np.dtype[np.float64]], ...]:
        """Q and all modifications as y = x * gain + offset; two float64 arrays of `channels` elements."""
        gain = np.full(self.channels, 1.0 / (self.q or 1))
        offset = np.zeros(self.channels)
        for step in self.modifications:
            if isinstance(step, Affine):
                slope = np.divide(step.slope, step.slope_divisor)
                gain, offset = gain * slope, offset * slope + np.divide(step.bias, step.bias_divisor)
            else:
                gain, offset = gain / step.std, (offset - step.mean) / step.std
        return gain, offset


class OutputConf(msgspec.Struct, frozen=True):
    """One output: how the joint gives it."""

    name: str
    shape: tuple[int, ...]
    """In the ONNX model's own axis order."""
    src_layout: Layout
    dst_layout: Layout
    dtype: str
    """"float32", or an integer type that carries round(value * q)."""
    q: int = 0

    @property
    def joint_shape(self) -> tuple[int, ...]:
        """The shape in the joint's layout."""
        if self.dst_layout == self.src_layout:
            return self.shape
        order = (0, 2, 3, 1) if self.dst_layout == "NHWC" else (0, 3, 1, 2)
        return tuple(self.shape[axis] for axis in order)


class OperatorConf(msgspec.Struct, frozen=True):
    """Feature width of the operators whose name matches `pattern` (a regular expression, whole name)."""

    pattern: str
    feature_bits: int


class CalibrationConf(msgspec.Struct, frozen=True):
    """Where the calibration samples are and how ranges come from them."""

    paths: dict[str, str]
    """Input name to the tar archive that feeds it."""
    size: int
    """At most so many samples; 0 = all."""
    batch_size: int
    per_channel: bool
    """Weights get one scale per output channel; else one per tensor (our reading of the strategy)."""
    mse_clipping: bool
    """Activation ranges minimise the squared error over a histogram; else they are the extremes."""


class MeasurementConf(msgspec.Struct, frozen=True):
    """What the quantised model is compared with the float one on."""

    paths: dict[str, str] = {}
    """Input name to the tar archive that feeds it; empty = the calibration samples."""
    size: int = 0
    """At most so many samples; 0 = all, or the first two calibration samples."""
    batch_size: int = 0
    """As it was given: samples are read one at a time."""
    per_layer: bool = False
    """Whether every layer is compared, not the outputs alone."""


class CpuBackends(msgspec.Struct, frozen=True):
    """Where operators may go that the NPU lacks; each "DEFAULT", "ENABLED" or "DISABLED"."""

    onnx: str = "DEFAULT"
    axe: str = "DEFAULT"
    optimize_slim_model: bool = False


class BuildConfig(msgspec.Struct, frozen=True):
    """Everything that decides a build, the ONNX file apart."""

    inputs: tuple[InputConf, ...]
    outputs: tuple[OutputConf, ...]
    calibration: CalibrationConf
    operators: tuple[OperatorConf, ...] = ()
    """In order; the last that matches counts. Without any, features have 8 bits."""
    target_hardware: str = "AX620"
    virtual_npu: str = "0"
    """As the flag spells it: "0", "111", "112", "311", "312", "221" or "222"."""
    batch_sizes: tuple[int, ...] = (1,)
    """The largest is the joint's maximum."""
    dynamic_batch: bool = False
    items: int = 1
    """How often the operators run for a full batch; the shapes above are those of one run."""
    measurement: MeasurementConf = MeasurementConf()
    cpu: CpuBackends = CpuBackends()
    import_fault: str = ""
    """How the import of the graph is wrong (axpair_emulator.faults.importing); "" = it is right."""
    debug: bool = False
    """Whether the log lists what every operator became."""
