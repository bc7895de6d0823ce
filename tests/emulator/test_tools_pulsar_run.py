"""`pulsar run` among a user's own files, and what it says of a configuration or of inputs that don't fit."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
from axpair_emulator.errors import EmulatorError
from axpair_emulator.tools.pulsar.arguments import parser
from axpair_emulator.tools.pulsar.log import Log
from axpair_emulator.tools.pulsar.run import simulate
from axpair_proto.errors import AxpairError
from emulator.toys import write_clash
from onnx import helper
from onnx_models import INPUT, TWO_OUTPUTS, Workspace, config_text, net, node, pack, picture, png, random_array


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A joint and its output_config."""
    folder = tmp_path_factory.mktemp("built")
    space = Workspace(folder)
    space.write(TWO_OUTPUTS, config_text())
    space.build()
    for name in ("x.png", "y.png"):
        (folder / name).write_bytes(png(picture(seed=ord(name[0]))))
    return folder


def run(*words: str | Path) -> list[str]:
    """The lines of the log."""
    told: list[str] = []
    simulate(parser().parse_args(["run", *map(str, words)]), Log(told.append))
    return told


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def lay_out(built: Path, folder: Path) -> None:
    """A project whose folders have the names that a gt folder has."""
    for name in ("onnx", "joint", "input", "lava_joint"):
        (folder / name).mkdir()
        (folder / name / "notes.txt").write_text("mine")
    shutil.copy(built / "m.onnx", folder / "onnx")
    shutil.copy(built / "m.joint", folder / "joint")
    shutil.copy(built / "m.output.prototxt", folder / "oc.prototxt")
    for name in ("x.png", "y.png"):
        shutil.copy(built / name, folder / "input")


