"""A mark is its own folder's alone, and no name in it leads anywhere else."""

import json
import shutil
from pathlib import Path

import pytest
from axpair_proto.errors import ContractError
from axpair_proto.gt.listing import claim, copy_written, list_written, require_ours, write_listed, write_mark
from axpair_proto.gt.marks import MARK, Mark, changed, file_sha256, plain_file, read_mark, remove_ours, unchanged


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    folder = tmp_path / "ours"
    (folder / "board").mkdir(parents=True)
    (folder / "board" / "a.bin").write_text("1")
    write_mark(folder, Mark("gt", {"board/a.bin": file_sha256(folder / "board" / "a.bin"), "log": ""}, "run", "id"))
    return folder


def test_a_mark_comes_back_as_it_was_and_goes_with_its_folder(ours: Path, tmp_path: Path) -> None:
    mark = read_mark(ours)
    assert mark is not None
    assert (mark.kind, mark.part_of, mark.id, sorted(mark.files)) == ("gt", "run", "id", ["board/a.bin", "log"])
    ours.rename(tmp_path / "moved")
    assert read_mark(tmp_path / "moved") == mark


def test_a_copy_of_it_is_no_mark_there(ours: Path, tmp_path: Path) -> None:
    shutil.copytree(ours, tmp_path / "copied")
    (tmp_path / "photos").mkdir()
    (ours / MARK).rename(tmp_path / "photos" / MARK)
    assert read_mark(tmp_path / "copied") is None
    assert read_mark(tmp_path / "photos") is None


@pytest.mark.parametrize(
    "change",
    [
        {"schema_version": 2},
        {"identity": {}},
        {"identity": "here"},
        {"files": ["a"]},
        {"files": {"a": 1}},
        {"kind": None},
    ],
)
def test_a_mark_that_makes_no_sense_is_none(ours: Path, change: dict[str, object]) -> None:
    document = json.loads((ours / MARK).read_text())
    (ours / MARK).write_text(json.dumps({**document, **change}))
    assert read_mark(ours) is None
    for text in ("", "[" * 100_000, "null", "\xff"):
        (ours / MARK).write_bytes(text.encode("latin-1"))
        assert read_mark(ours) is None


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "", ".", "a//b", "linked/secret", "a\0b", "board"])
def test_a_name_that_leads_elsewhere_is_no_file_of_ours(ours: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "secret").write_text("mine")
    (ours / "linked").symlink_to(tmp_path)
    assert plain_file(ours, name) is None
    remove_ours(ours, Mark("gt", {name: "", "board/a.bin": ""}))
    assert (tmp_path / "secret").read_text() == "mine"
    assert not (ours / "board").exists()


def test_what_was_changed_is_not_ours_and_stays(ours: Path) -> None:
    mark = read_mark(ours)
    assert mark is not None
    (ours / "board" / "a.bin").write_text("2")
    (ours / "log").write_text("anything")
    assert changed(ours, mark.files) == ["board/a.bin"]
    assert unchanged(ours, mark.files) == {"log": ""}
    remove_ours(ours, mark)
    assert [path.relative_to(ours).as_posix() for path in sorted(ours.rglob("*"))] == ["board", "board/a.bin"]


def test_a_file_beside_a_users_is_written_again_and_theirs_never(tmp_path: Path) -> None:
    (tmp_path / "theirs.json").write_text("mine")
    for text in (b"1", b"2"):
        write_listed(tmp_path, "ours.json", text, "results", is_ours=lambda path: False)
    assert (tmp_path / "ours.json").read_bytes() == b"2"
    with pytest.raises(ContractError, match=r"theirs\.json: axpair didn't write that"):
        write_listed(tmp_path, "theirs.json", b"3", "results", is_ours=lambda path: False)
    (tmp_path / "ours.json").write_text("by hand")
    with pytest.raises(ContractError, match=r"ours\.json: axpair didn't write that, or it was changed since"):
        write_listed(tmp_path, "ours.json", b"3", "results", is_ours=lambda path: True)
    assert (tmp_path / "theirs.json").read_text() == "mine"
    assert (tmp_path / "ours.json").read_text() == "by hand"


def test_what_an_older_release_wrote_is_told_by_its_content(tmp_path: Path) -> None:
    (tmp_path / "layers.json").write_text("older")
    write_listed(tmp_path, "layers.json", b"new", "results", is_ours=lambda path: path.read_text() == "older")
    assert (tmp_path / "layers.json").read_bytes() == b"new"


def test_a_write_that_was_cut_short_does_not_lock_the_folder(tmp_path: Path) -> None:
    claim(tmp_path, ["a", "b"], "trial")
    (tmp_path / "a").write_text("half")
    claim(tmp_path, ["a", "b"], "trial")
    list_written(tmp_path, ["a", "b"], "trial")
    mark = read_mark(tmp_path)
    assert mark is not None
    assert mark.files == {"a": file_sha256(tmp_path / "a")}


def test_only_what_we_wrote_is_copied(ours: Path, tmp_path: Path) -> None:
    (ours / "diary.txt").write_text("mine")
    (tmp_path / "copy").mkdir()
    copy_written(ours, tmp_path / "copy", lambda folder: {})
    assert [path.name for path in sorted((tmp_path / "copy").rglob("*"))] == ["board", "a.bin"]


def test_a_folder_of_another_kind_is_refused(ours: Path, tmp_path: Path) -> None:
    require_ours(ours, "gt")
    require_ours(tmp_path / "new", "gt")
    with pytest.raises(ContractError, match="holds something that axpair didn't write"):
        require_ours(ours, "part")
    with pytest.raises(ContractError, match="holds something that axpair didn't write"):
        require_ours(tmp_path, "gt")


def test_something_else_of_that_name_stays(tmp_path: Path) -> None:
    (tmp_path / MARK).write_text("mine")
    with pytest.raises(ContractError, match="isn't what axpair writes there"):
        claim(tmp_path, ["a"], "results")
    assert (tmp_path / MARK).read_text() == "mine"
