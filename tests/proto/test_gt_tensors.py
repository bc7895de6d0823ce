"""Tensor files: what is written is read back, and what disagrees is refused."""

from pathlib import Path

import numpy as np
import pytest
from axpair_proto.errors import ContractError
from axpair_proto.gt.tensors import read_bin, read_npy, read_npz, read_tensor, stems_in, write_tensors


def written(folder: Path) -> Path:
    tensor = np.arange(12, dtype=np.float32).reshape(1, 3, 4)
    write_tensors(folder, {"a/b": tensor}, {"a/b": "a_b"})
    return folder / "a_b"


def test_a_tensor_comes_back_from_either_file(tmp_path: Path) -> None:
    stem = written(tmp_path)
    expected = np.arange(12, dtype=np.float32).reshape(1, 3, 4)
    assert np.array_equal(read_tensor(stem), expected)
    (tmp_path / "a_b.npy").unlink()
    assert np.array_equal(read_tensor(stem, ("float32", (1, 3, 4))), expected)
    assert read_tensor(stem).dtype == np.uint8
    assert list(stems_in(tmp_path)) == ["a_b"]


def test_a_transposed_view_is_stored_in_c_order(tmp_path: Path) -> None:
    tensor = np.arange(6, dtype=np.int16).reshape(2, 3).T
    write_tensors(tmp_path, {"t": tensor}, {"t": "t"})
    assert (tmp_path / "t.bin").read_bytes() == np.ascontiguousarray(tensor).tobytes()
    assert np.array_equal(read_npy(tmp_path / "t.npy"), tensor)


def test_bin_and_npy_that_disagree_are_bad_input(tmp_path: Path) -> None:
    stem = written(tmp_path)
    data = bytearray((tmp_path / "a_b.bin").read_bytes())
    data[5] ^= 1
    (tmp_path / "a_b.bin").write_bytes(data)
    with pytest.raises(ContractError, match="disagree"):
        read_tensor(stem)


def test_a_bin_of_another_size_is_refused_with_both_sizes(tmp_path: Path) -> None:
    (tmp_path / "t.bin").write_bytes(bytes(10))
    with pytest.raises(ContractError, match="10 bytes, but float32 \\[3\\] has 12"):
        read_bin(tmp_path / "t.bin", "float32", (3,))


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY", b"not numpy at all", b"\x93NUMPY\x01\x00\xff\xff{"])
def test_a_damaged_npy_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "t.npy").write_bytes(content)
    with pytest.raises(ContractError, match=r"t\.npy"):
        read_npy(tmp_path / "t.npy")


def test_a_pickled_npy_is_never_unpickled(tmp_path: Path) -> None:
    np.save(tmp_path / "t.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(ContractError):
        read_npy(tmp_path / "t.npy")


def test_bytes_after_the_array_are_refused(tmp_path: Path) -> None:
    written(tmp_path)
    with (tmp_path / "a_b.npy").open("ab") as stream:
        stream.write(b"x")
    with pytest.raises(ContractError, match="follow"):
        read_npy(tmp_path / "a_b.npy")


def test_a_text_array_is_no_tensor(tmp_path: Path) -> None:
    np.save(tmp_path / "t.npy", np.array(["a"]))
    with pytest.raises(ContractError, match="dtype"):
        read_npy(tmp_path / "t.npy")


def test_npz_arrays_come_back_by_name(tmp_path: Path) -> None:
    np.savez(tmp_path / "t.npz", a=np.zeros(3, np.uint8), b=np.ones((2, 2), np.float32))
    arrays = read_npz(tmp_path / "t.npz")
    assert {name: array.shape for name, array in arrays.items()} == {"a": (3,), "b": (2, 2)}
    (tmp_path / "bad.npz").write_bytes(b"PK\x03\x04 nothing")
    with pytest.raises(ContractError):
        read_npz(tmp_path / "bad.npz")


def test_a_missing_tensor_says_so(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="neither"):
        read_tensor(tmp_path / "none")
