"""Tensor and case names as file names: the rules of both toolchains and of the gt folder, in one place.

`run_joint` (SDK V0.31) replaces every '/' by '_' and nothing else; `pulsar2 run` replaces every character outside
[a-zA-Z0-9_-]. What `pulsar run` does is undocumented, so a reader tries all rules. Names come from models and over
the wire: none becomes a path unescaped.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping

from axpair_proto.errors import ContractError

_UNSAFE = re.compile(r"[\x00-\x1f\x7f/\\]")
_MAX_STEM_BYTES = 200


def run_joint_file_stem(name: str) -> str:
    """The file name, without ".bin", that run_joint gives to an output (SDK V0.31). May be unsafe as a path."""
    return name.replace("/", "_")


def pulsar2_file_stem(name: str) -> str:
    """The file name, without ".bin", that `pulsar2 run` gives to a tensor."""
    return re.sub(r"[^a-zA-Z0-9_-]", "_", name)


def gt_file_stem(name: str) -> str:
    """The file name, without suffix, in axpair's gt folders: run_joint's rule, made safe for every name.

    Separators and control characters become '_'; names made of dots alone and empty ones are spelled with '_';
    stems over 200 bytes are cut and end in a digest of the whole name.
    """
    stem = _UNSAFE.sub("_", name)
    if not stem.strip("."):
        stem = "_" * max(len(stem), 1)
    encoded = stem.encode("utf-8", "surrogateescape")
    if len(encoded) > _MAX_STEM_BYTES:
        digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:12]
        stem = f"{encoded[: _MAX_STEM_BYTES - 13].decode('utf-8', 'ignore')}~{digest}"
    return stem


def as_text(name: str) -> str:
    """A file's name as text that may go into messages, ids and documents: bytes that aren't UTF-8 become \\xNN."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace") if not name.isascii() else name


ALL_RULES: tuple[Callable[[str], str], ...] = (gt_file_stem, run_joint_file_stem, pulsar2_file_stem)
"""Tried in this order when a folder's files are matched with a model's names."""


def file_stems(names: Iterable[str], rule: Callable[[str], str] = gt_file_stem) -> dict[str, str]:
    """Name to file stem. Raises ContractError when two names collide, also where only letter case differs."""
    stems: dict[str, str] = {}
    taken: dict[str, str] = {}
    for name in names:
        stem = rule(name)
        other = taken.setdefault(stem.casefold(), name)
        if other != name:
            raise ContractError(
                f"the names {other!r} and {name!r} would both be stored as {stem!r}",
                next_step="rename one of the two in the ONNX model and build again",
            )
        stems[name] = stem
    return stems


def match_stems(names: Iterable[str], found: Iterable[str]) -> Mapping[str, str]:
    """Name to the stem that stands for it among those found; names without one are left out.

    Each rule is tried for all names before the next, so that a folder written by one tool is read by its rule.
    Raises ContractError when two names would be served by the same file.
    """
    wanted = list(names)
    available = set(found)
    best: dict[str, str] = {}
    for rule in ALL_RULES:
        matched = {name: rule(name) for name in wanted if rule(name) in available}
        if len(matched) > len(best):
            best = matched
    served: dict[str, str] = {}
    for name, stem in best.items():
        other = served.setdefault(stem, name)
        if other != name:
            raise ContractError(
                f"the file {stem!r} would stand for both {other!r} and {name!r}",
                next_step="rename one of the two in the ONNX model and build again",
            )
    return best
