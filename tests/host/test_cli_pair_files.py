"""axpair pair for a joint of the real toolchain, whose simulation and run took place elsewhere."""

import json
from pathlib import Path

import numpy as np
import pytest
from axpair_proto.joint import pack_joint
from axpair_proto.topology.topology_pb2 import Topology
from command_line import axpair_here, said_once

LOG = """\
run joint version: 0.5.13

tools version: 0.6.1.14
59588c54

Input[0]: image
    Shape [1, 4, 6, 3] NHWC uint8 BGR
Output[0]: prob/raw
    Shape [1, 10] NHWC float32

Using batch size 1
"""


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """m.joint, gt/ of `pulsar run`, out/ and log of `run_joint`."""
    topology = Topology(input_names=["image"], output_names=["prob/raw"])
    (tmp_path / "m.joint").write_bytes(pack_joint(topology, {"part_0.neu": b"code"}))
    image = np.arange(72, dtype=np.uint8).reshape(1, 4, 6, 3)
    prob = np.linspace(0, 1, 10, dtype=np.float32).reshape(1, 10)
    for folder, name, array in (("input", "image", image), ("onnx", "prob_raw", prob), ("joint", "prob_raw", prob)):
        place = tmp_path / "gt" / folder
        place.mkdir(parents=True)
        (place / f"{name}.bin").write_bytes(array.tobytes())
        np.save(place / f"{name}.npy", array)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "prob_raw.bin").write_bytes(prob.tobytes())
    (tmp_path / "log").write_text(LOG)
    return tmp_path


def flags(folder: Path) -> list[str | Path]:
    return [
        *("--joint", folder / "m.joint", "--gt", folder / "gt", "--out", folder / "paired", "--json"),
        *("--board-out", folder / "out", "--board-log", folder / "log"),
    ]


def test_a_case_is_judged_from_files_alone(elsewhere: Path) -> None:
    done = axpair_here("pair", *flags(elsewhere))
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["verdict"] == "PASS"
    assert document["simulator"] == "pulsar run, as found in gt"
    assert document["outputs"][0]["name"] == "prob/raw"
    assert document["outputs"][0]["joint_board"]["relation"] == "IDENTICAL"
    assert document["board"]["versions"]["runtime"] == "run_joint 0.5.13"
    assert document["board"]["tools_version"] == "0.6.1.14 59588c54"


def test_without_the_log_names_and_types_come_from_the_files(elsewhere: Path) -> None:
    given = flags(elsewhere)[:-2]
    document = json.loads(axpair_here("pair", *given).stdout)
    assert document["outputs"][0]["joint_board"]["relation"] == "IDENTICAL"


def test_another_answer_of_the_board_is_no_pass(elsewhere: Path) -> None:
    prob = np.linspace(0, 1, 10, dtype=np.float32)[::-1]
    (elsewhere / "out" / "prob_raw.bin").write_bytes(prob.tobytes())
    done = axpair_here("pair", *flags(elsewhere))
    assert done.returncode in (1, 3)
    assert json.loads(done.stdout)["verdict"] != "PASS"


def test_files_of_one_tensor_that_disagree_are_bad_input(elsewhere: Path) -> None:
    (elsewhere / "gt" / "joint" / "prob_raw.bin").write_bytes(bytes(40))
    assert "disagree" in said_once(axpair_here("pair", *flags(elsewhere)), 2)
    assert not (elsewhere / "paired").exists()


def test_a_simulated_output_of_another_size_is_bad_input(elsewhere: Path) -> None:
    (elsewhere / "gt" / "joint" / "prob_raw.npy").unlink()
    (elsewhere / "gt" / "joint" / "prob_raw.bin").write_bytes(bytes(39))
    assert "39 bytes" in said_once(axpair_here("pair", *flags(elsewhere)), 2)


def test_the_emulated_board_refuses_a_real_joint_and_says_which_it_takes(elsewhere: Path) -> None:
    done = axpair_here("pair", "--joint", elsewhere / "m.joint", "--gt", elsewhere / "gt")
    message = said_once(done, 2)
    assert "only joints from 'axpair emulator build'" in message
    assert "--board-out" in message


def another_joint(folder: Path, topology: Topology) -> None:
    (folder / "m.joint").write_bytes(pack_joint(topology, {"part_0.neu": b"other code"}))


def test_a_gt_folder_of_another_model_is_bad_input(elsewhere: Path) -> None:
    another_joint(elsewhere, Topology(input_names=["data"], output_names=["boxes", "scores"]))
    message = said_once(axpair_here("pair", *flags(elsewhere)[:-2]), 2)
    assert "its outputs are prob_raw, the joint's boxes, scores" in message


