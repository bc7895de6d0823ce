"""What a configuration of pulsar2 makes of each input: its defaults, DEFAULT items and inheritance applied."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from axpair_proto.capabilities import ModelSignature
from axpair_proto.pulsar2.schema import (
    BuildConfig,
    ColorSpace,
    DataFormat,
    DataType,
    InputProcessor,
    InputQuantConfig,
    Layout,
    OutputProcessor,
)

DEFAULT = "DEFAULT"
CHANNELS = {ColorSpace.RGB: 3, ColorSpace.BGR: 3, ColorSpace.GRAY: 1}
_PICTURE = (1, 3, 4)
YUV = (ColorSpace.YUV420SP, ColorSpace.YVU420SP, ColorSpace.YUYV422, ColorSpace.UYVY422)
FLOATS = (DataType.FP32, DataType.FP16, DataType.BF16)
_COMMAS_OF_LENGTHS = re.compile(r"(?<=\d)\s*,\s*(?=\d+\s*(?:[;,x]|$))")
_SHAPE = re.compile(r"\s*(?P<name>\S(?:.*?\S)??)\s*:\s*(?P<axes>\d+(?:\s*x\s*\d+)*)\s*")

Item = TypeVar("Item", InputQuantConfig, InputProcessor, OutputProcessor)


@dataclass(frozen=True)
class Input:
    """One input as a build would take it."""

    name: str
    """DEFAULT where neither the configuration nor a model names one."""
    quant: InputQuantConfig
    processor: InputProcessor
    shape: tuple[int, ...]
    """Of the ONNX model, input_shapes applied; () where it isn't known, 0 for an axis without a length."""
    dtype: str
    """Of the ONNX model; "" where no model is given."""

    @property
    def said(self) -> str:
        """As a sentence begins."""
        return "every input (DEFAULT)" if self.name == DEFAULT else f"input {self.name!r}"

    @property
    def format(self) -> DataFormat:
        """Of the calibration samples."""
        return self.quant.calibration_format or DataFormat.Image

    @property
    def pictures(self) -> bool:
        """Whether pictures are read for calibration."""
        return self.format is DataFormat.Image

    @property
    def wanted(self) -> ColorSpace:
        """Colours of the ONNX model."""
        return self.processor.tensor_format or ColorSpace.AutoColorSpace

    @property
    def fed(self) -> ColorSpace:
        """Colours that a program feeds."""
        return self.processor.src_format or ColorSpace.AutoColorSpace

    @property
    def layout(self) -> Layout:
        """Of the ONNX model."""
        return self.processor.tensor_layout or Layout.NCHW

    @property
    def seen_layout(self) -> Layout | None:
        """Of the ONNX model by the axis that can be a picture's channels; None where none or both can."""
        axes = ((Layout.NCHW, 1), (Layout.NHWC, 3)) if len(self.shape) == 4 else ()
        looks = [layout for layout, axis in axes if self.shape[axis] in _PICTURE]
        return looks[0] if len(looks) == 1 else None

    @property
    def no_picture(self) -> str:
        """Why the ONNX input can be no picture; "" where it can, or isn't known."""
        if self.shape and len(self.shape) != 4:
            return f"the input has {len(self.shape)} axes"
        if self.shape and self.channels not in (0, *_PICTURE):
            return f"the input has {self.channels} channels"
        return ""

    @property
    def src_dtype(self) -> DataType:
        """What a program feeds."""
        return self.processor.src_dtype or DataType.FP32

    @property
    def mean(self) -> tuple[float, ...]:
        """What a run takes off: calibration's, where the processor has none."""
        return self.processor.mean or self.quant.calibration_mean

    @property
    def std(self) -> tuple[float, ...]:
        """What a run divides by, likewise."""
        return self.processor.std or self.quant.calibration_std

    @property
    def channels(self) -> int:
        """0 where that isn't known."""
        if len(self.shape) == 4:
            return self.shape[3] if (self.seen_layout or self.layout) is Layout.NHWC else self.shape[1]
        return CHANNELS.get(self.wanted, 0) if self.pictures and not self.shape else 0


def inputs_of(config: BuildConfig, model: ModelSignature | None) -> tuple[Input, ...]:
    """Each input: the model's, or where none is given those that the configuration names."""
    shapes = dict(shapes_in(config.input_shapes))
    found = {one.name: one for one in model.inputs} if model else {}
    named = [
        *shapes,
        *(one.tensor_name for one in config.quant.input_configs),
        *(one.tensor_name for one in config.input_processors),
    ]
    names = list(found) or [name for name in dict.fromkeys(named) if name not in ("", DEFAULT)] or [DEFAULT]
    return tuple(
        Input(
            name=name,
            quant=item_for(config.quant.input_configs, name) or InputQuantConfig(),
            processor=item_for(config.input_processors, name) or InputProcessor(),
            shape=shapes.get(name) or (found[name].shape if name in found else ()),
            dtype=found[name].dtype if name in found else "",
        )
        for name in names
    )


def item_for(items: Iterable[Item], name: str) -> Item | None:
    """The item of that name, else the one for all."""
    listed = list(items)
    for wanted in (name, DEFAULT):
        for item in listed:
            if item.tensor_name == wanted:
                return item
    return None


def with_x(text: str) -> str:
    """input_shapes with an 'x' for each comma that stands between lengths."""
    return _COMMAS_OF_LENGTHS.sub("x", text)


def shapes_in(text: str) -> Sequence[tuple[str, tuple[int, ...]]]:
    """input_shapes as names and shapes, whatever separates them; what isn't understood is left out."""
    found = (_SHAPE.fullmatch(part) for part in re.split(r"[;,]", with_x(text)))
    return [(one["name"], tuple(map(int, one["axes"].split("x")))) for one in found if one]
