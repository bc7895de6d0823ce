"""Which colours an input has on both sides, and whether the joint can go from the one to the other."""

from __future__ import annotations

from axpair_proto.pulsar import config_pb2 as pb

from axpair_emulator.config.build_config import YUV, ColorStandard, InputConf
from axpair_emulator.config.tensor_items import enum_word
from axpair_emulator.errors import ConfigError

CHANNELS = {"BGR": 3, "RGB": 3, "GRAY": 1, "NV12": 1, "NV21": 1, "BGR0": 4}
"""Of the ONNX model's input."""
MAX_Q = 1 << 24
_AUTO = {3: "BGR", 1: "GRAY"}
_PLAIN = ("BGR", "RGB", "GRAY")
STANDARDS: dict[ColorStandard, pb.ColorStandard.ValueType] = {
    "legacy": pb.CSC_LEGACY,
    "studio": pb.CSS_ITU_BT601_STUDIO_SWING,
    "full": pb.CSS_ITU_BT601_FULL_SWING,
}


def colors_of(
    name: str, source: pb.TensorConf, joint: pb.TensorConf, planes: tuple[int, ...], dtype: str
) -> tuple[str, str]:
    """The colour spaces of the ONNX model and of the joint; "" for inputs that are no images.

    `planes` is the ONNX model's shape, channels first; empty where it hasn't four axes. Raises ConfigError where the
    colours don't fit the shape or the dtype, or can't be converted.
    """
    src, dst = _word(source), _word(joint)
    channels = planes[1] if planes else 0
    found = _source("src_input_tensors", name, src, channels)
    if dst == "AUTO":
        taken = found if found not in _PLAIN else _AUTO[channels]
    elif found in ("", *(color for color in CHANNELS if color not in _PLAIN)) and dst != found:
        raise ConfigError(
            f"dst_input_tensors: color_space {dst} doesn't fit input {name!r}, which {_what(found, channels)}",
            next_step="leave color_space out for feature maps, or check tensor_layout of src_input_tensors",
        )
    else:
        taken = dst
    if dtype == "int8" and taken:
        if dst != "AUTO" or src != "AUTO":
            raise _unfit_dtype(name, taken, dtype, "pixels are 0 to 255: use UINT8, INT16 or UINT16")
        return "", ""
    _check_bytes(name, found, taken, dtype)
    _check_even(name, found, taken, planes)
    return found, taken


def color_defect(conf: InputConf) -> str:
    """What is wrong with the colours of a resolved input, as the end of a sentence; "" when nothing is."""
    src, dst = conf.src_color, conf.dst_color
    fits = src == dst == "" or (
        src in CHANNELS
        and dst in CHANNELS
        and len(conf.shape) == 4
        and CHANNELS[src] == conf.channels
        and (src in _PLAIN or src == dst)
    )
    if not fits:
        return f"has the shape {conf.shape} and the colours {src!r} and {dst!r}"
    rows, width = conf.joint_planes_shape[2:] if dst in YUV else (0, 0)
    if rows % 3 or width % 2:
        return f"is {dst} of {rows} rows of {width}"
    return f"has a Q of {conf.q}" if not 0 <= conf.q <= MAX_Q else ""


def standard_of(
    name: str, source: pb.TensorConf, joint: pb.TensorConf, colors: tuple[str, str], warnings: list[str]
) -> ColorStandard:
    """What the joint's YUV means; where nothing of YUV is converted it has no effect, and that is said."""
    if source.color_standard:
        warnings.append(
            f"color_standard of input {name!r} has no effect in src_input_tensors: dst_input_tensors has it"
        )
    if colors[1] not in YUV:
        if joint.color_standard:
            warnings.append(f"color_standard of input {name!r} has no effect here: the joint takes no NV12 or NV21")
        return "legacy"
    if joint.color_standard == pb.CSC_LEGACY:
        warnings.append(
            f"color_standard of input {name!r} is CSC_LEGACY, which isn't documented: taken as BT.601 studio swing"
        )
    return next(word for word, value in STANDARDS.items() if value == joint.color_standard)


def say_conversion(
    name: str, colors: tuple[str, str], picture: str, source: pb.TensorConf, warnings: list[str]
) -> None:
    """Warns where the joint takes other colours than the ONNX model."""
    src, dst = colors
    if src == dst:
        return
    if {src, dst} == {"BGR", "RGB"}:
        said = "" if source.color_space else " (src color_space isn't given: AUTO is BGR)"
        warnings.append(
            f"input {name!r}: the joint takes {dst}, the ONNX model {src}{said}; "
            "the joint swaps red and blue after normalising"
        )
        return
    warnings.append(
        f"input {name!r}: the joint takes {dst}, the ONNX model {src}; the joint converts to {picture} first, "
        f"input_modifications are for the channels of {picture}"
    )


def _word(item: pb.TensorConf) -> str:
    return enum_word(pb.ColorSpace, item.color_space, "TENSOR_COLOR_SPACE_")


def _source(field: str, name: str, word: str, channels: int) -> str:
    if word == "AUTO":
        return _AUTO.get(channels, "")
    if CHANNELS[word] != channels:
        raise ConfigError(
            f"{field}: color_space {word} doesn't fit input {name!r}, which {_what('', channels)}",
            next_step="leave color_space out for feature maps, or check tensor_layout of src_input_tensors",
        )
    return word


def _what(color: str, channels: int) -> str:
    if color:
        return f"is {color} in the ONNX model: the joint can't make that of other colours"
    return f"has {channels} channel{'s' if channels != 1 else ''}" if channels else "hasn't four axes"


def _check_bytes(name: str, found: str, taken: str, dtype: str) -> None:
    """Only a swap of red and blue is done after bytes have become codes."""
    swap = {found, taken} <= {"BGR", "RGB"}
    if dtype != "uint8" and (taken in (*YUV, "BGR0") or not (swap or found == taken)):
        reason = f"the joint converts {taken} to {found} in bytes" if found != taken else "its elements are bytes"
        raise _unfit_dtype(name, taken, dtype, f"{reason}: use UINT8")


def _unfit_dtype(name: str, taken: str, dtype: str, hint: str) -> ConfigError:
    return ConfigError(
        f"dst_input_tensors: input {name!r} can't be {taken} of the type {dtype.upper()}: {hint}",
        next_step="change data_type or color_space",
    )


def _check_even(name: str, found: str, taken: str, planes: tuple[int, ...]) -> None:
    if taken not in YUV:
        return
    rows, width = planes[2:]
    height = rows * 2 // 3 if found in YUV else rows
    if width % 2 or height % 2 or (found in YUV and rows % 3):
        size = f"{width}x{height}"
        raise ConfigError(
            f"{taken} needs an even width and height; input {name!r} is {size} (width x height) in {rows} rows"
            if found in YUV
            else f"{taken} needs an even width and height; input {name!r} is {size} (width x height)",
            next_step="export the model with even sizes, or let the joint take BGR",
        )
