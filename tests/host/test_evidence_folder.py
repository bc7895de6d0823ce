"""Reading gt folders: ours, those of pulsar run, and what is wrong with others."""

import json
import os
from pathlib import Path

import msgspec
import numpy as np
import pytest
from axpair_host.diagnosis import diagnose
from axpair_host.diagnosis.checks import digests
from axpair_host.diagnosis.inquiry import Inquiry
from axpair_host.diagnosis.settings import Settings
from axpair_host.documents.json_form import json_form
from axpair_host.errors import EvidenceError
from axpair_host.evidence.folder import load
from axpair_host.evidence.record import Failure
from axpair_host.evidence.store import read_record, write_pair_json
from axpair_proto.gt.tensors import write_tensors
from host.evidence_builder import Ran, build, noisy, values
from pair_documents import finding_row, pair_document

J = {"prob": values(1), "head/0": values(2)}


def as_pulsar_run_writes(folder: Path) -> Path:
    """input/, onnx/ and joint/ with .bin and .npy, and no pair.json."""
    stems = {"prob": "prob", "head/0": "head_0"}
    write_tensors(folder / "input", {"data": np.arange(8, dtype=np.uint8)}, {"data": "data"})
    (folder / "input/filename.txt").write_text("x.jpg\n")
    write_tensors(folder / "onnx", {name: noisy(array, 0.999) for name, array in J.items()}, stems)
    write_tensors(folder / "joint", J, stems)
    return folder


def test_a_folder_of_pulsar_run_is_judged_as_far_as_it_goes(tmp_path: Path) -> None:
    evidence = load(as_pulsar_run_writes(tmp_path))
    verdict = diagnose(evidence)
    assert [output.name for output in evidence.outputs] == ["head_0", "prob"]
    assert (verdict.verdict, evidence.recorded) == ("PASS", False)
    assert {"lava_joint", "board", "golden"} <= {one.what for one in verdict.not_judged}
    assert json_form(verdict.document())["outputs"][0]["onnx_joint"]["relation"] == "SIMILAR"


def test_a_folder_of_run_joint_beside_it_is_held_against_the_joint(tmp_path: Path) -> None:
    as_pulsar_run_writes(tmp_path)
    (tmp_path / "board").mkdir()
    for stem, array in (("prob", J["prob"]), ("head_0", values(7))):
        (tmp_path / f"board/{stem}.bin").write_bytes(array.tobytes())
    verdict = diagnose(load(tmp_path))
    assert (verdict.verdict, [one.code for one in verdict.findings]) == ("INCONCLUSIVE", ["AX306"])
    assert verdict.findings[0].outputs == ("head_0",)


def test_bins_alone_are_compared_as_bytes_and_that_is_said(tmp_path: Path) -> None:
    for leg in ("joint", "board"):
        (tmp_path / leg).mkdir()
        (tmp_path / leg / "out.bin").write_bytes(bytes(range(64)))
    evidence = load(tmp_path)
    assert diagnose(evidence).verdict == "PASS"
    assert "compared as bytes" in " ".join(evidence.record.notes)


def test_npy_and_bin_that_disagree_are_bad_input(tmp_path: Path) -> None:
    evidence = build(tmp_path, joint=J, rounds=[Ran(J)] * 2)
    (tmp_path / "board/prob.bin").write_bytes(b"\1" * J["prob"].nbytes)
    with pytest.raises(EvidenceError, match="disagree"):
        diagnose(load(evidence.path))


@pytest.mark.parametrize("damage", [b"", b"\x93NUMPY", b"no array at all"])
def test_a_damaged_npy_costs_that_tensor_which_is_named_and_leaves_the_verdict_open(
    tmp_path: Path, damage: bytes
) -> None:
    build(tmp_path, joint=J, rounds=[Ran(J)] * 2)
    (tmp_path / "joint/prob.npy").write_bytes(damage)
    verdict = diagnose(load(tmp_path))
    assert verdict.verdict == "INCONCLUSIVE"
    assert verdict.findings == ()
    named = {one.what: one.why for one in verdict.not_judged}
    assert "joint/prob.npy: not a readable .npy file" in named["joint/prob"]


