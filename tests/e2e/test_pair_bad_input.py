"""What users get wrong: one message each, exit 2, nothing half-written."""

import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from axpair_proto.joint import pack_joint
from axpair_proto.topology.topology_pb2 import Topology
from command_line import axpair_here, said_once
from pairs import Case

Change = Callable[[Case, Path], list[str | Path]]


def replaced(case: Case, flag: str, value: str | Path) -> list[str | Path]:
    """The case's options with another value of one."""
    flags = list(case.flags)
    flags[flags.index(flag) + 1] = value
    return flags


def file_with(data: bytes, name: str) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        (folder / name).write_bytes(data)
        return folder / name

    return write


def given(flag: str, write: Callable[[Path], Path]) -> Change:
    return lambda case, folder: replaced(case, flag, write(folder))


def cut_in_half(flag: str, name: str) -> Change:
    def change(case: Case, folder: Path) -> list[str | Path]:
        data = Path(case.flags[case.flags.index(flag) + 1]).read_bytes()
        (folder / name).write_bytes(data[: len(data) // 2])
        return replaced(case, flag, folder / name)

    return change


def more(*flags: str) -> Change:
    return lambda case, folder: [*case.flags, *flags]


def array_file(folder: Path) -> Path:
    np.save(folder / "x.npy", np.zeros((1, 224, 224, 3), np.float32))
    return folder / "x.npy"


def tar_file(folder: Path) -> Path:
    with tarfile.open(folder / "x.tar.gz", "w:gz") as archive:
        archive.add(array_file(folder), "x.npy")
    return folder / "x.tar.gz"


def pipe(folder: Path) -> Path:
    os.mkfifo(folder / "pipe")
    return folder / "pipe"


def holes(folder: Path) -> Path:
    (folder / "x.bin").touch()
    os.truncate(folder / "x.bin", 1 << 40)
    return folder / "x.bin"


REAL = pack_joint(Topology(input_names=["x"], output_names=["y"]), {"part_0.neu": b"code"})

CHANGES: dict[str, tuple[Change, str]] = {
    "a missing model": (given("--onnx", lambda folder: folder / "none.onnx"), "none.onnx: No such file"),
    "an empty model": (given("--onnx", file_with(b"", "m.onnx")), "m.onnx: is empty"),
    "a truncated model": (cut_in_half("--onnx", "m.onnx"), "m.onnx"),
    "text for a model": (given("--onnx", file_with(b"not a model at all", "m.onnx")), "m.onnx: is a text, not an ONNX"),
    "a photo for a joint": (given("--joint", file_with(b"\x89PNG\r\n", "m.joint")), "m.joint: is a picture"),
    "a truncated joint": (cut_in_half("--joint", "m.joint"), "m.joint is not a joint, or is cut off"),
    "a real joint": (given("--joint", file_with(REAL, "m.joint")), "axpair emulator build"),
    "text for a lava_joint": (
        given("--lava-joint", file_with(b"no", "m.lava_joint")),
        "m.lava_joint: is a text, not a",
    ),
    "JSON for a joint": (given("--joint", file_with(b'{"a": 1}', "m.joint")), "m.joint: is a JSON file, not a joint"),
    "a joint's CPU part": (
        given("--joint", file_with(b"MGBS\0\0\0\0", "part_1.axe")),
        "is an .axe, a joint's CPU part",
    ),
    "an ONNX for a canary's joint": (
        lambda case, folder: [*case.flags, "--canary", folder, "--canary-joint", case.models.onnx or ""],
        "--canary-joint",
    ),
    "text for an image": (given("--input", file_with(b"no image", "x.png")), "x.png"),
    "a missing image": (given("--input", lambda folder: folder / "x.png"), "x.png: No such file"),
    "an archive for an image": (given("--input", tar_file), "x.tar.gz (x.npy) holds float32"),
    "a folder for an image": (given("--input", lambda folder: folder), "axpair replay"),
    "a file of holes for an input": (given("--input", holes), "x.bin can't be read: is longer than 16 GiB"),
    "a file of holes for a joint": (given("--joint", holes), "x.bin: can't be read: is longer than 16 GiB"),
    "a file of holes for a config": (lambda case, folder: [*case.flags, "--config", holes(folder)], "x.bin"),
    "a pipe for a joint": (given("--joint", pipe), "pipe: is a pipe, socket or device"),
    "a joint for an ONNX": (lambda case, _: replaced(case, "--onnx", case.models.joint), "next: give it as --joint"),
    "an archive for a run": (lambda case, folder: [*case.flags, "--board-out", tar_file(folder)], "unpack it"),
    "a picture for a log": (
        lambda case, folder: [*case.flags, "--board-out", folder, "--board-log", case.picture],
        "is a picture, not the log of a run on a board",
    ),
    "an ONNX for a golden folder": (
        lambda case, _: [*case.flags, "--golden", case.models.onnx or ""],
        "is an ONNX model, expected a folder",
    ),
    "raw bytes of another size": (given("--input", file_with(bytes(7), "x.bin")), "7 bytes"),
    "an array of another dtype": (given("--input", array_file), "float32"),
    "an input too many": (more("--input", "y.png"), "2 input files were given, the model has 1 input: x"),
    "an unknown layer": (more("--layer", "data"), "no such input; its inputs: x"),
    "a golden folder that isn't there": (more("--golden", "nowhere"), "--golden nowhere: there is no such folder"),
    "a finished run that isn't there": (more("--board-out", "nowhere"), "--board-out nowhere: there is no such folder"),
    "a post-processor that isn't there": (more("--postprocess", "nowhere:post"), "nowhere"),
    "a tolerance that is none": (more("--atol", "-1"), "atol"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_bad_input_is_one_message_and_leaves_nothing(page: Case, tmp_path: Path, what: str) -> None:
    change, words = CHANGES[what]
    work, given_files = tmp_path / "work", tmp_path / "given"
    work.mkdir()
    given_files.mkdir()
    done = axpair_here("pair", *change(page, given_files), "--out", work / "gt")
    assert words in said_once(done, 2)
    assert list(work.iterdir()) == []


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("nope", "there is no fault 'nope'"),
        ("stale-outputs", "did you mean 'stale-output'?"),
        ("unwritten-output&output=fetch_name_1", "did you mean 'fetch_name_0'?"),
        ("truncated-dma&fill=poison", "there are: zero, old"),
        ("swapped-outputs", "no two outputs of this model have the same shape"),
    ],
)
def test_a_fault_that_cant_be_injected_is_named(page: Case, tmp_path: Path, fault: str, words: str) -> None:
    done = axpair_here("pair", *page.flags, "--out", tmp_path / "gt", "--board", f"emulator:?fault={fault}")
    assert words in said_once(done, 2)
    assert list(tmp_path.iterdir()) == []
