"""mean and std: inherited, in other units, of the other order, or for samples that nothing preprocesses."""

import math
from collections.abc import Iterator, Sequence

from axpair_proto.pulsar2.schema import ColorSpace, DataFormat, DataType

from axpair_host.front_end.variants import IMAGENET
from axpair_host.lint.normalisation import has_sample_slip, written_order
from axpair_host.lint.pulsar2.odd import Odd, listed
from axpair_host.lint.pulsar2.subject import FLOATS, Input

_WIDEST, _NARROWEST = 400.0, 0.05
"""What a model is fed with spans from hundredths to 255, as for pulsar (lint/normalisation.py)."""
_OF_ONES = 2.0
"""The largest mean or std of values 0..1, or -1..1; beyond it they are of pixels."""


def odds(one: Input) -> Iterator[Odd]:
    """Everything odd."""
    lengths = list(_lengths(one))
    yield from lengths
    stds, means = ((*one.quant.calibration_std, *one.processor.std), (*one.quant.calibration_mean, *one.processor.mean))
    if not all(map(math.isfinite, (*stds, *means))):
        yield Odd(
            "not-finite",
            "AX104",
            "mean or std has a value that is no number or has no end",
            "give mean and std in pixel units, such as 127.5",
        )
        return
    if 0 in stds:
        yield Odd(
            "std-zero", "AX104", "std has a 0, and is divided by", "give the deviation in pixel units, such as 255"
        )
        return
    if any(value < 0 for value in stds):
        yield Odd(
            "std-negative",
            "AX104",
            "std has a negative value: what is divided by it changes its sign",
            "give the deviation, which is above 0",
        )
    yield from _inherited(one)
    yield from _against_calibration(one)
    yield from _unread(one)
    scaled = list(_scale(one))
    yield from scaled
    yield from _published(one)
    yield from _codes(one)


def identity(mean: Sequence[float], std: Sequence[float]) -> bool:
    """Whether they change nothing."""
    return not any(mean) and all(value == 1 for value in std)


def _lengths(one: Input) -> Iterator[Odd]:
    for what, values in (
        ("calibration_mean", one.quant.calibration_mean),
        ("calibration_std", one.quant.calibration_std),
        ("mean", one.processor.mean),
        ("std", one.processor.std),
    ):
        if values and one.channels and len(values) != one.channels:
            yield Odd(
                "list-length",
                "AX104",
                f"{what} {listed(values)} has {len(values)} values, and the input {one.channels} channels",
                "give one value for each channel, in the order of tensor_format",
            )
    for first, second, means, stds in (
        ("calibration_mean", "calibration_std", one.quant.calibration_mean, one.quant.calibration_std),
        ("mean", "std", one.processor.mean, one.processor.std),
    ):
        if means and stds and len(means) != len(stds) and not one.channels:
            yield Odd(
                "list-length",
                "AX104",
                f"{first} has {len(means)} values and {second} {len(stds)}",
                "give one value for each channel in both",
            )


def _inherited(one: Input) -> Iterator[Odd]:
    quant, processor = one.quant, one.processor
    if identity(quant.calibration_mean, quant.calibration_std):
        return
    left = [
        name
        for name, own, calibrated in (
            ("mean", processor.mean, quant.calibration_mean),
            ("std", processor.std, quant.calibration_std),
        )
        if not own and calibrated
    ]
    if one.src_dtype in FLOATS and left:
        count = len(quant.calibration_mean or quant.calibration_std)
        yield Odd(
            "inherited",
            "AX104",
            f"src_dtype is {one.src_dtype.name}, and the processor has no {' and no '.join(left)}: so calibration's "
            f"{listed(quant.calibration_mean)} and {listed(quant.calibration_std)} go into the model: a program that "
            "normalises does it a second time",
            f'write "mean": {listed([0] * count)}, "std": {listed([1] * count)} if the program normalises',
        )
    elif len(left) == 1 and (processor.mean or processor.std):
        yield Odd(
            "half-given",
            "AX104",
            f"{left[0]} isn't given beside the other, and is calibration's",
            "give both mean and std, or neither",
        )


def _against_calibration(one: Input) -> Iterator[Odd]:
    """Explicit values that aren't calibration's."""
    quant, processor = one.quant, one.processor
    if not (processor.mean or processor.std) or not (quant.calibration_mean or quant.calibration_std):
        return
    ran, calibrated = (one.mean, one.std), (quant.calibration_mean, quant.calibration_std)
    if ran == calibrated:
        return
    values = (
        f"calibration has mean {listed(calibrated[0])} and std {listed(calibrated[1])}, the run mean {listed(ran[0])} "
        f"and std {listed(ran[1])}"
    )
    evidence = {"calibration": [list(one) for one in calibrated], "run": [list(one) for one in ran]}
    of_pixels = [
        max((abs(value) for part in side for value in part), default=0.0) > _OF_ONES for side in (calibrated, ran)
    ]
    if of_pixels[0] != of_pixels[1] and not (identity(*ran) or identity(*calibrated)):
        yield Odd(
            "units",
            "AX104",
            f"{values}: one is of pixels 0..255, the other of values 0..1",
            "give both in the units of what each is fed with: pictures are read as 0..255",
            evidence,
        )
    elif one.src_dtype not in FLOATS:
        yield Odd(
            "differs",
            "AX104",
            f"{values}: the ranges that calibration finds aren't those of a run on {one.src_dtype.name}",
            "give the same, or leave mean and std out of the processor",
            evidence,
        )