def test_a_damaged_tensor_of_one_leg_leaves_the_others_judged(tmp_path: Path) -> None:
    other = {**J, "prob": noisy(J["prob"], 0.5)}
    build(tmp_path, joint=J, onnx=J, lava_joint=J, rounds=[Ran(other)] * 2)
    (tmp_path / "lava_joint/prob.npy").write_bytes(b"no array at all")
    verdict = diagnose(load(tmp_path))
    assert (verdict.verdict, [one.code for one in verdict.findings]) == ("FAULT", ["AX306"])
    assert "lava_joint/prob" in {one.what for one in verdict.not_judged}


@pytest.mark.parametrize("what", ["board/prob.npy", "board/prob.bin", "board", "runs"])
def test_a_link_that_leads_out_is_named_and_not_followed(tmp_path: Path, what: str) -> None:
    folder, outside = tmp_path / "gt", tmp_path / "outside"
    folder.mkdir()
    build(folder, joint=J, rounds=[Ran(J, kind="probe"), Ran(J), Ran(J)])
    (folder / what).rename(outside)
    (folder / what).symlink_to(outside)
    evidence = load(folder)
    verdict = diagnose(evidence)
    assert "prob" not in evidence.leg("board") or what == "runs"
    assert "prob" not in evidence.tensors_in("runs/probe/board") or what != "runs"
    if what != "runs":
        assert any("leads out of the gt folder" in one.why for one in verdict.not_judged)


def test_a_link_within_the_folder_is_followed(tmp_path: Path) -> None:
    build(tmp_path, joint=J, rounds=[Ran(J)] * 2)
    (tmp_path / "board/prob.npy").unlink()
    (tmp_path / "board/prob.npy").symlink_to("../joint/prob.npy")
    assert "prob" in load(tmp_path).leg("board")


@pytest.mark.parametrize("place", ["runs/probe/board/prob.bin", "board/prob.bin", "board/prob.npy", "joint/prob.bin"])
def test_a_file_larger_than_any_tensor_is_named_and_never_read(tmp_path: Path, place: str) -> None:
    build(tmp_path, joint=J, rounds=[Ran(J, kind="probe"), Ran(J), Ran(J)])
    os.truncate(tmp_path / place, 1 << 42)  # sparse; reading it would take an hour
    evidence = load(tmp_path)
    verdict = diagnose(evidence)
    assert evidence.changed_files == (place,)
    assert "prob" not in evidence.tensors_in(str(Path(place).parent))
    assert "bytes; tensors beyond" in evidence.unread[str(Path(place).parent)]["prob"]
    assert [one.code for one in verdict.warnings] == ["AX006"]


@pytest.mark.parametrize("name", ["..npy", "...bin", "....npy", ".npy"])
def test_a_name_of_dots_alone_is_no_tensor(tmp_path: Path, name: str) -> None:
    build(tmp_path, joint=J, rounds=[Ran(J)] * 2)
    before = [one.code for one in diagnose(load(tmp_path)).findings]
    (tmp_path / "joint" / name).write_bytes(b"?")
    assert [one.code for one in diagnose(load(tmp_path)).findings] == before


def test_a_digest_for_a_name_that_no_file_can_have_is_a_changed_file(tmp_path: Path) -> None:
    evidence = build(tmp_path, joint=J, rounds=[Ran(J)] * 2)
    record = msgspec.structs.replace(evidence.record, digests={"x" * 100_000: "0" * 64})
    assert evidence.with_record(record).changed_files == ("x" * 100_000,)


def test_a_folder_that_is_not_there_empty_or_a_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="no such folder"):
        load(tmp_path / "nowhere")
    with pytest.raises(EvidenceError, match="nothing to judge"):
        load(tmp_path)
    (tmp_path / "file.npy").write_bytes(b"")
    with pytest.raises(EvidenceError, match="not a gt folder") as raised:
        load(tmp_path / "file.npy")
    assert "axpair compare" in str(raised.value.next_step)


