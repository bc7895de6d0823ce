"""The drop-in `pulsar` as a process: what it writes, prints and refuses."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from axpair_emulator.program import Op, Port, Program, Tensor
from axpair_emulator.storage.joint_file import load_edges
from axpair_emulator.tools.pulsar.arguments import parser
from axpair_emulator.tools.pulsar.info import show_model
from axpair_emulator.tools.pulsar.log import Log
from axpair_emulator.tools.pulsar.run import simulate
from axpair_host.compare.whole import compare
from axpair_proto.config_files import read_config
from axpair_proto.errors import AxpairError
from emulator.tool_process import Desk, Ended, launchers
from emulator.toys import write_joint, write_toy
from onnx_models import TWO_OUTPUTS, config_text, picture, pictures, png

__all__ = ["launchers"]

SESSION = Path(__file__).with_name("documented_session.sh")
STAMP = r"\[\d\d \d\d:\d\d:\d\d <[^>]+>(:\d+)?\] "


def lay_out(folder: Path) -> None:
    """The folders of the documentation's example, with a small model."""
    for name in ("model", "config", "images", "dataset"):
        (folder / name).mkdir()
    (folder / "model" / "m.onnx").write_bytes(TWO_OUTPUTS.SerializeToString())
    (folder / "config" / "c.prototxt").write_text(config_text(archive="../dataset/c.tar"))
    pictures(folder / "dataset" / "c.tar")
    picture(seed=9).save(folder / "images" / "x.jpg")


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory, launchers: Path) -> tuple[Desk, Ended]:
    """The documented session, run once by sh."""
    shell = shutil.which("sh")
    if shell is None:
        pytest.skip("needs sh")
    desk = Desk(tmp_path_factory.mktemp("session"), launchers)
    lay_out(desk.folder)
    done = subprocess.run(
        [shell, SESSION], capture_output=True, text=True, check=False, cwd=desk.folder, env=desk.environment()
    )
    return desk, Ended(done.returncode, done.stdout, done.stderr)


def test_the_documented_session_writes_what_the_documentation_shows(session: tuple[Desk, Ended]) -> None:
    desk, ended = session
    assert (ended.code, ended.stderr) == (0, "")
    made = {
        path.relative_to(desk.folder).as_posix()
        for folder in ("config", "gt", "inference_report", "model", "out")
        for path in (desk.folder / folder).rglob("*")
        if path.is_file()
    }
    tensors = {
        f"gt/{leg}/{name}.{kind}" for leg in ("onnx", "joint") for name in ("maps_x", "p") for kind in ("bin", "npy")
    }
    assert made == tensors | {
        "config/c.prototxt",
        "config/oc.prototxt",
        "gt/.pulsar-run.json",
        "gt/input/data.bin",
        "gt/input/data.npy",
        "gt/input/filename.txt",
        "inference_report/part_0.lava/inference_report.log",
        "model/m.joint",
        "model/m.onnx",
        "model/model.lava_joint",
        "out/maps_x.bin",
        "out/p.bin",
    }
    assert (desk.folder / "gt" / "input" / "filename.txt").read_text() == "images/x.jpg\n"


def test_the_sessions_board_answers_as_its_simulation(session: tuple[Desk, Ended]) -> None:
    desk, _ = session
    for name in ("maps_x", "p"):
        board = (desk.folder / "out" / f"{name}.bin").read_bytes()
        assert board == (desk.folder / "gt" / "joint" / f"{name}.bin").read_bytes()
        simulated = np.load(desk.folder / "gt" / "joint" / f"{name}.npy")
        assert (simulated.dtype, simulated.tobytes()) == (np.float32, board)


def test_the_sessions_lines_have_the_toolchains_form(session: tuple[Desk, Ended]) -> None:
    lines = session[1].stdout.splitlines()
    dumped = [line for line in lines if re.fullmatch(STAMP + r"dumpped '.+' to 'gt/(onnx|joint)/\w+\.bin'\.", line)]
    assert len(dumped) == 4
    (at,) = (
        number
        for number, line in enumerate(lines)
        if re.fullmatch(STAMP + r"###### Comparing m\.onnx \(with conf\) and m\.joint ######", line)
    )
    assert re.fullmatch(STAMP + "Score compare table:", lines[at + 1])
    assert set(lines[at + 2]) == {"-", " "}
    assert re.fullmatch(r"Layer: maps/x  2-norm RE: \d+\.\d\d% +cosine-sim: \d\.\d{4}", lines[at + 3])


