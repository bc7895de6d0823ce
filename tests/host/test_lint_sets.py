"""Hints about calibration sets and models, from real archives and real pictures."""

import dataclasses
import json
import re
import tarfile
from pathlib import Path

import numpy as np
import pytest
from axpair_host.errors import UsageError
from axpair_host.inputs import InputFile
from axpair_host.lint import calibration_set, model, names, unlike
from axpair_host.lint.archives import extracted
from axpair_host.lint.dataset import look, readable
from axpair_host.lint.declared import DeclaredInput, declared_inputs
from axpair_host.lint.hint import Hint
from axpair_host.lint.linting import look_at_file
from axpair_host.main import run
from axpair_proto.capabilities import ModelFacts, ModelInput, Observed, Spread
from axpair_proto.pulsar.text import parse_config
from onnx_models import pack, png
from PIL import Image

SIZE = (24, 32)
INPUT = ModelInput("x", (1, 3, 32, 24), "float32", ())


def noise(seed: int, low: int = 0, high: int = 256, size: tuple[int, int] = SIZE) -> bytes:
    pixels = np.random.default_rng(seed).integers(low, high, (size[1], size[0], 3))
    return png(Image.fromarray(pixels.astype(np.uint8)))


def healthy(folder: Path, count: int = 9) -> Path:
    return pack(folder / "set.tar", {f"{seed}.png": noise(seed) for seed in range(count)})


def declared(text: str = "") -> DeclaredInput:
    return declared_inputs(parse_config(text)[0], ["x"])[0]


def of(path: Path, size: int = 0, text: str = "", given: ModelInput = INPUT) -> list[str]:
    samples = look(path, size)
    found: list[Hint] = [
        *calibration_set.hints(path.name, samples, size),
        *calibration_set.beside(path.name, samples, declared(text), given),
    ]
    return [one.kind for one in found]


def test_a_set_of_different_pictures_of_the_models_size_has_nothing_odd(tmp_path: Path) -> None:
    assert of(healthy(tmp_path)) == []


def test_fewer_samples_than_asked_for_and_few_at_all_are_told(tmp_path: Path) -> None:
    assert of(healthy(tmp_path, 3), 16) == ["size", "few"]


def test_hidden_member_that_claims_more_than_there_can_be_is_refused(tmp_path: Path) -> None:
    info = tarfile.TarInfo(".DS_Store")
    info.size = 1 << 62
    (tmp_path / "s.tar").write_bytes(info.tobuf() + bytes(1024))
    with pytest.raises(UsageError, match=r"'\.DS_Store' claims 4611686018427387904 bytes"):
        look(tmp_path / "s.tar", 0)
    with pytest.raises(UsageError, match=r"'\.DS_Store' claims 4611686018427387904 bytes"):
        extracted(tmp_path / "s.tar", 1, tmp_path)


def test_copies_are_told(tmp_path: Path) -> None:
    members = {f"{seed}.png": noise(seed % 8) for seed in range(10)}
    assert of(pack(tmp_path / "s.tar", members)) == ["duplicates"]


def test_grey_pictures_for_a_model_of_colours_are_told(tmp_path: Path) -> None:
    pixels = [np.random.default_rng(seed).integers(0, 256, (32, 24)).astype(np.uint8) for seed in range(9)]
    path = pack(tmp_path / "s.tar", {f"{at}.png": png(Image.fromarray(one)) for at, one in enumerate(pixels)})
    assert of(path) == ["grey"]
    assert of(path, given=ModelInput("x", (1, 1, 32, 24), "float32", ())) == []


def test_frames_of_one_scene_are_told(tmp_path: Path) -> None:
    scene = np.random.default_rng(1).integers(0, 250, (32, 24, 3))
    frames = {f"{at}.png": png(Image.fromarray((scene + at % 5).astype(np.uint8))) for at in range(9)}
    assert "one-subject" in of(pack(tmp_path / "s.tar", frames))


def test_pictures_of_other_proportions_or_far_smaller_are_told(tmp_path: Path) -> None:
    wide = pack(tmp_path / "w.tar", {f"{seed}.png": noise(seed, size=(60, 20)) for seed in range(9)})
    tiny = pack(tmp_path / "t.tar", {f"{seed}.png": noise(seed, size=(9, 12)) for seed in range(9)})
    assert of(wide) == ["stretched"]
    assert of(tiny) == ["small"]


def test_raw_samples_of_another_dtype_are_told_with_the_ratio(tmp_path: Path) -> None:
    path = pack(tmp_path / "s.tar", {f"{seed}.bin": bytes([seed]) * (32 * 24 * 3 * 4) for seed in range(9)})
    (hint,) = calibration_set.beside("s.tar", look(path), declared(), INPUT)
    assert (hint.kind, hint.code) == ("dtype", "AX102")
    assert "4 times as many" in hint.summary
    assert hint.prove == "write the samples as uint8, as the joint takes them"
    ids = dataclasses.replace(INPUT, dtype="int64")
    (hint,) = calibration_set.beside("s.tar", look(path), declared(), ids)
    assert hint.prove.startswith("leave the type of 'x' out of the configuration")


