"""Files that the user names, checked before any work."""

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

import msgspec
from axpair_proto.advice import UNKNOWN, Again, Command, Next, calling, free_name, with_other
from axpair_proto.errors import ContractError
from axpair_proto.filekinds import FileKind, kind_of
from axpair_proto.simulator import Models

from axpair_host.errors import UsageError

IMAGE_SUFFIXES = frozenset((".jpg", ".jpeg", ".jpe", ".png", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".gif"))
CASE_SUFFIXES = IMAGE_SUFFIXES | frozenset((".bin", ".npy"))
"""What a file in a folder or archive must end with to be taken for a case; where it is named itself, any is one."""


def existing_file(flag: str, path: Path) -> Path:
    """Return `path`. Raises UsageError where it is missing, no regular file, unreadable, empty, or where it is clearly
    of another kind than the option takes.
    """
    refuse_other_kind(flag, path, _kind_of_file(flag, path))
    return path


def existing_folder(flag: str, path: Path) -> Path:
    """Return `path`. Raises UsageError where it is missing or something else; `flag` may be empty."""
    if path.is_dir():
        return path
    named = f"{flag} {path}".lstrip()
    if not path.exists():
        raise UsageError(f"{named}: there is no such folder", next_step="check the path")
    kind = kind_of(path)
    next_step = Next(_UNPACK) if kind is FileKind.ARCHIVE else where_it_belongs(path, kind)
    raise UsageError(f"{named}: is {kind.value}, expected a folder", next_step=next_step or "check the path")


def existing_set(flag: str, path: Path) -> Path:
    """Return `path`, a folder of samples or an archive of them. Raises UsageError where it is missing or of another
    kind."""
    if path.is_dir():
        return path
    kind = _kind_of_file(flag, path)
    if kind not in (FileKind.ARCHIVE, FileKind.NPZ, FileKind.UNKNOWN):
        raise UsageError(
            f"{flag} {path}: is {kind.value}, not a folder or an archive of samples",
            next_step=where_it_belongs(path, kind),
        )
    return path


def check_apart(flag: str, folder: Path, cases: Iterable[Path]) -> None:
    """Raise UsageError where a folder of ours is, holds, or lies above what the cases are made of."""
    whole = folder.resolve()
    for path in cases:
        place = path.parent.resolve() / path.name
        if whole in (place, path.resolve(), *place.parents, *path.resolve().parents):
            raise UsageError(
                f"{flag} {folder}: {path} lies in it, and that folder is axpair's own",
                next_step=with_other(flag, str(free_name(_APART[flag])), "with a folder apart from the cases:"),
            )


_APART = {"--run": Path("../run"), "--out": Path("../out")}


def _kind_of_file(flag: str, path: Path) -> FileKind:
    try:
        kind = kind_of(path)
    except ContractError as error:
        raise UsageError(f"{flag} {error.message}", next_step=error.next_step) from error
    if path.is_dir() or kind is FileKind.SPECIAL:
        next_step = where_it_belongs(path, kind)
        if flag == "--input" and kind is FileKind.FOLDER:
            words = ("axpair", "replay", path, "--run", free_name(Path("run")), "--joint", UNKNOWN["joint"])
            next_step = calling(*words, text="for the cases in a folder:")
        raise UsageError(f"{flag} {path}: is {kind.value}, expected a file", next_step=next_step)
    if kind is FileKind.EMPTY:
        raise UsageError(f"{flag} {path}: is empty (0 bytes)", next_step="copy or build it again")
    return kind


def is_document(path: Path) -> bool:
    """Whether a file is a JSON document of ours: an object with schema_version."""
    try:
        return "schema_version" in msgspec.json.decode(path.read_bytes(), type=dict)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False


