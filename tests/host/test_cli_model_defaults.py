"""[model] of axpair.toml as the options that a command isn't given."""

import json
import shutil
from pathlib import Path

import pytest
from axpair_host.config_file import model_defaults
from axpair_host.errors import UsageError
from axpair_proto.simulator import Models
from command_line import Done, axpair_here, said_once
from tiny import build_tiny, write_picture

ALL = 'onnx = "m.onnx"\njoint = "m.joint"\nlava_joint = "m.lava_joint"\nconfig = "m.output.prototxt"\n'


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Models:
    return build_tiny(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def here(built: Models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a conversion and one picture; the working directory."""
    folder = tmp_path / "work"
    shutil.copytree(built.joint.parent, folder)
    write_picture(folder / "1.png")
    monkeypatch.chdir(folder)
    return folder


def says(folder: Path, lines: str) -> Path:
    path = folder / "axpair.toml"
    path.write_text(f"[model]\n{lines}")
    return path


def paired(*arguments: str) -> Done:
    done = axpair_here("pair", *arguments)
    assert done.returncode == 0, done.stderr
    return done


def legs(gt: str = "gt") -> set[str]:
    return {path.name for path in Path(gt).iterdir()} & {"onnx", "lava_joint", "joint", "board"}


def test_pair_and_replay_take_all_files_and_say_so(here: Path) -> None:
    says(here, ALL)
    done = paired("--input", "1.png")
    assert f"from {here}/axpair.toml: --joint m.joint --onnx m.onnx --lava-joint m.lava_joint" in done.stderr
    assert legs() == {"onnx", "lava_joint", "joint", "board"}
    (here / "cases").mkdir()
    shutil.copy("1.png", "cases/1.png")
    done = axpair_here("replay", "cases", "--run", "run", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["summary"]["cases"] == 1


def test_paths_begin_where_the_file_lies_and_it_is_found_upwards(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    says(here, 'joint = "m.joint"\n')
    (here / "below").mkdir()
    monkeypatch.chdir(here / "below")
    done = axpair_here("model", "info")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{here}/m.joint: built by")


def test_a_file_written_on_windows_is_read(here: Path) -> None:
    path = says(here, ALL)
    path.write_text(path.read_text(), encoding="utf-8-sig")
    paired("--input", "1.png")


def test_an_option_on_the_command_line_wins(here: Path) -> None:
    says(here, 'joint = "m.joint"\nonnx = "missing.onnx"\n')
    done = paired("--onnx", "m.onnx", "--joint", "m.joint", "--input", "1.png")
    assert "missing.onnx" not in done.stderr
    assert "from " not in done.stderr


def test_another_joint_takes_nothing_of_the_table(here: Path) -> None:
    says(here, ALL)
    shutil.copy("m.joint", "other.joint")
    done = paired("--joint", "other.joint", "--input", "1.png")
    assert f"note: --joint other.joint isn't that of {here}/axpair.toml: nothing of its [model] is taken" in done.stderr
    assert legs() == {"joint", "board"}


def test_a_joint_is_still_asked_for_without_one(here: Path) -> None:
    message = said_once(axpair_here("pair", "--input", "1.png"), 2)
    assert "--joint is needed: it isn't given, and no axpair.toml here or above has a [model]" in message
    assert "axpair init" in message
    says(here, 'onnx = "m.onnx"\n')
    assert f"[model] in {here}/axpair.toml doesn't serve here; it has onnx" in said_once(
        axpair_here("replay", "cases", "--run", "run"), 2
    )


@pytest.mark.parametrize("what", ["missing", "another kind"])
def test_an_error_about_a_default_says_where_its_name_came_from(here: Path, what: str) -> None:
    source = says(here, f'joint = "{"gone.joint" if what == "missing" else "m.onnx"}"\n')
    message = said_once(axpair_here("pair", "--input", "1.png"), 2)
    assert f"(--joint came from [model] in {source})" in message
    told = json.loads(axpair_here("pair", "--input", "1.png", "--json").stdout)
    assert "came from [model]" in told["error"]["message"]


def test_gt_is_taken_unless_another_case_is_given(here: Path) -> None:
    says(here, ALL)
    paired("--input", "1.png", "--out", "simulated")
    says(here, f'{ALL}gt = "simulated"\n')
    assert "--gt simulated" in paired("--out", "again").stderr
    assert "--gt" not in paired("--input", "1.png", "--out", "third").stderr
    done = axpair_here("diagnose", "--json")
    assert done.returncode == 0, done.stderr


def test_golden_goes_with_the_case_that_it_is_of(here: Path) -> None:
    says(here, ALL)
    paired("--input", "1.png", "--out", "simulated")
    shutil.copytree("simulated/onnx", "golden")
    says(here, f'{ALL}gt = "simulated"\ngolden = "golden"\n')
    assert "--golden golden" in paired("--out", "again").stderr
    assert "--golden" not in paired("--input", "1.png", "--out", "third").stderr
    (here / "cases").mkdir()
    shutil.copy("1.png", "cases/1.png")
    assert "--golden" not in axpair_here("replay", "cases", "--run", "run").stderr
    shutil.move("golden", "results")
    shutil.copytree("results", "golden/1.png")
    done = axpair_here("replay", "cases", "--run", "run2")
    assert done.returncode == 0, done.stderr
    assert "--golden golden" in done.stderr


def test_lint_and_tune_take_configuration_model_and_shapes(here: Path) -> None:
    says(here, 'onnx = "m.onnx"\nconfig = "c.prototxt"\ninput_shapes = { data = "1x3x12x10" }\n')
    done = axpair_here("lint", "--json")
    assert done.returncode == 0, done.stderr
    assert "CONFIG c.prototxt --onnx m.onnx --input-shape data:1x3x12x10" in done.stderr
    done = axpair_here("tune", "--input", "1.png", "--int16", "0", "--json")
    assert done.returncode == 0, done.stderr


def test_layers_takes_models_for_a_run_and_none_for_a_log(here: Path) -> None:
    says(here, ALL)
    done = axpair_here("layers", "--input", "1.png", "--json")
    assert done.returncode in (0, 1), done.stderr
    assert "--onnx m.onnx" in done.stderr
    (here / "build.log").write_text("nothing\n")
    assert "from " not in axpair_here("layers", "--build-log", "build.log").stderr
    assert axpair_here("layers", "--write-config", "measured.prototxt").returncode == 0


def test_help_reads_no_file(here: Path) -> None:
    (here / "axpair.toml").write_text("[model")
    assert axpair_here("pair", "--help").returncode == 0
    assert "not TOML" in said_once(axpair_here("pair", "--joint", "m.joint", "--input", "1.png"), 2)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[model]\njiont = "m"\n', "[model] has the unknown key 'jiont'; known: onnx, joint"),
        ('[model]\njiont = "m"\n', "did you mean 'joint'?"),
        ("[model]\njoint = 3\n", "[model] joint must be a path in quotes, not 3"),
        ('[model]\njoint = ""\n', "[model] joint must be a path in quotes, not ''"),
        ('[model]\ninput_shapes = { a = "1x" }\n', "the shape of 'a' must be lengths in quotes, not '1x'"),
        ("[model]\ninput_shapes = [1]\n", "[model] input_shapes must be a table"),
        ("model = 3\n", "'model' must be a table"),
        ("[modle]\n", "has the unknown table 'modle'; known: model, boards, postprocess; did you mean 'model'?"),
    ],
)
def test_a_broken_table_is_named_with_key_and_what_is_known(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "axpair.toml").write_text(text)
    with pytest.raises(UsageError) as caught:
        model_defaults(tmp_path)
    assert caught.value.message.startswith(f"{tmp_path}/axpair.toml: ")
    assert said in caught.value.message
