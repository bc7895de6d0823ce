"""Folders and files appear whole or not at all."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from axpair_proto.errors import ContractError
from axpair_proto.gt.replacing import whole_folder, write_whole_file


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_new_folder_appears_when_it_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "gt"
    with whole_folder(target) as fresh:
        (fresh / "a").write_text("1")
        assert not target.exists()
    assert names(target) == ["a"]
    assert names(target.parent) == ["gt"]


def test_the_old_folder_is_replaced_as_a_whole(tmp_path: Path) -> None:
    target = tmp_path / "gt"
    target.mkdir()
    (target / "old").write_text("0")
    with whole_folder(target) as fresh:
        (fresh / "new").write_text("1")
    assert names(target) == ["new"]
    assert names(tmp_path) == ["gt"]


def fail_inside(target: Path) -> None:
    with whole_folder(target) as fresh:
        (fresh / "half").write_text("1")
        raise RuntimeError("stop")


def test_an_error_leaves_the_old_folder_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "gt"
    target.mkdir()
    (target / "old").write_text("0")
    with pytest.raises(RuntimeError, match="stop"):
        fail_inside(target)
    assert names(target) == ["old"]
    assert names(tmp_path) == ["gt"]


def test_a_killed_writer_leaves_no_target(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from axpair_proto.gt.replacing import whole_folder\n"
        "with whole_folder(Path(sys.argv[1])) as fresh:\n"
        "    (fresh / 'half').write_text('1'); print('ready', flush=True); time.sleep(600)\n"
    )
    writer = subprocess.Popen([sys.executable, "-c", program, tmp_path / "gt"], stdout=subprocess.PIPE)
    assert writer.stdout is not None
    assert writer.stdout.readline() == b"ready\n"
    os.kill(writer.pid, signal.SIGKILL)
    writer.wait()
    writer.stdout.close()
    assert not (tmp_path / "gt").exists()
    with whole_folder(tmp_path / "gt") as fresh:
        (fresh / "a").write_text("1")
    assert names(tmp_path) == ["gt"]


def test_a_parent_that_is_a_file_is_bad_input(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ContractError, match="can't be written"), whole_folder(tmp_path / "file" / "gt"):
        pass
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


def test_a_file_behind_a_link_is_replaced_and_the_link_stays(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    for name in ("there", "not yet"):
        (tmp_path / name).symlink_to(tmp_path / "store" / name)
    (tmp_path / "store" / "there").write_bytes(b"old")
    for name in ("there", "not yet"):
        write_whole_file(tmp_path / name, b"new")
        assert (tmp_path / name).is_symlink()
        assert (tmp_path / "store" / name).read_bytes() == b"new"
