"""Every file and folder below a folder, recognized by content; gt folders, runs and folders of cases count as one."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from axpair_proto.advice import calling
from axpair_proto.errors import ContractError
from axpair_proto.filekinds import FileKind, kind_of
from axpair_proto.gt.tensors import UnreadableTensor, stems_in
from axpair_proto.joint import TOPOLOGY_MEMBER

MOST_FILES = 2000
"""That are opened; beyond it the survey says so."""
DEEPEST = 4
"""Folders below the one that is looked at."""
_SKIPPED = {"node_modules", "__pycache__", "site-packages"}
_LEGS = ("input", "onnx", "lava_joint", "joint", "board")
_MODELS = {FileKind.JOINT, FileKind.LAVA_JOINT, FileKind.ONNX, FileKind.QUANTIZED_ONNX, FileKind.AXMODEL}
_SAMPLES = {FileKind.IMAGE, FileKind.NPY}
_MODEL_SUFFIXES = {".joint", ".lava_joint", ".onnx", ".axmodel", ".prototxt"}
_TENSOR_SUFFIXES = {".bin", ".npy"}


@dataclass(frozen=True)
class Samples:
    """A folder with pictures or tensors: cases, golden results, or what a board gave."""

    path: Path
    files: tuple[Path, ...]
    """Those directly in it, by name."""
    below: tuple[Path, ...] = ()
    """Those of folders right below it that hold samples, where it holds none itself: one folder a case."""

    @property
    def stems(self) -> frozenset[str]:
        """Of its tensors, as files without their suffix."""
        return frozenset(one.stem for one in self.files if one.suffix in _TENSOR_SUFFIXES)

    @property
    def has_tensors_alone(self) -> bool:
        """Whether no picture is among them."""
        return all(one.suffix in _TENSOR_SUFFIXES for one in self.files)


@dataclass
class Survey:
    """What was found; paths begin with the folder that was looked at."""

    folder: Path
    files: dict[FileKind, list[Path]] = field(default_factory=dict)
    """By kind, by path; what no command takes isn't in it."""
    samples: list[Samples] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    """What couldn't be looked at, and why."""
    files_seen: int = 0

    def of(self, *kinds: FileKind) -> list[Path]:
        """Every file of these kinds."""
        return [path for kind in kinds for path in self.files.get(kind, [])]

    @property
    def cut(self) -> bool:
        """Whether there is more than was looked at."""
        return self.files_seen >= MOST_FILES


_TOLD = _MODELS | {
    *(FileKind.NEU, FileKind.PRO, FileKind.PROTOTXT, FileKind.PULSAR2_CONFIG, FileKind.NPZ, FileKind.ARCHIVE),
    *(FileKind.RUN_LOG, FileKind.BUILD_LOG, FileKind.GT_FOLDER, FileKind.RUN_FOLDER),
}


_BY_MODEL_SUFFIX = _TOLD - {FileKind.ARCHIVE}
"""What a file with a suffix of _MODEL_SUFFIXES may turn out to be; an archive there is a joint that was cut."""


def survey(folder: Path) -> Survey:
    """Look at a folder, at most MOST_FILES files and DEEPEST folders deep; hidden ones and links to folders aren't
    followed. Raises ContractError where it can't be listed."""
    found = Survey(folder)
    try:
        next(folder.iterdir(), None)
    except OSError as error:
        raise ContractError(
            f"{folder}: {error.strerror or error}",
            next_step=calling("axpair", "init", folder.parent, text="give a folder, such as:"),
        ) from error
    _look(found, folder, 0)
    for paths in found.files.values():
        paths.sort()
    found.samples.sort(key=lambda one: one.path)
    return found


def is_gt(path: Path) -> bool:
    """Whether a folder is a gt folder: by a record, or tensors in a folder of a leg's name; names alone prove none."""
    try:
        if (path / "pair.json").is_file():
            return True
        legs = [path / leg for leg in _LEGS if (path / leg).is_dir()]
        return any(leg.name != "input" for leg in legs) and any(map(stems_in, legs))
    except (OSError, UnreadableTensor):
        return False


def _look(found: Survey, folder: Path, depth: int) -> None:
    is_run = os.path.isfile(folder / "run.sqlite")  # noqa: PTH113 - where the folder may not be read, it is none
    whole = FileKind.RUN_FOLDER if is_run else FileKind.GT_FOLDER if is_gt(folder) else None
    if whole is not None:
        found.files.setdefault(whole, []).append(folder)
        return
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        found.unread.append(f"{folder}: {error.strerror or error}")
        return
    samples: list[Path] = []
    for entry in entries:
        path = folder / entry.name
        if entry.name.startswith(".") or entry.name in _SKIPPED or os.path.isfile(path / "pyvenv.cfg"):  # noqa: PTH113
            continue
        if entry.is_dir(follow_symlinks=False):
            if depth < DEEPEST:
                _look(found, path, depth + 1)
        elif _is_file(entry) and found.files_seen < MOST_FILES:
            found.files_seen += 1
            if _is_sample(found, path):
                samples.append(path)
    below = tuple(one.path for one in found.samples if one.path.parent == folder and one.files)
    if samples:
        found.samples.append(Samples(folder, tuple(samples)))
    elif depth and len(below) > 1:
        found.samples.append(Samples(folder, (), below))


def _is_file(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_file()
    except OSError:
        return False  # a link that leads to itself


def _is_sample(found: Survey, path: Path) -> bool:
    """Recognize one file; whether it is a picture or a tensor."""
    try:
        kind = kind_of(path)
    except ContractError as error:
        found.unread.append(error.message)
        return False
    if path.suffix.lower() in _MODEL_SUFFIXES and kind not in _BY_MODEL_SUFFIX:
        cut = "" if kind is FileKind.DAMAGED_AXMODEL else ", whatever its name says; cut off?"
        found.unread.append(f"{path}: is {kind.value}{cut}")
    elif kind in _TOLD:
        found.files.setdefault(kind, []).append(path)
    # A raw tensor has no mark: its suffix alone is known.
    is_raw = path.suffix == ".bin" and path.name != TOPOLOGY_MEMBER
    return kind in _SAMPLES or (is_raw and kind in (FileKind.UNKNOWN, FileKind.TEXT))