def test_a_gt_folder_whose_sizes_are_not_the_joint_s_is_bad_input(elsewhere: Path) -> None:
    topology = Topology(input_names=["image"], output_names=["prob/raw"])
    topology.model_outputs.add(part="part_0", name="op_1", shape=[1, 63])
    another_joint(elsewhere, topology)
    message = said_once(axpair_here("pair", *flags(elsewhere)[:-2]), 2)
    assert "its output 'prob_raw' is 1x10, the joint's 1x63" in message


def test_a_gathered_folder_of_another_joint_is_bad_input(elsewhere: Path) -> None:
    assert axpair_here("pair", *flags(elsewhere)).returncode == 0
    another_joint(elsewhere, Topology(input_names=["image"], output_names=["prob/raw"]))
    again = ("--gt", elsewhere / "paired", "--out", elsewhere / "again", "--board-out", elsewhere / "out")
    message = said_once(axpair_here("pair", "--joint", elsewhere / "m.joint", *again), 2)
    assert "its simulated outputs are another joint's" in message


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<html>not found</html>", "is an HTML page, not"),
        (
            b"version https://git-lfs.github.com/spec/v1\n",
            "is a pointer of Git LFS, which stands for a file that isn't",
        ),
    ],
)
@pytest.mark.parametrize("option", ["--onnx", "--lava-joint"])
def test_a_model_whose_outputs_are_there_is_held_against_its_option_all_the_same(
    elsewhere: Path, option: str, content: bytes, words: str
) -> None:
    (elsewhere / "given").write_bytes(content)
    message = said_once(axpair_here("pair", *flags(elsewhere), option, elsewhere / "given"), 2)
    assert words in message


def test_a_model_that_is_not_run_is_told(elsewhere: Path) -> None:
    lava = elsewhere / "m.lava_joint"
    topology = Topology(input_names=["image"], output_names=["prob/raw"])
    topology.parts.add(name="part_0")
    lava.write_bytes(pack_joint(topology, {}))
    done = axpair_here("pair", *flags(elsewhere), "--lava-joint", lava)
    assert done.returncode == 0, done.stderr
    assert "m.lava_joint: not run, as no installed simulator runs it" in done.stderr


def test_float_outputs_in_another_form_accuse_nobody(elsewhere: Path) -> None:
    prob = np.load(elsewhere / "gt" / "joint" / "prob_raw.npy")
    whole = (prob * 256).astype(np.int16)
    for place in ("gt/joint/prob_raw", "out/prob_raw"):
        (elsewhere / f"{place}.bin").write_bytes(whole.tobytes())
    np.save(elsewhere / "gt" / "joint" / "prob_raw.npy", whole)
    done = axpair_here("pair", *flags(elsewhere)[:-2])
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["findings"] == []
    assert any("onnx/: can't be held against joint/" in one["why"] for one in document["not_judged"])


@pytest.mark.parametrize(
    "change",
    [
        ("[1, 10]", "[1, 1000]"),
        ("Output[0]: prob/raw", "Output[0]: scores"),
        ("NHWC float32", "NHWC float32\nOutput[1]: feat\n    Shape [4] NHWC uint8"),
    ],
)
def test_a_log_of_another_model_is_evidence_and_no_description(elsewhere: Path, change: tuple[str, str]) -> None:
    (elsewhere / "log").write_text(LOG.replace(*change))
    done = axpair_here("pair", *flags(elsewhere))
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["outputs"][0]["shape"] == [1, 10]
    assert [one["code"] for one in document["warnings"]] == ["AX109"]
    (elsewhere / "out" / "prob_raw.bin").write_bytes(np.zeros((1, 10), np.float32).tobytes())
    again = axpair_here("pair", *flags(elsewhere))
    assert (again.returncode, json.loads(again.stdout)["findings"][0]["code"]) == (1, "AX109")


@pytest.mark.parametrize("line", ["I/app: test pattern using random data for osd", "app: using default value for x"])
def test_another_program_s_random_data_is_not_the_board_s(elsewhere: Path, line: str) -> None:
    (elsewhere / "log").write_text(f"{LOG}{line}\n")
    (elsewhere / "out" / "prob_raw.bin").write_bytes(np.zeros((1, 10), np.float32).tobytes())
    document = json.loads(axpair_here("pair", *flags(elsewhere)).stdout)
    assert "AX101" not in [one["code"] for one in document["findings"]]
