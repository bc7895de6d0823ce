"""Which gt folders a run keeps, what an interrupted one leaves behind for the next call, and what is the user's."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from axpair_host.errors import UsageError
from axpair_host.evidence.record import CaseFacts, Record
from axpair_host.evidence.store import write_pair_json
from axpair_host.gather.storing import digests_of
from axpair_host.replay.cases import Case, Found
from axpair_host.replay.keeping import check_places, drop, keep, sweep, work_folder
from axpair_host.replay.report import print_report
from axpair_host.replay.row import Row
from axpair_host.replay.session import Replayed
from axpair_host.replay.store import Run, lock_run
from axpair_host.replay.summary import summarise
from axpair_proto.gt.marks import MARK
from pair_documents import pair_document

DATABASE = {"run.sqlite", "run.sqlite-wal", "run.sqlite-shm", "run.lock", "run.lock-journal"}


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    with lock_run(tmp_path / "run") as opened:
        yield opened


def names(run: Run) -> list[str]:
    found = (path.relative_to(run.folder).as_posix() for path in run.folder.rglob("*") if path.name != MARK)
    return sorted(set(found) - DATABASE)


def kept(run: Run, name: str) -> None:
    """A case that failed, with its row."""
    with work_folder(run) as folder:
        (folder / "board").mkdir()
        (folder / "board" / "y.bin").write_bytes(b"1")
        write_pair_json(folder, Record(CaseFacts(name, "a" * 64), (), (), "", digests=digests_of(folder)), None)
        place = keep(run, folder, name)
    run.add(Row(name, "", "FAULT", "AX302", "board", place, {}))


def unmark(run: Run) -> None:
    """As release 0.1.0 left its folders."""
    for mark in (run.folder / "cases").rglob(MARK):
        mark.unlink()


def test_what_is_kept_moves_whole_and_goes_with_its_case(run: Run) -> None:
    kept(run, "a.jpg")
    kept(run, "a.jpg")
    assert names(run) == [
        f"cases{below}" for below in ("", *(f"/a.jpg{b}" for b in ("", "/board", "/board/y.bin", "/pair.json")))
    ]
    drop(run, "a.jpg")
    assert names(run) == ["cases"]


def test_folders_of_ours_without_a_row_and_half_written_ones_are_swept(run: Run) -> None:
    kept(run, "known")
    kept(run, "unknown")
    sweep(run, ["cases/known", ""])
    assert {path.name for path in (run.folder / "cases").iterdir()} == {"known"}
    child = os.fork()
    if child == 0:
        with work_folder(run) as folder:
            (folder / "board").mkdir()
            os._exit(0)
    os.waitpid(child, 0)
    assert any(path.name.startswith(".work") for path in run.folder.iterdir())
    sweep(run, ["cases/known"])
    assert not any(path.name.startswith(".work") for path in run.folder.iterdir())


@pytest.mark.parametrize("marked", [True, False])
def test_what_a_user_put_there_stays(run: Run, marked: bool) -> None:
    for name in ("known", "unknown", "passes"):
        kept(run, name)
        (run.folder / "cases" / name / "mine.png").write_text("photo")
    theirs = ["cases/monday/1.png", ".work/2.png", "3.png", "cases/4.png", "cases/.known.x7f3/5.png"]
    for name in theirs:
        (run.folder / name).parent.mkdir(exist_ok=True)
        (run.folder / name).write_text("photo")
    if not marked:
        unmark(run)
    sweep(run, ["cases/known", "cases/passes"])
    drop(run, "passes")
    kept(run, "known")
    found = [name for name in names(run) if name.endswith(".png")]
    assert found == sorted([*theirs, *(f"cases/{name}/mine.png" for name in ("known", "unknown", "passes"))])
    assert (run.folder / "cases" / "known" / "pair.json").is_file()
    assert not (run.folder / "cases" / "passes" / "pair.json").exists()
    assert (run.folder / "cases" / "unknown" / "pair.json").exists() != marked


@pytest.mark.parametrize("kind", ["file", "link", "folder"])
def test_something_of_theirs_where_a_case_is_kept_is_named(run: Run, tmp_path: Path, kind: str) -> None:
    place = run.folder / "cases" / "a.jpg"
    if kind == "link":
        place.symlink_to(tmp_path)
    elif kind == "file":
        place.write_text("photo")
    else:
        place.mkdir()
        (place / "mine.png").write_text("photo")
    case = Case("a.jpg", {}, "a.jpg")
    with pytest.raises(UsageError, match=rf"cases/a\.jpg: a {kind} that axpair didn't write"):
        check_places(run, [case])
    drop(run, "a.jpg")
    assert place.is_symlink() or place.exists()


def test_a_gt_folder_of_theirs_beside_the_kept_ones_stays(run: Run) -> None:
    """One of axpair's that this run doesn't keep: the user put it there."""
    kept(run, "a.jpg")
    with lock_run(run.folder.parent / "other") as other:
        kept(other, "b.jpg")
        (other.folder / "cases" / "b.jpg").rename(run.folder / "cases" / "b.jpg")
    sweep(run, ["cases/a.jpg"])
    assert (run.folder / "cases" / "b.jpg" / "pair.json").is_file()


def test_a_kept_folder_that_is_gone_or_damaged_is_named_and_never_proposed(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = []
    for name in ("a", "b", "c", "d e"):
        kept(run, name)
        document = {"verdict": "FAULT", "owner": "board", "findings": [], "outputs": []}
        rows.append(Row.judged(name, "", f"cases/{name}", document))
    cases = run.folder / "cases"

    def said() -> str:
        print_report(run.folder, Replayed(rows, summarise(rows), Found((), (), ()), 0, {}))
        return capsys.readouterr().out

    assert f"(4): {cases}\n  next: axpair diagnose {cases / 'a'}\n" in said()
    shutil.rmtree(cases / "a")
    (cases / "b" / "pair.json").write_text("{")
    (cases / "c" / "pair.json").unlink()
    lines = said()
    assert "its kept folder is gone (1): a\n" in lines
    assert "the pair.json of its kept folder is damaged (1): b\n" in lines
    assert "its kept folder has no pair.json any more (1): c\n" in lines
    assert lines.endswith(f"(1): {cases}\n  next: axpair diagnose '{cases / 'd e'}'\n")
    shutil.copytree(cases / "d e", cases / "b", dirs_exist_ok=True)
    write_pair_json(cases / "c", Record(CaseFacts("c", "a" * 64), (), (), ""), pair_document(verdict="PASS"))
    lines = said()
    assert "its kept folder holds another case (1): b\n" in lines
    assert "its kept folder holds another verdict (1): c\n" in lines
    shutil.rmtree(cases)
    assert "its kept folder is gone (4)" in (lines := said())
    assert "next:" not in lines
