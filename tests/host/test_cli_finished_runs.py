"""Finished runs in the real toolchain's form, judged whole: what their logs say, and what they must not say."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from axpair_proto.topology import topology_pb2
from host.finished_runs import HEAD, RELEASE, codes, differing, emptied, flags, judged, logged, made

from benchmarks.campaign.files import axpair
from benchmarks.campaign.real_form import Finished

CLASH = "run_joint: run_joint.cpp:815: main(int, char**)::<lambda(const std::string&)>: Assertion `0' failed.\n"
SAMPLE = f"model file : m.joint\nRun-Joint Runtime version: 0.5.10\nTools version: {RELEASE}\n"


def test_equal_bytes_beat_a_crash_in_the_log_and_it_is_told(tmp_path: Path) -> None:
    case = made(tmp_path)
    log = logged(case, SAMPLE + "Segmentation fault\n")
    document = judged(case, log)
    assert codes(document) == ["PASS", "AX307"]
    assert "and its bytes are right: it was ended by SIGSEGV; are they left" in document["warnings"][0]["summary"]
    again = axpair("diagnose", case.folder / "g", "--json")
    assert codes(json.loads(again.output)) == ["PASS", "AX307"]
    assert "AX307" in codes(judged(differing(case), log))


def test_a_run_that_stored_nothing_by_its_log_left_none_of_the_files(tmp_path: Path) -> None:
    case = made(tmp_path)
    whole = case.log(RELEASE).read_text()
    log = logged(case, whole[: whole.index("dump output")] + "Run task took 3 us (1 rounds for average)\n")
    document = judged(case, log)
    assert codes(document) == ["PASS", "AX001"]
    assert "went well and stored no outputs, and all are right" in document["warnings"][0]["summary"]
    document = judged(differing(case), log)
    assert codes(document) == ["INCONCLUSIVE"]
    assert "went well and stored no outputs: what lies in" in str(document["not_judged"])


@pytest.mark.parametrize("equal", [True, False])
def test_a_crash_behind_the_last_output_is_a_warning(tmp_path: Path, equal: bool) -> None:
    case = made(tmp_path) if equal else differing(made(tmp_path))
    document = judged(case, logged(case, case.log(RELEASE).read_text() + "Segmentation fault\n"))
    assert codes(document) == (["PASS", "AX307"] if equal else ["INCONCLUSIVE", "AX306", "AX307"])
    assert "came after the outputs were written: it was ended by SIGSEGV" in document["warnings"][0]["summary"]


def test_of_a_log_that_breaks_off_it_is_said_that_the_files_may_be_another_run_s(tmp_path: Path) -> None:
    case = made(tmp_path)
    whole = case.log(RELEASE).read_text()
    log = logged(case, whole[: whole.index("dump output")])
    right, wrong = judged(case, log), judged(differing(case), log)
    assert (codes(right), codes(wrong)) == (["PASS"], ["INCONCLUSIVE", "AX306"])
    for document in (right, wrong):
        assert "breaks off before the end of the run" in str(document["not_judged"])
    assert "breaks off" not in str(judged(case, logged(case, whole))["not_judged"])


def test_what_was_seen_once_is_no_repetition_in_the_headline(tmp_path: Path) -> None:
    case = differing(made(tmp_path))
    log = case.log(RELEASE)
    said = " ".join(axpair("pair", *flags(case, log)).output.split())
    assert "It looks like AX306 (Board and simulator disagree), and" in said
    (finding,) = judged(case, log)["findings"]
    assert finding["title"].endswith("repeatably")
    spoken = axpair("--lang", "zh", "pair", *flags(case, log)).output
    assert "AX306（板上结果与仿真结果不一致）" in "".join(spoken.split())


def test_a_batch_of_which_one_item_was_run_passes(tmp_path: Path) -> None:
    case = made(tmp_path)
    text = case.log(RELEASE).read_text().replace("Dynamic Batch? No", "Dynamic Batch? Yes")
    for array in (*case.inputs.values(), *case.outputs.values()):
        whole = [4, *array.shape[1:]]
        text = text.replace(str(list(array.shape)), str(whole)).replace(
            f"Size {array.nbytes}", f"Size {array.nbytes * 4}"
        )
    assert "Shape [4, 8, 8, 3]" in text
    assert codes(judged(case, logged(case, text.replace("Max Batch Size 1", "Max Batch Size 4")))) == ["PASS"]


def bare(case: Finished, *legs: str) -> Finished:
    """Without the .npy of these legs, whose .bin say neither dtype nor shape."""
    for leg in legs:
        for path in (case.folder / "gt" / leg).glob("*.npy"):
            path.unlink()
    return case


def unlogged(case: Finished) -> dict[str, Any]:
    given: list[str | Path] = [
        "--joint",
        case.folder / "m.joint",
        "--gt",
        case.folder / "gt",
        "--board-out",
        case.folder / "out",
    ]
    said = axpair("pair", *given, "--out", case.folder / "g", "--overwrite", "--json")
    assert said.output, said.errors
    document: dict[str, Any] = json.loads(said.output)
    return document


def test_bytes_that_nothing_types_are_equal_or_not_and_no_more(tmp_path: Path) -> None:
    case = bare(made(tmp_path), "onnx", "joint")
    assert codes(unlogged(case)) == ["PASS"]
    (case.folder / "gt" / "onnx" / "output.bin").write_bytes((case.outputs["output"] + np.float32(0.01)).tobytes())
    document = unlogged(case)
    assert codes(document) == ["PASS"]
    assert "nothing says of which dtype it is" in str(document["not_judged"])
    assert codes(unlogged(differing(case))) == ["INCONCLUSIVE", "AX306"]


@pytest.mark.parametrize("leg", ["joint", "onnx"])
def test_another_leg_s_npy_of_as_many_bytes_types_a_lone_bin(tmp_path: Path, leg: str) -> None:
    case = bare(made(tmp_path), leg)
    (case.folder / "gt" / "onnx" / "output.bin").write_bytes((case.outputs["output"] + np.float32(0.01)).tobytes())
    if leg == "joint":
        np.save(case.folder / "gt" / "onnx" / "output.npy", case.outputs["output"] + np.float32(0.01))
    document = unlogged(case)
    assert codes(document) == ["PASS"]
    assert "dtype" not in str(document["not_judged"])


def test_a_board_s_npy_types_what_the_gt_folder_does_not(tmp_path: Path) -> None:
    case = bare(made(tmp_path), "onnx", "joint")
    (case.folder / "out" / "output.bin").unlink()
    np.save(case.folder / "out" / "output.npy", case.outputs["output"])
    assert codes(unlogged(case)) == ["PASS"]


@pytest.mark.parametrize(
    "form",
    [lambda one: one.reshape(-1), lambda one: one[0], lambda one: one.astype(np.float64)],
    ids=["flat", "one", "wide"],
)
def test_a_gt_folder_may_hold_outputs_flat_without_batch_or_wide(tmp_path: Path, form: Any) -> None:
    case = made(tmp_path)
    for leg in ("onnx", "joint"):
        np.save(case.folder / "gt" / leg / "output.npy", form(case.outputs["output"]))
        (case.folder / "gt" / leg / "output.bin").unlink()
    assert codes(unlogged(case)) == ["PASS"]
    assert codes(judged(case, case.log(RELEASE))) == ["PASS"]


@pytest.mark.parametrize(
    ("listed", "said"), [("[1, 4, 4, 6] NHWC float32", "[1, 4, 4, 9] NHWC float32"), ("NHWC float32", "NHWC int32")]
)
def test_a_log_that_lists_other_outputs_is_another_run_s_where_bytes_agree(
    tmp_path: Path, listed: str, said: str
) -> None:
    case = made(tmp_path)
    text = case.log(RELEASE).read_text().replace(listed, said)
    size = case.outputs["output"].nbytes
    text = text.replace(f"Size {size}", f"Size {size * 9 // 6}") if "9" in said else text
    assert codes(judged(case, logged(case, text))) == ["PASS", "AX109"]


def test_a_shape_that_lost_a_comma_describes_nothing(tmp_path: Path) -> None:
    case = made(tmp_path)
    text = case.log(RELEASE).read_text().replace("[1, 8, 8, 3]", "[1, 8 8, 3]")
    assert codes(judged(case, logged(case, text))) == ["PASS"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("model file : m.joint\npost process cost time:2.25 ms\ndetection num: 2\n", "stored no outputs"),
        (SAMPLE + "run over: output len 3\n", "stored no outputs"),
        ("total found {1} input drive folders.\n[ERROR] Verify stimulus failed{offset: 0x10}.\n", "Verify stimulus"),
        ("model file : m.joint\nInput file file(image) is not exist, please check it.\n", "the run never began"),
        (HEAD + "r.cpp:640: int main(int, char**): Assertion `wbt_index < wbt_num' failed.\n", "the run never began"),
        ("run_joint: r.cpp:607: int main(int, char**): Assertion `0' failed.\nAborted\n", "the run never began"),
        ("bash: run_joint：未找到命令\n", "the run never began"),
        ("bash: ./run_joint: cannot execute binary file: Exec format error\n", "the run never began"),
        ("./run_joint: /lib/libc.so.6: version `GLIBC_2.34' not found (required by ./run_joint)\n", "the run never"),
        ("[E][init][60]: open /dev/axcl_host fail, errno: 2\naxclInit 0x8030010b\n", "the run never began"),
    ],
)
def test_a_run_that_stores_nothing_by_its_nature_or_its_command_accuses_no_board(
    tmp_path: Path, text: str, words: str
) -> None:
    case = emptied(made(tmp_path))
    said = axpair("pair", *flags(case, logged(case, text)))
    assert said.code == 2
    assert words in " ".join(said.errors.split())


def test_a_list_whose_shape_is_not_its_size_is_passed_over(tmp_path: Path) -> None:
    case = made(tmp_path)
    text = case.log(RELEASE).read_text().replace("[1, 8, 8, 3]", "[2, 8, 8, 3]")
    assert codes(judged(case, logged(case, text))) == ["PASS"]


@pytest.mark.parametrize("text", [HEAD + "output name (a/b) conflicts!\n" + CLASH, CLASH])
def test_outputs_with_one_file_name_are_nobody_s_crash(tmp_path: Path, text: str) -> None:
    case = emptied(made(tmp_path))
    assert codes(judged(case, logged(case, text))) == ["FAULT", "AX001"]


def with_default(case: Finished) -> Path:
    text = case.log(RELEASE).read_text()
    roi = "data not provided, using default value"
    return logged(case, text.replace("batch size 1\n", f"batch size 1\ninput[1] roi {roi}\n"))


def test_an_input_on_its_default_value_may_be_missing_in_gt(tmp_path: Path) -> None:
    case = made(tmp_path, ["input", "roi"])
    for path in (tmp_path / "gt" / "input").glob("roi.*"):
        path.unlink()
    assert codes(judged(case, with_default(case))) == ["PASS"]
    assert codes(judged(differing(case), with_default(case))) == ["INCONCLUSIVE", "AX306"]


def test_an_input_on_its_default_value_accuses_nobody(tmp_path: Path) -> None:
    case = differing(made(tmp_path, ["input", "roi"]))
    document = judged(case, with_default(case))
    assert codes(document) == ["INCONCLUSIVE", "AX306"]
    assert "ran 'roi' on the model's default" in str(document["not_judged"])


def test_of_a_finished_run_no_agent_saw_anything_and_nothing_can_be_cut(tmp_path: Path) -> None:
    case = made(tmp_path)
    crashed = axpair("pair", *flags(emptied(case), logged(case, HEAD + "Segmentation fault\n"))).output
    assert "AX307" in crashed
    assert "Seen in the log of the run." in crashed
    assert "agent" not in crashed
    disagreeing = axpair("pair", *flags(differing(case), case.log(RELEASE))).output
    assert "AX306" in disagreeing
    assert "--bisect" not in disagreeing


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("topo.bin", "is a topo.bin, a joint's description alone, not the log of a run"),
        ("performance.json", "is a JSON file, not the log of a run"),
        ("part_1.axe", "is an .axe, a joint's CPU part alone, not the log of a run"),
        ("folder", "is a folder, not the log of a run"),
        ("noise", "is a file of no kind that is known here, not the log of a run"),
    ],
)
def test_what_is_no_log_is_named(tmp_path: Path, name: str, words: str) -> None:
    case = made(tmp_path)
    topology = topology_pb2.Topology(input_names=["x"], output_names=["y"], tool_commit="Unknown")
    topology.parts.add(type=1, name="part_0", inputs=["x"], outputs=["y"])
    contents = {"topo.bin": topology.SerializeToString(), "performance.json": b"{}", "part_1.axe": b"MGBS" + bytes(60)}
    path = tmp_path / name
    if name == "folder":
        path.mkdir()
    else:
        path.write_bytes(contents.get(name, bytes(range(256))))
    said = axpair("pair", *flags(case, path))
    assert said.code == 2
    assert words in " ".join(said.errors.split())


@pytest.mark.parametrize(("order", "words"), [((0, 3, 1, 2), "in NCHW where NHWC"), ((0, 2, 1, 3), "axes 0, 2, 1, 3")])
def test_a_file_that_run_joint_says_to_have_written_has_the_declared_layout(
    tmp_path: Path, order: tuple[int, ...], words: str
) -> None:
    case = made(tmp_path)
    case.dump({name: array.transpose(order) for name, array in case.outputs.items()})
    log = case.log(RELEASE)
    document = judged(case, log)
    assert codes(document) == ["INCONCLUSIVE", "AX401"]
    assert not document["outputs"][0]["joint_board"]["bytes_equal"]
    assert words in document["findings"][0]["summary"]
    assert "the run's log says that it wrote the file, and not who turned it" in document["findings"][0]["summary"]
    again = json.loads(axpair("diagnose", case.folder / "g", "--json").output)
    assert codes(again) == ["INCONCLUSIVE", "AX401"]


def test_a_dump_of_somebody_else_s_keeps_its_own_layout(tmp_path: Path) -> None:
    case = made(tmp_path)
    out = case.dump({name: array.transpose(0, 3, 1, 2) for name, array in case.outputs.items()})
    without = logged(case, case.log(RELEASE).read_text().replace("out/output.bin", "elsewhere/raw.bin"))
    assert codes(judged(case, without)) == ["PASS", "AX002"]
    (array,) = case.outputs.values()
    (out / "output.bin").unlink()
    np.save(out / "output.npy", np.ascontiguousarray(array.transpose(0, 3, 1, 2)))  # run_joint writes no .npy
    assert codes(judged(case, case.log(RELEASE))) == ["PASS", "AX002"]
