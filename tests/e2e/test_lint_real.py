"""`axpair lint` on configurations that other people published, unchanged."""

import json
from pathlib import Path
from typing import Any

import pytest
from command_line import axpair_here
from layer_models import build_branching
from onnx_models import config_text, pack
from real_files import real_file

PUBLISHED = "real-joints/config"
HINTS = {
    f"{PUBLISHED}/classification.prototxt": ["vendor-sample"],
    f"{PUBLISHED}/config_scrfd.prototxt": [],
    f"{PUBLISHED}/config_yolov5.prototxt": [],
    f"{PUBLISHED}/config_yolov6.prototxt": [],
    f"{PUBLISHED}/config_yolov7.prototxt": [],
    f"{PUBLISHED}/config_yolov8.prototxt": [],
    f"{PUBLISHED}/config_yolox.prototxt": [],
    f"{PUBLISHED}/yolo-fastest-xl-.prototxt": [],
    f"{PUBLISHED}/yolo-fastest-xl-ax630a.prototxt": [],
    f"{PUBLISHED}/yolov5s.prototxt": [],
    "field-cases/02-ir-type-native/config.prototxt": [],
    "field-cases/03-lint-without-set/config.prototxt": ["vendor-sample", "order"],
}
"""Each configuration, and what is wrong in it."""


def lint(*arguments: str | Path, code: int = 0) -> dict[str, Any]:
    done = axpair_here("lint", *arguments, "--json")
    assert done.returncode == code, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


@pytest.mark.parametrize("name", HINTS)
def test_a_published_configuration_is_linted_to_its_end(name: str) -> None:
    config = real_file(name)
    document = lint(config)
    assert [one["kind"] for one in document["hints"]] == HINTS[name]
    text = config.read_text(encoding="utf-8")
    assert ("IR_TYPE_NATIVE has no effect" in " ".join(document["warnings"])) == ("IR_TYPE_NATIVE" in text)
    (line,) = [one["why"] for one in document["not_looked_at"] if one["what"] == "calibration"]
    assert "isn't here" in line or "names no calibration set" in line
    lint(config, "--strict", code=1)


def test_every_published_configuration_is_among_them() -> None:
    found = {f"{PUBLISHED}/{path.name}" for path in real_file(PUBLISHED).glob("*.prototxt")}
    assert found == {name for name in HINTS if name.startswith(PUBLISHED)}


SELECTORS = """operator_conf_items { selector { %s } attributes { input_feature_type: UINT16 weight_type: INT8 } }"""


@pytest.mark.parametrize(
    ("selector", "words"),
    [
        ('op_name: "no/such"', "no operator is named 'no/such'"),
        ('op_name: "conv"', "near it: "),
        ('op_name_regex: "nothing.*"', "no operator is named 'nothing.*' (op_name_regex)"),
        ('op_name: "Conv"', "'Conv' is a type, and names are wanted: "),
    ],
)
def test_a_selector_that_selects_nothing_is_told_with_near_names(tmp_path: Path, selector: str, words: str) -> None:
    build_branching(tmp_path)
    (tmp_path / "c.prototxt").write_text(config_text(SELECTORS % selector), encoding="utf-8")
    document = lint(tmp_path / "c.prototxt", "--onnx", tmp_path / "m.onnx")
    (hint,) = [one for one in document["hints"] if one["kind"] == "selects-nothing"]
    assert words in hint["summary"], hint["summary"]


def test_a_tensor_that_the_model_lacks_is_told_though_the_set_is_not_here(tmp_path: Path) -> None:
    build_branching(tmp_path)
    text = config_text(rest='src_input_tensors { tensor_name: "date" color_space: TENSOR_COLOR_SPACE_RGB }')
    (tmp_path / "c.prototxt").write_text(text, encoding="utf-8")
    (tmp_path / "c.tar").unlink(missing_ok=True)
    document = lint(tmp_path / "c.prototxt", "--onnx", tmp_path / "m.onnx")
    (hint,) = [one for one in document["hints"] if one["kind"] == "unknown-name"]
    assert "write 'data'" in hint["prove"]["text"]
    assert {"calibration", "ranges"} <= {one["what"] for one in document["not_looked_at"]}


@pytest.mark.parametrize("path", ["a" * 300 + ".tar", "a\\000b.tar", "/dev/null"])
def test_a_set_whose_name_can_be_no_files_is_one_that_is_not_here(tmp_path: Path, path: str) -> None:
    text = f'neuwizard_conf {{ dataset_conf_calibration {{ path: "{path}" }} }}'
    (tmp_path / "c.prototxt").write_text(text, encoding="utf-8")
    assert "calibration" in [one["what"] for one in lint(tmp_path / "c.prototxt")["not_looked_at"]]
    (tmp_path / "c.json").write_text(
        json.dumps({"quant": {"input_configs": [{"tensor_name": "x", "calibration_dataset": path}]}})
    )
    assert "calibration" in [one["what"] for one in lint(tmp_path / "c.json")["not_looked_at"]]


def test_a_form_compared_with_itself_and_inputs_that_share_a_set_are_told(tmp_path: Path) -> None:
    (tmp_path / "c.prototxt").write_text(
        'src_input_tensors { tensor_name: "left" } src_input_tensors { tensor_name: "right" } neuwizard_conf { '
        'dataset_conf_calibration { path: "c.tar" } evaluation_conf { source_ir_types: IR_TYPE_LAVA } }',
        encoding="utf-8",
    )
    document = lint(tmp_path / "c.prototxt")
    assert [one["kind"] for one in document["hints"]] == ["same-twice", "shared-set"]
    pack(tmp_path / "c.tar", {f"{at}.bin": bytes([at]) for at in range(3)})
    document = lint(tmp_path / "c.prototxt")
    assert [one["kind"] for one in document["hints"]] == ["same-twice", "shared-set", "few"]
