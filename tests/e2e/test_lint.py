"""`axpair lint` as users call it: sound and wrong configurations, a case and data unlike the set, scores."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from axpair_emulator.zoo import fetch
from axpair_host.documents.linted import LintDocument
from command_line import Done, axpair_here, said_once
from layer_models import build_branching
from lossy_models import attention, policy
from onnx_models import config_text, pack, png
from PIL import Image
from printed import printed

COLOURS = 'src_input_tensors { tensor_name: "data" color_space: TENSOR_COLOR_SPACE_RGB }'
RGB_VALUES = """input_conf_items { attributes { input_modifications {
  input_normalization { mean: [123.675, 116.28, 103.53] std: [58.395, 57.12, 57.375] } } } }"""


def shaded(seed: int, most: int) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, most, (12, 10, 3))
    return png(Image.fromarray(pixels.astype(np.uint8)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """m.onnx, c.prototxt and a set of nine different pictures."""
    made = tmp_path_factory.mktemp("lint")
    pack(made / "c.tar", {f"{seed}.png": shaded(seed, 256) for seed in range(9)})
    build_branching(made)
    return made


def lint(*arguments: str | Path) -> tuple[Done, dict[str, Any]]:
    done = axpair_here("lint", *arguments, "--json")
    assert done.returncode in (0, 1), done.stderr
    return done, printed(done.stdout, LintDocument)


def kinds(document: dict[str, Any]) -> list[str]:
    return [one["kind"] for one in document["hints"]]


def test_a_sound_configuration_has_no_hint_but_what_the_model_is(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(shaded(77, 256))
    done, document = lint(folder / "c.prototxt", "--onnx", folder / "m.onnx", "--input", tmp_path / "x.png", "--strict")
    # The model has a SiLU, and that is said of it.
    assert set(kinds(document)) <= {"silu"}
    assert done.returncode == (1 if kinds(document) else 0)
    assert document["schema_version"] == 1
    np.savez(tmp_path / "x.npz", data=np.asarray(Image.open(tmp_path / "x.png"))[None])
    _, packed = lint(folder / "c.prototxt", "--onnx", folder / "m.onnx", "--input", tmp_path / "x.npz", "--score", "1")
    assert kinds(packed) == kinds(document)
    assert [one["name"] for one in packed["scores"] if one["case"]] == [f"{tmp_path / 'x.npz'} (data.npy)"]
    assert packed["scores"][-1]["worst"] > 0.9


def test_values_in_the_wrong_order_are_told_without_model_or_set(tmp_path: Path) -> None:
    (tmp_path / "c.prototxt").write_text(config_text(RGB_VALUES, rest=COLOURS), encoding="utf-8")
    pack(tmp_path / "c.tar", {f"{seed}.png": shaded(seed, 256) for seed in range(9)})
    done, document = lint(tmp_path / "c.prototxt")
    assert kinds(document) == ["order"]
    assert "--golden" in document["hints"][0]["prove"]["command"]
    assert done.returncode == 0
    assert lint(tmp_path / "c.prototxt", "--strict")[0].returncode == 1
    assert "--onnx MODEL.onnx" in document["next_steps"][0]["command"]


def test_a_model_with_open_lengths_leaves_the_configuration_s_hints(folder: Path, tmp_path: Path) -> None:
    model = onnx.load(folder / "m.onnx")
    model.graph.input[0].type.tensor_type.shape.dim[2].dim_param = "height"
    onnx.save(model, tmp_path / "m.onnx")
    (tmp_path / "c.prototxt").write_text(config_text(RGB_VALUES, rest=COLOURS), encoding="utf-8")
    pack(tmp_path / "c.tar", {f"{seed}.png": shaded(seed, 256) for seed in range(9)})
    _, document = lint(tmp_path / "c.prototxt", "--onnx", tmp_path / "m.onnx")
    assert kinds(document) == ["order"]
    assert "--input-shape data:1x3x224x10" in document["not_looked_at"][0]["why"]


def test_a_case_and_training_data_unlike_a_dark_set_are_told_and_scores_say_whose_matter_it_is(
    folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "m.onnx").write_bytes((folder / "m.onnx").read_bytes())
    (tmp_path / "c.prototxt").write_text((folder / "c.prototxt").read_text(), encoding="utf-8")
    pack(tmp_path / "c.tar", {f"{seed}.png": shaded(seed, 40) for seed in range(9)})
    (tmp_path / "train").mkdir()
    for seed in range(3):
        (tmp_path / "train" / f"{seed}.png").write_bytes(shaded(seed + 20, 256))
    case = tmp_path / "train" / "0.png"
    given = ("--onnx", tmp_path / "m.onnx", "--input", case, "--train", tmp_path / "train", "--score", "3")
    _, document = lint(tmp_path / "c.prototxt", *given)
    assert {"unlike-calibration", "unlike-training-data", "beyond-range", "set-scores-well"} <= set(kinds(document))
    assert [one["case"] for one in document["scores"]] == [False, False, False, True]
    assert {one["code"] for one in document["hints"] if one["kind"] != "silu"} == {"AX204"}


def test_training_data_of_another_kind_are_named_for_what_they_are(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "train.png").write_bytes(shaded(3, 64))
    done = axpair_here("lint", folder / "c.prototxt", "--train", tmp_path / "train.png")
    assert "train.png: is a picture, not a folder or an archive of samples" in said_once(done, 2)


def test_a_real_model_and_its_configuration(tmp_path: Path) -> None:
    sample = Path(__file__).parents[2] / "benchmarks" / "configs" / "ppocr-cls.prototxt"
    (tmp_path / "c.prototxt").write_text(sample.read_text(), encoding="utf-8")
    pack(tmp_path / "calibration.tar", {f"{name}.jpg": fetch(name).read_bytes() for name in ("china", "flower")})
    done = axpair_here("lint", tmp_path / "c.prototxt", "--onnx", fetch("ppocr-cls"), "--input-shape", "x:1x3x48x192")
    assert done.returncode == 0, done.stderr
    assert "stretched (AX106)" in done.stdout
    assert "640x427 for 192x48" in " ".join(done.stdout.split())


def test_bad_input_is_one_message(folder: Path, tmp_path: Path) -> None:
    assert "no.prototxt" in said_once(axpair_here("lint", tmp_path / "no.prototxt"), 2)
    (tmp_path / "c.prototxt").write_text(config_text(), encoding="utf-8")
    (tmp_path / "c.tar").write_bytes(b"no tar")
    assert "c.tar" in said_once(axpair_here("lint", tmp_path / "c.prototxt"), 2)
    wrong = axpair_here("lint", folder / "c.prototxt", "--onnx", folder / "m.onnx", "--input-shape", "data:1xAx3")
    assert "NAME:1x3x480x640" in said_once(wrong, 2)


@pytest.mark.parametrize("as_input", [False, True], ids=["constant", "input"])
@pytest.mark.parametrize("mask", ["-1e9", "-65504", "-3.4028235e38", "-inf"])
def test_a_mask_that_leaves_the_scores_no_step_is_told_before_a_build(
    tmp_path: Path, mask: str, as_input: bool
) -> None:
    attention(tmp_path, float(mask), as_input=as_input)
    _, document = lint(tmp_path / "c.prototxt", "--onnx", tmp_path / "m.onnx")
    (hint,) = [one for one in document["hints"] if one["kind"] == "constant"]
    assert hint["code"] == "AX205"
    assert "Add '/attn/mask_add'" in hint["summary"]
    assert ("from 'mask'" if as_input else "a constant of it") in hint["summary"]
    assert "'scaled'" in hint["summary"]
    assert re.match("write -[1-9]0 in its place", hint["prove"]["text"])


def test_a_near_mask_and_like_features_are_no_hint(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    attention(tmp_path / "a", -30)
    _, document = lint(tmp_path / "a/c.prototxt", "--onnx", tmp_path / "a/m.onnx")
    assert set(kinds(document)) == {"size"}
    (tmp_path / "b").mkdir()
    policy(tmp_path / "b", alike=True)
    _, document = lint(tmp_path / "b/c.prototxt", "--onnx", tmp_path / "b/m.onnx")
    assert kinds(document) == []


def test_features_of_unlike_size_are_told(tmp_path: Path) -> None:
    policy(tmp_path)
    _, document = lint(tmp_path / "c.prototxt", "--onnx", tmp_path / "m.onnx")
    assert kinds(document) == ["unlike-features"]
    assert document["hints"][0]["code"] == "AX206"
    assert "56 of 60 stay within 2 steps" in document["hints"][0]["summary"]


def test_an_infinite_input_does_not_leave_a_range(tmp_path: Path) -> None:
    case = attention(tmp_path, -np.inf, as_input=True)
    files = [flag for name in (case.picture, tmp_path / "mask.npy") for flag in ("--input", name)]
    _, document = lint(tmp_path / "c.prototxt", "--onnx", tmp_path / "m.onnx", *files)
    assert "beyond-range" not in kinds(document)
