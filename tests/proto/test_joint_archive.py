"""Joints as archives: order kept, bytes reproducible, damage and bombs refused."""

from __future__ import annotations

import gzip
import io
import tarfile
import tracemalloc
from pathlib import Path

import pytest
from axpair_proto.errors import ContractError
from axpair_proto.joint import pack_joint, read_joint
from axpair_proto.topology import topology_pb2

TOPOLOGY = topology_pb2.Topology(input_names=["b", "a"], output_names=["z", "y/x", "ü"])
MEMBERS = {"part_0.neu": b"\x00\x01" * 3000, "performance.json": b"{}"}


def stored(folder: Path, data: bytes) -> Path:
    path = folder / "m.joint"
    path.write_bytes(data)
    return path


def tar_of(*members: tuple[str, bytes], kind: bytes = tarfile.REGTYPE) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            info.type = kind
            archive.addfile(info, io.BytesIO(content))
    return data.getvalue()


def test_names_and_members_come_back_in_order(tmp_path: Path) -> None:
    archive = read_joint(stored(tmp_path, pack_joint(TOPOLOGY, MEMBERS)))
    assert archive.input_names == ("b", "a")
    assert archive.output_names == ("z", "y/x", "ü")
    assert next(iter(archive.members)) == "topo.bin"
    assert {name: archive.members[name] for name in MEMBERS} == MEMBERS


def test_same_content_gives_same_bytes_and_is_gzip_with_gnu_tar() -> None:
    data = pack_joint(TOPOLOGY, MEMBERS)
    assert data == pack_joint(TOPOLOGY, MEMBERS)
    assert data[:2] == b"\x1f\x8b"
    assert data[4:8] == bytes(4)  # no time
    assert gzip.decompress(data)[257:265] == b"ustar  \0"


def test_bare_tar_is_a_joint_too(tmp_path: Path) -> None:
    bare = gzip.decompress(pack_joint(TOPOLOGY, MEMBERS))
    assert read_joint(stored(tmp_path, bare)).input_names == ("b", "a")


def test_a_joint_packed_again_from_its_folder_is_one(tmp_path: Path) -> None:
    (tmp_path / "unpacked").mkdir()
    (tmp_path / "unpacked" / "topo.bin").write_bytes(TOPOLOGY.SerializeToString())
    (tmp_path / "unpacked" / "part_0.neu").write_bytes(b"x")
    path = tmp_path / "m.joint"
    with tarfile.open(path, "w:gz") as archive:
        archive.add(tmp_path / "unpacked", "./")
    found = read_joint(path)
    assert found.input_names == ("b", "a")
    assert sorted(found.members) == ["part_0.neu", "topo.bin"]


@pytest.mark.parametrize("cut", [1, 2, 9, 10, 30, 100, -1, -8, -9, -200])
def test_cut_off_joint_is_refused(tmp_path: Path, cut: int) -> None:
    data = pack_joint(TOPOLOGY, MEMBERS)
    with pytest.raises(ContractError, match="cut off"):
        read_joint(stored(tmp_path, data[:cut]))


def test_flipped_bit_is_refused(tmp_path: Path) -> None:
    data = bytearray(pack_joint(TOPOLOGY, {"part_0.neu": bytes(range(256)) * 20}))
    data[len(data) // 2] ^= 1
    with pytest.raises(ContractError):
        read_joint(stored(tmp_path, bytes(data)))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty"),
        (b"hello, I am no archive" * 100, "not a joint"),
        (b"\x1f\x8b" + b"x" * 100, "not a joint"),
        (gzip.compress(b"text, not tar" * 100, mtime=0), "not a joint"),
        (tar_of(("a.txt", b"x")), "without topo.bin"),
        (tar_of(("topo.bin", b"\xff\xff\xff")), "can't be decoded"),
        (tar_of(("topo.bin", b""), kind=tarfile.SYMTYPE), "is a link"),
        (tar_of(("topo.bin", b""), ("topo.bin", b"")), "a repetition"),
        (tar_of(("topo.bin", b""), ("./topo.bin", b"")), "a repetition"),
    ],
)
def test_foreign_file_is_refused(tmp_path: Path, data: bytes, message: str) -> None:
    with pytest.raises(ContractError, match=message):
        read_joint(stored(tmp_path, data))


def test_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="can't be read"):
        read_joint(tmp_path / "none.joint")


def test_decompression_bomb_is_refused_before_it_unfolds(tmp_path: Path) -> None:
    bomb = pack_joint(TOPOLOGY, {"part_0.neu": bytes(64 << 20)})
    assert len(bomb) < 1 << 20
    with pytest.raises(ContractError, match="more than 1048576 bytes"):
        read_joint(stored(tmp_path, bomb), limit_bytes=1 << 20)


def test_header_that_promises_more_than_the_limit_takes_no_memory(tmp_path: Path) -> None:
    info = tarfile.TarInfo("topo.bin")
    info.size = 1 << 40
    with pytest.raises(ContractError):
        read_joint(stored(tmp_path, info.tobuf(tarfile.GNU_FORMAT) + bytes(2048)))


def test_members_that_nobody_wants_take_no_memory(tmp_path: Path) -> None:
    path = stored(tmp_path, pack_joint(TOPOLOGY, {**MEMBERS, "bomb": bytes(64 << 20)}))
    tracemalloc.start()
    archive = read_joint(path, wanted=("performance.json",))
    assert tracemalloc.get_traced_memory()[1] < 8 << 20
    tracemalloc.stop()
    assert set(archive.members) == {"topo.bin", "performance.json"}
    assert archive.sizes["bomb"] == 64 << 20
    tracemalloc.start()
    assert len(read_joint(path).members["bomb"]) == 64 << 20
    assert tracemalloc.get_traced_memory()[1] < 80 << 20
    tracemalloc.stop()
