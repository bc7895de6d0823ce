"""Outputs of a finished run as users dump them: `pair` and `compare` say the same of the same files."""

import itertools
import json
import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from axpair_host.evidence.matching import Map, proposed_map
from axpair_host.main import run
from axpair_proto.joint import pack_joint
from axpair_proto.topology.topology_pb2 import Topology

Capture = pytest.CaptureFixture[str]
Array = np.ndarray[Any, Any]
NAMES = ("conv2d_1:tmp_0", "/model.24/m.0/Conv_output_0", "out")
STEMS = ("conv2d_1.tmp_0", "_model.24_m.0_Conv_output_0", "out")
"""As `pulsar run` names them."""
_RANDOM = np.random.default_rng(3)
ARRAYS: tuple[Array, ...] = tuple(
    _RANDOM.normal(size=shape).astype(np.float32) for shape in ((1, 4, 4, 6), (1, 4, 4, 6), (1, 10))
)


def put(place: Path, array: Array) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.suffix == ".npy":
        np.save(place, array)
    else:
        place.write_bytes(array.tobytes())


def simulated(folder: Path, names: Sequence[str] = NAMES, stems: Sequence[str] = STEMS) -> None:
    """m.joint in the real ones' form, and gt/ of `pulsar run`."""
    topology = Topology(input_names=["input:1"], output_names=names)
    (folder / "m.joint").write_bytes(pack_joint(topology, {"part_0.neu": b"code"}))
    tensors = [(f"{leg}/{stem}", array) for leg in ("onnx", "joint") for stem, array in zip(stems, ARRAYS, strict=True)]
    for stem, array in (("input/input.1", np.arange(72, dtype=np.uint8).reshape(1, 4, 6, 3)), *tensors):
        put(folder / "gt" / f"{stem}.bin", array)
        put(folder / "gt" / f"{stem}.npy", array)


def judged(folder: Path, out: Mapping[str, Array], capsys: Capture, *flags: str, of: str = "out") -> list[Any]:
    """What `pair` and `compare` make of a run that left these files: exit code and document, or what they refuse."""
    for name, array in out.items():
        put(folder / "out" / name, array)
    said: list[Any] = []
    for command in (
        [
            "pair",
            "--joint",
            folder / "m.joint",
            "--gt",
            folder / "gt",
            "--board-out",
            folder / of,
            "--out",
            folder / "g",
        ],
        ["compare", folder / "gt" / "joint", folder / of],
    ):
        code = run([*map(str, command), *flags, "--json"])
        found = json.loads(capsys.readouterr().out)
        said.append((code, found.get("error") or found))
    return said


def numbered(form: str = "{}.bin") -> dict[str, Array]:
    return {form.format(at): array for at, array in enumerate(ARRAYS)}


@pytest.mark.parametrize(
    "names",
    [NAMES, STEMS, ("conv2d_1.tmp_0", "/model:24/m:0/Conv_output_0", "out"), ("conv2d_1_tmp_0", *STEMS[1:])],
    ids=["the model's", "the files'", "with the other of '.' and ':'", "pulsar2's"],
)
def test_a_name_in_map_is_meant_by_each_of_its_spellings(
    names: tuple[str, ...], tmp_path: Path, capsys: Capture
) -> None:
    simulated(tmp_path)
    flags = [part for at, name in enumerate(names) for part in ("--map", f"{at}={name}")]
    for code, found in judged(tmp_path, numbered(), capsys, *flags):
        assert (code, found["verdict"]) == (0, "PASS")


def test_a_map_of_a_part_is_bad_input_and_the_whole_one_is_proposed(tmp_path: Path, capsys: Capture) -> None:
    simulated(tmp_path)
    (code, found), _ = judged(tmp_path, numbered(), capsys, "--map", f"0={NAMES[0]}")
    assert code == 2
    assert "no file of it is said to be an output of the model that is left" in found["message"]
    assert [found["command"].count(f"--map {at}=") for at in range(3)] == [1, 1, 1]
    whole = [part for at, name in enumerate(NAMES) for part in ("--map", f"{at}.bin={name}")]
    assert [code for code, _ in judged(tmp_path, {}, capsys, *whole)] == [0, 0]


