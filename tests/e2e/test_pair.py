"""axpair pair on real models and the emulated board."""

import json
import shutil
from pathlib import Path

import numpy as np
from command_line import axpair
from pairs import Case, codes, digests, judged, pair

LEGS = ("onnx", "lava_joint", "joint", "board")


def test_a_healthy_conversion_passes(page: Case, tmp_path: Path) -> None:
    done, document = pair(page, tmp_path / "gt")
    assert (done.returncode, document["verdict"], document["findings"]) == (0, "PASS", [])
    assert document["simulator"].startswith("emulator ")
    assert {one["joint_board"]["relation"] for one in document["outputs"]} == {"IDENTICAL"}


def test_a_detector_at_8_bit_loses_accuracy_in_quantization(face: Case, tmp_path: Path) -> None:
    gt = tmp_path / "gt"
    done, document = pair(face, gt)
    assert (done.returncode, document["verdict"]) == (1, "FAULT")
    assert codes(document)[0] == "AX201"
    assert document["owner"] == "quantization"
    stems = ("537", "538", "539", "540")
    for leg in LEGS:
        assert sorted(path.name for path in (gt / leg).iterdir()) == sorted(
            f"{stem}.{suffix}" for stem in stems for suffix in ("bin", "npy")
        )
    assert digests(gt / "joint") == digests(gt / "board")
    assert (gt / "input" / "input.1.bin").stat().st_size == 480 * 640 * 3
    assert judged(gt) == document


def test_the_resize_is_said_with_both_sizes_and_recorded(face: Case, tmp_path: Path) -> None:
    done, _ = pair(face, tmp_path / "gt")
    assert "512x512 to 640x480" in done.stderr
    record = json.loads((tmp_path / "gt" / "pair.json").read_text())["gathered"]
    assert any("512x512 to 640x480" in note for note in record["notes"])


def test_stored_evidence_gives_the_same_verdict_elsewhere_and_without_the_stored_one(
    face: Case, tmp_path: Path
) -> None:
    _, document = pair(face, tmp_path / "gt")
    copy = tmp_path / "elsewhere" / "copy"
    shutil.copytree(tmp_path / "gt", copy)
    stored = json.loads((copy / "pair.json").read_text())
    (copy / "pair.json").write_text(json.dumps({"schema_version": 1, "gathered": stored["gathered"]}))
    again = axpair("diagnose", copy, "--json")
    assert again.returncode == 1
    assert json.loads(again.stdout) == document


def test_one_changed_byte_of_the_boards_output_changes_the_verdict(page: Case, tmp_path: Path) -> None:
    gt = tmp_path / "gt"
    pair(page, gt)
    (stem,) = {path.stem for path in (gt / "board").iterdir()}
    array = np.load(gt / "board" / f"{stem}.npy")
    array.view(np.uint8)[..., 2] ^= 0x55
    np.save(gt / "board" / f"{stem}.npy", array)
    (gt / "board" / f"{stem}.bin").write_bytes(array.tobytes())
    again = axpair("diagnose", gt, "--json")
    assert again.returncode in (1, 3)
    assert json.loads(again.stdout)["verdict"] != "PASS"


def test_a_stale_output_is_the_boards(page: Case, tmp_path: Path) -> None:
    done, document = pair(page, tmp_path / "gt", "--board", "emulator:?fault=stale-output")
    assert (done.returncode, codes(document)[0], document["owner"]) == (1, "AX302", "board")
    assert document["findings"][0]["proven"]


def test_a_flipped_weight_bit_in_the_agents_copy_only_is_told_from_the_simulator(page: Case, tmp_path: Path) -> None:
    done, document = pair(page, tmp_path / "gt", "--board", "emulator:?fault=weight-bit")
    assert (done.returncode, codes(document)[0]) == (1, "AX306")
    assert document["side"] == "axera"
    assert digests(tmp_path / "gt" / "joint") != digests(tmp_path / "gt" / "board")


def test_a_crash_of_the_runtime_is_reported_with_its_signal(page: Case, tmp_path: Path) -> None:
    done, document = pair(page, tmp_path / "gt", "--board", "emulator:?fault=crash")
    assert (done.returncode, codes(document)[0]) == (1, "AX307")
    assert "SIGSEGV" in json.dumps(document["findings"][0])


def test_poison_that_survives_is_found(page: Case, tmp_path: Path) -> None:
    done, document = pair(page, tmp_path / "gt", "--board", "emulator:?fault=unwritten-output")
    assert (done.returncode, codes(document)[0]) == (1, "AX303")


def test_an_input_that_never_reached_the_board_is_found(page: Case, tmp_path: Path) -> None:
    done, document = pair(page, tmp_path / "gt", "--board", "emulator:?fault=input-not-delivered")
    assert (done.returncode, codes(document)[0]) == (1, "AX101")


def test_nan_on_the_board_alone_is_found_before_any_metric(page: Case, tmp_path: Path) -> None:
    done, document = pair(page, tmp_path / "gt", "--board", "emulator:?fault=nan-output")
    assert (done.returncode, codes(document)[0]) == (1, "AX003")


def test_every_verdict_of_an_injected_fault_is_the_same_from_the_stored_folder(page: Case, tmp_path: Path) -> None:
    for fault in ("stale-output", "weight-bit", "race", "crash", "unwritten-output"):
        gt = tmp_path / fault
        _, document = pair(page, gt, "--board", f"emulator:?fault={fault}")
        again = axpair("diagnose", gt, "--json")
        assert json.loads(again.stdout) == document, fault


def test_the_users_decision_is_judged_on_every_leg(page: Case, tmp_path: Path) -> None:
    post = ("--postprocess", "axpair_host.demo.postprocessors:angle")
    done, document = pair(page, tmp_path / "right", *post, "--expect", "0")
    assert (done.returncode, document["verdict"]) == (0, "PASS")
    wrong = ("--postprocess", "axpair_host.demo.postprocessors:angle_with_rotated_labels")
    done, document = pair(page, tmp_path / "wrong", *wrong, "--expect", "0")
    assert (done.returncode, codes(document)[0], document["owner"]) == (1, "AX405", "postprocess")


def test_a_program_that_was_not_observed_is_the_application(page: Case, tmp_path: Path) -> None:
    post = ("--postprocess", "axpair_host.demo.postprocessors:angle", "--expect", "0", "--observed", "90")
    done, document = pair(page, tmp_path / "gt", *post)
    assert (done.returncode, codes(document)[0], document["owner"]) == (1, "AX407", "application")


def test_people_get_the_verdict_and_the_folder(page: Case, tmp_path: Path) -> None:
    done = axpair("pair", *page.flags, "--out", tmp_path / "gt")
    assert done.returncode == 0
    assert "PASS" in done.stdout
    assert str(tmp_path / "gt") in done.stdout
    assert "board: load model.joint" in done.stderr
    assert "\x1b" not in done.stdout + done.stderr
