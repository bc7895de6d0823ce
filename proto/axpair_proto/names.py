"""Tensor and case names as file names: the rules of both toolchains and of the gt folder, in one place.

A joint writes '.' of an ONNX name as ':' (`input.1` is `input:1` in the joints of AXERA-TECH/ax-models), so the same
tensor has two spellings: `joint_name` makes them one, `match_stems` and `find_name` look past it.
`run_joint` (SDK V0.31) replaces every '/' by '_' and nothing else; `pulsar2 run` replaces every character outside
[a-zA-Z0-9_-]. What `pulsar run` does is undocumented, so a reader tries all rules. Names come from models and over
the wire: none becomes a path unescaped.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence, Set

from axpair_proto.errors import ContractError

_UNSAFE = re.compile(r"[\x00-\x1f\x7f/\\]")
_MAX_STEM_BYTES = 200


def joint_name(name: str) -> str:
    """An ONNX model's name as a joint has it; a joint's own name stays as it is."""
    return name.replace(".", ":")


def find_name(wanted: str, names: Iterable[str]) -> str | None:
    """The one of `names` that `wanted` means: spelled alike, else the only one that a joint spells alike; else None."""
    known = list(names)
    if wanted in known:
        return wanted
    alike = [name for name in known if joint_name(name) == joint_name(wanted)]
    return alike[0] if len(alike) == 1 else None


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

    Each rule is tried for all names before the next, so that a folder written by one tool is read by its rule; where it
    leaves a name without a file, '.' and ':' count as the same, but never where that leaves a choice.
    Raises ContractError when two names would be served by the same file.
    """
    wanted = list(names)
    available = set(found)
    best: dict[str, str] = {}
    for rule in ALL_RULES:
        matched = _matched(wanted, available, rule)
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


def _matched(wanted: Sequence[str], available: Set[str], rule: Callable[[str], str]) -> dict[str, str]:
    exact = {name: rule(name) for name in wanted if rule(name) in available}
    names = Counter(joint_name(rule(name)) for name in wanted)
    stems: dict[str, list[str]] = {}
    for stem in available - set(exact.values()):
        stems.setdefault(joint_name(stem), []).append(stem)
    alike = {
        name: stems[spelled][0]
        for name in wanted
        if name not in exact and names[spelled := joint_name(rule(name))] == 1 and len(stems.get(spelled, ())) == 1
    }
    both = {**exact, **alike}
    return {name: both[name] for name in wanted if name in both}
