"""Colour conversion: whole numbers against real ones, the program against the reference, pictures there and back."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from axpair_emulator.cmodel.execute import Executor
from axpair_emulator.color.encode import padded, semi_planar, whole_numbers
from axpair_emulator.color.standards import LUMA, conversion, swing_of
from axpair_emulator.config.build_config import InputConf
from axpair_emulator.graph.session import open_session
from axpair_emulator.program import Op, Program, Tensor
from axpair_emulator.reference.graph_parts import GraphParts, codes_name
from axpair_emulator.reference.inputs import CONVERSIONS
from PIL import Image

CODES = np.array([*range(0, 256, 15), 1, 2, 15, 16, 17, 127, 128, 129, 234, 235, 236, 240, 254], np.uint8)


def conf(dst: str, src: str, standard: str = "studio") -> InputConf:
    channels = 1 if src == "GRAY" else 3
    return InputConf("x", (1, channels, 4, 6), "NCHW", src, "NHWC", dst, "uint8", color_standard=standard)  # type: ignore[arg-type]


def every(channels: int) -> np.ndarray[Any, Any]:
    """All combinations of telling codes: (1, channels, 1, n)."""
    codes: np.ndarray[Any, Any] = np.array(list(itertools.product(CODES, repeat=channels))[: 1 << 18], np.uint8).T
    return codes.reshape(1, channels, 1, -1)


def matrix_program(dst: str, src: str, standard: str, given: np.ndarray) -> Program:
    change = conversion(conf(dst, src, standard))
    assert change is not None
    attrs = {
        "matrix": [value for row in change.matrix for value in row],
        "offsets": list(change.offsets),
        "shift": change.shift,
    }
    made = Tensor("y", (1, len(change.offsets), *given.shape[2:]), 1.0, 0)
    tensors = {"x": Tensor("x", given.shape, 1.0, 0), "y": made}
    return Program((), (), tensors, (Op("color_matrix", "x@colors", ("x",), "y", attrs),), {})


def referenced(program: Program, x: np.ndarray) -> np.ndarray:
    parts, op = GraphParts(), program.ops[0]
    value = parts.add("Cast", ["x"], "cast/x", to=1)
    parts.quantise(program.tensors["y"], CONVERSIONS[op.kind](parts, op, program, value))
    session = open_session(parts.model([("x", "uint8", x.shape)], [codes_name("y")]), optimise=False)
    (result,) = session.run(None, {"x": x})
    return np.asarray(result)


PAIRS = [
    (dst, src, standard)
    for dst, src, standards in (
        ("NV12", "BGR", ("studio", "full", "legacy")),
        ("NV21", "RGB", ("studio", "full")),
        ("NV12", "GRAY", ("studio", "full")),
        ("BGR", "GRAY", ("legacy",)),
        ("RGB", "GRAY", ("legacy",)),
        ("GRAY", "BGR", ("legacy",)),
    )
    for standard in standards
]


@pytest.mark.parametrize(("dst", "src", "standard"), PAIRS)
def test_a_conversion_gives_the_same_byte_in_program_and_reference(dst: str, src: str, standard: str) -> None:
    x = every({"GRAY": 1}.get(dst, 3))
    program = matrix_program(dst, src, standard, x)
    np.testing.assert_array_equal(Executor(program).run_op(0, {"x": x}), referenced(program, x))


@pytest.mark.parametrize("v_first", [0, 1])
def test_chroma_is_spread_alike_in_program_and_reference(v_first: int) -> None:
    x = np.random.default_rng(3).integers(0, 256, (2, 1, 12, 10)).astype(np.uint8)
    tensors = {"x": Tensor("x", x.shape, 1.0, 0), "y": Tensor("y", (2, 3, 8, 10), 1.0, 0)}
    op = Op("yuv_planes", "x@upsample", ("x",), "y", {"v_first": v_first})
    program = Program((), (), tensors, (op,), {})
    np.testing.assert_array_equal(Executor(program).run_op(0, {"x": x}), referenced(program, x))


@pytest.mark.parametrize("standard", ["studio", "full"])
def test_whole_numbers_are_within_a_hundredth_of_the_real_conversion(standard: str) -> None:
    x = every(3)
    program = matrix_program("NV12", "RGB", standard, x)
    got = Executor(program).run_op(0, {"x": x})
    matrix, offset = swing_of(standard).to_rgb()
    real = np.clip(np.einsum("rc,ncij->nrij", matrix, x.astype(float)) + offset[:, None, None], 0, 255)
    assert np.abs(got - real).max() < 0.51


def test_standards_have_the_published_coefficients() -> None:
    # ITU-R BT.601, and JFIF's form of it.
    studio, offset = swing_of("studio").to_rgb()
    np.testing.assert_allclose(studio, [[1.164, 0, 1.596], [1.164, -0.392, -0.813], [1.164, 2.017, 0]], atol=1e-3)
    np.testing.assert_allclose(offset, [-222.921, 135.576, -276.836], atol=1e-3)
    full, _ = swing_of("full").to_rgb()
    np.testing.assert_allclose(full, [[1, 0, 1.402], [1, -0.344136, -0.714136], [1, 1.772, 0]], atol=1e-6)


@pytest.mark.parametrize(
    ("standard", "rgb", "yuv"),
    [
        ("studio", (0, 0, 0), (16, 128, 128)),
        ("studio", (255, 255, 255), (235, 128, 128)),
        ("studio", (255, 0, 0), (81, 90, 240)),
        ("studio", (0, 0, 255), (41, 240, 110)),
        ("full", (0, 0, 0), (0, 128, 128)),
        ("full", (255, 255, 255), (255, 128, 128)),
        ("full", (0, 255, 0), (150, 44, 21)),
        ("full", (255, 0, 0), (76, 85, 255)),
    ],
)
def test_a_plain_picture_has_the_standards_yuv(
    standard: str, rgb: tuple[int, int, int], yuv: tuple[int, int, int]
) -> None:
    plain = np.full((4, 6, 3), rgb, np.uint8)
    y, u, v = yuv
    for v_first, pair in ((False, (u, v)), (True, (v, u))):
        got = semi_planar(plain, swing_of(standard), v_first=v_first)
        assert got.shape == (6, 6)
        assert (got[:4] == y).all()
        assert (got[4:].reshape(2, 3, 2) == pair).all()


def test_grey_has_no_colour_at_any_brightness() -> None:
    for standard in ("studio", "full"):
        assert whole_numbers(swing_of(standard))[1:].sum(axis=1).tolist() == [0, 0]
    grey = np.repeat(np.arange(256, dtype=np.uint8).reshape(16, 16, 1), 3, axis=2).repeat(2, axis=0).repeat(2, axis=1)
    assert (semi_planar(grey, swing_of("studio"), v_first=False)[32:] == 128).all()


def test_a_smooth_picture_comes_back_nearly_as_it_was() -> None:
    ramp = np.linspace(20, 230, 64)
    rgb = np.stack(np.broadcast_arrays(ramp[:, None], ramp[None, ::-1], (ramp[:, None] + ramp[None]) / 2), -1)
    rgb = rgb.astype(np.uint8)
    for standard in ("studio", "full"):
        nv12 = semi_planar(rgb, swing_of(standard), v_first=False)[None, None]
        planes = Tensor("y", (1, 3, 64, 64), 1.0, 0)
        op = Op("yuv_planes", "x@upsample", ("x",), "y", {"v_first": 0})
        spread = Executor(Program((), (), {"x": Tensor("x", nv12.shape, 1.0, 0), "y": planes}, (op,), {}))
        yuv = spread.run_op(0, {"x": nv12})
        program = matrix_program("NV12", "RGB", standard, yuv)
        back = Executor(program).run_op(0, {"x": yuv})[0].transpose(1, 2, 0)
        assert np.abs(back.astype(int) - rgb).max() <= 6


def test_luma_of_colours_is_that_of_grey_images() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (40, 50, 3)).astype(np.uint8)
    bgr = pixels[:, :, ::-1].transpose(2, 0, 1)[None]
    program = matrix_program("BGR", "GRAY", "legacy", bgr)
    grey = np.asarray(Image.fromarray(pixels).convert("L"))
    np.testing.assert_array_equal(Executor(program).run_op(0, {"x": bgr})[0, 0], grey)
    assert sum(LUMA.values()) == 1 << 16


def test_bgr0_is_bgr_with_a_zero_behind() -> None:
    bgr = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    four = padded(bgr)
    assert (four[..., :3] == bgr).all()
    assert not four[..., 3].any()
