"""axpair diagnose and axpair explain, as the command line runs them."""

import json
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from axpair_host.diagnosis.ladder import CODES
from axpair_host.main import run
from command_line import axpair_here, said_once
from host.evidence_builder import Ran, build, noisy, values

Capture = pytest.CaptureFixture[str]
J = {"prob": values(1)}
PROBE = {"prob": values(11)}
POST = """
import numpy as np
def top(outputs):
    return {"class": int(outputs["prob"].reshape(-1).argmax()), "score": outputs["prob"].max()}
def wrong(outputs):
    return 7
def decode(outputs):
    return {"label": "180", "score": 0.8577, "angle": 12}
def pairs(outputs):
    return [("1", 0.96), ("0", 0.04)]
def boxes_or_none(outputs):
    return "nothing" if outputs["prob"][0, 0, 0, 0] > 1000 else [{"box": [1, 2, 3, 4], "label": 1, "score": 0.5}]
"""


def snapshot(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def stale(folder: Path) -> Path:
    build(folder, joint=J, onnx=J, rounds=[Ran(J, "probe"), Ran(PROBE), Ran(PROBE)], probe_joint=PROBE)
    return folder


def diagnosed(capsys: Capture, *arguments: str | Path) -> tuple[int, dict[str, Any]]:
    code = run(["diagnose", *map(str, arguments), "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_the_exit_code_is_the_verdict_s(tmp_path: Path, capsys: Capture) -> None:
    build(tmp_path / "good", joint=J, rounds=[Ran(J)] * 2)
    build(tmp_path / "once", joint=J, rounds=[Ran({"prob": values(3)})])
    for folder, code, word in (("good", 0, "PASS"), ("once", 3, "INCONCLUSIVE")):
        assert diagnosed(capsys, tmp_path / folder)[0] == code
        run(["diagnose", str(tmp_path / folder)])
        assert capsys.readouterr().out.startswith(word)
    code, found = diagnosed(capsys, stale(tmp_path / "stale"))
    assert (code, found["verdict"], found["owner"], found["findings"][0]["code"]) == (1, "FAULT", "board", "AX302")


def test_a_document_has_the_keys_that_tools_rely_on(tmp_path: Path, capsys: Capture) -> None:
    _, found = diagnosed(capsys, stale(tmp_path))
    top = "schema_version verdict owner stage side simulator findings outputs not_judged board versions timings"
    finding = "code owner stage side proven summary evidence cosine_if_fixed next_steps"
    assert set(top.split()) <= set(found)
    assert set(finding.split()) <= set(found["findings"][0])
    pairs = {"golden_onnx", "onnx_lava", "lava_joint", "onnx_joint", "joint_board"}
    assert pairs | {"name", "step", "cpu_part"} <= set(found["outputs"][0])
    assert found["outputs"][0]["onnx_joint"]["relation"] == "IDENTICAL"
    assert found["outputs"][0]["golden_onnx"] is None


def test_nothing_is_written_unless_asked_for(tmp_path: Path, capsys: Capture) -> None:
    before = snapshot(stale(tmp_path))
    diagnosed(capsys, tmp_path)
    assert snapshot(tmp_path) == before
    _, found = diagnosed(capsys, tmp_path, "--write")
    stored = json.loads((tmp_path / "pair.json").read_text())
    assert stored.pop("gathered") == json.loads(before["pair.json"])["gathered"]
    assert stored == found
    assert diagnosed(capsys, tmp_path)[1] == found


def test_the_line_can_be_moved(tmp_path: Path, capsys: Capture) -> None:
    build(tmp_path, onnx=J, joint={"prob": noisy(J["prob"], 0.985)})
    assert diagnosed(capsys, tmp_path)[0] == 0
    code, found = diagnosed(capsys, tmp_path, "--cosine", "0.99")
    assert (code, [one["code"] for one in found["findings"]]) == (1, ["AX201", "AX202"])
    assert run(["diagnose", str(tmp_path), "--cosine", "7"]) == 2


def test_a_post_processor_is_applied_to_the_stored_legs(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "post_for_diagnose.py").write_text(POST)
    monkeypatch.chdir(tmp_path)
    build(tmp_path / "gt", joint=J, onnx=J, rounds=[Ran(J)] * 2)
    top = {"class": int(J["prob"].argmax()), "score": float(J["prob"].max())}
    arguments = ["gt", "--expect", json.dumps(top), "--postprocess"]
    assert diagnosed(capsys, *arguments, "post_for_diagnose:top")[0] == 0
    code, found = diagnosed(capsys, *arguments, "post_for_diagnose:wrong")
    assert (code, found["findings"][0]["code"], found["owner"]) == (1, "AX405", "postprocess")


def test_what_the_program_said_is_held_against_the_expectation(tmp_path: Path, capsys: Capture) -> None:
    build(tmp_path, joint=J, onnx=J, rounds=[Ran(J)] * 2)
    code, found = diagnosed(capsys, tmp_path, "--observed", '"cat"', "--expect", '"dog"')
    assert (code, found["findings"][0]["code"]) == (1, "AX407")


def test_people_read_where_it_arises_and_what_to_do(tmp_path: Path, capsys: Capture) -> None:
    run(["diagnose", str(stale(tmp_path))])
    out = capsys.readouterr().out
    assert out.startswith("FAULT  The answer belongs to an earlier input (AX302): it arises on the board")
    assert "owner      board" in out
    assert "next: Run the case with run_joint" in out
    assert "byte for byte" in out
    assert "not judged" in out
    assert "\x1b" not in out
    assert max(map(len, out.splitlines())) <= 130


def test_a_name_out_of_a_model_can_t_play_with_the_terminal(tmp_path: Path, capsys: Capture) -> None:
    build(tmp_path, joint={"a\x1b[2Jb": values(1)}, rounds=[Ran({"a\x1b[2Jb": values(2)})] * 2)
    run(["diagnose", str(tmp_path)])
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert any(line.startswith("a\\x1b[2Jb  ") for line in out.splitlines())


@pytest.mark.parametrize("name", ["nowhere", "pair.json", "empty"])
def test_what_is_no_gt_folder_is_bad_input(tmp_path: Path, capsys: Capture, name: str) -> None:
    stale(tmp_path)
    (tmp_path / "empty").mkdir()
    assert run(["diagnose", str(tmp_path / name)]) == 2
    assert name in capsys.readouterr().err


def test_of_a_run_the_kept_cases_are_named(tmp_path: Path, capsys: Capture) -> None:
    for case in ("a.png", "b.png"):
        build(tmp_path / "run" / "cases" / case, joint=J, onnx=J, rounds=[Ran(J)] * 2)
    assert run(["diagnose", str(tmp_path / "run")]) == 2
    said = capsys.readouterr().err
    assert "which kept failing cases (and 1 more):\n" in said
    assert f"axpair diagnose {tmp_path / 'run' / 'cases' / 'a.png'}\n" in said


def test_an_archive_of_one_gt_folder_is_judged_and_one_of_several_names_them(tmp_path: Path, capsys: Capture) -> None:
    for case in ("a", "b"):
        build(tmp_path / "gts" / case, joint=J, onnx=J, rounds=[Ran(J)] * 2)
    one, both = (tmp_path / f"{name}.tar.gz" for name in ("one", "both"))
    for path, folder in ((one, tmp_path / "gts" / "a"), (both, tmp_path / "gts")):
        with tarfile.open(path, "w:gz") as archive:
            archive.add(folder, arcname=folder.name)
    assert run(["diagnose", str(one)]) == 0
    assert capsys.readouterr().out.startswith("PASS")
    assert run(["diagnose", str(both)]) == 2
    assert "2 gt folders in it (gts/a, gts/b)" in capsys.readouterr().err


def test_nan_and_infinities_keep_the_document_json(tmp_path: Path, capsys: Capture) -> None:
    odd = {"prob": np.array([[np.nan, np.inf, 1, 0]], np.float32)}
    build(tmp_path, onnx={"prob": np.zeros((1, 4), np.float32)}, joint=odd, rounds=[Ran(odd)] * 2)
    code, found = diagnosed(capsys, tmp_path)
    assert (code, found["findings"][0]["code"]) == (1, "AX003")


# explain


def test_explain_prints_an_entry(capsys: Capture) -> None:
    assert run(["explain", "AX302"]) == 0
    out = capsys.readouterr().out
    assert "AX302  The answer belongs to an earlier input" in out
    assert "what to do next" in out
    assert "what to send" in out


def test_explain_without_a_code_lists_all_and_marks_those_not_looked_for(capsys: Capture) -> None:
    assert run(["explain"]) == 0
    lines = capsys.readouterr().out.splitlines()
    marked = {line[:5] for line in lines if line[5:7] == " *"}
    assert len([line for line in lines if line.startswith("AX")]) == 44
    assert marked == {line[:5] for line in lines if line.startswith("AX")} - CODES


def test_explain_as_json_is_one_document(capsys: Capture) -> None:
    assert run(["explain", "ax306", "--json"]) == 0
    entry = json.loads(capsys.readouterr().out)
    assert (entry["code"], entry["owners"], entry["looked_for"]) == ("AX306", ["unknown"], True)
    assert run(["explain", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["codes"]) == 44


def test_an_unknown_code_is_bad_usage_and_near_ones_are_named(capsys: Capture) -> None:
    assert run(["explain", "AX3O2"]) == 2
    assert "AX302" in capsys.readouterr().err


@pytest.mark.parametrize("said", ["--observed", "--expect"])
@pytest.mark.parametrize("label", ["180", '"180"', "LOG"])
def test_a_label_is_the_same_as_number_and_as_text(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch, said: str, label: str
) -> None:
    (tmp_path / "post_for_diagnose.py").write_text(POST)
    (tmp_path / "LOG").write_text("init ok\n0.8577, 180\n")
    monkeypatch.chdir(tmp_path)
    build(tmp_path / "gt", joint=J, onnx=J, rounds=[Ran(J)] * 2)
    code, found = diagnosed(capsys, "gt", "--postprocess", "post_for_diagnose:decode", said, label)
    assert (code, found["verdict"], found["findings"]) == (0, "PASS", [])


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--postprocess", "post_for_diagnose:pairs", "--expect", "1"), ("--expect gives a label, 1", "2 entries")),
        (("--postprocess", "post_for_diagnose:pairs", "--observed", "1"), ("--observed gives a label", "2 entries")),
        (("--postprocess", "post_for_diagnose:top", "--expect", "[1]"), ("a list of one number", "a label")),
        (("--expect", "1", "--observed", "[[1, 2, 3, 4]]"), ("--expect gives a label", "a list of one number")),
    ],
)
def test_forms_that_can_t_be_compared_are_bad_input_that_names_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flags: tuple[str, ...], words: tuple[str, ...]
) -> None:
    (tmp_path / "post_for_diagnose.py").write_text(POST)
    monkeypatch.chdir(tmp_path)
    build(tmp_path / "gt", joint=J, onnx=J, rounds=[Ran(J)] * 2)
    message = said_once(axpair_here("diagnose", "gt", *flags), 2)
    for word in (*words, "can't be compared"):
        assert word in message


def test_another_form_on_some_legs_alone_is_a_decision(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "post_for_diagnose.py").write_text(POST)
    monkeypatch.chdir(tmp_path)
    far = {"prob": J["prob"].copy()}
    far["prob"][0, 0, 0, 0] = 2000
    build(tmp_path / "gt", joint=J, onnx=J, rounds=[Ran(far)] * 2)
    flags = ("--postprocess", "post_for_diagnose:boxes_or_none", "--expect", '[{"box": [1, 2, 3, 4]}]')
    code, found = diagnosed(capsys, "gt", *flags)
    assert (code, found["findings"][0]["code"]) == (1, "AX306")
