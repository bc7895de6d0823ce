"""`axpair pair --preprocess`: the product's own preparation, held against gt/input."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from axpair_proto.simulator import Models
from command_line import axpair_here, said_once
from pairs import Case, case_of, codes, pair
from PIL import Image
from tiny import build_tiny

PREPARE = """\
import sys
import numpy as np
from PIL import Image, ImageOps

def opened(path):
    return Image.open(path).convert("RGB")

def right(path, way=Image.Resampling.BILINEAR):
    return np.ascontiguousarray(np.asarray(opened(path).resize((10, 12), way))[:, :, ::-1])

def as_bytes(path):
    return right(path).tobytes()

def rgb(path):
    return right(path)[:, :, ::-1]

def planar(path):
    return right(path).transpose(2, 0, 1)

def floats(path):
    return right(path).astype(np.float32)

def padded(path):
    return np.pad(right(path).reshape(12, 30), ((0, 0), (0, 2)))

def padded_otherwise(path):
    return np.pad(scaled_otherwise(path), ((0, 0), (0, 6), (0, 0)))

def cut(path):
    return padded(path).ravel()[:360]

def cut_otherwise(path):
    return np.pad(scaled_otherwise(path).reshape(12, 30), ((0, 0), (0, 2))).tobytes()[:360]

def letterboxed(path):
    image = ImageOps.pad(opened(path), (10, 12), Image.Resampling.BILINEAR, color=(114, 114, 114))
    return np.asarray(image)[:, :, ::-1]

def scaled_otherwise(path):
    return right(path, Image.Resampling.BICUBIC)

def rgb_scaled_otherwise(path):
    return scaled_otherwise(path)[:, :, ::-1]

def halves(path):
    return np.full((1, 12, 10, 3), 0.5)

def mask(path):
    return right(path) > 100

def noise(path):
    return np.random.default_rng(3).integers(0, 256, (12, 10, 3)).astype(np.uint8)

def fails(path):
    return right("nowhere.png")

def words(path):
    return "done"

if __name__ == "__main__":
    rgb(sys.argv[1]).tofile(sys.argv[2] + "/data.bin")
"""


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    """A small model that takes pictures of 10x12."""
    return build_tiny(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def smooth(models: Models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Case:
    """A smooth picture three times as wide as the model's, whose channels differ; the module lies beside it."""
    across, down = np.meshgrid(np.linspace(0, 200, 60), np.linspace(0, 1, 36))
    picture = np.stack([across, 220 * down, 60 + across * down * 0.5], axis=2).astype(np.uint8)
    path = tmp_path / "smooth.png"
    Image.fromarray(picture).save(path)
    (tmp_path / "prepare_input.py").write_text(PREPARE)
    monkeypatch.chdir(tmp_path)
    return case_of(models, path)


def ended(document: dict[str, Any]) -> list[tuple[str, bool, str]]:
    return [(one["code"], one["proven"], one["owner"]) for one in document["findings"]]


@pytest.mark.parametrize("function", ["right", "as_bytes", "scaled_otherwise"])
def test_the_same_preparation_is_nothing_wrong(smooth: Case, tmp_path: Path, function: str) -> None:
    done, document = pair(smooth, tmp_path / "gt", "--preprocess", f"prepare_input:{function}")
    assert (done.returncode, document["verdict"], document["findings"]) == (0, "PASS", [])
    said = [one["why"] for one in document["not_judged"] if one["what"] == "preprocess"]
    assert [("decoded or scaled by other code" in why) for why in said] == [True] * (function == "scaled_otherwise")


@pytest.mark.parametrize(
    ("function", "code", "proven", "words"),
    [
        ("rgb", "AX103", True, "red and blue"),
        ("rgb_scaled_otherwise", "AX103", False, "nearly these bytes"),
        ("planar", "AX105", True, "the other layout"),
        ("floats", "AX102", True, "float32 values read as uint8"),
        ("halves", "AX102", True, "2880 bytes (float64 [1, 12, 10, 3])"),
        ("mask", "AX102", True, "360 bytes (bool [12, 10, 3])"),
        ("padded", "AX107", True, "rows that lie 2 bytes further apart"),
        ("padded_otherwise", "AX107", False, "rows that lie 18 bytes further apart"),
        ("cut", "AX107", True, "rows that lie 2 bytes further apart"),
        ("cut_otherwise", "AX107", False, "rows that lie 2 bytes further apart"),
    ],
)
def test_a_misreading_of_the_input_is_named(
    smooth: Case, tmp_path: Path, function: str, code: str, proven: bool, words: str
) -> None:
    done, document = pair(smooth, tmp_path / "gt", "--preprocess", f"prepare_input:{function}")
    assert (done.returncode, ended(document)) == (1, [(code, proven, "preprocess")])
    assert words in document["findings"][0]["summary"]
    stored = axpair_here("diagnose", tmp_path / "gt")
    assert stored.stdout.startswith("FAULT")


def test_a_picture_that_is_fitted_otherwise_is_a_question_until_it_is_fitted_so_here(
    smooth: Case, tmp_path: Path
) -> None:
    flags = ("--preprocess", "prepare_input:letterboxed")
    done, document = pair(smooth, tmp_path / "gt", *flags)
    assert (done.returncode, ended(document)) == (3, [("AX106", False, "preprocess")])
    assert "between gray bars" in document["findings"][0]["summary"]
    assert "--resize" in document["findings"][0]["next_steps"][0]["command"]
    done, document = pair(smooth, tmp_path / "letterboxed", *flags, "--resize", "letterbox")
    assert (done.returncode, document["verdict"]) == (0, "PASS")


def test_what_resembles_nothing_accuses_nobody(smooth: Case, tmp_path: Path) -> None:
    done, document = pair(smooth, tmp_path / "gt", "--preprocess", "prepare_input:noise")
    assert (done.returncode, document["verdict"], codes(document)) == (3, "INCONCLUSIVE", [])
    assert any("hardly resembles" in one["why"] for one in document["not_judged"])


def test_a_program_prepares_as_well(smooth: Case, tmp_path: Path) -> None:
    program = f"cmd:{sys.executable} prepare_input.py {{in}} {{dir}}"
    _, document = pair(smooth, tmp_path / "gt", "--preprocess", program)
    assert ended(document) == [("AX103", True, "preprocess")]


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("prepare_input:fails", "FileNotFoundError"),
        ("prepare_input:words", "neither an array of numbers nor bytes"),
        ("prepare_input:nothing", "--preprocess prepare_input:nothing: 'nothing' isn't there"),
        ("prepare", "--preprocess 'prepare' names no function"),
        ("cmd:true {dir}", "{in} isn't among its arguments"),
        ("cmd:true {in} {dir}", "it left 0 files"),
        ("cmd:false {in} {dir}", "ended with status 1"),
        ("cmd:nowhere {in} {dir}", "--preprocess: nowhere can't be run"),
    ],
)
def test_what_prepares_nothing_is_bad_input(smooth: Case, tmp_path: Path, spec: str, words: str) -> None:
    done = axpair_here("pair", *smooth.flags, "--out", tmp_path / "gt", "--preprocess", spec)
    assert words in said_once(done, 2)
    assert not (tmp_path / "gt").exists()


def test_a_gt_folder_has_no_file_to_prepare(smooth: Case, tmp_path: Path) -> None:
    pair(smooth, tmp_path / "gt")
    flags = ("--joint", smooth.models.joint, "--gt", tmp_path / "gt", "--out", tmp_path / "b")
    assert "--gt has none" in said_once(axpair_here("pair", *flags, "--preprocess", "prepare_input:rgb"), 2)
