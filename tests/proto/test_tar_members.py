"""Tars are told by how they begin: nothing is tried that reads on without an end."""

import os
import tarfile
from pathlib import Path

import pytest
from axpair_proto.filekinds import FileKind, kind_of
from axpair_proto.tar_members import open_tar


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_every_packing_is_opened(tmp_path: Path, mode: str) -> None:
    (tmp_path / "x").write_bytes(b"12345")
    with tarfile.open(tmp_path / "a", mode) as archive:  # type: ignore[call-overload]
        archive.add(tmp_path / "x", "x")
    with open_tar(tmp_path / "a") as archive:
        assert archive.getnames() == ["x"]


def test_zeros_are_no_tar_however_many(tmp_path: Path) -> None:
    (tmp_path / "holes").touch()
    os.truncate(tmp_path / "holes", 1 << 42)
    with pytest.raises(tarfile.ReadError, match="zeros"):
        open_tar(tmp_path / "holes")
    assert kind_of(tmp_path / "holes") is FileKind.UNKNOWN


@pytest.mark.parametrize("data", [b"", b"just words" * 100, b"\x1f\x8bnonsense", b"]\0\0\x80\0" + bytes(100)])
def test_anything_else_is_none(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x").write_bytes(data)
    with pytest.raises((tarfile.TarError, OSError)):
        open_tar(tmp_path / "x")
