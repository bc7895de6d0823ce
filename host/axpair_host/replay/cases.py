"""Which BadCases there are: a folder, archive or list becomes cases with stable, unique ids in a fixed order."""

import contextlib
import csv
import errno
import hashlib
import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

from axpair_proto.gt.listing import kind_of_ours
from axpair_proto.names import as_text, find_name, gt_file_stem, match_stems
from axpair_proto.regular import open_regular, read_text_bytes
from axpair_proto.sentences import say
from axpair_proto.text import Decoded, decoded

from axpair_host.errors import UsageError
from axpair_host.evidence.archives import StayedIn, as_folder
from axpair_host.files import CASE_SUFFIXES, existing_file

_DELIMITERS = (",", ";", "\t")
_PATHS = ("path", "file", "image", "input", "filename")
"""Heads of a CSV list's column with a case's only file or folder; the first one counts."""
_ID = "id"


@dataclass(frozen=True)
class Case:
    """One BadCase."""

    id: str
    """Its path below CASES, or as the list has it; '/' between the parts on every system."""
    files: dict[str, Path]
    """By input name. Inputs without a file are left out: preparing such a case fails and says so."""
    folder: str
    """The id as one file name: where its gt folder lies under the run."""
    packed: Path | None = None
    """The archive that its files were taken out of."""

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
    unread_columns: tuple[str, ...] = ()
    """Of a CSV list: those that name neither a file nor an id."""
    note: str = ""
    """Of a list: what people should know of how it was read."""

    def digest(self) -> str:
        """sha256 over the ids: the same for the same list of cases."""
        return hashlib.sha256("\0".join(case.id for case in self.cases).encode()).hexdigest()


@contextmanager
def opened(cases: Path, inputs: Sequence[str], *, run: Path | None = None) -> Iterator[Found]:
    """`discover`; an archive is unpacked for as long as the block lasts. Raises EvidenceError for a bad one."""
    stayed = StayedIn()
    with as_folder(cases, wanted=CASE_SUFFIXES, stayed=stayed) as folder:
        if folder == cases:
            yield discover(cases, inputs, run=run)
            return
        found = discover(folder, inputs, run=run, named=cases)
        links = (f"{name} (a link)" for name in stayed.links)
        packed = tuple(replace(case, packed=cases) for case in found.cases)
        yield replace(
            found,
            cases=packed,
            left_out=tuple(sorted((*found.left_out, *stayed.others))),
            passed_over=tuple(sorted((*found.passed_over, *links))),
        )


def discover(cases: Path, inputs: Sequence[str], *, run: Path | None = None, named: Path | None = None) -> Found:
    """Find the cases in a folder (recursively) or in a text file that lists one path a line.

    A list may be a CSV file; its header may name the columns: path (file, image, input) or each of several inputs, and
    id. `named`: what people know the folder as.
    A model with one input: each file is a case. With several: each sub-folder that holds files is one, its files named
    by the inputs' (escaped) names. `run` is left out where it lies inside. Paths in a list are relative to the list;
    empty lines and those that begin with '#' are skipped. A list may be in GBK, and so may the files' names.
    Raises UsageError when there is nothing, a path isn't there, or two ids collide.
    """
    unread: list[str] = []
    note: str = ""
    if cases.is_dir():
        files, left_out, passed_over = _in_folder(cases, run)
        if len(inputs) == 1:
            found = [_single(_id(path.relative_to(cases)), path, inputs[0]) for path in files]
        else:
            folders = {path.parent for path in files}
            found = [_several(_id(path.relative_to(cases)), path, inputs) for path in folders]
    else:
        existing_file("CASES", cases)
        passed_over, left_out = [], []
        listing = _text_of(cases)
        note = say("{listing}: {said}", listing=cases, said=listing.said) if listing.said else ""
        found, unread = _listed(cases, listing.text, inputs, passed_over)
    if not found:
        raise UsageError(
            f"{named or cases}: no cases in it; {len(left_out) + len(passed_over)} other files",
            next_step=f"put images, .bin or .npy files there ({' '.join(sorted(CASE_SUFFIXES))})",
        )
    found.sort(key=lambda case: case.id)
    _refuse_collisions(found)
    return Found(tuple(found), tuple(sorted(left_out)), tuple(sorted(passed_over)), tuple(unread), note)