def test_the_score_table_has_the_numbers_of_the_hosts_comparison(session: tuple[Desk, Ended]) -> None:
    desk, ended = session
    table = ended.stdout[ended.stdout.index("###### Comparing") :]
    for name, stem in (("maps/x", "maps_x"), ("p", "p")):
        wanted = compare(*(np.load(desk.folder / "gt" / leg / f"{stem}.npy") for leg in ("onnx", "joint")))
        found = re.search(rf"Layer: {name} +2-norm RE: (\S+)% +cosine-sim: (\S+)", table)
        assert found
        assert wanted.relative_error is not None
        assert found.groups() == (f"{wanted.relative_error * 100:.2f}", f"{wanted.cosine:.4f}")


def test_the_report_counts_multiplications_and_bytes(session: tuple[Desk, Ended]) -> None:
    text = (session[0].folder / "inference_report" / "part_0.lava" / "inference_report.log").read_text()
    rows = {line.split()[0]: line.split() for line in text.splitlines() if line}
    # 3x3 over 3 channels into 4 maps of 12x10; int8 weights, int32 bias, int64 multipliers and shifts.
    assert rows["c"] == ["c", "conv", str(4 * 120 * 27), str(4 * 27 + 4 * 4 + 4 * 16), "360", "480"]
    assert rows["total"][1] == str(4 * 120 * 27)


def test_a_second_run_compares_the_lava_joint(session: tuple[Desk, Ended]) -> None:
    desk, _ = session
    run = ("run", "model/m.onnx", "model/model.lava_joint", "--input", "images/x.jpg", "--config", "config/oc.prototxt")
    lines = desk.log("pulsar", *run, "--output_gt", "gt_lava", "--layer", "data")
    assert any("Comparing m.onnx (with conf) and model.lava_joint" in line for line in lines)
    for name in ("maps_x.bin", "p.bin"):
        same = (desk.folder / leg / "onnx" / name for leg in ("gt", "gt_lava"))
        assert len({path.read_bytes() for path in same}) == 1
        assert (desk.folder / "gt_lava" / "lava_joint" / name).is_file()


def test_the_imported_model_agrees_with_the_file(session: tuple[Desk, Ended]) -> None:
    desk, _ = session
    desk.log(
        *("pulsar", "run", "model/m.onnx", "--use_onnx_ir", "--input", "images/x.jpg"),
        *("--config", "config/oc.prototxt", "--output_gt", "gt_ir"),
    )
    found, wanted = (np.load(desk.folder / leg / "onnx" / "maps_x.npy") for leg in ("gt_ir", "gt"))
    np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_a_resize_is_said(session: tuple[Desk, Ended]) -> None:
    desk, _ = session
    picture(40, 30).save(desk.folder / "images" / "large.png")
    lines = desk.log("pulsar", "run", "model/m.joint", "--input", "images/large.png", "--config", "config/oc.prototxt")
    assert any("WRN" in line and "from 40x30 to 10x12" in line for line in lines)


REFUSED = {
    "m.joint --input ../images/x.jpg --config ../config/c.prototxt": "c.prototxt is no output_config",
    "m.joint": "no file for the input 'data'",
    "m.joint --input nowhere.jpg": "nowhere.jpg can't be read",
    "m.joint --input ../images/x.jpg --layer dota": "did you mean --layer data?",
    "m.joint --input a.jpg b.jpg": "--input names 2 files",
    "m.joint --input a.jpg --layer data p": "--layer 2 inputs",
    "none.joint --input ../images/x.jpg": "none.joint can't be read",
    "m.onnx --input ../images/x.jpg --config ../dataset/c.tar": "c.tar",
    "../config/c.prototxt --input ../images/x.jpg": "is none of .onnx, .lava_joint and .joint",
    "m.joint m.joint --input ../images/x.jpg --output_gt gt": "several models are .joint",
    "m.joint toy.joint --input ../images/x.jpg": "are of different models",
    "m.joint --input ../images/x.jpg --output_gt m.onnx/gt": "can't be written",
}