def test_a_folder_of_gt_folders_names_one_of_them(tmp_path: Path) -> None:
    as_pulsar_run_writes(tmp_path / "case-7")
    with pytest.raises(EvidenceError) as raised:
        load(tmp_path)
    assert "case-7" in str(raised.value.next_step)


def test_names_with_separators_are_found_under_their_escaped_stems(tmp_path: Path) -> None:
    evidence = build(tmp_path, joint=J, rounds=[Ran(J)] * 2)
    assert set(evidence.leg("board")) == {"prob", "head/0"}
    assert (tmp_path / "board/head_0.npy").is_file()


def test_a_round_that_answered_as_the_first_has_its_bytes_and_a_probe_without_bytes_has_none(tmp_path: Path) -> None:
    other = {**J, "prob": values(5)}
    evidence = build(tmp_path, joint=J, rounds=[Ran({}, "probe"), Ran(J), Ran(J), Ran(other)])
    assert evidence.probe is not None
    assert evidence.round_output(evidence.probe, "prob") is None
    bytes_of = [evidence.round_output(each, "prob") for each in evidence.case_rounds]
    assert [None if one is None else one.tobytes() for one in bytes_of] == [
        one["prob"].tobytes() for one in (J, J, other)
    ]


def test_a_verdict_that_is_stored_is_never_read(tmp_path: Path) -> None:
    evidence = build(tmp_path, joint=J, rounds=[Ran(J)] * 2)
    lies = pair_document(verdict="FAULT", owner="model", findings=(finding_row("AX203"),))
    write_pair_json(tmp_path, evidence.record, lies)
    assert diagnose(load(tmp_path)).verdict == "PASS"


def test_a_record_comes_back_as_it_was_written(tmp_path: Path) -> None:
    evidence = build(
        tmp_path, joint=J, rounds=[Ran(J, survivors={"prob": [(0, 16)]}), Ran(J)], expect=[1], has_expect=True
    )
    assert read_record(tmp_path) == evidence.record


def test_a_pair_json_that_windows_editor_saved_is_read(tmp_path: Path) -> None:
    evidence = build(tmp_path, joint=J, rounds=[Ran(J)])
    path = tmp_path / "pair.json"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert read_record(tmp_path) == evidence.record


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "not JSON"),
        ("[]", "not an object"),
        ('{"schema_version": 99}', "schema_version 99"),
        ('{"schema_version": 1, "gathered": {"case": 3}}', "doesn't fit"),
    ],
)
def test_a_pair_json_that_can_t_be_read_is_bad_input(tmp_path: Path, text: str, words: str) -> None:
    build(tmp_path, joint=J, rounds=[Ran(J)] * 2)
    (tmp_path / "pair.json").write_text(text)
    with pytest.raises(EvidenceError, match=words):
        load(tmp_path)


def test_a_pair_json_without_a_gathered_half_is_as_none(tmp_path: Path) -> None:
    as_pulsar_run_writes(tmp_path)
    (tmp_path / "pair.json").write_text('{"schema_version": 1, "verdict": "FAULT"}')
    assert not load(tmp_path).recorded


@pytest.mark.parametrize("bad", ["../../etc/passwd", "/etc/passwd", "a\\..\\b"])
@pytest.mark.parametrize("place", ["output", "round", "digest"])
def test_a_record_that_leads_out_of_the_folder_is_refused(tmp_path: Path, bad: str, place: str) -> None:
    build(tmp_path, joint=J, rounds=[Ran(J), Ran(J)])
    document = json.loads((tmp_path / "pair.json").read_text())
    gathered = document["gathered"]
    if place == "output":
        gathered["outputs"][0]["file"] = bad
    elif place == "round":
        gathered["board"]["rounds"][1]["folder"] = bad
    else:
        gathered["digests"][bad] = "0" * 64
    (tmp_path / "pair.json").write_text(json.dumps(document))
    with pytest.raises(EvidenceError, match="leads out of"):
        diagnose(load(tmp_path))


