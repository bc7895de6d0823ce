"""gt folders of a run: gathered in one place, kept for the cases that didn't pass, gone for all others.

Only what a mark lists goes, or in folders of release 0.1.0, which have none, what their pair.json names. Whatever else
lies in a run is the user's.
"""

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from axpair_proto.advice import in_other_folder
from axpair_proto.errors import ContractError
from axpair_proto.gt.folders import discard, sweep_unfinished, unfinished_folder, whole_folder
from axpair_proto.gt.listing import marked
from axpair_proto.gt.marks import MARK, Mark, read_mark, remove_ours

from axpair_host.errors import EvidenceError, UsageError
from axpair_host.evidence.named import KIND, named_files
from axpair_host.evidence.store import read_record, stored_verdict
from axpair_host.replay.cases import Case
from axpair_host.replay.place import CASES_FOLDER
from axpair_host.replay.row import Row
from axpair_host.replay.store import Run

_WORK = "work"


def sweep(run: Run, kept: Iterable[str]) -> None:
    """Remove what an interrupted replay left: folders of ours that no row knows, and those that were being written.

    Kept folders of release 0.1.0, and of a run that was copied, get their marks.
    """
    known = set(kept)
    cases = run.folder / CASES_FOLDER
    sweep_unfinished(run.folder)
    sweep_unfinished(cases)
    for path in sorted(cases.iterdir()):
        if path.is_symlink() or not path.is_dir():
            continue
        mark = read_mark(path)
        if f"{CASES_FOLDER}/{path.name}" in known:
            if mark is None and named_files(path):
                marked(path, KIND, named_files, part_of=run.id)
        elif mark is not None and _is_kept(mark, run):
            remove_ours(path, mark)


def check_places(run: Run, cases: Iterable[Case]) -> None:
    """Raise UsageError where something that isn't ours lies where one of the cases would be kept."""
    for case in cases:
        place = place_of(run, case.folder)
        if place.is_symlink() or (place.exists() and not place.is_dir()):
            what = "a link" if place.is_symlink() else "a file"
        elif place.is_dir() and any(place.iterdir()) and not _is_ours(place, run):
            what = "a folder"
        else:
            continue
        raise UsageError(
            f"{place}: {what} that axpair didn't write lies where the case {case.id!r} is kept",
            next_step=in_other_folder("--run", run.folder, f"move {place} elsewhere, or with another folder:"),
        )


@contextmanager
def work_folder(run: Run) -> Iterator[Path]:
    """A folder for the case at hand, with nothing but its mark in it; gone afterwards. Raises UsageError."""
    try:
        folder = unfinished_folder(run.folder, _WORK)
    except (OSError, ContractError) as error:
        raise UsageError(f"--run {run.folder}: can't be written: {error}") from error
    try:
        yield folder
    finally:
        discard(folder)


def place_of(run: Run, name: str) -> Path:
    """Where a case's gt folder is kept."""
    return run.folder / CASES_FOLDER / name


def keep(run: Run, work: Path, name: str) -> str:
    """Move what was gathered to its place, whole or not at all; returns the place below the run."""
    place = f"{CASES_FOLDER}/{name}"
    with whole_folder(run.folder / place, KIND, named=named_files, part_of=run.id) as fresh:
        for path in work.iterdir():
            if path.name != MARK:
                shutil.move(path, fresh / path.name)  # cases/ may be a disk of its own
    return place


def drop(run: Run, name: str) -> None:
    """Remove the gt folder of a case that failed once and now doesn't."""
    path = place_of(run, name)
    if path.is_symlink() or not path.is_dir():
        return
    mark = read_mark(path)
    if mark is not None and _is_kept(mark, run):
        remove_ours(path, mark)


def wrong_with(run: Path, row: Row) -> str:
    """Why the kept folder of a row of the run can't be judged again, in words; "" where it can."""
    kept = run / row.kept
    if not kept.is_dir():
        return "its kept folder is gone"
    try:
        record = read_record(kept)
        verdict = stored_verdict(kept) if record else ""
    except (EvidenceError, OSError):
        return "the pair.json of its kept folder is damaged"
    if record is None:
        return "its kept folder has no pair.json any more"
    if record.case.id != row.id:
        return "its kept folder holds another case"
    return "its kept folder holds another verdict" if verdict not in ("", row.verdict) else ""


def _is_ours(place: Path, run: Run) -> bool:
    mark = read_mark(place)
    return _is_kept(mark, run) if mark is not None else bool(named_files(place))


def _is_kept(mark: Mark, run: Run) -> bool:
    return mark.kind == KIND and mark.part_of == run.id