@pytest.mark.parametrize("command", REFUSED)
def test_bad_input_is_one_message_and_leaves_nothing(
    session: tuple[Desk, Ended], command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, _ = session
    monkeypatch.chdir(desk.folder / "model")
    write_toy(Path("toy.joint"))
    before = {path: path.stat().st_mtime_ns for path in desk.folder.rglob("*")}
    words = command.split() if "--config" in command else [*command.split(), "--config", "../config/oc.prototxt"]
    with pytest.raises(AxpairError) as refused:
        simulate(parser().parse_args(["run", *words]), Log(lambda line: None))
    assert REFUSED[command] in str(refused.value)
    assert {path: path.stat().st_mtime_ns for path in desk.folder.rglob("*")} == before


def test_what_is_left_in_gt_from_an_earlier_run_is_said(session: tuple[Desk, Ended], tmp_path: Path) -> None:
    desk, _ = session
    shutil.copytree(desk.folder / "gt", tmp_path / "gt")
    joint, image = desk.folder / "model" / "m.joint", desk.folder / "images" / "x.jpg"
    config = ("--config", desk.folder / "config" / "oc.prototxt")
    lines = desk.log("pulsar", "run", joint, "--input", image, "--output_gt", tmp_path / "gt", *config)
    assert any("onnx is left from an earlier run" in line for line in lines)
    assert (tmp_path / "gt" / "onnx" / "p.bin").is_file()


def test_with_nv12_the_float_model_is_skipped(tmp_path: Path, launchers: Path) -> None:
    tensors = {name: Tensor(name, (1, 1, 12, 8), 1.0, 0) for name in ("yuv@joint", "y")}
    table = np.arange(256, dtype=np.uint8)[None]
    program = Program(
        (Port("yuv", "yuv@joint", "uint8", (1, 12, 8, 1), "NHWC", "NV12"),),
        (Port("y", "y", "float32", (1, 1, 12, 8), "NCHW"),),
        tensors,
        (Op("channel_lut", "y", ("yuv@joint",), "y", {}, {"table": "table"}),),
        {"table": table},
    )
    write_joint(tmp_path / "m.joint", program)
    (tmp_path / "m.onnx").write_bytes(TWO_OUTPUTS.SerializeToString())
    (tmp_path / "x.bin").write_bytes(bytes(range(96)))
    (tmp_path / "oc.prototxt").write_text(
        'src_input_tensors { tensor_name: "yuv" color_space: TENSOR_COLOR_SPACE_NV12 } '
        'dst_input_tensors { tensor_name: "yuv" color_space: TENSOR_COLOR_SPACE_NV12 data_type: UINT8 } '
        'dst_output_tensors { tensor_name: "y" data_type: FLOAT32 }'
    )
    desk = Desk(tmp_path, launchers)
    given = ("--input", "x.bin", "--output_gt", "gt/", "--config", "oc.prototxt")
    lines = desk.log("pulsar", "run", "m.onnx", "m.joint", *given)
    assert any(line.endswith("ERR failed loading m.onnx, skipping") for line in lines)
    assert not any("Comparing" in line for line in lines)
    assert sorted(path.name for path in (tmp_path / "gt").iterdir() if path.is_dir()) == ["input", "joint"]
    assert np.array_equal(np.load(tmp_path / "gt" / "joint" / "y.npy").ravel(), np.arange(96))


def test_flags_of_build_beat_the_file(tmp_path: Path, launchers: Path) -> None:
    desk = Desk(tmp_path, launchers)
    lay_out(tmp_path)
    lines = desk.log(
        *("pulsar", "build", "--input", "model/m.onnx", "--output", "m.joint", "--config", "config/c.prototxt"),
        *("--output_config", "oc.prototxt", "--output_dir", "made", "--virtual_npu", "111"),
        *("--input_tensor_color", "rgb", "--output_tensor_color", "rgb", "--output_tensor_layout", "nhwc"),
        *("--calibration_batch_size", "2", "--compile_batch_size", "1", "--enable_progress_bar"),
    )
    assert any(line.endswith(f"File saved: {tmp_path / 'made' / 'm.joint'}") for line in lines)
    edges = load_edges(tmp_path / "made" / "m.joint")
    assert edges.inputs[0].color_space == "RGB"
    assert [(port.name, port.layout) for port in edges.outputs] == [("maps/x", "NHWC"), ("p", "")]
    assert load_edges(tmp_path / "made" / "model.lava_joint") == edges
    config, _ = read_config(tmp_path / "made" / "oc.prototxt")
    assert config.neuwizard_conf.dataset_conf_calibration.batch_size == 2
    (tmp_path / "x.png").write_bytes(png(picture()))
    assert "virtual npu mode is 1_1" in desk.log("run_joint", "made/m.joint")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ("build --input model/m.onnx --output m.joint", 1, "no --config is given"),
        ("build --config config/c.prototxt --output m.joint", 1, "--input MODEL.onnx"),
        ("build --config nowhere --input model/m.onnx --output m.joint", 1, "nowhere can't be read"),
        ("build --config config/c.prototxt --input a b --output m.joint", 1, "--input names 2 files"),
        ("build --config config/c.prototxt --virtual_npu 7", 2, "invalid choice"),
        ("build --no_such_flag", 2, "unrecognized arguments"),
        ("debug model/m.joint --anything", 2, "axpair layers"),
        ("info model/m.onnx", 1, "is not a joint but an ONNX model"),
        ("run model/m.onnx --input images/x.jpg", 1, "no --config: model/m.onnx alone doesn't say"),
        ("", 2, "required: command"),
    ],
)
def test_misuse_is_said_without_a_traceback(
    tmp_path: Path, launchers: Path, arguments: str, code: int, words: str
) -> None:
    lay_out(tmp_path)
    ended = Desk(tmp_path, launchers).run("pulsar", *arguments.split())
    assert ended.code == code
    assert words in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not list(tmp_path.rglob("*joint"))


