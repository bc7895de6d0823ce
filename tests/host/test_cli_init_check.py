"""axpair init --check: what each command lacks, and what is wrong with axpair.toml."""

import json
import shutil
from pathlib import Path

import pytest
from axpair_proto.simulator import Models
from command_line import axpair_here, said_once
from tiny import build_tiny, write_picture


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Models:
    return build_tiny(tmp_path_factory.mktemp("tiny"))


def check(folder: Path, code: int = 0) -> "dict[str, dict[str, list[str]]]":
    done = axpair_here("init", folder, "--check", "--json")
    assert done.returncode == code, done.stderr
    found: dict[str, dict[str, list[str]]] = json.loads(done.stdout)
    return found


def test_an_empty_folder_lacks_everything_and_nothing_is_written(tmp_path: Path) -> None:
    missing = check(tmp_path)["missing"]
    assert missing["pair"][0] == "a joint"
    assert missing["lint"] == ["a configuration"]
    assert missing["model info"] == ["a model"]
    assert all(missing.values())
    assert list(tmp_path.iterdir()) == []
    assert "no axpair.toml" in axpair_here("init", tmp_path, "--check").stdout


def test_a_whole_conversion_with_cases_lacks_nothing_to_work_on_it(built: Models, tmp_path: Path) -> None:
    shutil.copytree(built.joint.parent, tmp_path, dirs_exist_ok=True)
    (tmp_path / "bad").mkdir()
    write_picture(tmp_path / "bad" / "1.png")
    missing = check(tmp_path)["missing"]
    able = {command for command, what in missing.items() if not what}
    assert able == {"pair", "replay", "layers", "lint", "tune", "model info", "emulator build"}
    shutil.rmtree(tmp_path / "bad")
    (tmp_path / "c.tar").unlink()
    missing = check(tmp_path)["missing"]
    assert missing["pair"] == ["an input that fits the model, or a gt folder"]
    assert "the calibration set that the configuration names" in missing["tune"]


def test_two_joints_are_said_to_be_two(built: Models, tmp_path: Path) -> None:
    for name in ("a.joint", "b.joint"):
        shutil.copy(built.joint, tmp_path / name)
    assert check(tmp_path)["missing"]["replay"][0] == "which is joint: 2 could be"


def test_a_configuration_of_pulsar2_beside_a_joint_is_one_for_lint(built: Models, tmp_path: Path) -> None:
    shutil.copy(built.joint, tmp_path)
    assert check(tmp_path)["missing"]["lint"] == ["a configuration"]
    (tmp_path / "build.json").write_text('{"input": "m.onnx", "quant": {"input_configs": []}, "model_type": "ONNX"}')
    missing = check(tmp_path)["missing"]
    assert missing["lint"] == []
    assert "tune" in {command for command, what in missing.items() if what}


def test_what_the_file_names_must_be_there_and_of_its_kind(built: Models, tmp_path: Path) -> None:
    shutil.copy(built.joint, tmp_path)
    (tmp_path / "axpair.toml").write_text(
        '[model]\nonnx = "m.joint"\njoint = "gone.joint"\ngt = "m.joint"\n\n'
        '[boards.a]\nurl = "nowhere"\n\n[boards.b]\nurl = "ax.lab:1"\n'
    )
    done = axpair_here("init", tmp_path, "--check", "--json")
    assert done.returncode == 2
    faults = json.loads(done.stdout)["faults"]
    assert "is a joint; give it as --joint" in faults[0]
    assert "No such file" in faults[1]
    assert "is a joint, expected a folder" in faults[2]
    assert faults[3].startswith("[boards.a] ")
    assert len(faults) == 4
    assert "4 wrong" in axpair_here("init", tmp_path, "--check").stdout


def test_a_broken_file_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "axpair.toml").write_text("[model]\njiont = 'm'\n")
    assert "unknown key 'jiont'" in said_once(axpair_here("init", tmp_path, "--check"), 2)
    assert "unknown key 'jiont'" in said_once(axpair_here("init", tmp_path), 2)