@pytest.mark.parametrize(
    ("of", "words"),
    [
        ("gt", "is the gt folder itself"),
        ("gt/joint", "is the gt folder's own, not what a board gave"),
        ("m.joint", "is a joint, expected a folder"),
        ("out/0.bin", "expected a folder"),
    ],
)
def test_what_is_no_run_s_folder_is_named(of: str, words: str, tmp_path: Path, capsys: Capture) -> None:
    simulated(tmp_path)
    (code, found), *_ = judged(tmp_path, numbered(), capsys, of=of)
    assert code == 2
    assert words in found["message"]


def test_outputs_that_changed_places_are_mended_by_map(tmp_path: Path, capsys: Capture) -> None:
    simulated(tmp_path)
    out = {"conv2d_1:tmp_0.bin": ARRAYS[1], "_model.24_m.0_Conv_output_0.bin": ARRAYS[0], "out.bin": ARRAYS[2]}
    flags = ("--map", f"{NAMES[0]}={NAMES[1]}", "--map", f"{NAMES[1]}={NAMES[0]}")
    (code, found), (compared, _) = judged(tmp_path, out, capsys, *flags)
    assert (code, compared) == (0, 0)
    assert "no output is named so" not in json.dumps(found)


@pytest.mark.parametrize("given", ["out=nope", "nope=out"])
def test_a_name_in_map_that_is_not_there_is_bad_input(given: str, tmp_path: Path, capsys: Capture) -> None:
    simulated(tmp_path)
    out = {f"{stem}.bin": array for stem, array in zip(STEMS, ARRAYS, strict=True)}
    for code, found in judged(tmp_path, out, capsys, "--map", given):
        assert (code, found["message"]) == (2, f"--map {given}: no tensor is named 'nope'")


def test_names_that_differ_in_letter_case_alone_are_told_apart(tmp_path: Path, capsys: Capture) -> None:
    names = ("Out", "out", "x")
    simulated(tmp_path, names, names)
    out = {f"{stem}.bin": array for stem, array in zip(names, ARRAYS, strict=True)}
    (code, found), (compared, _) = judged(tmp_path, out, capsys)
    assert (code, compared) == (0, 0), found
    assert {one["name"]: one["joint_board"]["relation"] for one in found["outputs"]} == dict.fromkeys(
        names, "IDENTICAL"
    )
    assert run(["diagnose", str(tmp_path / "g")]) == 0
    assert run(["compare", str(tmp_path / "g" / "joint"), str(tmp_path / "out")]) == 0


def test_two_names_that_are_one_in_a_joint_are_told_and_never_paired_by_chance(tmp_path: Path, capsys: Capture) -> None:
    simulated(tmp_path, ("a:b", "a:b", "out"), ("a.b", "a:b", "out"))
    (code, found), (compared, tensors) = judged(tmp_path, {"a:b.bin": ARRAYS[1], "out.bin": ARRAYS[2]}, capsys)
    assert (code, compared) == (2, 2)
    assert "AX001: two outputs are named 'a:b'" in found["message"]
    assert "joint/a.b and " in tensors["message"]
    assert "joint/a:b are one name in a joint" in tensors["message"]
    assert run(["model", "info", str(tmp_path / "m.joint")]) == 0
    assert "AX001: two outputs are named 'a:b'" in capsys.readouterr().out


def test_two_such_names_beside_equal_bytes_are_a_warning(tmp_path: Path, capsys: Capture) -> None:
    names = ("a.b", "a:b", "out")
    simulated(tmp_path, names, names)
    out = {f"{stem}.bin": array for stem, array in zip(names, ARRAYS, strict=True)}
    (code, found), (compared, tensors) = judged(tmp_path, out, capsys)
    assert (code, compared) == (0, 0)
    assert [one["code"] for one in found["warnings"]] == ["AX001"]
    assert "AX001" in tensors["tensors"][0]["note"]


def test_a_leftover_in_the_other_spelling_is_passed_over_by_both(tmp_path: Path, capsys: Capture) -> None:
    simulated(tmp_path)
    out = {f"{stem}.bin": array for stem, array in zip(("conv2d_1:tmp_0", *STEMS[1:]), ARRAYS, strict=True)}
    (code, found), (compared, tensors) = judged(tmp_path, {**out, "conv2d_1.tmp_0.bin": ARRAYS[0] * 2}, capsys)
    assert (code, compared) == (0, 0), found
    assert "in B and not compared: conv2d_1.tmp_0" in json.dumps(tensors)