def test_info_tells_what_a_joint_is(session: tuple[Desk, Ended]) -> None:
    desk, _ = session
    text = "\n".join(desk.log("pulsar", "info", "model/m.joint", "--layer_mapping", "--performance", "--part_info"))
    for words in ("1x12x10x3  NHWC", "Origin Layers", "MACs", "part_0."):
        assert words in text
    assert desk.log("pulsar", "info", "model/model.lava_joint", "--output_json", "info.json", "--output", "i.txt") == []
    document = json.loads((desk.folder / "info.json").read_text())
    assert [tensor["name"] for tensor in document["outputs"]] == ["maps/x", "p"]
    assert "maps/x" in (desk.folder / "i.txt").read_text()
    joint = json.loads((desk.folder / "info.json").read_text())["layer_mapping"]
    assert ["c", "c"] in joint


@pytest.mark.parametrize(
    ("model", "flags", "line"),
    [
        ("m.joint", ["--layer_mapping", "--tablefmt", "github"], "| Origin Layers "),
        ("m.joint", ["--layer_mapping", "--tablefmt", "tsv"], "Origin Layers\tLava Layers"),
        ("m.joint", ["--layer_mapping", "--tablefmt", "plain"], "c "),
        ("model.lava_joint", ["--layer_mapping"], "Origin Layers"),
        ("model.lava_joint", ["--performance"], "no performance: only a joint of this toolchain"),
    ],
)
def test_info_comes_in_several_forms(session: tuple[Desk, Ended], model: str, flags: list[str], line: str) -> None:
    told: list[str] = []
    show_model(parser().parse_args(["info", str(session[0].folder / "model" / model), *flags]), told.append)
    assert any(row.startswith(line) for row in "".join(told).splitlines())


def test_version_is_the_one_that_joints_carry(session: tuple[Desk, Ended]) -> None:
    release, commit = session[0].log("pulsar", "version")
    lines = session[1].stdout.splitlines()
    at = lines.index(f"tools version: {release}")
    assert lines[at + 1] == commit


def test_a_defect_is_one_sentence_and_its_own_exit_code(session: tuple[Desk, Ended], tmp_path: Path) -> None:
    # A broken installation: a module can't be imported.
    (tmp_path / "msgspec.py").write_text("raise RuntimeError('broken')")
    path = os.pathsep.join(filter(None, (str(tmp_path), os.environ.get("PYTHONPATH"))))
    run = ("pulsar", "run", "model/m.joint", "--input", "images/x.jpg", "--config", "config/oc.prototxt")
    for command in (run, ("run_joint", "model/m.joint")):
        ended = session[0].run(*command, PYTHONPATH=path)
        assert ended.code == 70
        (line,) = ended.stderr.splitlines()
        found = re.fullmatch(r"\w+: a defect of axpair itself \(RuntimeError\); details: (.+)", line)
        assert found
        assert "Traceback" in Path(found[1]).read_text()
