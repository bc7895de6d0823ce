"""Files recognized by their content, whatever they are called."""

import gzip
import io
import tarfile
from pathlib import Path

import numpy as np
import pytest
from axpair_proto.errors import ContractError
from axpair_proto.filekinds import FileKind, kind_of
from axpair_proto.joint import AXE
from axpair_proto.onnx_file import read_onnx
from axpair_proto.topology import topology_pb2
from real_files import real_file
from tiny import build_tiny

from benchmarks.campaign.axmodels import GENERATIONS, Generation, write_generation
from benchmarks.campaign.real_form import write_joint


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kinds")


def test_the_files_of_a_build(folder: Path) -> None:
    models = build_tiny(folder)
    assert models.onnx is not None
    assert models.lava_joint is not None
    assert models.config is not None
    assert kind_of(models.joint) is FileKind.JOINT
    assert kind_of(models.lava_joint) is FileKind.LAVA_JOINT
    assert kind_of(models.onnx) is FileKind.ONNX
    assert kind_of(models.config) is FileKind.PROTOTXT


@pytest.mark.parametrize("one", GENERATIONS, ids=lambda one: one.version)
def test_an_axmodel_of_every_generation(tmp_path: Path, one: Generation) -> None:
    path = write_generation(tmp_path / "renamed.bin", one)
    assert kind_of(path) is FileKind.AXMODEL
    found = read_onnx(path)
    facts = found.axmodel
    assert facts is not None
    assert (facts.version, facts.commit) == (one.version, "a8a80616")
    (image,) = found.inputs
    assert (image.name, image.dtype, image.shape) == ("images", "uint8", (1, 64, 64, 3))
    assert [tensor.name for tensor in found.outputs] == ["p3", "/model.24/out"]
    known = one.has_extra_data
    assert (facts.target, facts.npu_mode) == (("AX620E", "NPU2") if known else ("", ""))
    assert (image.layout, image.color_space) == (("NHWC", "BGR") if known else ("", ""))
    assert facts.neu_batches == ((1, 4) if known else ())


@pytest.mark.parametrize("one", GENERATIONS, ids=lambda one: one.version)
def test_an_axmodel_that_is_cut_off_is_a_damaged_one(tmp_path: Path, one: Generation) -> None:
    whole = write_generation(tmp_path / "m.axmodel", one).read_bytes()
    for length in (24, len(whole) // 2, len(whole) - 9):
        (tmp_path / "cut").write_bytes(whole[:length])
        assert kind_of(tmp_path / "cut") is FileKind.DAMAGED_AXMODEL, length


def test_texts_and_arrays(tmp_path: Path) -> None:
    texts = {
        "a": ('{ // pulsar2\n "model_type": "ONNX", "quant": {},\n}', FileKind.PULSAR2_CONFIG),
        "b": ('{"a": 1}', FileKind.JSON),
        "c": ("run joint version: 0.5.13\n", FileKind.RUN_LOG),
        "d": ("just words\n", FileKind.TEXT),
        "page": ("\n<!DOCTYPE html>\n<html><body>404: Not Found</body></html>\n", FileKind.HTML),
        "e": ("输入\n".encode("gb18030").decode("latin-1"), FileKind.TEXT),
        "f": ("input_type: INPUT_TYPE_ONNX\ntype: x\n", FileKind.PROTOTXT),
        "g": ("", FileKind.EMPTY),
    }
    for name, (text, kind) in texts.items():
        (tmp_path / name).write_text(text)
        assert kind_of(tmp_path / name) is kind, name
    np.save(tmp_path / "x.npy", np.zeros(3))
    np.savez(tmp_path / "y.npz", a=np.zeros(3))
    assert kind_of(tmp_path / "x.npy") is FileKind.NPY
    assert kind_of(tmp_path / "y.npz") is FileKind.NPZ


def test_archives_and_joints(tmp_path: Path) -> None:
    write_joint(tmp_path / "m", topology_pb2.Topology(input_names=["a"], output_names=["b"]))
    assert kind_of(tmp_path / "m") is FileKind.JOINT
    cpu_alone = topology_pb2.Topology(input_names=["a"], output_names=["b"])
    cpu_alone.parts.add(type=AXE, name="part_0")
    write_joint(tmp_path / "cpu", cpu_alone)
    assert kind_of(tmp_path / "cpu") is FileKind.JOINT
    with tarfile.open(tmp_path / "t", "w:gz") as archive:
        info = tarfile.TarInfo("photo.jpg")
        info.size = 4
        archive.addfile(info, io.BytesIO(b"jpeg"))
    assert kind_of(tmp_path / "t") is FileKind.ARCHIVE


def test_noise_is_nothing_that_is_known(tmp_path: Path) -> None:
    for seed in range(200):
        path = tmp_path / "noise"
        path.write_bytes(np.random.default_rng(seed).bytes(300))
        assert kind_of(path) is FileKind.UNKNOWN, seed


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="nothing-here"):
        kind_of(tmp_path / "nothing-here")


def test_a_cut_off_model_is_no_model(tmp_path: Path) -> None:
    whole = write_generation(tmp_path / "m.axmodel", GENERATIONS[-1]).read_bytes()
    for length in range(0, len(whole), 7):
        (tmp_path / "cut").write_bytes(whole[:length])
        kind_of(tmp_path / "cut")  # never raises, whatever is left of it


def test_published_files_are_what_they_are() -> None:
    kinds = {"real-joints/*.joint": FileKind.JOINT, "real-joints/config/*": FileKind.PROTOTXT}
    kinds |= {"pulsar2-configs/*.json": FileKind.PULSAR2_CONFIG, "logs/build-*": FileKind.BUILD_LOG}
    kinds |= {"logs/ax_run*": FileKind.RUN_LOG}
    root = real_file("real-joints").parent
    for pattern, kind in kinds.items():
        found = list(root.glob(pattern))
        assert found
        assert {path.name: kind_of(path) for path in found} == dict.fromkeys((path.name for path in found), kind)


def test_what_stands_for_a_file_is_no_broken_one(tmp_path: Path) -> None:
    models = build_tiny(tmp_path)
    joint = models.joint.read_bytes()
    contents = {
        "lfs": b"version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 3\n",
        "gz": gzip.compress(b"\x08\x07\x12" + bytes(range(256)) * 4),
        "zst": b"\x28\xb5\x2f\xfd" + bytes(60),
        "joint.gz": gzip.compress(joint),
        "cut": joint[: len(joint) // 2],
    }
    kinds = {}
    for name, data in contents.items():
        (tmp_path / name).write_bytes(data)
        kinds[name] = kind_of(tmp_path / name)
    packed = FileKind.PACKED
    assert kinds == {
        "lfs": FileKind.LFS_POINTER,
        "gz": packed,
        "zst": packed,
        "joint.gz": packed,
        "cut": FileKind.UNKNOWN,
    }
