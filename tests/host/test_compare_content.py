"""What an output holds is told by its values: pictures, vectors, values beside a huge constant, and nothing else."""

from typing import Any

import numpy as np
import pytest
from axpair_host.compare.content import content_of

from benchmarks.campaign.losses.net import photo

Array = np.ndarray[Any, Any]


def pixels(seed: int = 0, channels: int = 3) -> Array:
    return photo(np.random.default_rng(seed), 32, channels)


def blocks() -> Array:
    """A picture of black and white parts alone, as a mask or a print is."""
    return np.where(pixels() > 128, 255, 0).astype(np.float32)


@pytest.mark.parametrize(
    ("tensor", "layout", "peak", "certain"),
    [
        (pixels(), "NCHW", 255.0, True),
        (pixels(), "", 255.0, True),
        (pixels().transpose(0, 2, 3, 1), "NHWC", 255.0, True),
        (pixels().transpose(0, 2, 3, 1), "NCHW", 255.0, True),  # as the ONNX model itself has it
        (pixels().transpose(0, 2, 3, 1)[0], "NCHW", 255.0, True),
        (pixels(), "NHWC", 255.0, True),
        (pixels()[0], "", 255.0, True),
        (pixels(channels=1), "NCHW", 255.0, True),
        (pixels() / 255, "NCHW", 1.0, True),
        (pixels(channels=1) / 255, "NCHW", 1.0, False),  # depth or probability as well
        (np.rint(pixels()).astype(np.uint8), "NCHW", 255.0, True),
    ],
)
def test_pictures_are_known_by_shape_range_mean_and_neighbors(
    tensor: Array, layout: str, peak: float, certain: bool
) -> None:
    found = content_of(tensor, layout)
    assert (found.kind, found.peak, found.certain) == ("picture", peak, certain)


def test_a_picture_in_integers_of_a_q_has_its_peak_in_them() -> None:
    found = content_of(np.rint(pixels() / 255 * 128).astype(np.int16), "NCHW", unit=128.0)
    assert (found.kind, found.peak) == ("picture", 128.0)


def test_pixels_woven_of_several_pictures_are_a_picture() -> None:
    woven = pixels(1)
    woven[:, :, :, ::2] = np.clip(woven[:, :, :, ::2] + 90, 0, 255)
    assert content_of(woven, "NCHW").kind == "picture"


NOISE = np.random.default_rng(3)


@pytest.mark.parametrize(
    "tensor",
    [
        pixels() - 128,  # values around 0
        pixels() * 4,
        blocks(),
        NOISE.uniform(0, 255, (1, 3, 32, 32)).astype(np.float32),
        np.repeat(pixels(), 4, axis=1) / 255,  # twelve channels
        pixels()[:, :, :8, :8],
        np.full((1, 3, 32, 32), 200, np.float32),
        (lambda shares: shares / shares.sum(axis=1, keepdims=True))(pixels()),  # probabilities of three classes
        np.where(pixels() > 60, np.nan, pixels()),
    ],
    ids=["signed", "wider", "mask", "noise", "channels", "small", "flat", "shares", "nan"],
)
def test_what_is_no_picture_is_taken_for_none(tensor: Array) -> None:
    assert content_of(tensor, "NCHW").kind == ""


def test_one_row_of_features_is_a_vector_and_its_length_is_seen() -> None:
    features = NOISE.normal(size=(1, 128, 1, 1)).astype(np.float32)
    assert (content_of(features).kind, content_of(features).unit_length) == ("vector", False)
    assert content_of(features / np.linalg.norm(features)).unit_length


@pytest.mark.parametrize(
    "tensor",
    [
        np.exp(NOISE.normal(size=(1, 128))),
        NOISE.normal(size=(1, 8)),
        NOISE.normal(size=(4, 128)),
        NOISE.integers(0, 9, (1, 128)),
    ],
    ids=["probabilities", "short", "rows", "integers"],
)
def test_what_is_no_vector_is_taken_for_none(tensor: Array) -> None:
    if tensor.dtype.kind == "f" and tensor.min() > 0:
        tensor = tensor / tensor.sum()
    assert content_of(tensor).kind == ""


def logits(constant: float) -> Array:
    values = NOISE.normal(scale=3, size=(1, 400)).astype(np.float32)
    values[:, ::3] = constant
    return values


@pytest.mark.parametrize("constant", [-1e9, -65504.0, -1e4, 1e6, -3.4028235e38])
def test_a_huge_constant_in_some_places_is_found(constant: float) -> None:
    found = content_of(logits(constant))
    assert found.kind == "masked"
    assert found.constant == pytest.approx(constant)


@pytest.mark.parametrize("constant", [-30.0, -500.0, 0.0])
def test_a_constant_near_the_others_is_none(constant: float) -> None:
    assert content_of(logits(constant)).kind == "vector"


def test_a_sure_classifier_is_no_mask() -> None:
    sure = np.full((1, 1000), 1e-6, np.float32)
    sure[0, :2] = 0.5
    assert content_of(sure).kind == ""
