"""Lists what axpair writes into a folder in the folder's mark, and holds what lies there against that list."""

import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from axpair_proto.errors import ContractError
from axpair_proto.gt.marks import (
    MARK,
    UNFINISHED,
    Mark,
    encoded,
    file_sha256,
    is_mark,
    kind_said,
    listed_elsewhere,
    plain_file,
    read_mark,
    unchanged,
)
from axpair_proto.gt.replacing import check_replaceable, write_whole_file
from axpair_proto.regular import open_regular
from axpair_proto.syncing import make_folder
from axpair_proto.text import printable

_DOCUMENTS = {"run.sqlite": "run", "pair.json": "gt"}
"""By which a folder of ours is known without a mark, and what it then is."""

Named = Callable[[Path], Mapping[str, str]]
"""What the documents of an older folder say that was written there: path below it to sha256."""


def nothing_named(folder: Path) -> Mapping[str, str]:
    """Of a folder whose documents name no files."""
    return {}


def marked(folder: Path, kind: str, named: Named = nothing_named, *, part_of: str = "") -> Mark:
    """The mark of a folder; one that has none gets one, which lists what its documents name and is as it says."""
    mark = read_mark(folder)
    if mark is None:
        files, listed = named(folder), listed_elsewhere(folder)
        if listed is not None:  # a copy, with its mark: no more is ours than was
            files = {name: sha256 for name, sha256 in files.items() if name in listed}
        mark = Mark(kind, part_of=part_of)
        _list(folder, mark, unchanged(folder, files))
        mark = read_mark(folder) or mark
    return mark


def write_listed(folder: Path, name: str, data: bytes, kind: str, *, is_ours: Callable[[Path], bool]) -> None:
    """Write one file of a folder that may hold a user's as well, and list it in the folder's mark.

    `is_ours` tells by its content whether a file that no mark lists was written by an older release.
    Raises ContractError as `claim` and `write_whole_file` do.
    """
    claim(folder, [name], kind, is_ours=is_ours)
    write_whole_file(folder / name, data)
    list_written(folder, [name], kind)


def written_in(folder: Path, named: Named) -> list[str]:
    """Paths below a folder of what we wrote, as its mark or its documents have it, that are there as plain files."""
    mark = read_mark(folder)
    files, listed = (mark.files, None) if mark is not None else (named(folder), listed_elsewhere(folder))
    return [name for name in sorted(files) if (listed is None or name in listed) and plain_file(folder, name)]


def copy_written(folder: Path, target: Path, named: Named) -> None:
    """Copy what we wrote in a folder, and nothing of a user's, into another folder.

    Raises ContractError where a file can't be read; OSError where the copy can't be written.
    """
    for name in written_in(folder, named):
        place = target / name
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            source = open_regular(folder / name)
        except OSError as error:
            raise ContractError(f"{folder / name}: can't be read: {error.strerror}") from error
        with source, place.open("wb") as copy:
            shutil.copyfileobj(source, copy, 1 << 20)


def require_ours(folder: Path, kind: str, named: Named = nothing_named) -> None:
    """Raise ContractError where the folder holds something and is none of that kind of ours."""
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    mark = read_mark(folder)
    if folder.is_symlink() or not (mark.kind == kind if mark is not None else named(folder)):
        raise ContractError(
            f"{folder}: holds something that axpair didn't write", next_step="move it away, or give another --out"
        )


def refuse_other_kind(folder: Path, kind: str) -> None:
    """Raise ContractError where the folder is one of ours of another kind: a mark of its own or of another folder says
    so, or a document. It would no longer be known as what it is."""
    said = kind_of_ours(folder)
    if said not in ("", kind):
        raise ContractError(
            f"{folder}: is a folder of axpair's ({printable(said)}), and nothing else is put into it",
            next_step="give a folder of its own",
        )


def kind_of_ours(folder: Path) -> str:
    """What a folder of ours is: "run", "gt", "reduced", ...; "" for any other."""
    return next((what for name, what in _DOCUMENTS.items() if plain_file(folder, name)), "") or kind_said(folder)


def refuse_within_ours(folder: Path) -> None:
    """Raise ContractError where the folder lies in, or below, a run or a gt folder: those hold what they are made of,
    and a later call would find something else in a case's place."""
    for above in folder.resolve().parents:
        # By its mark: somebody may have written what --json prints into a pair.json of his own.
        kind = kind_said(above)
        if kind in _DOCUMENTS.values():
            raise ContractError(
                f"{folder}: lies in {above}, a folder of axpair's ({kind}), and nothing else is put into it",
                next_step="give a folder elsewhere",
            )


def refuse_foreign(
    folder: Path, names: Iterable[str], kind: str, *, is_ours: Callable[[Path], bool] | None = None
) -> None:
    """Raise ContractError where one of these files of the folder is there and axpair didn't write it, or it was changed
    since, and as `refuse_other_kind` does. `is_ours` tells by content where no mark lists the file."""
    refuse_other_kind(folder, kind)
    mark = read_mark(folder) or Mark("")
    for name in names:
        path = folder / name
        check_replaceable(path)
        listed = name in mark.files and unchanged(folder, {name: mark.files[name]})
        if path.exists() and not listed and not (is_ours and name not in mark.files and is_ours(path)):
            raise ContractError(
                f"{path}: axpair didn't write that, or it was changed since, and it won't be replaced",
                next_step="move it away, or give another folder with --out",
            )


def claim(folder: Path, names: Iterable[str], kind: str, *, is_ours: Callable[[Path], bool] | None = None) -> None:
    """Make the folder, and list these files as ones that are about to be written. Raises as `refuse_foreign` does."""
    wanted = list(names)
    try:
        make_folder(folder)
    except OSError as error:
        raise ContractError(f"{folder}: can't be written: {error.strerror}", next_step="give another folder") from error
    refuse_foreign(folder, wanted, kind, is_ours=is_ours)
    _list(folder, read_mark(folder) or Mark(kind), dict.fromkeys(wanted, ""))


def list_written(folder: Path, names: Iterable[str], kind: str) -> None:
    """List in the folder's mark the files of ours as they are now; those that aren't there are taken from the list."""
    mark = read_mark(folder) or Mark(kind)
    found = {name: plain_file(folder, name) for name in names}
    kept = {name: sha256 for name, sha256 in mark.files.items() if found.get(name, folder) is not None}
    _list(folder, replace(mark, files=kept), {name: file_sha256(path) for name, path in found.items() if path})


def _list(folder: Path, mark: Mark, files: Mapping[str, str]) -> None:
    path = folder / MARK
    if (path.is_symlink() or path.exists()) and not is_mark(path):
        raise ContractError(f"{path}: isn't what axpair writes there", next_step="move it away, or give another folder")
    write_mark(folder, replace(mark, files={**mark.files, **files}))


def write_mark(folder: Path, mark: Mark, place: Path | None = None) -> None:
    """Mark a folder, which is going to lie at `place`; whole or not at all. Raises ContractError as below."""
    # A mark of an unfinished folder has to be whole before anything else is: what has a damaged one is never removed.
    write_whole_file(folder / MARK, encoded(mark, folder, place or folder), sync_name=mark.kind != UNFINISHED)
