"""What a file is, by its content: asked before it is called broken, so that a sound file in the wrong place is named.

A file's name is never believed, but for `.pro`, which has no mark that is known.
"""

import contextlib
import enum
import json
import re
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Collection
from pathlib import Path

from google.protobuf.message import DecodeError

from axpair_proto.errors import ContractError
from axpair_proto.joint import AXE, NEU, TOPOLOGY_MEMBER, read_joint
from axpair_proto.onnx_file import PULSAR2, read_onnx
from axpair_proto.pulsar import config_pb2
from axpair_proto.regular import read_regular
from axpair_proto.run_logs import read_run_log
from axpair_proto.slim_neu import is_neu
from axpair_proto.tar_members import open_tar
from axpair_proto.topology import topology_pb2

HEAD_BYTES = 1 << 16
"""Enough for every mark, and for the first lines of a text."""
OWN_MARK = "axpair.json"
"""Member of the emulator's joints that says which of the two it is."""
_LEGS = {"onnx", "lava_joint", "joint", "board"}
_LFS = "version https://git-lfs.github.com/spec/"
_AXMODEL_HEAD = re.compile(rb"\x08[\x01-\x7f]\x12\x07" + PULSAR2.encode())
"""The model's version, then its producer, as in every .axmodel."""
_FIRST_FIELD = re.compile(r"[A-Za-z_]\w*\s*[:{<]")
_PROTOTXT_FIELDS = tuple(field.name for field in config_pb2.Config.DESCRIPTOR.fields)


class FileKind(enum.Enum):
    """What was recognized; the value is what people are told."""

    JOINT = "a joint"
    LAVA_JOINT = "a lava_joint"
    ONNX = "an ONNX model"
    QUANTIZED_ONNX = "a quantized ONNX model"
    AXMODEL = "an .axmodel of pulsar2"
    DAMAGED_AXMODEL = "a damaged .axmodel of pulsar2, cut off perhaps"
    NEU = "a .neu, a joint's compiled part alone"
    AXE = "an .axe, a joint's CPU part alone"
    TOPOLOGY = "a topo.bin, a joint's description alone"
    PRO = "a .pro, the ISP's package of models"
    PROTOTXT = "a configuration of pulsar (prototxt)"
    PULSAR2_CONFIG = "a configuration of pulsar2 (JSON)"
    PAIR_JSON = "a pair.json of axpair"
    JSON = "a JSON file"
    HTML = "an HTML page"
    NPY = "an .npy tensor"
    NPZ = "an .npz of tensors"
    IMAGE = "a picture"
    ARCHIVE = "an archive"
    PACKED = "a single packed file (gzip, xz, bzip2 or zstd)"
    LFS_POINTER = "a pointer of Git LFS, which stands for a file that isn't here"
    RUN_LOG = "the log of a run on a board"
    BUILD_LOG = "the log of a build"
    GT_FOLDER = "a gt folder"
    RUN_FOLDER = "the folder of a replay's run"
    FOLDER = "a folder"
    TEXT = "a text"
    EMPTY = "empty"
    SPECIAL = "a pipe, socket or device"
    UNKNOWN = "a file of no kind that is known here"


def kind_of(path: Path) -> FileKind:
    """Recognize a file or folder; nothing is read of a pipe or device.

    Raises ContractError where it isn't there or can't be read.
    """
    try:
        if path.is_dir():
            return _kind_of_folder(path)
        if not stat.S_ISREG(path.stat().st_mode):
            return FileKind.SPECIAL
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError as error:
        step = "mend its permissions" if isinstance(error, PermissionError) else "check the path"
        raise ContractError(f"{path}: {error.strerror or error}", next_step=step) from error
    if not head:
        return FileKind.EMPTY
    marked = _by_mark(path, head)
    if marked is not None:
        return marked
    text = _as_text(head)
    if text is not None:
        return FileKind.LFS_POINTER if text.startswith(_LFS) else _kind_of_text(path, text)
    for recognize in (_onnx, _joint_or_archive, _neu, _topology):
        found = recognize(path)
        if found is not None:
            return found
    if _is_single(head):
        return FileKind.PACKED
    if _AXMODEL_HEAD.match(head):
        return FileKind.DAMAGED_AXMODEL
    return FileKind.PRO if path.suffix.lower() == ".pro" else FileKind.UNKNOWN


def _is_single(head: bytes) -> bool:
    """Whether it is packed and no tar: that is told by what reads joints, where it is damaged."""
    if head.startswith(b"\x1f\x8b"):
        with contextlib.suppress(zlib.error):
            begin = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(head, 512)
            return len(begin) > 0 and begin[257:262] != b"ustar"
        return False
    return head.startswith((b"\xfd7zXZ\0", b"BZh", b"\x28\xb5\x2f\xfd"))


def is_packed(path: Path) -> bool:
    """Whether it begins as a joint does, packed with gzip or as a tar: one that is damaged is told by what reads it."""
    try:
        with path.open("rb") as file:
            head = file.read(512)
    except OSError:
        return False
    return head.startswith(b"\x1f\x8b") or head[257:262] == b"ustar"


