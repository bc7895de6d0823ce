"""Which front end made the training code's tensor: found by fitting, named as users get it wrong."""

from dataclasses import replace

import numpy as np
import pytest
from axpair_host.front_end.fitting import judge, mean_and_std
from axpair_host.front_end.pixels import fed, pixels
from axpair_host.front_end.variants import same, variants
from axpair_proto.capabilities import FrontEnd

MEAN, STD = (103.53, 116.28, 123.675), (57.375, 57.12, 58.395)
RIGHT = FrontEnd(
    tuple(1 / s for s in STD),
    tuple(-m / s for m, s in zip(MEAN, STD, strict=True)),
    reverses_channels=True,
    channel_axis=1,
)
PLAIN = replace(RIGHT, gain=(1.0,) * 3, offset=(0.0,) * 3)
LIKE = np.zeros((1, 3, 20, 30), np.float32)
PIXELS = np.random.default_rng(3).integers(0, 256, (3, 600)).astype(np.float64)
GREY = np.repeat(PIXELS[:1], 3, axis=0)


def after(one: FrontEnd, other: FrontEnd) -> FrontEnd:
    """`other` on what `one` gives."""
    gain = tuple(a * b for a, b in zip(one.gain, other.gain, strict=True))
    offset = tuple(o * b + p for o, b, p in zip(one.offset, other.gain, other.offset, strict=True))
    return replace(one, gain=gain, offset=offset)


INVERTED = replace(RIGHT, gain=STD, offset=tuple(-m * s for m, s in zip(MEAN, STD, strict=True)))
CONFIGURED = {
    "mean and std in the other channel order": (
        replace(RIGHT, gain=RIGHT.gain[::-1], offset=RIGHT.offset[::-1]),
        ("AX104",),
    ),
    "the colour channels the other way round": (replace(RIGHT, reverses_channels=False), ("AX103",)),
    "the colour channels the other way round and mean and std in the other channel order": (
        replace(RIGHT, gain=RIGHT.gain[::-1], offset=RIGHT.offset[::-1], reverses_channels=False),
        ("AX103", "AX104"),
    ),
    "the normalisation once, not twice": (after(RIGHT, RIGHT), ("AX104",)),
    "std where the configuration has 1/std": (INVERTED, ("AX104",)),
    "ImageNet's mean and std (the configuration has none), in BGR order": (PLAIN, ("AX104",)),
    "no division by 255": (replace(RIGHT, gain=tuple(g / 255 for g in RIGHT.gain)), ("AX104",)),
}


@pytest.mark.parametrize("name", CONFIGURED)
def test_what_is_wrong_with_a_configuration_is_named(name: str) -> None:
    configured, codes = CONFIGURED[name]
    seen = judge(fed(PIXELS, configured, LIKE), fed(PIXELS, RIGHT, LIKE), configured)
    assert [(fit.name, fit.codes) for fit in seen.fits] == [(name, codes)]
    mean, std = mean_and_std(seen.fits[0].front_end)
    assert np.allclose(mean, MEAN, atol=0.01)
    assert np.allclose(std, STD, atol=0.01)


def test_a_normalisation_that_nobody_publishes_is_told_by_its_figures() -> None:
    odd = replace(RIGHT, gain=(0.01, 0.02, 0.03), offset=(0.5, -1.0, 0.25))
    seen = judge(fed(PIXELS, RIGHT, LIKE), fed(PIXELS, odd, LIKE), RIGHT)
    assert [fit.name for fit in seen.fits] == ["another mean and std"]
    assert np.allclose(seen.fits[0].front_end.gain, odd.gain)


def test_a_grey_picture_leaves_two_explanations() -> None:
    configured = replace(RIGHT, gain=RIGHT.gain[::-1], offset=RIGHT.offset[::-1])
    seen = judge(fed(GREY, configured, LIKE), fed(GREY, RIGHT, LIKE), configured)
    assert [fit.codes for fit in seen.fits] == [("AX104",), ("AX103",)]


def test_the_same_picture_needs_no_explanation() -> None:
    seen = judge(fed(PIXELS, RIGHT, LIKE), fed(PIXELS, RIGHT, LIKE), RIGHT)
    assert (seen.fits, seen.largest) == ((), 0.0)


def test_rounded_pixels_accuse_no_configuration() -> None:
    seen = judge(fed(PIXELS, RIGHT, LIKE), fed(PIXELS + 0.4, RIGHT, LIKE), RIGHT)
    assert seen.fits == ()
    assert seen.rounding is not None


def test_another_picture_fits_nothing() -> None:
    other = np.random.default_rng(4).integers(0, 256, (3, 600)).astype(np.float64)
    seen = judge(fed(PIXELS, RIGHT, LIKE), fed(other, RIGHT, LIKE), RIGHT)
    assert seen.fits == ()
    assert seen.rounding is None
    assert seen.correlation < 0.2


def test_pixels_come_back_from_what_the_model_is_fed_with() -> None:
    assert np.allclose(pixels(fed(PIXELS, RIGHT, LIKE), RIGHT), PIXELS, atol=1e-3)


@pytest.mark.parametrize("configured", [RIGHT, PLAIN, INVERTED])
def test_no_two_variants_are_the_same(configured: FrontEnd) -> None:
    ends = [configured, *(variant.front_end for variant in variants(configured))]
    assert not any(same(one, other) for index, one in enumerate(ends) for other in ends[:index])
