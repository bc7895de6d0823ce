"""What a program has to feed: dtypes and layouts, given or by default, against what the model takes."""

from collections.abc import Iterator

from axpair_proto.pulsar2.schema import BuildConfig, DataType, HardwareType, Layout

from axpair_host.lint.hint import Hint, Passed
from axpair_host.lint.pulsar2.odd import Odd
from axpair_host.lint.pulsar2.subject import FLOATS, YUV, Input

_NO_FP16 = (HardwareType.AX650,)


def hints(config: BuildConfig, inputs: tuple[Input, ...]) -> Iterator[Hint]:
    """What the whole configuration leaves to defaults."""
    if not config.input_processors and not all(one.dtype for one in inputs):
        yield Hint(
            "no-processors",
            "AX102",
            "no input_processors: at run time every input is FP32 in NCHW, ids and masks of integers as well as "
            "pictures, and calibration's mean and std, where there are any, go into the model",
            'give each input an item with "src_dtype": S32 for ids, U8 for pictures; the ONNX model says which it has',
        )
    groups = {len(one.processor.src_extra_shapes) for one in inputs}
    if len(groups) > 1:
        counts = ", ".join(f"{len(one.processor.src_extra_shapes)} for {one.name!r}" for one in inputs)
        yield Hint(
            "extra-shapes",
            "",
            f"src_extra_shapes have to be as many for each input, and are {counts}",
            "give each input a shape for each group",
        )


def odds(one: Input, config: BuildConfig) -> Iterator[Odd]:
    """Everything odd of one input."""
    target = config.target_hardware or HardwareType.AX650
    if one.processor.src_dtype is DataType.FP16 and target in _NO_FP16:
        yield Odd(
            "no-fp16",
            "",
            f"src_dtype is FP16, which {target.name} hasn't: a build stops with KeyError DataType.FP16",
            'write "src_dtype": "FP32"',
        )
    if one.dtype.startswith(("int", "uint", "bool")) and one.src_dtype in FLOATS:
        default = "" if one.processor.src_dtype else " (the default)"
        yield Odd(
            "integer-input",
            "AX102",
            f"the ONNX model takes {one.dtype}, and src_dtype is {one.src_dtype.name}{default}: a program that feeds "
            "integers is misread",
            'write "src_dtype": "S32" (ONNX int64 becomes int32 in the model)',
            {"onnx": one.dtype, "src_dtype": one.src_dtype.name},
        )
    bytes_ = one.processor.src_dtype is DataType.U8
    if (
        bytes_
        and one.pictures
        and one.fed not in YUV
        and one.processor.src_layout is None
        and one.layout is Layout.NCHW
    ):
        yield Odd(
            "layout-unsaid",
            "AX105",
            "src_dtype is U8 and src_layout isn't given, which means NCHW: planes, and cameras and OpenCV give pixels",
            'write "src_layout": "NHWC", or "NCHW" if planes are fed',
        )
    real = one.seen_layout
    if real and one.pictures and one.layout is not real:
        yield Odd(
            "layout",
            "AX105",
            f"the ONNX model has {list(one.shape)}, which is {real.name}; tensor_layout is {one.layout.name}",
            f'write "tensor_layout": "{real.name}"',
            {"shape": list(one.shape), "layout": one.layout.name},
        )


def unchecked(inputs: tuple[Input, ...]) -> Iterator[Passed]:
    """What is read and not judged."""
    for field in ("padding", "slicing"):
        names = [one.name for one in inputs if getattr(one.processor, field)]
        if names:
            yield Passed(field, f"of {', '.join(map(repr, names))}: in which order it gives the axes isn't documented")
    extra = [one.name for one in inputs if one.processor.src_extra_shapes]
    if extra:
        yield Passed("src_extra_shapes", f"of {', '.join(map(repr, extra))}: quantization sees the main shape alone")
