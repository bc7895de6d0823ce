"""Colours: what is never swapped, what is no picture, and how YUV is converted."""

from collections.abc import Iterator

from axpair_proto.pulsar2.schema import ColorSpace, CSCMode, DataType, Layout

from axpair_host.front_end.variants import IMAGENET
from axpair_host.lint.normalisation import written_order
from axpair_host.lint.pulsar2.odd import Odd, listed
from axpair_host.lint.pulsar2.subject import CHANNELS, YUV, Input

_SWAPPED = ({ColorSpace.RGB, ColorSpace.BGR},)
_BIAS = (-9.0, 8.0)
_REST = (-524289.0, 524288.0)


def odds(one: Input) -> Iterator[Odd]:
    """Everything odd."""
    yield from _swap(one)
    yield from _no_picture(one)
    yield from _unsaid(one)
    yield from _conversion(one)
    yield from _matrix(one)


def _swap(one: Input) -> Iterator[Odd]:
    wanted, fed = one.wanted, one.fed
    if ColorSpace.AutoColorSpace in (wanted, fed) or wanted is fed or fed in YUV:
        return
    found = {"tensor_format": wanted.name, "src_format": fed.name}
    if {wanted, fed} in _SWAPPED:
        yield Odd(
            "no-swap",
            "AX103",
            f"tensor_format is {wanted.name} and src_format {fed.name}, but pulsar2 inserts no swap of channels: "
            f"calibration pictures are read as {wanted.name}, and what a program feeds as {fed.name} goes in unchanged",
            f'write "src_format": "{wanted.name}" and feed {wanted.name}, or export the model for {fed.name} and write '
            f'"tensor_format": "{fed.name}"; mean and std are in that order too',
            found,
        )
    else:
        yield Odd(
            "formats-differ",
            "AX103",
            f"tensor_format is {wanted.name} and src_format {fed.name}; no conversion between the two is documented",
            f'write "src_format": "{wanted.name}", and convert in the program',
            found,
        )


def _no_picture(one: Input) -> Iterator[Odd]:
    said = next((color for color in (one.wanted, one.fed) if color in CHANNELS), None)
    if said is None or one.fed in YUV or (one.pictures and one.no_picture):
        return
    channels = one.channels if one.shape else 0
    why = one.no_picture
    if not why and channels and channels != CHANNELS[said]:
        why = f"the input has {channels} channels"
    elif not why and not one.pictures:
        why = f"it is calibrated on {one.format.name} samples, which are taken as they are"
    if why:
        yield Odd(
            "no-picture",
            "",
            f"it is called {said.name}, but {why}: the colours have no effect, and mislead who reads them",
            'leave tensor_format and src_format out, or write "AutoColorSpace", unless pictures are fed',
            {"format": said.name, "shape": list(one.shape)},
        )


def _unsaid(one: Input) -> Iterator[Odd]:
    order = written_order(one.quant.calibration_mean)
    if one.pictures and one.wanted is ColorSpace.AutoColorSpace and order:
        yield Odd(
            "unsaid-colours",
            "AX103",
            f"it has {IMAGENET} ({order} order) and no tensor_format: in which order calibration pictures are read "
            "isn't said",
            f'write "tensor_format": "{order}" if the model was trained on {order}',
        )


def _conversion(one: Input) -> Iterator[Odd]:
    mode = one.processor.csc_mode or CSCMode.NoCSC
    if one.fed in YUV:
        if mode is CSCMode.NoCSC:
            yield Odd(
                "yuv-without-csc",
                "AX107",
                f"src_format is {one.fed.name} and csc_mode NoCSC: a build refuses that, as nothing makes colours",
                'write "csc_mode": "FullRange" (or "LimitedRange", as the camera codes it)',
            )
        if one.src_dtype is not DataType.U8:
            yield Odd(
                "yuv-dtype",
                "AX102",
                f"src_format is {one.fed.name} and src_dtype {one.src_dtype.name}; a camera gives bytes",
                'write "src_dtype": "U8"',
            )
        if one.processor.src_layout is Layout.NCHW:
            yield Odd(
                "yuv-layout",
                "AX105",
                f"src_format is {one.fed.name} and src_layout NCHW: pulsar2 makes it NHWC, as [1, 1.5H, W, 1]",
                'write "src_layout": "NHWC"',
            )
    elif mode is not CSCMode.NoCSC:
        yield Odd(
            "csc-without-yuv",
            "AX108",
            f"csc_mode {mode.name} has no effect: src_format is {one.fed.name}, no YUV",
            'write "csc_mode": "NoCSC", or the YUV format that is fed as src_format',
        )


def _matrix(one: Input) -> Iterator[Odd]:
    matrix, mode = one.processor.csc_mat, one.processor.csc_mode or CSCMode.NoCSC
    if mode is CSCMode.Matrix and len(matrix) != 12:
        yield Odd(
            "csc-matrix",
            "AX108",
            f"csc_mode Matrix needs 12 numbers (3 rows of 4) in csc_mat, and has {len(matrix)}",
            "give 12, row by row",
        )
    elif matrix and mode is not CSCMode.Matrix:
        yield Odd(
            "csc-matrix",
            "AX108",
            f"csc_mat has no effect: csc_mode is {mode.name}",
            'leave it out, or write "csc_mode": "Matrix"',
        )
    if mode is not CSCMode.Matrix:
        return
    biases = [value for at, value in enumerate(matrix) if at % 4 == 3 and not _BIAS[0] < value < _BIAS[1]]
    if biases:
        yield Odd(
            "csc-bias",
            "AX108",
            f"csc_mat has the biases {listed(biases)}, and they have to be between -9 and 8: they look like pixels",
            f"divide them by 256: {listed(value / 256 for value in biases)}",
        )
    rest = [value for at, value in enumerate(matrix) if at % 4 != 3 and not _REST[0] < value < _REST[1]]
    if rest:
        yield Odd(
            "csc-matrix", "AX108", f"csc_mat has {listed(rest)}, beyond what it takes (±524288)", "give smaller factors"
        )