ESCAPED = ("conv2d_1_tmp_0", "_model_24_m_0_Conv_output_0", "out")


def proposals(said: str) -> dict[str, str]:
    """File to name."""
    words = shlex.split(said)
    return dict(value.split("=") for option, value in itertools.pairwise(words) if option == "--map")


@pytest.mark.parametrize(
    "files",
    [
        [f"{at}_{stem}" for at, stem in enumerate(ESCAPED)],
        [f"{stem}_{at}" for at, stem in enumerate(ESCAPED)],
        [f"{stem}.float32" for stem in ESCAPED],
        [f"OUT_{stem}_1x4".upper() for stem in ESCAPED[:2]] + ["x_OUT_2"],
    ],
)
def test_a_map_is_proposed_where_names_speak_for_it(files: list[str], tmp_path: Path, capsys: Capture) -> None:
    simulated(tmp_path)
    out = {f"{stem}.bin": array for stem, array in zip(files, ARRAYS, strict=True)}
    for (code, found), names in zip(judged(tmp_path, out, capsys), (NAMES, STEMS), strict=True):
        assert code == 2
        given = proposals(found["command"])
        assert given == dict(zip(files, names, strict=True))
    flags = [part for stem, name in given.items() for part in ("--map", f"{stem}={name}")]
    assert [code for code, _ in judged(tmp_path, {}, capsys, *flags)] == [0, 0]


def test_numbers_count_in_the_joint_s_order_which_a_folder_of_files_does_not_know(
    tmp_path: Path, capsys: Capture
) -> None:
    simulated(tmp_path)
    (_, found), (_, compared) = judged(tmp_path, numbered("output_{}.bin"), capsys)
    assert proposals(found["command"]) == {f"output_{at}": name for at, name in enumerate(NAMES)}
    assert "say of each file which output it is" in compared["next_step"]


KB = {"p": 8, "q": 8, "r": 4}


@pytest.mark.parametrize(
    ("files", "names", "is_ordered"),
    [
        ({"q_0": 8, "p_1": 8, "r_2": 4}, KB, True),  # names against numbers
        ({"0": 8, "1": 4, "2": 8}, KB, True),  # numbers against sizes
        ({"a": 8, "b": 8, "c": 4}, KB, True),  # two of one size
        ({"p_x": 4, "q_x": 8, "r_x": 8}, KB, False),  # names against sizes
        ({"r": 8, "b": 2, "c": 4}, {"p": 8, "q": 2, "r": 4}, False),  # sizes against a name
        ({"m_1": 8, "m_2": 8}, {"p_2": 8, "p_1": 8}, True),  # numbers of both against the order
        ({"m_0": 8, "m_2": 8}, {"x": 8, "y": 8}, True),  # numbers that don't count
        ({"0": 8}, KB, True),
    ],
)
def test_no_map_is_proposed_where_anything_speaks_against_it(
    files: dict[str, int], names: dict[str, int], is_ordered: bool
) -> None:
    assert proposed_map(files, names, is_ordered=is_ordered) == Map()


def test_a_map_is_proposed_by_sizes_where_all_differ() -> None:
    said = proposed_map({"a": 2, "b": 8}, {"p": 8, "q": 2}, is_ordered=False)
    assert said == Map(("sizes",), ("--map", "a=q", "--map", "b=p"))


def test_ten_numbers_count_on_after_nine() -> None:
    names = {f"n{letter}": 4 for letter in "abcdefghijkl"}
    said = proposed_map({f"m_{at}": 4 for at in range(12)}, names, is_ordered=True)
    given = proposals(shlex.join(said.options))
    assert list(given) == sorted(given)
    assert [given[f"m_{at}"] for at in range(12)] == list(names)


@pytest.mark.parametrize("below", ["0", "case/0"])
def test_a_run_s_folder_below_the_one_given_is_read(below: str, tmp_path: Path, capsys: Capture) -> None:
    simulated(tmp_path)
    out = {f"{below}/{stem}.bin": array for stem, array in zip(STEMS, ARRAYS, strict=True)}
    log = ("--board-log", str(tmp_path / "log"))
    (tmp_path / "log").write_text("run joint version: 0.5.13\nUsing batch size 1\n")
    assert [code for code, _ in judged(tmp_path, out, capsys)] == [0, 0]
    pair = ["pair", "--joint", tmp_path / "m.joint", "--gt", tmp_path / "gt", "--board-out", tmp_path / "out"]
    assert run([*map(str, pair), "--out", str(tmp_path / "g"), *log]) == 0


