"""Files appear whole or not at all."""

import os
from pathlib import Path

import pytest
from axpair_proto.errors import ContractError
from axpair_proto.gt.replacing import write_whole_file


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_parent_that_is_a_file_is_bad_input(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ContractError, match="can't be written"):
        write_whole_file(tmp_path / "file" / "a", b"")


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    target = tmp_path / "pair.json"
    write_whole_file(target, b"one")
    write_whole_file(target, b"two")
    assert target.read_bytes() == b"two"
    assert names(tmp_path) == ["pair.json"]


def test_what_is_no_file_is_never_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "to a device").symlink_to("/dev/null")
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    for name in ("pipe", "folder", "to a device", "circle"):
        before = (tmp_path / name).lstat()
        with pytest.raises(ContractError, match="can't be written"):
            write_whole_file(tmp_path / name, b"data")
        assert (tmp_path / name).lstat() == before
    assert len(names(tmp_path)) == 4


def test_nothing_behind_a_link_is_replaced_or_made(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    for name in ("there", "not yet"):
        (tmp_path / name).symlink_to(tmp_path / "store" / name)
    (tmp_path / "store" / "there").write_bytes(b"old")
    for name in ("there", "not yet"):
        with pytest.raises(ContractError, match=r"is a link to .*store"):
            write_whole_file(tmp_path / name, b"new")
        assert (tmp_path / name).is_symlink()
    assert names(tmp_path / "store") == ["there"]
    assert (tmp_path / "store" / "there").read_bytes() == b"old"
