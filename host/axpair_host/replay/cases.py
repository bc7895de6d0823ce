"""Which BadCases there are: a folder or a list becomes cases with stable, unique ids in a fixed order."""

import errno
import hashlib
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from axpair_proto.advice import in_other_folder
from axpair_proto.names import as_text, gt_file_stem, match_stems

from axpair_host.errors import UsageError
from axpair_host.files import existing_file

IMAGE_SUFFIXES = frozenset((".jpg", ".jpeg", ".jpe", ".png", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".gif"))
TENSOR_SUFFIXES = frozenset((".bin", ".npy"))
CASE_SUFFIXES = IMAGE_SUFFIXES | TENSOR_SUFFIXES
"""What a file in a folder must end with to be taken for a case; in a list, any file is one."""


@dataclass(frozen=True)
class Case:
    """One BadCase."""

    id: str
    """Its path below CASES, or as the list has it; '/' between the parts on every system."""
    files: dict[str, Path]
    """By input name. Inputs without a file are left out: preparing such a case fails and says so."""
    folder: str
    """The id as one file name: where its gt folder lies under the run."""

    def digest(self, said: str = "") -> str:
        """sha256 over the names and bytes of its files, and over what is `said` of the case besides.

        Files that can't be read count as empty.
        """
        whole = hashlib.sha256(said.encode())
        for name, path in sorted(self.files.items()):
            whole.update(f"{name}\0{file_digest(path)}\0".encode("utf-8", "surrogateescape"))
        return whole.hexdigest()


@dataclass(frozen=True)
class Found:
    """What lies under CASES."""

    cases: tuple[Case, ...]
    """Sorted by id."""
    left_out: tuple[str, ...]
    """Files in the folder that are neither images nor tensors."""
    passed_over: tuple[str, ...] = ()
    """What is named as a case and is no file to read, each with what it is instead."""

    def digest(self) -> str:
        """sha256 over the ids: the same for the same list of cases."""
        return hashlib.sha256("\0".join(case.id for case in self.cases).encode()).hexdigest()


def discover(cases: Path, inputs: Sequence[str], *, run: Path | None = None) -> Found:
    """Find the cases in a folder (recursively) or in a text file that lists one path a line.

    A model with one input: each file is a case. With several: each sub-folder that holds files is one, its files named
    by the inputs' (escaped) names. `run` is left out where it lies inside. Paths in a list are relative to the list;
    empty lines and those that begin with '#' are skipped.
    Raises UsageError when there is nothing, a path isn't there, or two ids collide.
    """
    if cases.is_dir():
        files, left_out, passed_over = _in_folder(cases, run)
        if len(inputs) == 1:
            found = [_single(_id(path.relative_to(cases)), path, inputs[0]) for path in files]
        else:
            folders = {path.parent for path in files}
            found = [_several(_id(path.relative_to(cases)), path, inputs) for path in folders]
    else:
        existing_file("CASES", cases)
        passed_over = []
        found, left_out = list(_listed(cases, inputs, passed_over)), []
    if not found:
        raise UsageError(
            f"{cases}: no cases in it; {len(left_out) + len(passed_over)} other files",
            next_step=f"put images, .bin or .npy files there ({' '.join(sorted(CASE_SUFFIXES))})",
        )
    found.sort(key=lambda case: case.id)
    _refuse_collisions(found)
    return Found(tuple(found), tuple(sorted(left_out)), tuple(sorted(passed_over)))


def check_apart(run: Path, cases: Iterable[Path]) -> None:
    """Raise UsageError where the run's folder is, holds, or lies above what the cases are made of."""
    whole = run.resolve()
    for path in cases:
        place = path.parent.resolve() / path.name
        if whole in (place, path.resolve(), *place.parents, *path.resolve().parents):
            raise UsageError(
                f"--run {run}: {path} lies in it, and a run's folder is axpair's own",
                next_step=in_other_folder("--run", path.parent / "run", "with a folder apart from the cases:"),
            )


