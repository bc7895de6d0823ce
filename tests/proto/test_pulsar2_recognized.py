"""Whose configuration a file is, by its content."""

from pathlib import Path

import pytest
from axpair_proto.config_files import read_config
from axpair_proto.pulsar.tokens import ConfigTextError
from axpair_proto.pulsar2.recognized import pulsar2_form
from real_files import real_file

TEXTS = {
    '{"quant": {}}': "JSON",
    '# words\n{"modelType": "ONNX"}': "JSON",
    '{"global_config": {}, "regional_configs": []}': None,
    "model_type: ONNX\nquant { calibration_method: MSE }": "prototxt",
    "npu_mode: NPU1\n": "prototxt",
    "npu_mode: NPU1\nquant:\n  calibration_method: MSE\n": "YAML",
    'npu_mode = "NPU1"\n': "TOML",
    '[quant]\ncalibration_method = "MSE"\n': "TOML",
    "[[quant.input_configs]]\n": "TOML",
    "neuwizard_conf { }": None,
    "pulsar_conf {\n debug: true }\ncompiler { }": None,
    "": None,
    "anything else": None,
}


@pytest.mark.parametrize("text", TEXTS)
def test_the_form_is_told_by_the_content(text: str) -> None:
    assert pulsar2_form(text) == TEXTS[text]


@pytest.mark.parametrize("text", [text for text, form in TEXTS.items() if form])
def test_a_reader_of_prototxt_says_what_it_was_given_and_what_can_be_done(tmp_path: Path, text: str) -> None:
    path = tmp_path / "c.prototxt"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigTextError, match=f"is a configuration of pulsar2 \\({TEXTS[text]}\\)") as caught:
        read_config(path)
    assert "axpair lint" in str(caught.value.next_step)


def test_other_json_is_told_as_such(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_text('{"global_config": {}}', encoding="utf-8")
    with pytest.raises(ConfigTextError, match="neither pulsar2's configuration nor"):
        read_config(path)


@pytest.mark.parametrize("text", ['[{"quant": {}}]', '\ufeff "quant"'])
def test_json_that_is_no_object_is_told_as_such(tmp_path: Path, text: str) -> None:
    (tmp_path / "c.json").write_text(text)
    with pytest.raises(ConfigTextError, match=r"c\.json begins as a JSON (list|text) does; .* object in braces"):
        read_config(tmp_path / "c.json")


def test_published_configurations_of_both_are_told_apart() -> None:
    both = {"real-joints/config": None, "pulsar2-configs": "JSON"}
    for folder, form in both.items():
        files = [path for path in real_file(folder).iterdir() if path.suffix in (".json", ".prototxt")]
        assert files
        for path in files:
            assert pulsar2_form(path.read_text(encoding="utf-8")) == form, path.name
