"""gt folders of a run: gathered in one place, kept for the cases that didn't pass, gone for all others."""

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from axpair_proto.gt.replacing import whole_folder

from axpair_host.replay.store import CASES_FOLDER

_WORK = ".work"


def sweep(run: Path, kept: Iterable[str]) -> None:
    """Remove what an interrupted replay left: folders that no row knows, and those that were being written."""
    known = set(kept)
    shutil.rmtree(run / _WORK, ignore_errors=True)
    for path in (run / CASES_FOLDER).iterdir():
        if f"{CASES_FOLDER}/{path.name}" not in known:
            shutil.rmtree(path, ignore_errors=True)


@contextmanager
def work_folder(run: Path) -> Iterator[Path]:
    """An empty folder for the case at hand; gone afterwards."""
    folder = run / _WORK
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def keep(run: Path, work: Path, name: str) -> str:
    """Move what was gathered to its place, whole or not at all; returns the place below the run."""
    place = f"{CASES_FOLDER}/{name}"
    with whole_folder(run / place) as fresh:
        for path in work.iterdir():
            path.rename(fresh / path.name)
    return place


def drop(run: Path, name: str) -> None:
    """Remove the gt folder of a case that failed once and now doesn't."""
    shutil.rmtree(run / CASES_FOLDER / name, ignore_errors=True)