def test_a_case_and_training_data_of_other_colours_are_told(tmp_path: Path) -> None:
    ours = look(healthy(tmp_path))
    dark = look(pack(tmp_path / "d.tar", {f"{seed}.png": noise(seed, 0, 60) for seed in range(9)}))
    assert [one.kind for one in unlike.pictures("case", dark[:1], ours, train=False)] == ["unlike-calibration"]
    assert [one.kind for one in unlike.pictures("train", dark, ours, train=True)] == ["unlike-training-data"]
    same = look(pack(tmp_path / "e.tar", {f"{seed}.png": noise(seed + 50) for seed in range(9)}))
    assert list(unlike.pictures("case", same[:1], ours, train=False)) == []
    assert list(unlike.pictures("train", same, ours, train=True)) == []


def test_a_folder_is_a_set_too(tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "a.png").write_bytes(noise(1))
    assert [one.name for one in look(tmp_path / "train")] == ["a.png"]


@pytest.mark.parametrize(("name", "data"), [("a.tar", b"no tar"), ("b.tar", b"")])
def test_what_is_no_set_is_bad_input(name: str, data: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(UsageError, match=re.escape(name)):
        look(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("x.png", noise(1)[:40], "no picture of a known format, or is cut off"),
        ("README.txt", b"how these were taken", "no picture of a known format, or is cut off: a build may stop there"),
    ],
)
def test_what_is_no_picture_is_named_and_the_rest_looked_at(name: str, data: bytes, words: str, tmp_path: Path) -> None:
    found, (line,) = readable("s.tar", look(pack(tmp_path / "s.tar", {name: data, "z.png": noise(2)})))
    assert [one.name for one in found] == ["z.png"]
    assert f"s.tar: {name!r} is {words}" in line.why
    assert "object at 0x" not in line.why
    (tmp_path / name).write_bytes(data)
    with pytest.raises(UsageError, match=f"{name}: is no picture"):
        look_at_file(InputFile(tmp_path / name))


def test_layout_is_held_against_the_shape() -> None:
    nhwc = ModelInput("x", (1, 32, 24, 3), "float32", ())
    assert [one.code for one in model.layout(declared(), nhwc)] == ["AX105"]
    said = declared('src_input_tensors { tensor_name: "x" tensor_layout: NHWC }')
    assert list(model.layout(said, nhwc)) == []
    assert [one.code for one in model.layout(said, INPUT)] == ["AX105"]


def test_a_concat_of_unlike_ranges_and_a_share_of_silu_are_told() -> None:
    facts = ModelFacts((INPUT,), {}, {"Conv": 100}, {"Conv": 50, "Mul": 50}, 50, 90, {"y": ("boxes", "scores")})
    seen = Observed(4, {"boxes": Spread(0, 640, "part"), "scores": Spread(0, 1, "part")})
    (concat,) = model.concats(facts, seen)
    assert (concat.kind, concat.code) == ("concat", "AX206")
    assert "640" in concat.summary
    assert [one.kind for one in model.silu(facts)] == ["silu"]
    alike = Observed(4, {"boxes": Spread(0, 2, "part"), "scores": Spread(0, 1, "part")})
    assert list(model.concats(facts, alike)) == []


@pytest.mark.parametrize(("q", "kinds"), [(4096, ["q-overflow"]), (1, ["q-coarse"]), (256, [])])
def test_q_is_held_against_the_range_over_the_set(q: int, kinds: list[str]) -> None:
    text = f'dst_output_tensors {{ tensor_name: "y" data_type: INT16 quantization_value: {q} }}'
    seen = Observed(4, {"y": Spread(-10, 12, "output")})
    assert [one.kind for one in model.q_values(parse_config(text)[0], (), seen)] == kinds


def test_outputs_that_are_one_name_in_a_joint_are_hinted_at() -> None:
    facts = ModelFacts((INPUT,), {}, {}, {}, 0, 0, {}, outputs=("a.b", "c", "a:b"))
    (hint,) = names.hints(parse_config("")[0], facts)
    assert (hint.code, hint.kind) == ("AX001", "same-name")
    assert "'a.b' and 'a:b'" in hint.summary


def test_what_is_no_picture_is_not_counted_among_those_asked_for(tmp_path: Path) -> None:
    pictures = {f"{seed}.png": noise(seed) for seed in range(9)}
    path = pack(tmp_path / "set.tar", {"0-notes.txt": b"of the first day", **pictures})
    samples, _ = readable(path.name, look(path, 9))
    assert len(samples) == 9
    assert list(calibration_set.hints(path.name, samples, 9)) == []


@pytest.mark.parametrize("where", ["set", "set.tar"])
def test_a_foreign_file_in_a_set_does_not_end_lint(
    where: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {f"{seed}.png": noise(seed, 0, 100) for seed in range(3)} | {"notes.txt": b"of the first day"}
    if where == "set":
        (tmp_path / "set").mkdir()
        for name, data in files.items():
            (tmp_path / "set" / name).write_bytes(data)
    else:
        pack(tmp_path / "set.tar", files)
    config = tmp_path / "c.prototxt"
    config.write_text(f'neuwizard_conf {{ dataset_conf_calibration {{ path: "{where}" type: DATASET_TYPE_TAR }} }}\n')
    assert run(["lint", str(config), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [one["kind"] for one in found["hints"]] == ["few"]
    assert any("'notes.txt' is no picture" in one["why"] for one in found["not_looked_at"])
