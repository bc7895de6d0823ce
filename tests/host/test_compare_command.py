"""axpair compare, on folders, files and archives of every layout."""

import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from axpair_host.documents.compared import ComparedDocument
from axpair_host.main import run
from axpair_proto.gt.tensors import write_tensors
from host.evidence_builder import Ran, build, noisy, values
from printed import printed

Capture = pytest.CaptureFixture[str]
J = {"prob": values(1), "head/0": values(2)}


def document(capsys: Capture, *arguments: str | Path) -> tuple[int, dict[str, Any]]:
    code = run(["compare", *map(str, arguments), "--json"])
    return code, printed(capsys.readouterr().out, ComparedDocument)


def bins(folder: Path, **tensors: "np.ndarray[Any, Any]") -> Path:
    folder.mkdir(parents=True)
    for stem, array in tensors.items():
        (folder / f"{stem}.bin").write_bytes(array.tobytes())
    return folder


def test_a_gt_folder_against_itself_is_identical(tmp_path: Path, capsys: Capture) -> None:
    build(tmp_path, joint=J, onnx=J, rounds=[Ran(J)] * 2)
    code, found = document(capsys, tmp_path, tmp_path)
    assert (code, found["verdict"]) == (0, "PASS")
    assert {one["name"] for one in found["tensors"]} == {
        f"{leg}/{stem}" for leg in ("joint", "onnx", "board") for stem in ("prob", "head_0")
    } | {"input/x"}


def test_bins_of_run_joint_are_typed_by_the_simulator_s_npy(tmp_path: Path, capsys: Capture) -> None:
    build(tmp_path / "gt", joint=J, steps=1 / 64)
    off = J["prob"].copy()
    off[0, 0, 0, 0] += np.float32(1 / 64)
    out = bins(tmp_path / "out", prob=off, head_0=J["head/0"])
    code, found = document(capsys, tmp_path / "gt/joint", out)
    by_name = {one["name"]: one for one in found["tensors"]}
    assert code == 1
    assert by_name["joint/prob" if "joint/prob" in by_name else "prob"]["relation"] == "EQUIVALENT"
    assert document(capsys, tmp_path / "gt/joint", out, "--at-least", "equivalent")[0] == 0


def test_names_are_matched_by_every_toolchain_s_rule(tmp_path: Path, capsys: Capture) -> None:
    ours = bins(tmp_path / "a", **{"head.0": values(1), "prob": values(2)})
    theirs = bins(tmp_path / "b", head_0=values(1), prob=values(2))
    for pair in ((ours, theirs), (theirs, ours)):
        assert document(capsys, *pair)[0] == 0


def test_folders_of_cases_pair_by_name(tmp_path: Path, capsys: Capture) -> None:
    for side in ("a", "b"):
        for case in ("0", "1"):
            write_tensors(tmp_path / side / case, {"out": values(int(case))}, {"out": "out"})
    write_tensors(tmp_path / "b/1", {"out": values(9)}, {"out": "out"})
    code, found = document(capsys, tmp_path / "a", tmp_path / "b")
    assert code == 1
    assert [(one["name"], one["as_asked"]) for one in found["tensors"]] == [("0/out", True), ("1/out", False)]


def test_a_tensor_that_one_side_lacks_is_a_difference(tmp_path: Path, capsys: Capture) -> None:
    one, other = bins(tmp_path / "a", x=values(1), y=values(2)), bins(tmp_path / "b", x=values(1))
    code, found = document(capsys, one, other, "--at-least", "similar")
    assert code == 1
    assert found["tensors"][1]["relation"] == "INVALID"
    assert found["tensors"][1]["reason"] == "missing in B"


def test_single_files_and_npz_are_compared(tmp_path: Path, capsys: Capture) -> None:
    np.save(tmp_path / "a.npy", J["prob"])
    (tmp_path / "b.bin").write_bytes(J["prob"].tobytes())
    np.savez(tmp_path / "c.npz", prob=noisy(J["prob"], 0.99))
    assert document(capsys, tmp_path / "a.npy", tmp_path / "b.bin")[0] == 0
    code, found = document(capsys, tmp_path / "a.npy", tmp_path / "c.npz", "--at-least", "similar")
    assert (code, found["tensors"][0]["cosine"]) == (0, pytest.approx(0.99, abs=1e-6))