def _kind_of_folder(path: Path) -> FileKind:
    if (path / "run.sqlite").is_file():
        return FileKind.RUN_FOLDER
    names = {one.name for one in path.iterdir() if one.is_dir()}
    return FileKind.GT_FOLDER if (path / "pair.json").is_file() or names & _LEGS else FileKind.FOLDER


def _by_mark(path: Path, head: bytes) -> FileKind | None:
    if head.startswith(b"\x93NUMPY"):
        return FileKind.NPY
    if head.startswith(b"PK\x03\x04"):
        return _zip(path)
    if head.startswith(b"MGBS"):
        return FileKind.AXE
    images = (b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\0", b"MM\0*")
    is_image = head.startswith(images) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")
    if is_image and not (head[:2] == b"BM" and _as_text(head) is not None):
        return FileKind.IMAGE
    return None


def _zip(path: Path) -> FileKind:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return FileKind.UNKNOWN
    return FileKind.NPZ if names and all(name.endswith(".npy") for name in names) else FileKind.ARCHIVE


def _as_text(head: bytes) -> str | None:
    """The head as text; None where it isn't any. GBK counts, as it comes from a Chinese Windows."""
    if b"\0" in head:
        return None
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = head.decode(encoding, "strict")
        except UnicodeDecodeError as error:
            if error.start < len(head) - 4:
                continue
            text = head.decode(encoding, "ignore")
        controls = sum(letter < " " and letter not in "\t\n\r\f\x1b\b" for letter in text)
        if controls == 0:
            return text
    return None


def _kind_of_text(path: Path, text: str) -> FileKind:
    stripped = _without_comments(text).lstrip()
    if stripped.startswith(("{", "[")):
        return _kind_of_json(path, stripped)
    if stripped[:15].lower().startswith(("<!doctype html", "<html")):
        return FileKind.HTML
    lines = text.splitlines()
    if any(mark in text for mark in ("Quant Precision Table", "Precision Analysis", "yamain.command.build")):
        return FileKind.BUILD_LOG
    # A program that writes a configuration holds such lines too, and begins with something else.
    if _FIRST_FIELD.match(stripped) and any(f"\n{stripped}".count(f"\n{field}") for field in _PROTOTXT_FIELDS):
        return FileKind.PROTOTXT
    return FileKind.RUN_LOG if read_run_log(lines).known_lines else FileKind.TEXT


def _without_comments(text: str) -> str:
    lines = (line for line in text.splitlines() if not line.lstrip().startswith(("#", "//")))
    return "\n".join(lines)


def _kind_of_json(path: Path, text: str) -> FileKind:
    if '"gathered"' in text and '"schema_version"' in text:
        return FileKind.PAIR_JSON
    keys = ("model_type", "quant", "input_processors", "compiler", "target_hardware", "npu_mode", "output_processors")
    if sum(f'"{key}"' in text for key in keys) >= 2:
        return FileKind.PULSAR2_CONFIG
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        # Cut at the head's end, or none: what begins as JSON and is no longer than the head would have been read.
        return FileKind.JSON if len(text) >= HEAD_BYTES - 8 else FileKind.TEXT
    return FileKind.JSON


def _onnx(path: Path) -> FileKind | None:
    try:
        model = read_onnx(path)
    except ContractError:
        return None
    if model.axmodel is not None:
        return FileKind.AXMODEL
    return FileKind.QUANTIZED_ONNX if model.is_quantized else FileKind.ONNX


def _joint_or_archive(path: Path) -> FileKind | None:
    try:
        archive = read_joint(path, wanted=(OWN_MARK,))
    except ContractError:
        return FileKind.ARCHIVE if _is_tar(path) else None
    mark = archive.members.get(OWN_MARK)
    if mark is not None:
        return FileKind.LAVA_JOINT if _says_lava(mark) else FileKind.JOINT
    types = [part.type for part in archive.topology.parts]
    # A real lava_joint wasn't seen; what has no compiled part can't be run by a board.
    is_compiled = NEU in types or AXE in types or _has_neu(archive.sizes)
    return FileKind.JOINT if is_compiled or not types else FileKind.LAVA_JOINT


def _has_neu(names: Collection[str]) -> bool:
    return any(name.endswith((".neu", ".slim_neu")) for name in names)


def _says_lava(mark: bytes) -> bool:
    try:
        return bool(json.loads(mark)["kind"] == "lava_joint")
    except (ValueError, KeyError, TypeError, RecursionError):
        return False


def _is_tar(path: Path) -> bool:
    try:
        with open_tar(path) as archive:
            first = archive.next()
            # A damaged joint is told by what reads joints.
            return first is not None and not first.name.startswith((TOPOLOGY_MEMBER, "part_"))
    except (tarfile.TarError, OSError, EOFError, ValueError, OverflowError, struct.error):
        return False


def _topology(path: Path) -> FileKind | None:
    try:
        topology = topology_pb2.Topology.FromString(read_regular(path, 1 << 24))
    except (OSError, DecodeError):
        return None
    is_whole = topology.parts and topology.input_names and all(part.name and part.type for part in topology.parts)
    return FileKind.TOPOLOGY if is_whole else None


def _neu(path: Path) -> FileKind | None:
    try:
        with path.open("rb") as file:
            data = file.read(1 << 24)
    except OSError:
        return None
    return FileKind.NEU if is_neu(data) else None
