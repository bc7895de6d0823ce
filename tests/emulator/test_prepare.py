"""Files to input bytes: images as the joint wants them, and clear words for whatever doesn't fit."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from axpair_emulator.errors import InputError
from axpair_emulator.prepare import prepare_data, prepare_files
from axpair_emulator.program import Port
from axpair_proto.capabilities import Fitting
from onnx_models import picture, png
from PIL import Image

PORT = Port("data", "data@joint", "uint8", (1, 12, 10, 3), "NHWC", "BGR")
GREY = Port("data", "data@joint", "uint8", (1, 12, 10, 1), "NHWC", "GRAY")
FEATURES = Port("feat", "feat@joint", "float32", (1, 5), "")


def saved(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    data = io.BytesIO()
    image.save(data, kind, **options)
    return data.getvalue()


def pixels(port: Port, data: bytes, name: str = "x.png") -> np.ndarray:
    return np.frombuffer(prepare_data(port, data, name)[0], np.uint8).reshape(port.shape)


def test_image_comes_in_the_joints_colour_order_and_layout() -> None:
    image = picture()
    rgb = np.asarray(image)
    assert np.array_equal(pixels(PORT, png(image))[0], rgb[:, :, ::-1])
    as_rgb = Port("data", "t", "uint8", (1, 12, 10, 3), "NHWC", "RGB")
    assert np.array_equal(pixels(as_rgb, png(image))[0], rgb)
    planes = Port("data", "t", "uint8", (1, 3, 12, 10), "NCHW", "BGR")
    assert np.array_equal(pixels(planes, png(image))[0], rgb[:, :, ::-1].transpose(2, 0, 1))
    assert np.array_equal(pixels(GREY, png(image))[0, :, :, 0], np.asarray(image.convert("L")))


def test_image_of_the_right_size_needs_no_note() -> None:
    assert prepare_data(PORT, png(picture()), "x.png")[1] == ()


def test_resize_is_bilinear_and_said_with_both_sizes() -> None:
    image = picture(40, 31)
    data, notes = prepare_data(PORT, png(image), "x.png")
    expected = np.asarray(image.resize((10, 12), Image.Resampling.BILINEAR))[:, :, ::-1]
    assert data == expected.tobytes()
    assert notes == ("x.png: resized bilinearly from 40x31 to 10x12 (width x height)",)


def test_a_letterboxed_picture_is_whole_between_gray_bars() -> None:
    image = picture(40, 12)
    data, notes = prepare_data(PORT, png(image), "x.png", "letterbox")
    whole = np.frombuffer(data, np.uint8).reshape(12, 10, 3)
    small = np.asarray(image.resize((10, 3), Image.Resampling.BILINEAR))[:, :, ::-1]
    (top,) = [at for at in range(10) if np.array_equal(whole[at : at + 3], small)]
    assert top in (4, 5)
    assert (np.delete(whole, range(top, top + 3), axis=0) == 114).all()
    assert notes[0].endswith("(width x height), the whole picture between gray bars (114)")


def test_a_cropped_picture_is_its_middle() -> None:
    wide = np.zeros((12, 30, 3), np.uint8)
    wide[:, 10:20] = 200
    data, notes = prepare_data(PORT, png(Image.fromarray(wide)), "x.png", "crop")
    assert (np.frombuffer(data, np.uint8) == 200).all()
    assert notes[0].endswith("cut to the middle")


@pytest.mark.parametrize("fitting", ["letterbox", "crop"])
def test_a_gray_picture_is_fitted_as_well(fitting: Fitting) -> None:
    image = picture(40, 31, mode="L")
    assert len(prepare_data(GREY, png(image), "x.png", fitting)[0]) == 120


@pytest.mark.parametrize(
    ("image", "said"),
    [
        (picture(mode="L"), ""),
        (picture(mode="RGBA"), "alpha channel dropped"),
        (picture().quantize(8), ""),
        (picture().convert("CMYK"), "converted from CMYK"),
        (picture(mode="L").convert("1"), ""),
        (picture(mode="L").convert("LA"), "alpha channel dropped"),
        (Image.fromarray(np.full((12, 10), 0x8123, np.uint16)), "high byte"),
    ],
)
def test_other_kinds_of_images_become_colour(image: Image.Image, said: str) -> None:
    kind = "TIFF" if image.mode == "CMYK" else "PNG"
    data, notes = prepare_data(PORT, saved(image, kind), "x.png")
    assert len(data) == 360
    assert any(said in note for note in notes) if said else notes == ()
    if "high byte" in said:
        assert set(data) == {0x81}


def test_orientation_tag_turns_the_image_upright() -> None:
    image = picture(12, 10)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 270 degrees
    data, notes = prepare_data(PORT, saved(image, "PNG", exif=exif), "x.png")
    assert data == np.asarray(image.transpose(Image.Transpose.ROTATE_270))[:, :, ::-1].tobytes()
    assert "EXIF" in notes[0]


def test_raw_bytes_and_arrays_pass_unchanged() -> None:
    raw = bytes(range(256)) + bytes(104)
    assert prepare_data(PORT, raw, "x.bin") == (raw, ())
    array = np.frombuffer(raw, np.uint8).reshape(1, 12, 10, 3)
    for order in ("C", "F"):
        stored = io.BytesIO()
        np.save(stored, np.asarray(array, order=order))
        assert prepare_data(PORT, stored.getvalue(), "x.npy") == (raw, ())


def test_big_endian_array_is_stored_little_endian() -> None:
    stored = io.BytesIO()
    np.save(stored, np.arange(5, dtype=">f4").reshape(1, 5))
    assert prepare_data(FEATURES, stored.getvalue(), "x.npy")[0] == np.arange(5, dtype="<f4").tobytes()


def array_file(array: np.ndarray, allow_pickle: bool = False) -> bytes:
    stored = io.BytesIO()
    np.save(stored, array, allow_pickle=allow_pickle)
    return stored.getvalue()


WHOLE = png(picture(100, 100))


def npy_header(text: bytes) -> bytes:
    return b"\x93NUMPY\1\0" + len(text).to_bytes(2, "little") + text


def test_picture_with_damaged_exif_is_taken_as_upright() -> None:
    exif = b"Exif\0\0OM\0*\0\0\0\x08"
    prepared, notes = prepare_data(PORT, saved(picture(), exif=exif), "x.png")
    assert prepared == prepare_data(PORT, png(picture()), "x.png")[0]
    assert any("EXIF is damaged" in note for note in notes)


@pytest.mark.parametrize(
    ("port", "data", "name", "message"),
    [
        (PORT, b"", "x.png", "is empty"),
        (PORT, b"no image at all", "x.jpg", "not an image"),
        (PORT, WHOLE[: len(WHOLE) // 2], "x.png", "damaged image"),
        (PORT, WHOLE[:50], "x.png", "image"),
        (PORT, saved(Image.new("1", (20_000, 20_000))), "x.png", "20000x20000 pixels|too many pixels"),
        (PORT, bytes(359), "x.bin", "359 bytes; input 'data' takes 360"),
        (PORT, bytes(361), "x.bin", "361 bytes"),
        (PORT, b"", "x.bin", "0 bytes"),
        (PORT, array_file(np.zeros((1, 3, 12, 10), np.uint8)), "x.npy", "holds uint8 1x3x12x10"),
        (PORT, array_file(np.zeros((1, 12, 10, 3), np.float32)), "x.npy", "holds float32"),
        (PORT, array_file(np.zeros((12, 10, 3), np.uint8)), "x.npy", "holds uint8 12x10x3"),
        (PORT, array_file(np.zeros((1, 12, 10, 3), np.uint8))[:-1], "x.npy", "holds 359 bytes of values"),
        (PORT, npy_header(b"{" * 300), "x.npy", "not a readable .npy"),
        (
            PORT,
            npy_header(b"{'descr': '<f4', 'fortran_order': False, 'shape': (99999999, 99999999)}"),
            "x.npy",
            "holds",
        ),
        (PORT, array_file(np.array([{}], object), allow_pickle=True), "x.npy", "not a readable .npy"),
        (PORT, b"\x93NUMPY", "x.npy", "not a readable .npy"),
        (FEATURES, png(picture()), "x.png", "takes float32 1x5, no image"),
    ],
)
def test_file_that_does_not_fit_is_refused_with_what_was_found(
    port: Port, data: bytes, name: str, message: str
) -> None:
    with pytest.raises(InputError, match=message) as caught:
        prepare_data(port, data, name)
    assert name in caught.value.message
    assert caught.value.next_step


def test_array_in_the_other_layout_gets_a_hint() -> None:
    with pytest.raises(InputError) as caught:
        prepare_data(PORT, array_file(np.zeros((1, 3, 12, 10), np.uint8)), "x.npy")
    assert "transpose(0, 2, 3, 1)" in str(caught.value.next_step)
    with pytest.raises(InputError) as caught:
        prepare_data(PORT, array_file(np.zeros((12, 10, 3), np.uint8)), "x.npy")
    assert "array[None]" in str(caught.value.next_step)


def test_files_are_matched_with_the_models_inputs(tmp_path: Path) -> None:
    image = tmp_path / "x.png"
    image.write_bytes(png(picture()))
    values = tmp_path / "x.bin"
    values.write_bytes(bytes(20))
    prepared = prepare_files([PORT, FEATURES], {"feat": values, "data": image})
    assert list(prepared.data) == ["data", "feat"]
    with pytest.raises(InputError, match="no file for the input 'feat': the model has 2, 1 given"):
        prepare_files([PORT, FEATURES], {"data": image})
    with pytest.raises(InputError, match="no input 'dta'") as caught:
        prepare_files([PORT], {"data": image, "dta": image})
    assert "--layer data" in str(caught.value.next_step)
    with pytest.raises(InputError, match="can't be read"):
        prepare_files([PORT], {"data": tmp_path / "none.png"})
    with pytest.raises(InputError, match="can't be read"):
        prepare_files([PORT], {"data": tmp_path})