def _in_folder(folder: Path, run: Path | None) -> tuple[list[Path], list[str], list[str]]:
    def refuse(error: OSError) -> None:
        raise UsageError(f"{error.filename}: can't be listed: {error.strerror}")

    files: list[Path] = []
    left_out: list[str] = []
    passed_over: list[str] = []
    without = run.resolve() if run is not None else None
    for where, below, names in os.walk(folder, onerror=refuse):
        here = Path(where)
        links = [name for name in below if (here / name).is_symlink() and not name.startswith(".")]
        passed_over += [f"{_id((here / name).relative_to(folder))} (a link to a folder)" for name in links]
        below[:] = [
            name
            for name in below
            if name not in links and not name.startswith(".") and (here / name).resolve() != without
        ]
        for name in names:
            if name.startswith("."):
                continue
            if PurePath(name).suffix.lower() in CASE_SUFFIXES:
                if what := _no_file(here / name):
                    passed_over.append(f"{_id((here / name).relative_to(folder))} ({what})")
                else:
                    files.append(here / name)
            else:
                left_out.append(_id((here / name).relative_to(folder)))
    return files, left_out, passed_over


def _no_file(path: Path) -> str:
    """What it is instead of a file; "" for files, and for links that lead nowhere, which are bad input."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return ""
    except (OSError, RuntimeError) as error:
        return "links in a circle" if getattr(error, "errno", errno.ELOOP) == errno.ELOOP else ""
    if stat.S_ISREG(mode):
        return ""
    kinds = {stat.S_ISFIFO: "a pipe", stat.S_ISSOCK: "a socket", stat.S_ISDIR: "a folder"}
    return next((word for is_kind, word in kinds.items() if is_kind(mode)), "a device")


def _listed(listing: Path, inputs: Sequence[str], passed_over: list[str]) -> Iterator[Case]:
    try:
        text = listing.read_text(encoding="utf-8-sig")
        if "\0" in text:
            raise ValueError("it holds NUL characters, as UTF-16 text does")
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{listing}: neither a folder nor a readable list of cases: {error}",
            next_step="give a folder, or a text file (UTF-8) with one path a line",
        ) from error
    first_line: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        path = listing.parent / text
        if (what := _no_file(path)) and not path.is_dir():
            passed_over.append(f"{_id(PurePath(text))} ({what})")
            continue
        if not path.exists():
            raise UsageError(f"{listing}, line {number}: {text}: no such file or folder")
        name = _id(PurePath(text))
        if first_line.setdefault(name, number) != number:
            raise UsageError(f"{listing}: lines {first_line[name]} and {number} name the same case {name!r}")
        yield _several(name, path, inputs) if path.is_dir() else _single(name, path, inputs[0])


def _single(name: str, path: Path, input_name: str) -> Case:
    return Case(name, {input_name: path}, gt_file_stem(name))


def _several(name: str, folder: Path, inputs: Sequence[str]) -> Case:
    by_stem: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.suffix.lower() in CASE_SUFFIXES:
            if path.stem in by_stem:
                raise UsageError(f"{by_stem[path.stem]} and {path} would be the same input")
            by_stem[path.stem] = path
    matched = match_stems(inputs, by_stem)
    return Case(name, {key: by_stem[stem] for key, stem in matched.items()}, gt_file_stem(name))


def _refuse_collisions(cases: Iterable[Case]) -> None:
    taken: dict[str, Case] = {}
    for case in cases:
        other = taken.setdefault(case.folder.casefold(), case)
        if other is not case:
            raise UsageError(
                f"the cases {_told(other)} and {_told(case)} would both be kept as {case.folder!r}",
                next_step="rename one of the two",
            )


def _told(case: Case) -> str:
    """Its id; where a file's name isn't UTF-8, the bytes that the id spells out as well."""
    odd = [os.fsencode(path) for path in case.files.values() if as_text(os.fspath(path)) != os.fspath(path)]
    return f"{case.id!r} (not UTF-8: {odd[0]!r})" if odd else repr(case.id)


def _id(path: PurePath) -> str:
    return as_text(path.as_posix())


def file_digest(path: Path) -> str:
    """sha256 of a file; "" where it can't be read."""
    whole = hashlib.sha256()
    try:
        with path.open("rb") as stream:
            while block := stream.read(1 << 20):
                whole.update(block)
    except OSError:
        return ""
    return whole.hexdigest()
