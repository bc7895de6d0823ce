"""Folders appear whole or not at all, and what isn't ours stays in them and beside them."""

import json
import os
import platform
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from axpair_proto.errors import ContractError
from axpair_proto.gt.folders import sweep_unfinished, whole_folder
from axpair_proto.gt.marks import MARK, file_sha256, read_mark
from axpair_proto.gt.replacing import write_whole_file

DEAD = 4_000_000
"""No process has that number."""


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != MARK)


def contents(folder: Path) -> dict[str, str]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != MARK)
    return {path.relative_to(folder).as_posix(): path.read_text() for path in files}


def written(target: Path, files: Mapping[str, str]) -> Path:
    """Replace the folder with one of ours that holds these."""
    with whole_folder(target, "gt") as fresh:
        for name, text in files.items():
            (fresh / name).parent.mkdir(exist_ok=True)
            (fresh / name).write_text(text)
    return target


def test_a_new_folder_appears_when_it_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "gt"
    with whole_folder(target, "gt") as fresh:
        (fresh / "a").write_text("1")
        assert not target.exists()
    assert names(target) == ["a"]
    assert names(target.parent) == ["gt"]


def test_the_old_folder_is_replaced_as_a_whole(tmp_path: Path) -> None:
    target = written(tmp_path / "gt", {"old": "0", "deep/older": "0"})
    with whole_folder(target, "gt") as fresh:
        (fresh / "new").write_text("1")
    assert names(target) == ["new"]
    assert names(tmp_path) == ["gt"]


def fail_inside(target: Path) -> None:
    with whole_folder(target, "gt") as fresh:
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
        "import sys, time; from pathlib import Path; from axpair_proto.gt.folders import whole_folder\n"
        "with whole_folder(Path(sys.argv[1]), 'gt') as fresh:\n"
        "    (fresh / 'half').write_text('1'); print('ready', flush=True); time.sleep(600)\n"
    )
    writer = subprocess.Popen([sys.executable, "-c", program, tmp_path / "gt"], stdout=subprocess.PIPE)
    assert writer.stdout is not None
    assert writer.stdout.readline() == b"ready\n"
    os.kill(writer.pid, signal.SIGKILL)
    writer.wait()
    writer.stdout.close()
    assert not (tmp_path / "gt").exists()
    with whole_folder(tmp_path / "gt", "gt") as fresh:
        (fresh / "a").write_text("1")
    assert names(tmp_path) == ["gt"]


def test_what_the_mark_does_not_name_goes_over_as_the_very_same_file(tmp_path: Path) -> None:
    target = written(tmp_path / "gt", {"board/a.bin": "1", "board/b.bin": "1"})
    (target / "board" / "why.txt").write_text("mine")
    (target / "mine" / "deep").mkdir(parents=True)
    (target / "mine" / "link").symlink_to("../nowhere")
    os.mkfifo(target / "mine" / "pipe")
    inode = (target / "board" / "why.txt").stat().st_ino
    written(target, {"board/a.bin": "2"})
    assert contents(target) == {"board/a.bin": "2", "board/why.txt": "mine"}
    assert names(target / "mine") == ["deep", "link", "pipe"]
    assert (target / "mine" / "link").readlink() == Path("../nowhere")
    assert (target / "board" / "why.txt").stat().st_ino == inode
    assert names(tmp_path) == ["gt"]
    mark = read_mark(target)
    assert mark is not None
    assert mark.files == {"board/a.bin": file_sha256(target / "board" / "a.bin")}


@pytest.mark.parametrize("theirs", ["changed", "new"])
def test_a_file_of_theirs_is_never_replaced(tmp_path: Path, theirs: str) -> None:
    target = written(tmp_path / "gt", {"changed": "ours", "other": "ours"})
    (target / theirs).write_text("theirs")
    before = contents(target)
    with pytest.raises(ContractError, match=f"gt/{theirs}: axpair didn't write it"):
        written(target, {theirs: "ours again"})
    assert contents(target) == before
    assert names(tmp_path) == ["gt"]


def test_a_file_of_theirs_with_our_bytes_stays_theirs(tmp_path: Path) -> None:
    (tmp_path / "gt").mkdir()
    (tmp_path / "gt" / "a").write_text("same")
    written(tmp_path / "gt", {"a": "same", "b": "ours"})
    mark = read_mark(tmp_path / "gt")
    assert mark is not None
    assert list(mark.files) == ["b"]


def test_a_folder_without_a_mark_loses_what_its_documents_name_and_nobody_changed(tmp_path: Path) -> None:
    target = tmp_path / "gt"
    target.mkdir()
    for name in ("named", "changed", "unnamed"):
        (target / name).write_text(name)
    digests = {name: file_sha256(target / name) for name in ("named", "changed")}
    (target / "changed").write_text("since")
    with whole_folder(target, "gt", named=lambda folder: digests) as fresh:
        (fresh / "new").write_text("1")
    assert contents(target) == {"changed": "since", "new": "1", "unnamed": "unnamed"}


