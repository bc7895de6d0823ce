"""Two folders, one file of which can't be read: that tensor is named, the others are compared."""

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from axpair_proto.errors import ContractError
from axpair_proto.gt.tensors import read_npz, write_tensors
from command_line import axpair_here

TENSORS = {"a": np.arange(6, dtype=np.float32), "b": np.ones(3, np.float32)}


def two_folders(folder: Path) -> tuple[Path, Path]:
    for name in ("one", "two"):
        write_tensors(folder / name, TENSORS, {stem: stem for stem in TENSORS})
    return folder / "one", folder / "two"


def relations(one: Path, two: Path) -> dict[str, tuple[str, str]]:
    done = axpair_here("compare", one, two, "--json")
    assert done.returncode == 1, done.stderr
    return {each["name"]: (each["relation"], each.get("reason") or "") for each in json.loads(done.stdout)["tensors"]}


def test_a_damaged_file_costs_that_tensor(tmp_path: Path) -> None:
    one, two = two_folders(tmp_path)
    (two / "b.npy").write_bytes(b"no array")
    found = relations(one, two)
    assert found["a"][0] == "IDENTICAL"
    assert (found["b"][0], "two/b.npy: not a readable .npy" in found["b"][1]) == ("INVALID", True)


def test_a_link_out_costs_that_tensor_and_isnt_followed(tmp_path: Path) -> None:
    one, two = two_folders(tmp_path)
    (two / "b.npy").rename(tmp_path / "elsewhere.npy")
    (two / "b.npy").symlink_to(tmp_path / "elsewhere.npy")
    found = relations(one, two)
    assert found["a"][0] == "IDENTICAL"
    assert "leads out of" in found["b"][1]


def test_a_folder_behind_a_link_out_is_named_and_isnt_followed(tmp_path: Path) -> None:
    for name in ("one", "two"):
        for leg in ("joint", "board"):
            write_tensors(tmp_path / name / leg, TENSORS, {stem: stem for stem in TENSORS})
    (tmp_path / "two" / "board").rename(tmp_path / "elsewhere")
    (tmp_path / "two" / "board").symlink_to(tmp_path / "elsewhere")
    found = relations(tmp_path / "one", tmp_path / "two")
    assert found["joint/a"][0] == "IDENTICAL"
    assert "leads out of" in found["board/board"][1]


def test_an_archive_that_unpacks_to_more_than_a_tensor_may_have_is_refused_unread(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", bytes(1000))
    data = bytearray(stream.getvalue())
    at = data.rindex(b"PK\x01\x02")
    data[at + 24 : at + 28] = (0xFFFFFFF0).to_bytes(4, "little")
    (tmp_path / "bomb.npz").write_bytes(data)
    with pytest.raises(ContractError, match="4294967280 bytes unpacked"):
        read_npz(tmp_path / "bomb.npz")