def test_a_gt_in_the_project_itself_leaves_every_file_of_the_users(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay_out(built, tmp_path)
    monkeypatch.chdir(tmp_path)
    mine = files(tmp_path)
    command = ("onnx/m.onnx", "joint/m.joint", "--config", "oc.prototxt", "--output_gt", ".", "--input")
    for image in ("x", "y", "y"):
        run(*command, f"input/{image}.png")
        found = files(tmp_path)
        assert {name: found[name] for name in mine} == mine
        assert found["input/data.bin"] == np.load(tmp_path / "input" / "data.npy").tobytes()
        assert found["input/filename.txt"] == f"input/{image}.png\n".encode()
        assert {"joint/p.bin", "onnx/maps_x.npy"} <= set(found)


def test_a_users_file_under_a_name_of_the_gt_is_refused_and_stays(built: Path, tmp_path: Path) -> None:
    command = (built / "m.joint", "--config", built / "m.output.prototxt", "--input", built / "x.png", "--output_gt")
    (tmp_path / "joint").mkdir()
    (tmp_path / "joint" / "p.bin").write_bytes(b"measured elsewhere")
    before = files(tmp_path)
    with pytest.raises(EmulatorError, match=r"joint/p\.bin would be overwritten"):
        run(*command, tmp_path)
    assert files(tmp_path) == before
    (tmp_path / "joint" / "p.bin").unlink()
    run(*command, tmp_path)
    (tmp_path / "joint" / "p.bin").write_bytes(b"changed since")
    with pytest.raises(EmulatorError, match="changed since"):
        run(*command, tmp_path)
    assert (tmp_path / "joint" / "p.bin").read_bytes() == b"changed since"


def test_a_gt_that_was_paired_meanwhile_is_taken_up_again(built: Path, tmp_path: Path) -> None:
    command = (built / "m.joint", "--config", built / "m.output.prototxt", "--input", built / "x.png", "--output_gt")
    run(*command, tmp_path)
    (tmp_path / "input" / "filename.txt").write_text("data.bin\n")
    with pytest.raises(EmulatorError, match=r"filename\.txt would be overwritten"):
        run(*command, tmp_path)
    (tmp_path / "pair.json").write_text("{}")
    run(*command, tmp_path)
    assert (tmp_path / "input" / "filename.txt").read_text() == f"{built / 'x.png'}\n"


def test_what_an_earlier_run_of_another_model_wrote_goes_and_nothing_else(built: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    space = Workspace(other)
    space.write(net([node("Conv", [INPUT, "w"], ["solo"])], ["solo"], {"w": random_array(2, 3, 3, 3)}), config_text())
    space.build()
    gt = tmp_path / "gt"
    run(other / "m.joint", "--config", other / "m.output.prototxt", "--input", built / "x.png", "--output_gt", gt)
    assert (gt / "joint" / "solo.bin").is_file()
    (gt / "joint" / "mine.bin").write_bytes(b"1")
    (gt / "joint" / "solo.npy").write_bytes(b"mine now")
    run(built / "m.joint", "--config", built / "m.output.prototxt", "--input", built / "x.png", "--output_gt", gt)
    left = sorted(path.name for path in (gt / "joint").iterdir())
    assert left == ["maps_x.bin", "maps_x.npy", "mine.bin", "p.bin", "p.npy", "solo.npy"]


def test_a_strange_record_leads_to_nothing_outside(built: Path, tmp_path: Path) -> None:
    (tmp_path / "kept.bin").write_bytes(b"")
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    gt = tmp_path / "gt"
    command = (built / "m.joint", "--config", built / "m.output.prototxt", "--input", built / "x.png")
    for record in (f'{{"joint/../../kept.bin": ["{empty}"], "../kept.bin": ["{empty}"]}}', "[", "\udcff"):
        gt.mkdir()
        (gt / ".pulsar-run.json").write_text(record, errors="surrogateescape")
        run(*command, "--output_gt", gt)
        assert (tmp_path / "kept.bin").is_file()
        shutil.rmtree(gt)


def test_names_that_clash_leave_no_half_of_a_gt(tmp_path: Path) -> None:
    write_clash(tmp_path / "m.joint")
    (tmp_path / "x.png").write_bytes(png(picture(8, 8)))
    (tmp_path / "roi.bin").write_bytes(bytes(16))
    items = "".join(f'dst_output_tensors {{ tensor_name: "{name}" data_type: FLOAT32 }}\n' for name in ("a/b", "a_b"))
    for name, dtype, color in (("data", "UINT8", "color_space: TENSOR_COLOR_SPACE_RGB"), ("roi", "FLOAT32", "")):
        for field in ("src_input_tensors", "dst_input_tensors"):
            items += f'{field} {{ tensor_name: "{name}" data_type: {dtype} {color} }}\n'
    (tmp_path / "oc.prototxt").write_text(items)
    before = files(tmp_path)
    with pytest.raises(AxpairError, match="a_b"):
        run(
            *(tmp_path / "m.joint", "--input", tmp_path / "x.png", tmp_path / "roi.bin"),
            *("--config", tmp_path / "oc.prototxt", "--output_gt", tmp_path / "gt"),
        )
    assert files(tmp_path) == before


def test_a_config_that_says_otherwise_of_an_output_is_said(built: Path, tmp_path: Path) -> None:
    text = (built / "m.output.prototxt").read_text()
    at = text.index("dst_output_tensors")
    changed = text[:at] + text[at:].replace("FLOAT32", "INT16\n  quantization_value: 20", 1)
    (tmp_path / "oc.prototxt").write_text(changed)
    command = (built / "m.joint", "--input", built / "x.png", "--config")
    assert any("output 'maps/x': Q 20, in the joint none" in line for line in run(*command, tmp_path / "oc.prototxt"))
    assert not any("isn't what the joint was built with" in line for line in run(*command, built / "m.output.prototxt"))


def test_without_config_every_model_runs_as_the_joint_was_built(built: Path, tmp_path: Path) -> None:
    models, image = (built / "m.onnx", built / "m.joint", built / "m.lava_joint"), built / "x.png"
    run(*models, "--input", image, "--output_gt", tmp_path / "without")
    run(*models, "--input", image, "--output_gt", tmp_path / "with", "--config", built / "m.output.prototxt")
    mine, theirs = files(tmp_path / "without"), files(tmp_path / "with")
    assert mine == theirs
    assert "joint/p.bin" in mine
    run(built / "m.joint", "--input", image, "--output_gt", tmp_path / "alone")
    assert files(tmp_path / "alone")["joint/p.bin"] == theirs["joint/p.bin"]


def test_input_and_layer_are_repeatable(tmp_path: Path) -> None:
    model = net(
        [node("Conv", [INPUT, "w"], ["c"]), node("Mul", ["c", "roi"], ["y"])], ["y"], {"w": random_array(2, 3, 3, 3)}
    )
    model.graph.input.append(helper.make_tensor_value_info("roi", onnx.TensorProto.FLOAT, [1, 2, 1, 1]))
    space = Workspace(tmp_path)
    dataset = "".join(
        f'dataset_conf_items {{ selector {{ op_name: "{name}" }} path: "{archive}" }}'
        for name, archive in ((INPUT, "c.tar"), ("roi", "roi.tar"))
    )
    pack(tmp_path / "roi.tar", {f"{k}.bin": np.array([k, 1], "<f4").tobytes() for k in range(4)})
    typed = 'input_conf_items { selector { op_name: "roi" } attributes { type: FLOAT32 } }'
    space.write(model, config_text(typed, dataset, 'dst_input_tensors { tensor_name: "roi" data_type: FLOAT32 }'))
    space.build()
    (tmp_path / "x.png").write_bytes(png(picture()))
    (tmp_path / "roi.bin").write_bytes(np.ones(2, "<f4").tobytes())
    common = (tmp_path / "m.joint", "--config", tmp_path / "m.output.prototxt", "--output_gt", tmp_path / "gt")
    run(*common, "--input", tmp_path / "roi.bin", "--layer", "roi", "--input", tmp_path / "x.png", "--layer", INPUT)
    names = (tmp_path / "gt" / "input" / "filename.txt").read_text().splitlines()
    assert [Path(name).name for name in names] == ["x.png", "roi.bin"]
