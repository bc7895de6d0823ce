"""axpair init: what it recognizes, what it writes, and that what it proposes can be pasted."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import onnx
import pytest
from axpair_emulator.tools.launchers import write_launchers
from axpair_host.config_file import model_defaults
from axpair_proto.simulator import Models
from command_line import axpair_here, command, environment, said_once
from onnx_models import node
from real_files import real_file
from tiny import build_tiny, write_picture


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Models:
    return build_tiny(tmp_path_factory.mktemp("tiny"))


def converted(folder: Path, models: Models) -> Path:
    """All files of one conversion, and two cases."""
    shutil.copytree(models.joint.parent, folder, dirs_exist_ok=True)
    (folder / "bad").mkdir()
    for seed in (1, 2):
        write_picture(folder / "bad" / f"{seed}.png", seed=seed)
    return folder


def init(folder: Path, *more: str) -> dict[str, Any]:
    done = axpair_here("init", folder, "--json", *more)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def pasted(lines: list[str], cwd: Path) -> list[int]:
    """Exit codes of the commands in a shell; each must be one that a command ends with when it could work."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    codes = []
    for line in lines:
        done = subprocess.run(
            ["bash", "-c", line], cwd=cwd, env=environment(PATH=path), capture_output=True, text=True, check=False
        )
        assert done.returncode in (0, 1), f"{line}: {done.returncode}\n{done.stderr}"
        codes.append(done.returncode)
    return codes


def commands(found: dict[str, Any]) -> list[str]:
    return [one["command"] for one in found["commands"]]


def test_an_empty_folder_gets_no_file_and_a_way_to_begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = axpair_here("init")
    assert done.returncode == 0, done.stderr
    assert "nothing that axpair works with" in done.stdout
    assert "put a model here" in done.stdout
    assert "  axpair demo\n" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_no_folder_is_bad_input(tmp_path: Path) -> None:
    assert "No such file" in said_once(axpair_here("init", tmp_path / "none"), 2)
    (tmp_path / "file").touch()
    assert "Not a directory" in said_once(axpair_here("init", tmp_path / "file"), 2)


