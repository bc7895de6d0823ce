"""Which gt folders a run keeps, and what an interrupted one leaves behind for the next call."""

from pathlib import Path

from axpair_host.replay.keeping import drop, keep, sweep, work_folder


def names(run: Path) -> list[str]:
    return sorted(path.relative_to(run).as_posix() for path in run.rglob("*"))


def test_what_is_kept_moves_whole_and_the_work_folder_goes(tmp_path: Path) -> None:
    (tmp_path / "cases" / "a.jpg").mkdir(parents=True)
    (tmp_path / "cases" / "a.jpg" / "old.bin").write_text("of an earlier call")
    with work_folder(tmp_path) as folder:
        (folder / "board").mkdir()
        (folder / "board" / "y.bin").write_bytes(b"1")
        assert keep(tmp_path, folder, "a.jpg") == "cases/a.jpg"
    assert names(tmp_path) == ["cases", "cases/a.jpg", "cases/a.jpg/board", "cases/a.jpg/board/y.bin"]
    drop(tmp_path, "a.jpg")
    assert names(tmp_path) == ["cases"]


def test_folders_without_a_row_and_half_written_ones_are_swept(tmp_path: Path) -> None:
    for name in ("cases/known", "cases/unknown", "cases/.known.x7f3", ".work/board"):
        (tmp_path / name).mkdir(parents=True)
    sweep(tmp_path, ["cases/known", ""])
    assert names(tmp_path) == ["cases", "cases/known"]