def given_models(joint: Path, onnx: Path | None, lava_joint: Path | None, config: Path | None) -> Models:
    """The files of one conversion, checked; without --config the output_config.prototxt beside the joint counts.

    Raises UsageError as `existing_file` does, and for a file that is recognized as of another kind.
    """
    given = {"--joint": joint, "--onnx": onnx, "--lava-joint": lava_joint, "--config": config}
    kinds = {flag: _kind_of_file(flag, path) for flag, path in given.items() if path is not None}
    if kinds["--joint"] is FileKind.LAVA_JOINT and kinds.get("--lava-joint") is FileKind.JOINT:
        raise UsageError(
            f"--joint {joint} is the lava_joint, and --lava-joint {lava_joint} the joint",
            next_step=Next("swap them:", Again(put=(("--joint", str(lava_joint)), ("--lava-joint", str(joint))))),
        )
    for flag, kind in kinds.items():
        path = given[flag]
        assert path is not None
        refuse_other_kind(flag, path, kind)
    beside = joint.with_name("output_config.prototxt")
    return Models(joint, onnx, lava_joint, config or (beside if beside.is_file() else None))


_WANTED = {
    "--joint": (FileKind.JOINT,),
    "--canary-joint": (FileKind.JOINT,),
    "--lava-joint": (FileKind.LAVA_JOINT,),
    "--onnx": (FileKind.ONNX, FileKind.QUANTIZED_ONNX),
    "--config": (FileKind.PROTOTXT,),
    "CONFIG": (FileKind.PROTOTXT, FileKind.PULSAR2_CONFIG),
    "--input": (FileKind.IMAGE, FileKind.NPY),
    "CASES": (FileKind.TEXT,),
    "--board-log": (FileKind.RUN_LOG, FileKind.EMPTY),
    "--build-log": (FileKind.BUILD_LOG, FileKind.RUN_LOG),
}
"""Of options and arguments that take one kind; any other takes whatever its own reader does."""
_WORDLESS = {"--joint", "--canary-joint", "--lava-joint", "--onnx"}
"""What these take is never a text."""
NO_MODEL = "look into it, as a server that refuses a download sends a text; then download the model again"
"""What to do with a text in the place of a model."""
_VAGUE = {FileKind.UNKNOWN, FileKind.TEXT, FileKind.JSON, FileKind.HTML}
"""Nothing that a reader of the wanted kind wouldn't say better, where that may be a text."""
_BESIDES = {FileKind.QUANTIZED_ONNX, FileKind.EMPTY}
_RAW = ".bin"
"""Suffix of raw bytes, which may look like anything."""
_UNPACK = "unpack it, and give the folder"
_PATH, _FOLDER = "{path}", "{folder}"
_PAIR = ("axpair", "pair")
_WITH_JOINT = ("axpair", "pair", "--joint", UNKNOWN["joint"])
_INPUT = ("--input", UNKNOWN["input"])
_PART = ("give the joint that it is a part of", ())
_BELONGS: Mapping[FileKind, tuple[str, tuple[str, ...]]] = {
    FileKind.JOINT: ("give it as --joint:", (*_PAIR, "--joint", _PATH, *_INPUT)),
    FileKind.LAVA_JOINT: ("give it as --lava-joint:", (*_WITH_JOINT, "--lava-joint", _PATH, *_INPUT)),
    FileKind.ONNX: ("give it as --onnx:", (*_WITH_JOINT, "--onnx", _PATH, *_INPUT)),
    FileKind.QUANTIZED_ONNX: (
        "give the float model as --onnx; what this one holds:",
        ("axpair", "model", "info", _PATH),
    ),
    FileKind.AXMODEL: (
        "axpair runs joints so far, and compares what an axmodel gave; what it holds:",
        ("axpair", "model", "info", _PATH),
    ),
    FileKind.DAMAGED_AXMODEL: ("copy it again, and compare its size with the one where it was built", ()),
    FileKind.HTML: ("it is the page about a file: download the file itself (raw, or download=true)", ()),
    FileKind.NEU: _PART,
    FileKind.AXE: _PART,
    FileKind.TOPOLOGY: _PART,
    FileKind.PRO: ("give a joint; what is in this package is run by the ISP's own program", ()),
    FileKind.PROTOTXT: ("give it as --config, after:", ("axpair", "lint", _PATH)),
    FileKind.PULSAR2_CONFIG: (
        "joints are built from pulsar's prototxt, axmodels by pulsar2; what is odd in this one:",
        ("axpair", "lint", _PATH),
    ),
    FileKind.NPY: ("give it as --input:", (*_WITH_JOINT, "--input", _PATH)),
    FileKind.NPZ: ("compare it:", ("axpair", "compare", _PATH, UNKNOWN["second"])),
    FileKind.IMAGE: ("give it as --input:", (*_WITH_JOINT, "--input", _PATH)),
    FileKind.ARCHIVE: ("unpack it, or, where it holds a gt folder:", ("axpair", "diagnose", _PATH)),
    FileKind.PACKED: ("unpack it (gunzip, xz -d, bunzip2, zstd -d), and give what comes out", ()),
    FileKind.LFS_POINTER: ("where it was cloned:", ("git", "lfs", "pull")),
    FileKind.RUN_LOG: (
        "give it as --board-log, with the run's folder as --board-out:",
        (*_WITH_JOINT, "--gt", UNKNOWN["gt"], "--board-out", UNKNOWN["board_out"], "--board-log", _PATH),
    ),
    FileKind.BUILD_LOG: ("give it to axpair layers:", ("axpair", "layers", "--build-log", _PATH)),
    FileKind.PAIR_JSON: ("judge its folder:", ("axpair", "diagnose", _FOLDER)),
    FileKind.GT_FOLDER: ("give it as --gt, or judge it:", ("axpair", "diagnose", _PATH)),
    FileKind.SPECIAL: ("copy what comes out of it into a file, and give that", ()),
    FileKind.RUN_FOLDER: (
        "give it to axpair replay as --run, or take the fewest of its cases:",
        ("axpair", "reduce", _PATH, "--out", "least"),
    ),
}
"""Where a file of that kind belongs, or what can be done with it today."""