@pytest.mark.parametrize("top", [".", "gt"])
def test_archives_are_compared_with_folders(tmp_path: Path, capsys: Capture, top: str) -> None:
    build(tmp_path / "gt", joint=J, rounds=[Ran(J)] * 2)
    with tarfile.open(tmp_path / "gt.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "gt", arcname=top)
    assert document(capsys, tmp_path / "gt.tar.gz", tmp_path / "gt")[0] == 0


def test_untyped_bytes_that_differ_are_different_and_not_nearly_equal_numbers(tmp_path: Path, capsys: Capture) -> None:
    one, other = (tmp_path / name for name in ("a.bin", "b.bin"))
    one.write_bytes(bytes(range(100)))
    other.write_bytes(bytes([1, *range(1, 100)]))
    code, found = document(capsys, one, other, "--at-least", "similar")
    assert code == 1
    assert (found["tensors"][0]["relation"], found["tensors"][0]["cosine"]) == ("DIFFERENT", None)
    assert "--dtype" in found["tensors"][0]["note"]
    assert document(capsys, one, other, "--dtype", "uint8", "--at-least", "equivalent")[0] == 0


def test_each_tensor_has_its_own_dtype(tmp_path: Path, capsys: Capture) -> None:
    ids = np.array([7, 1 << 20], np.int32)
    sides = [bins(tmp_path / side, ids=ids + shift, y=values(1)) for side, shift in (("a", 0), ("b", 1))]
    _, found = document(capsys, *sides, "--dtype", "float32", "--dtype", "ids=int32")
    by_name = {one["name"]: one for one in found["tensors"]}
    assert by_name["ids"]["max_abs"] == 1
    assert by_name["y"]["relation"] == "IDENTICAL"
    assert run(["compare", *map(str, sides), "--dtype", "idz=int32"]) == 2
    assert "did you mean 'ids'" in capsys.readouterr().err


def test_names_that_no_rule_pairs_are_paired_as_said(tmp_path: Path, capsys: Capture) -> None:
    one = bins(tmp_path / "a", c_outputs_1=values(1), c_outputs_2=values(2))
    other = bins(tmp_path / "b", m_outputs_1=values(1), m_outputs_2=values(2))
    assert run(["compare", str(one), str(other)]) == 2
    assert "--map m_outputs_1=c_outputs_1 --map m_outputs_2=c_outputs_2" in capsys.readouterr().err
    named = ("--map", "m_outputs_1=c_outputs_1", "--map", "m_outputs_2=c_outputs_2")
    code, found = document(capsys, one, other, *named)
    assert (code, {entry["name"] for entry in found["tensors"]}) == (0, {"c_outputs_1", "c_outputs_2"})


NAMES = {"_model_24_m_0_Conv_output_0": values(1), "ids": np.arange(9, dtype=np.uint8)}


def cases(folder: Path, form: str) -> Path:
    for case in ("10", "2", "c1"):
        for stem, array in NAMES.items():
            path = folder / form.format(case=case, stem=stem)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(array.tobytes())
    return folder


@pytest.mark.parametrize("form", ["0/{case}/{stem}.bin", "b/brd/{case}/{stem}.bin"])
def test_folders_that_hold_all_cases_are_no_part_of_their_names(form: str, tmp_path: Path, capsys: Capture) -> None:
    sides = cases(tmp_path / "sim", "{case}/{stem}.bin"), cases(tmp_path / "out", form)
    code, found = document(capsys, *sides)
    assert (code, len(found["tensors"])) == (0, 6)
    with tarfile.open(tmp_path / "out.dat", "w:gz") as archive:  # whatever it is called
        archive.add(sides[1], arcname="a/b/c/d")
    assert document(capsys, sides[0], tmp_path / "out.dat")[0] == 0


def test_a_name_taken_for_folders_is_found_in_every_case(tmp_path: Path, capsys: Capture) -> None:
    ours = cases(tmp_path / "sim", "{case}/{stem}.bin")
    theirs = cases(tmp_path / "out", "{case}/{stem}.bin")
    for path in theirs.glob("*/_model*"):
        to = path.with_name("model.24") / "m.0" / "Conv_output_0.bin"
        to.parent.mkdir(parents=True)
        path.rename(to)
    for pair in ((ours, theirs), (theirs, ours)):
        code, found = document(capsys, *pair)
        assert (code, len(found["tensors"])) == (0, 6)


def test_what_macos_puts_beside_files_is_no_tensor(tmp_path: Path, capsys: Capture) -> None:
    ours, theirs = (cases(tmp_path / side, "{case}/{stem}.bin") for side in ("a", "b"))
    (theirs / "2" / "._ids.bin").write_bytes(b"Mac OS X")
    with tarfile.open(tmp_path / "b.tgz", "w:gz") as archive:
        archive.add(theirs, arcname="b")
    for second in (theirs, tmp_path / "b.tgz"):
        assert document(capsys, ours, second)[0] == 0
    (theirs / "2" / "._own.bin").write_bytes(b"a tensor")  # of a name such as "./own"
    assert document(capsys, ours, theirs)[0] == 1


def test_a_dtype_is_said_in_the_model_s_spelling_and_of_what_it_fits(tmp_path: Path, capsys: Capture) -> None:
    ours, theirs = (cases(tmp_path / side, "{case}/{stem}.bin") for side in ("a", "b"))
    (theirs / "2" / "_model_24_m_0_Conv_output_0.bin").write_bytes((values(1) + np.float32(1e-3)).tobytes())
    for dtype in ("float32", "/model.24/m.0/Conv_output_0=float32"):
        code, found = document(capsys, ours, theirs, "--dtype", dtype)
        assert code == 1
        assert [one["relation"] for one in found["tensors"]].count("SIMILAR") == 1
    assert run(["compare", str(ours), str(theirs), "--dtype", "ids=float32"]) == 2


def test_a_tolerance_that_cannot_fail_is_refused(tmp_path: Path, capsys: Capture) -> None:
    build(tmp_path, joint=J, rounds=[Ran({**J, "prob": values(5)})] * 2)
    assert run(["compare", str(tmp_path / "joint"), str(tmp_path / "board"), "--atol", "100000", "--rtol", "1e-6"]) == 2
    said = capsys.readouterr()
    assert "AX004" in said.err
    assert f"axpair compare {tmp_path / 'joint'} {tmp_path / 'board'}\n" in said.err
    assert said.out == ""


@pytest.mark.parametrize("differing", [False, True])
def test_an_empty_tensor_is_a_line_and_the_rest_is_compared(tmp_path: Path, capsys: Capture, differing: bool) -> None:
    """What an NMS without detections leaves."""
    for side in ("a", "b"):
        (tmp_path / side).mkdir()
        np.save(tmp_path / side / "boxes.npy", np.zeros((0, 6), np.float32))
        np.save(tmp_path / side / "feat.npy", np.ones(5, np.float32) + (side == "b" and differing))
    code, found = document(capsys, tmp_path / "a", tmp_path / "b")
    boxes, feat = found["tensors"]
    assert (code, boxes["relation"], boxes["elements"]) == (int(differing), "IDENTICAL", 0)
    assert "proves nothing" in boxes["note"]
    assert (feat["relation"] == "IDENTICAL") is not differing


@pytest.mark.parametrize(
    ("held", "wide", "narrow", "said"),
    [([3, -4, 7], "i8", "i4", "int32"), ([3, 4, 7], "u4", "u1", ""), ([0.5, 2.0, -1.0], "f8", "f4", "float32")],
)
def test_a_lone_bin_of_a_narrower_type_is_told_by_which_dtype_it_passes(
    tmp_path: Path, capsys: Capture, held: list[float], wide: str, narrow: str, said: str
) -> None:
    array = np.array([held])
    for side in ("a", "b"):
        (tmp_path / side).mkdir()
    np.save(tmp_path / "a" / "ids.npy", array.astype(wide))
    array.astype(narrow).tofile(tmp_path / "b" / "ids.bin")
    code, found = document(capsys, tmp_path / "a", tmp_path / "b")
    (tensor,) = found["tensors"]
    if said:
        assert (code, tensor["relation"]) == (1, "INVALID")
        assert f"{array.astype(narrow).nbytes} bytes" in tensor["reason"]
        assert f"--dtype ids={said}" in tensor["reason"]
        code, found = document(capsys, tmp_path / "a", tmp_path / "b", "--dtype", f"ids={said}")
    assert (code, found["verdict"]) == (0, "PASS")


@pytest.mark.parametrize("form", [">f4", "f8", ">f8"])
def test_an_npy_and_a_bin_of_the_same_values_do_not_disagree(tmp_path: Path, capsys: Capture, form: str) -> None:
    for side in ("a", "b"):
        (tmp_path / side).mkdir()
        values(1).tofile(tmp_path / side / "y.bin")
    np.save(tmp_path / "a" / "y.npy", values(1).astype(form))
    assert document(capsys, tmp_path / "a", tmp_path / "b")[0] == 0
    np.save(tmp_path / "a" / "y.npy", values(2).astype(form))
    assert run(["compare", str(tmp_path / "a"), str(tmp_path / "b")]) == 2


def test_where_no_tensor_has_an_element_nothing_was_compared(tmp_path: Path, capsys: Capture) -> None:
    for side in ("a", "b"):
        np.save(tmp_path / f"{side}.npy", np.zeros((0, 6), np.float32))
    assert run(["compare", str(tmp_path / "a.npy"), str(tmp_path / "b.npy")]) == 2
    assert "AX004" in capsys.readouterr().err


@pytest.mark.parametrize("value", ["-1", "nan", "inf"])
def test_a_tolerance_that_is_none_is_bad_usage(tmp_path: Path, value: str) -> None:
    build(tmp_path, joint=J)
    assert run(["compare", str(tmp_path), str(tmp_path), f"--atol={value}"]) == 2


def test_folders_that_have_nothing_in_common_say_what_they_hold(tmp_path: Path, capsys: Capture) -> None:
    build(tmp_path / "gt", joint=J, onnx=J)
    assert run(["compare", str(tmp_path / "gt"), str(bins(tmp_path / "out", prob=J["prob"]))]) == 2
    assert "input, joint, onnx" in capsys.readouterr().err


def test_what_is_not_there_or_no_tensor_is_bad_input(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "x.txt").write_text("x")
    (tmp_path / "empty").mkdir()
    np.save(tmp_path / "a.npy", J["prob"])
    for name in ("nowhere", "x.txt", "empty"):
        assert run(["compare", str(tmp_path / "a.npy"), str(tmp_path / name)]) == 2
        assert name in capsys.readouterr().err


def test_a_file_that_is_no_tensor_is_named_for_what_it_is(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "config.prototxt").write_text("input_type: INPUT_TYPE_ONNX\n")
    build(tmp_path / "gt", joint=J)
    assert run(["compare", str(tmp_path / "config.prototxt"), str(tmp_path / "gt" / "joint")]) == 2
    assert "is a configuration of pulsar (prototxt), and no .npy" in capsys.readouterr().err


def test_people_get_aligned_lines_without_colours_in_a_pipe(tmp_path: Path, capsys: Capture) -> None:
    build(tmp_path, joint=J, rounds=[Ran({**J, "prob": noisy(J["prob"], 0.99)})] * 2)
    assert run(["compare", str(tmp_path / "joint"), str(tmp_path / "board")]) == 1
    out = capsys.readouterr().out
    assert out.startswith("FAULT  1 of 2 tensors are not IDENTICAL.")
    assert "\x1b" not in out
    rows = [line for line in out.splitlines() if "IDENTICAL " in line or "SIMILAR" in line]
    assert len({row.index("IDENTICAL" if "IDENTICAL" in row else "SIMILAR") for row in rows[1:]}) == 1


def coded(real: "np.ndarray[Any, Any]", scale: float, zero: int, dtype: str) -> "np.ndarray[Any, Any]":
    limits = np.iinfo(dtype)
    return np.clip(np.round(real / scale) + zero, limits.min, limits.max).astype(dtype)


@pytest.mark.parametrize(
    ("dtype", "scale", "zero"), [("uint8", 0.0437, 113), ("int8", 0.0437, -20), ("uint16", 0.0011, 30000)]
)
@pytest.mark.parametrize("lone", [False, True], ids=["npy", "bin"])
def test_codes_of_a_float_map_are_recognized(
    tmp_path: Path, capsys: Capture, dtype: str, scale: float, zero: int, lone: bool
) -> None:
    real = np.random.default_rng(3).normal(size=(1, 8, 10, 10)).astype(np.float32) * 2
    np.save(tmp_path / "a.npy", real)
    codes = coded(real, scale, zero, dtype)
    other = tmp_path / ("b.bin" if lone else "b.npy")
    if lone:
        other.write_bytes(codes.tobytes())
    else:
        np.save(other, codes)
    code, found = document(capsys, tmp_path / "a.npy", other)
    (one,) = found["tensors"]
    assert (code, one["relation"]) == (1, "EQUIVALENT")
    assert one["codes"]["scale"] == pytest.approx(scale, rel=1e-3)
    assert one["codes"]["zero_point"] == pytest.approx(zero)
    assert one["codes"]["dtype"] == dtype
    assert "within half a step" in one["note"]
    assert document(capsys, tmp_path / "a.npy", other, "--at-least", "equivalent")[0] == 0
    assert document(capsys, other, tmp_path / "a.npy", "--at-least", "equivalent")[0] == 0


def test_integers_that_are_no_codes_of_it_are_another_dtype(tmp_path: Path, capsys: Capture) -> None:
    random = np.random.default_rng(3)
    real = random.normal(size=(1, 8, 10, 10)).astype(np.float32)
    np.save(tmp_path / "a.npy", real)
    for integers in (
        random.integers(0, 256, real.shape, dtype=np.uint8),
        coded(real[:, ::-1], 0.0437, 113, "uint8"),
        coded(-real, 0.0437, 113, "uint8"),
        (real > 0).astype(np.uint8),
    ):
        np.save(tmp_path / "b.npy", integers)
        code, found = document(capsys, tmp_path / "a.npy", tmp_path / "b.npy", "--at-least", "similar")
        assert (code, found["tensors"][0]["relation"]) == (1, "INVALID")
        assert "dtypes differ" in found["tensors"][0]["reason"]