def test_folders_of_several_runs_are_named(tmp_path: Path, capsys: Capture) -> None:
    simulated(tmp_path)
    out = {f"{at}/{stem}.bin": array for at in "01" for stem, array in zip(STEMS, ARRAYS, strict=True)}
    (code, found), (compared, _) = judged(tmp_path, out, capsys)
    assert (code, compared) == (2, 2)
    assert "it holds several runs, 0, 1: give one of them" in found["next_step"]


@pytest.mark.parametrize("below", ["", "0/"])
def test_names_that_axcl_took_for_paths_are_read(below: str, tmp_path: Path, capsys: Capture) -> None:
    names = ("/head/a:0", "/model.24/m.0/Conv.output:0", "/out")
    simulated(tmp_path, names, [name.replace("/", "_") for name in names])
    files = ("head/a_0", "model.24/m.0/Conv_output_0", "out")
    out = {f"{below}{stem}.bin": array for stem, array in zip(files, ARRAYS, strict=True)}
    found = judged(tmp_path, out, capsys)
    assert [code for code, _ in found] == [0, 0], found


@pytest.mark.parametrize("suffix", [".BIN", ".raw", ".txt"])
def test_files_that_are_no_tensors_by_their_name_are_named(suffix: str, tmp_path: Path, capsys: Capture) -> None:
    simulated(tmp_path)
    out = {f"{stem}{suffix}": array for stem, array in zip(STEMS, ARRAYS, strict=True)}
    for code, found in judged(tmp_path, out, capsys):
        assert code == 2
        assert f"out{suffix}" in found["message"]


def layouts_turned(array: Array) -> Array:
    """NHWC as NCHW."""
    turned: Array = np.ascontiguousarray(array.transpose(0, 3, 1, 2)) if array.ndim == 4 else array
    return turned


FORMS: dict[str, tuple[str, Callable[[Array], Array]]] = {
    "of another layout": (".bin", layouts_turned),
    "of another layout, typed": (".npy", layouts_turned),
    "of double width": (".bin", lambda array: array.astype(np.float64)),
    "of double width, typed": (".npy", lambda array: array.astype(np.float64)),
    "flat": (".npy", np.ravel),
    "without the batch's axis": (".npy", lambda array: array[0]),
    "all of these": (".npy", lambda array: layouts_turned(array).astype(np.float64)[0]),
    "in Fortran's order": (".bin", lambda array: np.frombuffer(array.tobytes("F"), array.dtype)),
}


@pytest.mark.parametrize("form", FORMS)
def test_the_very_values_in_another_form_accuse_nobody(form: str, tmp_path: Path, capsys: Capture) -> None:
    suffix, change = FORMS[form]
    simulated(tmp_path)
    out = {f"{stem}{suffix}": change(array) for stem, array in zip(STEMS, ARRAYS, strict=True)}
    (code, found), (compared, tensors) = judged(tmp_path, out, capsys)
    assert (code, found["verdict"], compared) == (0, "PASS", 0), found
    assert [one["code"] for one in found["warnings"]] == ["AX002"]
    assert "lies there as float" in found["warnings"][0]["summary"]
    assert "compared in A's form" in tensors["tensors"][0]["note"]
    assert run(["diagnose", str(tmp_path / "g"), "--json"]) == 0
    assert [one["code"] for one in json.loads(capsys.readouterr().out)["warnings"]] == ["AX002"]


def test_other_values_in_another_form_are_still_other_values(tmp_path: Path, capsys: Capture) -> None:
    simulated(tmp_path)
    out = {f"{stem}.npy": array.ravel() + np.float32(0.5) for stem, array in zip(STEMS, ARRAYS, strict=True)}
    (code, found), (compared, tensors) = judged(tmp_path, out, capsys)
    assert (code, compared) == (3, 1)
    assert [one["code"] for one in found["findings"]] == ["AX306"]
    assert tensors["tensors"][0]["max_abs"] == pytest.approx(0.5, rel=1e-5)
    assert tensors["tensors"][0]["relation"] != "INVALID"