def test_a_conversion_is_recognized_and_its_commands_work(
    built: Models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(converted(tmp_path, built))
    found = init(Path())
    assert found["written"]
    defaults = model_defaults(tmp_path)
    assert defaults is not None
    assert {key: path.name for key, path in defaults.files.items()} == {
        "onnx": "m.onnx",
        "joint": "m.joint",
        "lava_joint": "m.lava_joint",
        "config": "m.output.prototxt",  # of two the one that names this joint as its output
    }
    assert commands(found) == [
        "axpair pair --input bad/1.png",
        "axpair replay bad --run run",
        "axpair layers --input bad/1.png",
    ]
    assert pasted(commands(found), tmp_path) == [0, 0, 0]


def test_an_onnx_and_its_configuration_lead_to_a_joint(built: Models, tmp_path: Path) -> None:
    awkward = tmp_path / 'my "models" it\'s $HOME\n'
    awkward.mkdir()
    shutil.copy(built.joint.with_name("m.onnx"), awkward / "a b.onnx")
    shutil.copy(built.joint.with_name("c.prototxt"), awkward / "the 'config'.prototxt")
    shutil.copy(built.joint.with_name("c.tar"), awkward)
    cases = awkward / os.fsdecode(b"\xd5 cases")
    cases.mkdir()
    write_picture(cases / "-1.png")
    found = init(awkward)
    lines = commands(found)
    assert ["lint" in lines[0], "emulator build" in lines[1], "pair" in lines[2]] == [True, True, True]
    assert pasted(lines, tmp_path) == [0, 0, 0]
    again = init(awkward)
    assert not again["written"]
    assert again["model_lines"] == ['joint = "a b.joint"', 'lava_joint = "a b.lava_joint"', 'gt = "gt"']


def test_pulsar_on_the_path_builds(built: Models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("m.onnx", "c.prototxt", "c.tar"):
        (tmp_path / "work").mkdir(exist_ok=True)
        shutil.copy(built.joint.with_name(name), tmp_path / "work")
    write_launchers(tmp_path / "tools")
    monkeypatch.setenv("PATH", f"{tmp_path / 'tools'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.chdir(tmp_path / "work")
    found = init(Path())
    assert found["tools"]["pulsar"] == str(tmp_path / "tools" / "pulsar")
    assert found["tools"]["run_joint"]
    assert commands(found)[1].startswith("pulsar build --input m.onnx --config c.prototxt --output m.joint")
    assert set(pasted(commands(found), tmp_path / "work")) == {0}


def test_a_finished_run_and_its_gt_are_paired(built: Models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(converted(tmp_path, built))
    assert axpair_here("pair", "--joint", "m.joint", "--input", "bad/1.png", "--out", "simulated").returncode == 0
    shutil.copytree("simulated/board", "out")
    for path in Path("out").glob("*.npy"):
        path.unlink()
    shutil.rmtree("simulated/board")
    (tmp_path / "simulated" / "pair.json").unlink()
    found = init(Path())
    assert found["samples"] == {"cases": ["bad"], "golden": [], "finished": ["out"]}
    assert commands(found)[0] == "axpair pair --board-out out"
    assert pasted(commands(found)[:1], tmp_path) == [0]


def test_what_could_be_two_things_stays_a_comment(built: Models, tmp_path: Path) -> None:
    converted(tmp_path, built)
    shutil.copy(tmp_path / "m.joint", tmp_path / "n.joint")
    model = onnx.load(tmp_path / "m.onnx")
    model.graph.output.pop()
    onnx.save(model, tmp_path / "other.onnx")
    found = init(tmp_path)
    text = (tmp_path / "axpair.toml").read_text()
    assert '# joint = "m.joint"\n# joint = "n.joint"\n' in text
    assert found["undecided"]["joint"]["why"] == "several joints"
    assert "lava_joint" in found["undecided"]
    defaults = model_defaults(tmp_path)
    assert defaults is not None
    assert "joint" not in defaults.files
    assert defaults.files["onnx"].name == "m.onnx"  # the only one with a joint's outputs
    assert "not decided: joint (several joints): m.joint, n.joint" in axpair_here("init", tmp_path).stdout


def test_an_onnx_of_another_model_is_not_taken(built: Models, tmp_path: Path) -> None:
    shutil.copy(built.joint, tmp_path)
    model = onnx.load(built.joint.with_name("m.onnx"))
    model.graph.output.pop()
    onnx.save(model, tmp_path / "m.onnx")
    found = init(tmp_path)
    assert found["undecided"]["onnx"]["why"] == f"other inputs or outputs than {tmp_path / 'm.joint'}"


def test_an_open_shape_comes_from_the_joint_alone(built: Models, tmp_path: Path) -> None:
    model = onnx.load(built.joint.with_name("m.onnx"))
    for axis in (0, 2, 3):
        model.graph.input[0].type.tensor_type.shape.dim[axis].dim_param = f"d{axis}"
    onnx.save(model, tmp_path / "m.onnx")
    init(tmp_path)
    written = (tmp_path / "axpair.toml").read_text()
    assert "# input_shapes: the ONNX model leaves data open: d0x3xd2xd3; fill in d2 and d3\n" in written
    assert '# input_shapes = { "data" = "1x3xd2xd3" }\n' in written
    (tmp_path / "axpair.toml").unlink()
    shutil.copy(built.joint, tmp_path)
    init(tmp_path)
    defaults = model_defaults(tmp_path)
    assert defaults is not None
    assert defaults.shapes == {"data": (1, 3, 12, 10)}


@pytest.mark.parametrize(
    ("shape", "written"),
    [
        (("N", 3, 8, 8), ["open: Nx3x8x8", '# input_shapes = { "x" = "1x3x8x8" }']),
        (("N", 1, "T"), ["open: Nx1xT; fill in T", '# input_shapes = { "x" = "1x1xT" }']),
        (("", 3, "", 8), ["open: ?x3x?x8; fill in ?", '# input_shapes = { "x" = "1x3x?x8" }']),
        (("L",), ["open: L; fill in L", '# input_shapes = { "x" = "L" }']),
    ],
)
def test_only_what_is_open_is_proposed(shape: tuple[int | str, ...], written: list[str], tmp_path: Path) -> None:
    edges = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape) for name in ("x", "y")]
    graph = onnx.helper.make_graph([onnx.helper.make_node("Relu", ["x"], ["y"])], "g", edges[:1], edges[1:])
    onnx.save(onnx.helper.make_model(graph), tmp_path / "m.onnx")
    init(tmp_path)
    lines = [line for line in (tmp_path / "axpair.toml").read_text().splitlines() if "input_shapes" in line]
    assert [line.replace("# input_shapes: the ONNX model leaves x ", "") for line in lines] == written


def test_a_picture_beside_the_model_hides_no_cases(built: Models, tmp_path: Path) -> None:
    converted(tmp_path, built)
    before = [line for line in commands(init(tmp_path)) if "axpair replay bad" in line]
    write_picture(tmp_path / "photo.png")
    assert [line for line in commands(init(tmp_path)) if "axpair replay bad" in line] == before != []
    missing = json.loads(axpair_here("init", tmp_path, "--check", "--json").stdout)["missing"]
    assert missing["replay"] == []


def test_an_existing_file_stays_as_it_is(built: Models, tmp_path: Path) -> None:
    converted(tmp_path, built)
    text = '[boards.lab]\nurl = "ax.lab:1"\n\n[model]\njoint = "m.joint"\n'
    (tmp_path / "axpair.toml").write_text(text)
    found = init(tmp_path)
    assert (tmp_path / "axpair.toml").read_text() == text
    assert not found["written"]
    assert 'onnx = "m.onnx"' in found["model_lines"]
    assert found["boards"] == ["lab"]
    assert set(pasted(commands(found), tmp_path)) == {0}
    (tmp_path / "below").mkdir()
    shutil.copy(tmp_path / "m.onnx", tmp_path / "below")
    done = axpair_here("init", tmp_path / "below")
    assert f"{tmp_path}/axpair.toml is there already, and stays as it is" in done.stdout
    assert '  onnx = "below/m.onnx"\n' in done.stdout
    assert [path.name for path in (tmp_path / "below").iterdir()] == ["m.onnx"]


def test_a_link_that_leads_nowhere_is_not_replaced(built: Models, tmp_path: Path) -> None:
    shutil.copy(built.joint, tmp_path)
    (tmp_path / "axpair.toml").symlink_to(tmp_path / "elsewhere")
    assert not init(tmp_path)["written"]
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="needs setpriv, for root to be bound by modes")
def test_a_folder_that_cannot_be_written_is_one_sentence(built: Models, tmp_path: Path) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    shutil.copy(built.joint, folder)
    folder.chmod(0o555)
    bound = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
    done = subprocess.run(
        [*bound, *command("init", folder)], capture_output=True, text=True, check=False, env=environment()
    )
    assert f"{folder}/axpair.toml: can't be written: Permission denied" in said_once(done, 2)


@pytest.mark.parametrize("name", ["~x.joint", "-x.joint", 'a"b\\c.joint', "a\nb\x7f.joint", "# x.joint", "模型.joint"])
def test_any_name_can_be_read_back_and_pasted(
    built: Models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    shutil.copy(built.joint, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    init(Path())
    defaults = model_defaults(tmp_path)
    assert defaults is not None
    assert defaults.files["joint"].resolve() == tmp_path / name
    (tmp_path / "axpair.toml").write_text("")  # so that the commands name it themselves
    assert set(pasted(commands(init(Path())), tmp_path)) == {0}


def test_names_that_are_no_text_are_told(built: Models, tmp_path: Path) -> None:
    shutil.copy(built.joint, tmp_path / os.fsdecode(b"\xd5.joint"))
    found = init(tmp_path)
    assert "# joint: \\xd5.joint: a name that isn't UTF-8 can't be written here" in (
        (tmp_path / "axpair.toml").read_text()
    )
    assert "$'\\xd5.joint'" in commands(found)[0]
    assert set(pasted(commands(found), tmp_path)) == {0}


def test_an_axmodel_is_shown_with_its_configuration(tmp_path: Path) -> None:
    graph = onnx.helper.make_graph(
        [node("neu mode", ["x"], ["y"])],
        "g",
        [onnx.helper.make_tensor_value_info("x", onnx.TensorProto.UINT8, (1, 8, 8, 3))],
        [onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, (1, 4))],
    )
    onnx.save(onnx.helper.make_model(graph, producer_name="Pulsar2"), tmp_path / "m.axmodel")
    (tmp_path / "config.json").write_text('{"model_type": "ONNX", "npu_mode": "NPU1", "quant": {}}')
    found = init(tmp_path)
    assert found["found"]["axmodel"] == [str(tmp_path / "m.axmodel")]
    assert [line.split(" && ")[1] for line in commands(found)] == [
        "axpair model info m.axmodel",
        "axpair lint",
        "axpair init --check",
    ]
    assert pasted(commands(found), tmp_path) == [0, 0, 0]


def test_a_script_that_holds_a_configuration_is_none(tmp_path: Path) -> None:
    (tmp_path / "make.py").write_text('import sys\n\nTEXT = """\nneuwizard_conf {\n}\n"""\n')
    assert init(tmp_path)["found"] == {}


def test_a_gt_folder_or_run_is_evidence_and_gets_no_file(
    built: Models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(converted(tmp_path / "work", built))
    board = ("--board", "emulator:?fault=stale-output")
    axpair_here("replay", "bad", "--run", tmp_path / "run", "--joint", "m.joint", *board)
    gt = next((tmp_path / "run" / "cases").iterdir())
    monkeypatch.chdir(gt)
    found = init(Path())
    assert commands(found) == ["axpair diagnose .", "axpair init --check", "axpair explain"]
    assert found["axpair_toml"] is None
    assert pasted(commands(found), gt) == [1, 0, 0]
    monkeypatch.chdir(tmp_path)
    shutil.rmtree(tmp_path / "work")
    found = init(Path())
    assert commands(found) == ["axpair reduce run --out least", "axpair init --check", "axpair explain"]
    assert pasted(commands(found), tmp_path) == [1, 0, 0]


def test_a_real_joint_alone_is_shown(tmp_path: Path) -> None:
    shutil.copy(real_file("real-joints/yolo-fastbody.joint"), tmp_path)
    shutil.copy(real_file("real-joints/config/config_yolov5.prototxt"), tmp_path)
    shutil.copy(real_file("logs/build-precision-table-perlayer.log"), tmp_path)
    write_picture(tmp_path / "x.png")
    found = init(tmp_path)
    assert found["found"].keys() == {"joint", "prototxt", "build_log"}
    assert pasted(commands(found), tmp_path) == [0, 0, 1]  # that table shows a loss
    missing = init(tmp_path, "--check")["missing"]
    assert missing["pair"] == ["a gt folder", "a board, or a finished run's outputs"]
    assert missing["layers"] == []


@pytest.mark.parametrize("place", ["field-cases", "real-joints", "pulsar2-configs", "logs", "axmodels"])
def test_every_published_folder_is_looked_at_and_its_commands_work(tmp_path: Path, place: str) -> None:
    folder = tmp_path / place
    shutil.copytree(real_file(place), folder)
    found = init(folder)
    assert found["complete"]
    assert pasted(commands(found), tmp_path)


def test_what_is_no_file_is_passed_by_and_a_damaged_model_is_named(built: Models, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.joint")
    (tmp_path / "circle").symlink_to("circle")
    (tmp_path / "self").symlink_to(".")
    (tmp_path / "cut.joint").write_bytes(built.joint.read_bytes()[:700])
    (tmp_path / "empty.onnx").touch()
    found = init(tmp_path)
    assert found["unread"] == [
        f"{tmp_path}/cut.joint: is a file of no kind that is known here, whatever its name says; cut off?",
        f"{tmp_path}/empty.onnx: is empty, whatever its name says; cut off?",
    ]
    assert not found["written"]


def test_a_file_that_names_what_is_gone_is_to_be_mended_first(built: Models, tmp_path: Path) -> None:
    shutil.copy(built.joint.with_name("m.onnx"), tmp_path)
    (tmp_path / "axpair.toml").write_text('[model]\njoint = "gone.joint"\n')
    found = init(tmp_path)
    assert [line.rpartition(" && ")[2] for line in commands(found)] == ["axpair init --check"]
    assert "gone.joint: No such file" in axpair_here("init", tmp_path).stdout


def test_a_working_directory_that_is_gone_is_bad_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    said_once(axpair_here("init"), 2)