CONTRADICTIONS = {
    "an unknown kind of round": "a round of kind 'warm-up' with number 2",
    "a case's round without a number": "a round of kind 'case' with number 0",
    "a round twice": "round 'case 1' is there twice",
    "an output twice": "output 'prob' is there twice",
    "two outputs in one file": "output file 'prob' is there twice",
    "an input twice": "input 'x' is there twice",
    "an output twice in a round": "in case round 2 output 'prob' is there twice",
    "a worker out of turn": "case round 2 of worker 99 behind case round 1 of 1",
    "a worker that ran before": "case round 2 of worker 0 behind case round 1 of 1",
}


@pytest.mark.parametrize("what", CONTRADICTIONS)
def test_a_record_that_contradicts_itself_is_bad_input(tmp_path: Path, what: str) -> None:
    build(tmp_path, joint=J, rounds=[Ran(J), Ran(J)])
    document = json.loads((tmp_path / "pair.json").read_text())
    gathered = document["gathered"]
    last, outputs = gathered["board"]["rounds"][1], gathered["outputs"]
    changed = {
        "an unknown kind of round": (last, {"kind": "warm-up"}),
        "a case's round without a number": (last, {"number": 0}),
        "a round twice": (last, {"number": 1}),
        "an output twice": (outputs[1], {"name": outputs[0]["name"]}),
        "two outputs in one file": (outputs[1], {"file": outputs[0]["file"]}),
        "an input twice": (gathered, {"inputs": gathered["inputs"] * 2}),
        "an output twice in a round": (last, {"outputs": last["outputs"] + last["outputs"][:1]}),
        "a worker out of turn": (last, {"worker_generation": 99}),
        "a worker that ran before": (last, {"worker_generation": 0}),
    }
    place, values = changed[what]
    place.update(values)
    (tmp_path / "pair.json").write_text(json.dumps(document))
    with pytest.raises(EvidenceError, match="contradicts itself") as refused:
        load(tmp_path)
    assert CONTRADICTIONS[what] in refused.value.message


def test_a_worker_behind_a_failure_may_have_any_later_number(tmp_path: Path) -> None:
    died = Failure("crash", "signal 11")
    rounds = [Ran({}, kind="probe", failure=died), Ran(J, generation=4), Ran(J, generation=4), Ran(J, generation=5)]
    build(tmp_path, joint=J, rounds=rounds)
    assert load(tmp_path).record.board is not None


def test_an_unknown_dtype_in_a_record_is_bad_input(tmp_path: Path) -> None:
    build(tmp_path, joint=J, rounds=[Ran(J)])
    text = (tmp_path / "pair.json").read_text().replace('"float32"', '"bfloat17"')
    (tmp_path / "pair.json").write_text(text)
    with pytest.raises(EvidenceError, match="bfloat17"):
        load(tmp_path)


def test_the_verdict_of_a_copied_folder_is_the_same(tmp_path: Path) -> None:
    import shutil

    evidence = build(tmp_path / "a", joint=J, onnx={k: noisy(v, 0.9) for k, v in J.items()}, rounds=[Ran(J)] * 2)
    before = diagnose(evidence).document()
    shutil.copytree(tmp_path / "a", tmp_path / "elsewhere/b")
    assert diagnose(load(tmp_path / "elsewhere/b")).document() == before


@pytest.mark.parametrize("shape", [(1,) * 100 + (384,), (1 << 40, 1 << 40)], ids=["axes", "bytes"])
def test_a_shape_that_no_array_has_is_refused(tmp_path: Path, shape: tuple[int, ...]) -> None:
    evidence = build(tmp_path, joint=J, onnx=J)
    outputs = tuple(msgspec.structs.replace(one, shape=shape) for one in evidence.record.outputs)
    write_pair_json(tmp_path, msgspec.structs.replace(evidence.record, outputs=outputs), None)
    with pytest.raises(EvidenceError, match=r"pair.json: .*shape"):
        load(tmp_path)


def test_a_name_without_an_end_is_cut_where_it_is_told(tmp_path: Path) -> None:
    evidence = build(tmp_path, joint=J, rounds=[Ran(J)] * 2)
    record = msgspec.structs.replace(evidence.record, digests={"joint/" + "n" * 5000: "a" * 64})
    (finding,) = digests.check(Inquiry(evidence.with_record(record), Settings()))
    assert finding.code == "AX006"
    assert len(finding.summary) < 500