def _in_folder(folder: Path, run: Path | None) -> tuple[list[Path], list[str], list[str]]:
    def refuse(error: OSError) -> None:
        where = Path(str(error.filename))
        if where == folder or not isinstance(error, PermissionError):
            raise UsageError(f"{where}: can't be listed: {error.strerror}")
        passed_over.append(f"{_id(where.relative_to(folder))} (can't be listed: {error.strerror})")

    files: list[Path] = []
    left_out: list[str] = []
    passed_over: list[str] = []
    without = run.resolve() if run is not None else None
    for where, below, names in os.walk(folder, onerror=refuse):
        here = Path(where)
        links = [name for name in below if (here / name).is_symlink() and not name.startswith(".")]
        passed_over += [f"{_id((here / name).relative_to(folder))} (a link to a folder)" for name in links]
        # Also where it may not be read: then it is listed below, and that is said.
        stored = {name: kind for name in below if name not in links and (kind := kind_of_ours(here / name))}
        for name, kind in stored.items():
            what = "a gt folder" if kind == "gt" else f"written by axpair: {kind}"
            passed_over.append(f"{_id((here / name).relative_to(folder))} ({what})")
        below[:] = [
            name
            for name in below
            if name not in (*links, *stored) and not name.startswith(".") and (here / name).resolve() != without
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


@dataclass(frozen=True)
class _Line:
    """One case of a list."""

    number: int
    paths: Mapping[str, str]
    """By input name; by "" where the line names one file or folder."""
    id: str = ""


def _listed(listing: Path, text: str, inputs: Sequence[str], passed_over: list[str]) -> tuple[list[Case], list[str]]:
    """The cases, and the columns that weren't read."""
    unread: list[str] = []
    is_csv = listing.suffix.lower() == ".csv"
    lines = _of_csv(listing, text, inputs, unread) if is_csv else _of_text(listing, text)
    cases: list[Case] = []
    first_line: dict[str, int] = {}
    for line in lines:
        texts = {name: _reading(listing.parent, path) for name, path in line.paths.items()}
        paths = {name: _path_of(listing.parent, path) for name, path in texts.items()}
        not_files = [
            f"{_id(PurePath(texts[name]))} ({what})"
            for name, path in paths.items()
            if (what := _no_file(path)) and not (name == "" and path.is_dir())
        ]
        if not_files:
            passed_over += not_files
            continue
        for name, path in paths.items():
            if not path.exists():
                raise UsageError(f"{listing}, line {line.number}: {texts[name]}: no such file or folder")
        id_ = line.id or _id(PurePath(next(iter(texts.values()))))
        if first_line.setdefault(id_, line.number) != line.number:
            raise UsageError(f"{listing}: lines {first_line[id_]} and {line.number} name the same case {id_!r}")
        if "" not in paths:
            cases.append(Case(id_, paths, gt_file_stem(id_)))
        elif paths[""].is_dir():
            cases.append(_several(id_, paths[""], inputs))
        else:
            cases.append(_single(id_, paths[""], inputs[0]))
    return cases, unread


def _of_text(listing: Path, text: str) -> Iterator[_Line]:
    for number, line in enumerate(text.splitlines(), 1):
        path = line.strip()
        if len(path) > 2 and path[0] == path[-1] and path[0] in "'\"" and not (listing.parent / path).exists():
            path = path[1:-1]  # as shells and spreadsheets write a name with blanks
        if path and not path.startswith("#"):
            yield _Line(number, {"": path})


def _of_csv(listing: Path, text: str, inputs: Sequence[str], unread: list[str]) -> Iterator[_Line]:
    head = next((line for line in text.splitlines() if line.strip()), "")
    mark = max(_DELIMITERS, key=head.count)
    reader = csv.reader(text.splitlines(), delimiter=mark, skipinitialspace=True, strict=True)
    columns: dict[int, str] | None = None
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if not any(cells) or cells[0].startswith("#"):
                continue
            if columns is None:
                columns = _columns(cells, inputs)
                is_head = bool(columns)
                columns = columns or {0: ""}
                if is_head:
                    unread += [cell for at, cell in enumerate(cells) if at not in columns]
                    continue
            given = {name: cells[at] for at, name in columns.items() if at < len(cells) and cells[at]}
            id_ = given.pop(_ID, "")
            if not given:
                raise UsageError(f"{listing}, line {reader.line_num}: no path in it")
            yield _Line(reader.line_num, given, id_)
    except csv.Error as error:
        raise UsageError(f"{listing}, line {reader.line_num}: not CSV: {error}") from error


def _columns(cells: Sequence[str], inputs: Sequence[str]) -> dict[int, str]:
    """What a header's columns hold: an input's file, "" for a case's only path, or its id. Empty where it is none."""
    named = {at: found for at, cell in enumerate(cells) if (found := find_name(cell, inputs)) is not None}
    paths = named or {at: "" for at, cell in enumerate(cells) if cell.lower() in _PATHS}
    if not paths:
        return {}
    if not named:
        paths = dict([next(iter(paths.items()))])
    return paths | {at: _ID for at, cell in enumerate(cells) if cell.lower() == _ID and at not in paths}


def _text_of(listing: Path) -> Decoded:
    try:
        text = decoded(read_text_bytes(listing))
        if "\0" in text.text:
            raise ValueError("it holds NUL characters, which no text does")
        if "\N{REPLACEMENT CHARACTER}" in text.text:
            raise ValueError("it is neither UTF-8 nor GBK")
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{listing}: neither a folder nor a readable list of cases: {getattr(error, 'strerror', None) or error}",
            next_step="give a folder, or a text file (UTF-8 or GBK) with one path a line",
        ) from error
    return text


def _path_of(folder: Path, text: str) -> Path:
    """A line's file: under that name, or under its bytes in GBK, as archives from a Chinese Windows leave them."""
    path = folder / text
    if text.isascii() or path.exists():
        return path
    with contextlib.suppress(UnicodeEncodeError):
        in_gbk = folder / os.fsdecode(text.encode("gb18030"))
        if in_gbk.exists():
            return in_gbk
    return path


def _reading(folder: Path, text: str) -> str:
    """A line's text, or what its bytes are in GBK where only that names a file: a short name may be UTF-8 by chance."""
    if text.isascii() or _path_of(folder, text).exists():
        return text
    with contextlib.suppress(UnicodeError):
        if _path_of(folder, in_gbk := text.encode().decode("gb18030")).exists():
            return in_gbk
    return text


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
        with open_regular(path) as stream:
            while block := stream.read(1 << 20):
                whole.update(block)
    except OSError:
        return ""
    return whole.hexdigest()