def test_a_copied_mark_names_no_more_than_the_documents_do(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    source = written(tmp_path / "gt", {"a": "1"})
    for name in ("a", MARK):
        shutil.copy2(source / name, theirs)
    written(theirs, {"b": "2"})
    assert contents(theirs) == {"a": "1", "b": "2"}


def test_what_comes_while_it_is_being_written_is_moved_over(tmp_path: Path) -> None:
    target = written(tmp_path / "gt", {"a": "1"})
    with whole_folder(target, "gt") as fresh:
        (fresh / "a").write_text("2")
        (target / "dropped.png").write_text("photo")
    assert contents(target) == {"a": "2", "dropped.png": "photo"}
    assert names(tmp_path) == ["gt"]


@pytest.mark.parametrize("kind", ["a link", "a file"])
def test_a_link_or_file_in_its_place_stays(tmp_path: Path, kind: str) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "1.png").write_text("photo")
    target = tmp_path / "gt"
    if kind == "a link":
        target.symlink_to("photos")
    else:
        target.write_text("mine")
    with pytest.raises(ContractError, match=f"is {kind}"):
        written(target, {"a": "1"})
    assert contents(tmp_path / "photos") == {"1.png": "photo"}
    assert target.is_symlink() == (kind == "a link")
    assert names(tmp_path) == ["gt", "photos"]


def test_a_folder_that_is_only_named_like_a_leftover_stays(tmp_path: Path) -> None:
    leftover = tmp_path / f".gt.{platform.node()}.{DEAD}.abc"
    leftover.mkdir()
    (leftover / "1.png").write_text("photo")
    (tmp_path / f".gt.{platform.node()}.{DEAD}.empty").mkdir()
    written(tmp_path / "gt", {"a": "1"})
    assert names(tmp_path) == [leftover.name, "gt"]
    assert contents(leftover) == {"1.png": "photo"}


def test_a_replaced_folder_that_a_killed_process_left_gives_its_files_back(tmp_path: Path) -> None:
    """As after a kill between the swap and the removal of what was replaced."""
    target = written(tmp_path / "gt", {"a": "new", "carried.txt": "note"})
    old = written(tmp_path / f".gt.{platform.node()}.{DEAD}.abc", {"a": "old"})
    (old / "carried.txt").write_text("note")
    (old / "dropped.png").write_text("photo")
    sweep_unfinished(tmp_path)
    assert contents(target) == {"a": "new", "carried.txt": "note", "dropped.png": "photo"}
    assert names(tmp_path) == ["gt"]


def test_an_unmarked_folder_whose_replacement_fails_belongs_to_what_it_belonged_to(tmp_path: Path) -> None:
    target = tmp_path / "case"
    target.mkdir()
    (target / "ours").write_text("1")
    (target / "theirs").write_text("2")

    def named(folder: Path) -> dict[str, str]:
        return {"ours": file_sha256(folder / "ours")}

    with (
        pytest.raises(ContractError, match="theirs"),
        whole_folder(target, "gt", named=named, part_of="the run") as fresh,
    ):
        (fresh / "theirs").write_text("3")
    mark = read_mark(target)
    assert mark is not None
    assert (mark.part_of, sorted(mark.files)) == ("the run", ["ours"])


def test_a_replaced_folder_goes_also_where_the_disk_has_another_number_since(tmp_path: Path) -> None:
    target = written(tmp_path / "gt", {"a": "1"})
    mark = json.loads((target / MARK).read_bytes())
    mark["identity"]["device"] += 1
    (target / MARK).write_text(json.dumps(mark))
    written(target, {"a": "2"})
    assert names(tmp_path) == ["gt"]
    assert contents(target) == {"a": "2"}


KILLED = """
import os, sys
from pathlib import Path
from axpair_proto.gt.folders import discard, unfinished_folder
folder = unfinished_folder(Path(sys.argv[1]), "work")
(folder / "board").mkdir()
for name in ("a", "b", "c", "d", "board/y"):
    (folder / name).write_bytes(b"1")
left = int(sys.argv[2])
def count(event, arguments):
    global left
    left -= event in ("os.remove", "os.rmdir")
    if left < 0:
        os._exit(9)
sys.addaudithook(count)
discard(folder)
"""


def test_what_is_left_by_a_process_killed_while_it_removes_is_swept(tmp_path: Path) -> None:
    codes: list[int] = []
    while not codes or codes[-1] != 0:
        done = subprocess.run([sys.executable, "-c", KILLED, tmp_path, str(len(codes))], check=False)
        codes.append(done.returncode)
        sweep_unfinished(tmp_path)
        assert list(tmp_path.iterdir()) == []
    assert len(codes) >= 8
    assert set(codes) == {0, 9}


@pytest.mark.parametrize("umask", [0o077, 0o002, 0o022], ids=oct)
def test_folders_and_files_have_the_permissions_that_the_umask_leaves(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        with whole_folder(tmp_path / "gt", "gt") as fresh:
            (fresh / "x").write_bytes(b"x")
        write_whole_file(tmp_path / "gt" / "pair.json", b"{}")
    finally:
        os.umask(before)
    found = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "gt", *(tmp_path / "gt").iterdir())}
    assert found == {"gt": 0o777 & ~umask} | dict.fromkeys(("x", "pair.json", MARK), 0o666 & ~umask)
