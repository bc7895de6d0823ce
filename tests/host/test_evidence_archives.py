"""Archives are taken out safely, or not at all."""

import io
import os
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest
from axpair_host.errors import EvidenceError
from axpair_host.evidence.archives import StayedIn, as_folder, gt_folder, unpacked
from axpair_host.evidence.collection import collected
from axpair_host.evidence.folder import load


def tar(path: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    with tarfile.open(path, "w:gz" if path.suffix == ".gz" else "w") as archive:
        for info, data in members:
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def member(name: str, type_: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = type_, target
    return info


def zipped(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


@pytest.mark.parametrize("name", ["gt.zip", "Fall 7.tar.gz", "case.tgz", "joint.zip"])
def test_a_case_packed_without_a_folder_has_the_archive_s_name(tmp_path: Path, name: str) -> None:
    content = {f"{leg}/y.bin": b"abcd" for leg in ("joint", "board")}
    if name.endswith(".zip"):
        path = zipped(tmp_path / name, **content)
    else:
        path = tar(tmp_path / name, *((member(one), data) for one, data in content.items()))
    for _ in range(2):
        with gt_folder(path) as folder:
            assert load(folder).record.case.id == name.partition(".")[0]
            root = folder.parent
        assert not root.exists()


def test_what_macos_adds_to_its_zips_stays_in(tmp_path: Path) -> None:
    path = zipped(tmp_path / "t.zip", **{"gt/joint/a.bin": b"abc", "__MACOSX/gt/joint/._a.bin": b"\0"})
    with unpacked(path) as folder:
        assert [p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()] == ["gt/joint/a.bin"]


@pytest.mark.parametrize("name", ["t.tar", "t.tar.gz"])
def test_tensors_of_a_tar_come_out_and_nothing_else(tmp_path: Path, name: str) -> None:
    path = tar(tmp_path / name, (member("gt/joint/a.bin"), b"abc"), (member("gt/run.sh"), b"rm"))
    with unpacked(path) as folder:
        assert [p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()] == ["gt/joint/a.bin"]
        assert (folder / "gt/joint/a.bin").read_bytes() == b"abc"
    assert not folder.exists()


def test_tensors_of_a_zip_come_out(tmp_path: Path) -> None:
    with unpacked(zipped(tmp_path / "t.zip", **{"joint/a.bin": b"abc"})) as folder:
        assert (folder / "joint/a.bin").read_bytes() == b"abc"


@pytest.mark.parametrize("name", ["../evil.bin", "/tmp/evil.bin", "a/../../evil.bin", "C:/evil.bin", "..\\evil.bin"])
def test_members_that_would_lie_outside_are_refused(tmp_path: Path, name: str) -> None:
    for path in (tar(tmp_path / "t.tar", (member(name), b"x")), zipped(tmp_path / "t.zip", **{name: b"x"})):
        with pytest.raises(EvidenceError, match="outside"), unpacked(path):
            pass
    assert not (tmp_path.parent / "evil.bin").exists()


def test_links_and_devices_stay_in_the_archive(tmp_path: Path) -> None:
    path = tar(
        tmp_path / "t.tar",
        (member("a.bin", tarfile.SYMTYPE, "/etc/passwd"), b""),
        (member("b.bin", tarfile.LNKTYPE, "a.bin"), b""),
        (member("c.bin", tarfile.CHRTYPE), b""),
        (member("d.bin"), b"x"),
    )
    with unpacked(path) as folder:
        assert [p.name for p in folder.iterdir()] == ["d.bin"]


def test_more_bytes_than_allowed_end_it_whatever_the_archive_says_of_its_size(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.bin", bytes(4 << 20))
    with pytest.raises(EvidenceError, match="more than 1048576 bytes"), unpacked(path, most_bytes=1 << 20):
        pass


@pytest.mark.parametrize("name", ["t.tar", "t.tar.gz", "t.zip"])
@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 cut"])
def test_what_is_no_archive_is_bad_input(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(EvidenceError), collected(tmp_path / name):
        pass


def test_a_truncated_archive_is_bad_input(tmp_path: Path) -> None:
    path = tar(tmp_path / "t.tar.gz", (member("a.bin"), bytes(range(256)) * 4000))
    path.write_bytes(path.read_bytes()[:-300])
    with pytest.raises(EvidenceError, match="archive"), unpacked(path):
        pass


def test_an_archive_without_tensors_says_so(tmp_path: Path) -> None:
    with (
        pytest.raises(EvidenceError, match=r"no \.npy, \.bin or \.npz"),
        collected(zipped(tmp_path / "t.zip", readme=b"x")),
    ):
        pass


def test_archives_in_an_archive_are_named(tmp_path: Path) -> None:
    inner = zipped(tmp_path / "gt.zip", **{"gt/joint/a.bin": b"abc"})
    path = tar(tmp_path / "twice.tar", (member("mail/gt.zip"), inner.read_bytes()))
    said = r"0 gt folders in it .*; archives in it stay packed: mail/gt\.zip"
    with pytest.raises(EvidenceError, match=said), gt_folder(path):
        pass


def test_links_in_archives_stay_in_and_are_told(tmp_path: Path) -> None:
    linked = zipfile.ZipInfo("linked.bin")
    linked.external_attr = (stat.S_IFLNK | 0o777) << 16
    packed = zipped(tmp_path / "t.zip", **{"a.bin": b"abc"})
    with zipfile.ZipFile(packed, "a") as archive:
        archive.writestr(linked, "/etc/hostname")
    both = (
        packed,
        tar(tmp_path / "t.tar", (member("a.bin"), b"abc"), (member("linked.bin", tarfile.SYMTYPE, "/"), b"")),
    )
    for path in both:
        stayed = StayedIn()
        with unpacked(path, stayed=stayed) as folder:
            assert [one.name for one in folder.iterdir()] == ["a.bin"]
        assert stayed.links == ["linked.bin"]


@pytest.mark.parametrize("folder_name", ["夜间", "誠"])
def test_a_zip_of_a_chinese_windows_keeps_the_bytes_of_its_names(tmp_path: Path, folder_name: str) -> None:
    """Also where the second byte of a character is the code of a backslash."""
    gbk = folder_name.encode("gbk")
    placeholder = "X" * len(gbk)
    path = zipped(tmp_path / "t.zip", **{f"{placeholder}/a.bin": b"abc"})
    path.write_bytes(path.read_bytes().replace(placeholder.encode(), gbk))
    with unpacked(path) as folder:
        (found,) = [one.relative_to(folder) for one in folder.rglob("*.bin")]
    assert os.fsencode(found) == gbk + b"/a.bin"


def test_an_archive_is_a_folder_and_a_folder_is_itself(tmp_path: Path) -> None:
    with as_folder(zipped(tmp_path / "x.npz", **{"y.npy": b"1"})) as folder:
        assert [one.name for one in folder.iterdir()] == ["y.npy"]
    with as_folder(tmp_path) as folder:
        assert folder == tmp_path
