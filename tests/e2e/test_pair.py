"""axpair pair on real models and the emulated board."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import axpair, axpair_here, said_once
from pairs import Case, Paired, codes, digests, judged, pair

LEGS = ("onnx", "lava_joint", "joint", "board")


def test_a_healthy_conversion_passes(paired_page: Paired) -> None:
    document = paired_page.document
    assert (paired_page.done.returncode, document["verdict"], document["findings"]) == (0, "PASS", [])
    assert document["simulator"].startswith("emulator ")
    assert {one["joint_board"]["relation"] for one in document["outputs"]} == {"IDENTICAL"}


def test_a_detector_at_8_bit_loses_accuracy_in_quantization(paired_face: Paired) -> None:
    document, gt = paired_face.document, paired_face.gt
    assert (paired_face.done.returncode, document["verdict"]) == (1, "FAULT")
    assert codes(document)[0] == "AX201"
    assert document["owner"] == "quantization"
    for leg in LEGS:
        assert sorted(path.name for path in (gt / leg).iterdir()) == sorted(
            f"{stem}.{suffix}" for stem in ("537", "538", "539", "540") for suffix in ("bin", "npy")
        )
    assert digests(gt / "joint") == digests(gt / "board")
    assert (gt / "input" / "input:1.bin").stat().st_size == 480 * 640 * 3
    assert judged(gt) == document


def test_the_resize_is_said_with_both_sizes_and_recorded(paired_face: Paired) -> None:
    assert "512x512 to 640x480" in paired_face.done.stderr
    record = json.loads((paired_face.gt / "pair.json").read_text())["gathered"]
    assert any("512x512 to 640x480" in note for note in record["notes"])


def test_a_picture_is_fitted_as_asked_for(paired_face: Paired, tmp_path: Path) -> None:
    done, _ = pair(paired_face.case, tmp_path / "gt", "--resize", "letterbox")
    assert "between gray bars (114)" in done.stderr
    fed = np.load(tmp_path / "gt" / "input" / "input:1.npy")
    assert (fed[:, :, :80] == 114).all()
    assert digests(tmp_path / "gt" / "input") != digests(paired_face.gt / "input")
    refused = axpair_here(
        "pair", *paired_face.case.flags[:-2], "--gt", paired_face.gt, "--resize", "crop", "--out", tmp_path / "x"
    )
    assert "--resize doesn't go with it" in said_once(refused, 2)


def test_stored_evidence_gives_the_same_verdict_elsewhere_and_without_the_stored_one(
    paired_face: Paired, tmp_path: Path
) -> None:
    copy = tmp_path / "elsewhere" / "copy"
    shutil.copytree(paired_face.gt, copy)
    stored = json.loads((copy / "pair.json").read_text())
    (copy / "pair.json").write_text(json.dumps({"schema_version": 1, "gathered": stored["gathered"]}))
    again = axpair("diagnose", copy, "--json")
    assert again.returncode == 1
    assert without_commands(json.loads(again.stdout)) == without_commands(paired_face.document)


def without_commands(document: Any) -> Any:
    """The paths in them are those of where the folder lies."""
    if isinstance(document, dict):
        return {key: without_commands(value) for key, value in document.items() if key != "command"}
    return [without_commands(one) for one in document] if isinstance(document, list) else document


@pytest.mark.parametrize("output", ["537", "540"])
def test_one_changed_byte_of_the_boards_output_changes_the_verdict(
    paired_face: Paired, tmp_path: Path, output: str
) -> None:
    gt = tmp_path / "gt"
    shutil.copytree(paired_face.gt, gt)
    array = np.load(gt / "board" / f"{output}.npy")
    array.reshape(-1).view(np.uint8)[4321] ^= 0x10
    np.save(gt / "board" / f"{output}.npy", array)
    (gt / "board" / f"{output}.bin").write_bytes(array.tobytes())
    again = json.loads(axpair_here("diagnose", gt, "--json").stdout)
    assert codes(again) != codes(paired_face.document)
    assert again["outputs"] != paired_face.document["outputs"]


@pytest.mark.parametrize(
    ("fault", "code", "owner"),
    [
        ("stale-output", "AX302", "board"),
        ("unwritten-output", "AX303", "board"),
        ("input-not-delivered&at=1", "AX101", "harness"),
        ("crash", "AX307", "board"),
        ("error-code", "AX307", "board"),
        ("version-mismatch", "AX308", "setup"),
        ("vnpu-mismatch", "AX309", "setup"),
        ("cmm-leak", "AX310", "setup"),
        ("disk-full", "AX310", "setup"),
        ("handles-exhausted", "AX310", "setup"),
        ("race", "AX301", "board"),
    ],
)
def test_an_injected_fault_is_found_live_and_in_the_stored_folder(
    page: Case, tmp_path: Path, fault: str, code: str, owner: str
) -> None:
    done, document = pair(page, tmp_path / "gt", "--board", f"emulator:?fault={fault}")
    assert (done.returncode, codes(document), document["owner"]) == (1, [code], owner)
    assert json.loads(axpair_here("diagnose", tmp_path / "gt", "--json").stdout) == document


def test_a_fault_of_large_outputs_is_found_live_and_in_the_stored_folder(face: Case, tmp_path: Path) -> None:
    gt = tmp_path / "gt"
    done, document = pair(face, gt, "--board", "emulator:?fault=nan-output")
    assert (done.returncode, codes(document)[0]) == (1, "AX003")
    assert digests(gt / "joint") != digests(gt / "board")
    assert json.loads(axpair_here("diagnose", gt, "--json").stdout) == document


def test_the_signal_of_a_crash_is_told(page: Case, tmp_path: Path) -> None:
    _, document = pair(page, tmp_path / "gt", "--board", "emulator:?fault=crash&at=2")
    assert "SIGSEGV" in json.dumps(document["findings"][0])


def test_the_users_decision_is_judged(page: Case, tmp_path: Path) -> None:
    post = ("--postprocess", "axpair_host.demo.postprocessors:angle")
    done, document = pair(page, tmp_path / "right", *post, "--expect", "0")
    assert (done.returncode, document["verdict"]) == (0, "PASS")
    wrong = ("--postprocess", "axpair_host.demo.postprocessors:angle_with_rotated_labels")
    done, document = pair(page, tmp_path / "wrong", *wrong, "--expect", "0")
    assert (done.returncode, codes(document)[0], document["owner"]) == (1, "AX405", "postprocess")


def test_a_program_that_was_not_observed_is_the_application(page: Case, tmp_path: Path) -> None:
    post = ("--postprocess", "axpair_host.demo.postprocessors:angle", "--expect", "0", "--observed", "90")
    _, document = pair(page, tmp_path / "gt", *post)
    assert (codes(document)[0], document["owner"]) == ("AX407", "application")


def test_people_get_the_verdict_and_the_folder(page: Case, tmp_path: Path) -> None:
    done = axpair("pair", *page.flags, "--out", tmp_path / "gt")
    assert done.returncode == 0
    assert "PASS" in done.stdout
    assert str(tmp_path / "gt") in done.stdout
    assert "board: load model.joint" in done.stderr
    assert "\x1b" not in done.stdout + done.stderr


def test_layers_are_scored_where_quantisation_loses_accuracy_and_the_folder_keeps_them(
    paired_face: Paired, paired_page: Paired
) -> None:
    assert codes(paired_face.document)[0] == "AX201"
    (finding,) = [one for one in paired_face.document["findings"] if one["code"] == "AX205"]
    # No photo of the calibration set shows a face: the map of faces ends where they begin.
    assert finding["evidence"]["layer"]["name"] == "537"
    assert finding["evidence"]["layer"]["causes"][0]["kind"] == "clipped"
    again = axpair_here("diagnose", paired_face.gt, "--json")
    assert json.loads(again.stdout)["findings"] == paired_face.document["findings"]
    healthy = json.loads((paired_page.gt / "pair.json").read_text())
    assert healthy["gathered"]["layer_scores"] is None