def _unread(one: Input) -> Iterator[Odd]:
    quant = one.quant
    if one.format is DataFormat.Image or identity(quant.calibration_mean, quant.calibration_std):
        return
    runs = "" if one.processor.mean and one.processor.std else ", and all the same they go into the model for every run"
    yield Odd(
        "set-as-it-is",
        "AX104",
        f"calibration_mean {listed(quant.calibration_mean)} and calibration_std {listed(quant.calibration_std)} stand "
        f"beside {one.format.name} samples, of which nothing is preprocessed for calibration{runs}",
        "leave both out; what a run has to do belongs into mean and std of the input's processor",
    )


def _scale(one: Input) -> Iterator[Odd]:
    """What becomes of bytes."""
    bytes_ = one.src_dtype is DataType.U8 and not one.processor.scale
    for what, mean, std, holds in (
        ("calibration pictures of 0..255", one.quant.calibration_mean, one.quant.calibration_std, one.pictures),
        ("bytes 0..255 of a run", one.processor.mean, one.processor.std, bytes_),
    ):
        if not holds or not (mean or std):
            continue
        count = max(len(mean), len(std))
        means, stds = (*mean, *(0.0,) * (count - len(mean))), (*std, *(1.0,) * (count - len(std)))
        ends = [(pixel - m) / s for m, s in zip(means, stds, strict=True) for pixel in (0, 255)]
        low, high = min(ends), max(ends)
        if _NARROWEST <= high - low <= _WIDEST:
            continue
        narrow = high - low < _NARROWEST
        of_ones = max(map(abs, (*means, *stds))) <= _OF_ONES
        yield Odd(
            "scale",
            "AX104",
            f"{what} become {low:.4g} to {high:.4g} with mean {listed(mean)} and std {listed(std)}: std is what is "
            "divided by, in pixel units (255, 58.4)",
            "check whether std is a deviation in pixel units"
            if narrow
            else f"write std {listed(s * 255 if of_ones and s > 0.05 else 1 / s for s in stds)} and mean "
            f"{listed(m * 255 if max(means) <= 1 else m for m in means)}, if that is what was meant",
            {"low": low, "high": high},
        )


def _published(one: Input) -> Iterator[Odd]:
    """ImageNet's values in the other order, and the slip of a published sample."""
    seen: set[tuple[tuple[float, ...], tuple[float, ...]]] = set()
    for mean, std in ((one.quant.calibration_mean, one.quant.calibration_std), (one.processor.mean, one.processor.std)):
        if (mean, std) in seen:
            continue
        seen.add((mean, std))
        written = written_order(mean)
        if written and one.wanted in (ColorSpace.RGB, ColorSpace.BGR) and written != one.wanted.name:
            yield Odd(
                "order",
                "AX104",
                f"mean {listed(mean)} is {IMAGENET} in {written} order, and tensor_format is {one.wanted.name}, in "
                "whose order it is applied",
                f'turn both lists round, or write "tensor_format": "{written}" if the model was trained on that',
                {"written_in": written, "applied_in": one.wanted.name},
            )
        if has_sample_slip(mean, std):
            yield Odd(
                "vendor-sample",
                "AX104",
                f"std {listed(std)} has 0.255 (65.0 of 255) where ImageNet's is 0.225: the slip of a published sample",
                "write 57.375 (0.225 of 1), unless the training code has 0.255",
            )


def _codes(one: Input) -> Iterator[Odd]:
    """scale and zeropoint of a quantised upstream output."""
    if not one.processor.scale and not one.processor.zeropoint:
        return
    yield Odd(
        "release",
        "",
        "scale and zeropoint are of release 7.0: an earlier pulsar2 doesn't know the fields, and stops",
        "build with 7.0 or later (pulsar2 version), and say so to whoever builds",
        {"scale": one.processor.scale, "zeropoint": one.processor.zeropoint},
    )
    if not identity(one.mean, one.std):
        yield Odd(
            "codes-and-mean",
            "AX104",
            f"scale and zeropoint turn codes into values, and mean {listed(one.mean)} and std {listed(one.std)} are "
            "applied as well",
            "leave mean and std out, calibration's too",
        )
    if one.src_dtype in FLOATS:
        yield Odd(
            "codes-dtype",
            "AX102",
            f"scale and zeropoint are for codes, and src_dtype is {one.src_dtype.name}",
            'write the dtype of the upstream output, such as "src_dtype": "U8"',
        )
