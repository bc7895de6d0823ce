"""Inputs, golden results and cases that come packed, or in a list of a spreadsheet."""

import json
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from axpair_proto.gt.tensors import read_npy
from axpair_proto.names import as_text
from command_line import axpair_here, said_once
from pairs import Case, case_of, codes, pair
from PIL import Image
from tiny import build_tiny, write_picture


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Case:
    folder = tmp_path_factory.mktemp("tiny")
    return case_of(build_tiny(folder), write_picture(folder / "x.png"))


def array_of(tiny: Case, tmp_path: Path) -> Any:
    """What the case's picture is as the input's array."""
    pair(tiny, tmp_path / "as-picture")
    return read_npy(tmp_path / "as-picture" / "input" / "data.npy")


def with_input(tiny: Case, path: Path) -> Case:
    return Case(tiny.models, path, (*tiny.flags[:-1], path))


def test_an_input_and_golden_results_from_npz(tiny: Case, tmp_path: Path) -> None:
    array = array_of(tiny, tmp_path)
    np.savez(tmp_path / "in.npz", whatever=array)
    onnx = tmp_path / "as-picture" / "onnx"
    np.savez(tmp_path / "g.npz", **{path.stem: np.load(path) for path in onnx.glob("*.npy")})
    done, document = pair(with_input(tiny, tmp_path / "in.npz"), tmp_path / "gt", "--golden", tmp_path / "g.npz")
    assert (done.returncode, document["case"]) == (0, "in")
    assert all(output["golden_onnx"]["relation"] == "IDENTICAL" for output in document["outputs"])
    record = json.loads((tmp_path / "gt" / "pair.json").read_text())["gathered"]
    assert record["inputs"][0]["source"] == f"{tmp_path / 'in.npz'} (whatever.npy)"
    assert read_npy(tmp_path / "gt" / "input" / "data.npy").tobytes() == array.tobytes()


def test_what_is_wrong_in_an_archive_is_told_by_the_names_that_the_user_knows(tiny: Case, tmp_path: Path) -> None:
    np.savez(tmp_path / "in.npz", data=np.zeros(3))
    done = axpair_here("pair", *with_input(tiny, tmp_path / "in.npz").flags, "--out", tmp_path / "gt")
    said = said_once(done, 2)
    assert "in.npz (data.npy) holds float64 3" in said
    assert "axpair-archive-" not in said
    (tmp_path / "none.zip").write_bytes(b"PK\x05\x06" + bytes(18))
    done = axpair_here("pair", *with_input(tiny, tmp_path / "none.zip").flags, "--out", tmp_path / "gt")
    assert "nothing in it that an input is made of" in said_once(done, 2)


def replayed(tiny: Case, cases: Path, run: Path, *more: str) -> tuple[int, dict[str, Any], str]:
    done = axpair_here("replay", cases, "--run", run, *tiny.flags[:-2], "--json", *more)
    return done.returncode, json.loads(done.stdout), done.stderr


def test_a_zip_of_cases_goes_on_as_a_folder_does(tiny: Case, tmp_path: Path) -> None:
    packed = tmp_path / "cases.zip"
    gbk = "照片.png".encode("gbk")
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(tiny.picture, "night/a.png")
        archive.write(tiny.picture, "XXXX.png")
        archive.writestr("notes.txt", "of a customer")
    packed.write_bytes(packed.read_bytes().replace(b"XXXX.png", gbk))
    code, document, _ = replayed(tiny, packed, tmp_path / "run")
    assert code == 0
    assert {case["id"] for case in document["cases"]} == {as_text(os.fsdecode(gbk)), "night/a.png"}
    assert any(r"\xd5" in case["id"] for case in document["cases"])
    shown = axpair_here("replay", packed, "--run", tmp_path / "run", *tiny.flags[:-2])
    assert "nothing to do" in shown.stdout
    assert "left out, as neither image, .bin nor .npy (1): notes.txt" in shown.stdout


def test_golden_results_of_each_case_from_an_npz_of_its_id(tiny: Case, tmp_path: Path) -> None:
    array_of(tiny, tmp_path)
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "a.png").write_bytes(tiny.picture.read_bytes())
    (tmp_path / "golden").mkdir()
    onnx = {path.stem: np.load(path) for path in (tmp_path / "as-picture" / "onnx").glob("*.npy")}
    np.savez(tmp_path / "golden" / "a.png.npz", **onnx)
    code, document, _ = replayed(tiny, tmp_path / "cases", tmp_path / "run", "--golden", str(tmp_path / "golden"))
    assert code == 0
    assert all(output["golden_onnx"]["relation"] == "IDENTICAL" for output in document["cases"][0]["outputs"])


def test_a_list_of_a_spreadsheet(tiny: Case, tmp_path: Path) -> None:
    for name in ("a, b.png", "c.png"):
        (tmp_path / name).write_bytes(tiny.picture.read_bytes())
    listing = tmp_path / "cases.csv"
    listing.write_text('\ufeffid;path;label\nfirst;"a, b.png";cat\n;c.png;dog\n', encoding="utf-8")
    code, document, _ = replayed(tiny, listing, tmp_path / "run")
    assert (code, [case["id"] for case in document["cases"]]) == (0, ["c.png", "first"])
    shown = axpair_here("replay", listing, "--run", tmp_path / "run", *tiny.flags[:-2]).stdout
    assert "columns of the list that aren't read: label" in shown


def test_several_pages_are_told_and_wide_pictures_refused(tiny: Case, tmp_path: Path) -> None:
    picture = Image.open(tiny.picture)
    for name in ("pages.tif", "frames.gif"):
        picture.save(tmp_path / name, save_all=True, append_images=[picture.rotate(90), picture.rotate(180)])
        done, document = pair(with_input(tiny, tmp_path / name), tmp_path / name.partition(".")[0])
        assert f"{name}: the first of 3 pictures in it" in done.stderr
        assert codes(document) == []


@pytest.mark.parametrize("dtype", [np.int32, np.float32])
def test_a_picture_beyond_16_bits_is_refused(tiny: Case, tmp_path: Path, dtype: type) -> None:
    Image.fromarray(np.arange(120, dtype=dtype).reshape(12, 10)).save(tmp_path / "wide.tif")
    done = axpair_here("pair", *with_input(tiny, tmp_path / "wide.tif").flags, "--out", tmp_path / "gt")
    assert "is a picture of 32-bit" in said_once(done, 2)
    Image.fromarray(np.arange(120, dtype=np.uint16).reshape(12, 10)).save(tmp_path / "grey.png")
    assert pair(with_input(tiny, tmp_path / "grey.png"), tmp_path / "gt")[0].returncode == 0