def refuse_other_kind(flag: str, path: Path, kind: FileKind) -> None:
    """Raise UsageError where a file is clearly of another kind than the option takes, with where it belongs."""
    wanted = _WANTED.get(flag)
    if wanted is None or kind in wanted or (flag == "--input" and path.suffix.lower() == _RAW):
        return
    if kind is FileKind.UNKNOWN or (kind in _VAGUE and flag not in _WORDLESS):
        return
    if flag == "CASES":
        next_step = Next(_UNPACK) if kind is FileKind.ARCHIVE else where_it_belongs(path, kind)
        raise UsageError(f"{path}: is {kind.value}, neither a folder nor a list of cases", next_step=next_step)
    raise UsageError(
        f"{flag} {path}: is {kind.value}, not {_words(wanted)}",
        next_step=where_it_belongs(path, kind) or (NO_MODEL if flag in _WORDLESS else ""),
    )


def _words(wanted: Collection[FileKind]) -> str:
    """The kinds in words; of those that are taken besides, such as a quantized ONNX for an ONNX, none is said."""
    return " or ".join(one.value for one in wanted if one not in _BESIDES)


def sure_kind(flag: str, path: Path) -> None:
    """Raise UsageError where a file that nothing is going to read isn't what its option takes."""
    kind, wanted = kind_of(path), _WANTED[flag]
    if kind not in wanted:
        raise UsageError(
            f"{flag} {path}: is {kind.value}, not {_words(wanted)}", next_step=where_it_belongs(path, kind)
        )


def where_it_belongs(path: Path, kind: FileKind) -> Next:
    """What to do with a file of that kind; an empty step where nothing is known."""
    text, words = _BELONGS.get(kind, ("", ()))
    put = {_PATH: str(path), _FOLDER: str(path.parent)}
    return Next(text, Command(tuple(put.get(one, one) for one in words)) if words else None)
