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


def find_spelled(wanted: str, names: Iterable[str]) -> str | None:
    """The one of `names` that a person means by `wanted`: as `find_name` says, else the only one that has the same file
    name under one of the rules, whichever of the two is a file's name already; else None."""
    known = list(names)
    found = find_name(wanted, known)
    if found is not None:
        return found
    for rule in ALL_RULES:
        spelled = joint_name(rule(wanted))
        alike = [name for name in known if spelled in (joint_name(name), joint_name(rule(name)))]
        alike += [name for name in known if name not in alike and joint_name(rule(name)) == joint_name(wanted)]
        if alike:
            return alike[0] if len(alike) == 1 else None
    return None


def alike_in_a_joint(names: Iterable[str]) -> list[tuple[str, str]]:
    """Pairs of names of one model that are one name in a joint, in the order given: those spelled alike included."""
    first: dict[str, str] = {}
    pairs = []
    for name in names:
        spelled = joint_name(name)
        if spelled in first:
            pairs.append((first[spelled], name))
        first.setdefault(spelled, name)
    return pairs


def alike_words(side: str, names: Iterable[str]) -> list[str]:
    """A sentence on each such pair among a model's "input" or "output" names."""
    return [
        f"AX001: the {side}s {one!r} and {other!r} are both {joint_name(one)!r} in a joint, which takes '.' for ':'"
        if one != other
        else f"AX001: two {side}s are named {one!r}: '.' of the ONNX model's names is ':' in a joint"
        for one, other in alike_in_a_joint(names)
    ]


def run_joint_file_stem(name: str) -> str:
    """The file name, without ".bin", that run_joint gives to an output (SDK V0.31). May be unsafe as a path."""
    return name.replace("/", "_")


def pulsar2_file_stem(name: str) -> str:
    """The file name, without ".bin", that `pulsar2 run` gives to a tensor."""
    return re.sub(r"[^a-zA-Z0-9_-]", "_", name)


def axcl_file_stem(name: str) -> str:
    """The file name, without ".bin", that axcl's samples give to an output (`get_legal_name`): a path below the folder
    of the run where the name holds a '/'. Only compared with paths that are there; it is never opened."""
    head, slash, last = name.rpartition("/")
    folders = [part for part in head.split("/") if part]
    return "/".join([*folders, pulsar2_file_stem(last)]) if slash else name


def gt_file_stem(name: str) -> str:
    """The file name, without suffix, in axpair's gt folders: run_joint's rule, made safe for every name.

    Separators and control characters become '_'; names made of dots alone and empty ones are spelled with '_';
    stems over 200 bytes are cut and end in a digest of the whole name.
    """
    stem = _UNSAFE.sub("_", name)
    if not stem.strip("."):
        stem = "_" * max(len(stem), 1)
    encoded = stem.encode("utf-8", "surrogateescape")
    return stem if len(encoded) <= _MAX_STEM_BYTES else _distinct_stem(name, encoded)


def _distinct_stem(name: str, encoded: bytes | None = None) -> str:
    """A stem that no other name has, and by which its name is known: with a digest of the whole name."""
    if encoded is None:
        encoded = gt_file_stem(name).encode("utf-8", "surrogateescape")
    digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:12]
    return f"{encoded[: _MAX_STEM_BYTES - 13].decode('utf-8', 'ignore')}~{digest}"


def as_text(name: str) -> str:
    """A file's name as text that may go into messages, ids and documents: bytes that aren't UTF-8 become \\xNN."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace") if not name.isascii() else name


ALL_RULES: tuple[Callable[[str], str], ...] = (gt_file_stem, run_joint_file_stem, pulsar2_file_stem, axcl_file_stem)
"""Tried in this order when a folder's files are matched with a model's names."""


RENAME = "rename one of the two in the ONNX model and build again"
"""What to do about two names that are one."""


def file_stems(names: Iterable[str]) -> dict[str, str]:
    """Name to file stem in a gt folder. Names that would share a file, also where only letter case differs, get one of
    their own each, which says whose it is. Raises ContractError when a name is there twice."""
    wanted = list(names)
    taken = Counter(gt_file_stem(name).casefold() for name in wanted)
    stems: dict[str, str] = {}
    for name in wanted:
        if name in stems:
            raise ContractError(f"AX001: two tensors are named {name!r}", next_step=RENAME)
        stem = gt_file_stem(name)
        stems[name] = stem if taken[stem.casefold()] == 1 else _distinct_stem(name)
    return stems


def match_stems(names: Iterable[str], found: Iterable[str]) -> Mapping[str, str]:
    """Name to the stem that stands for it among those found; names without one are left out.

    Each rule is tried for all names before the next, so that a folder written by one tool is read by its rule; where it
    leaves a name without a file, '.' and ':' count as the same, but never where that leaves a choice. Of two files that
    are one name in a joint, the one that is spelled as there is taken: no program on a board writes the other. A file
    that would serve two names stands for the one that is spelled so.
    Raises ContractError when neither is.
    """
    wanted = list(names)
    available = set(found)
    best: dict[str, str] = {}
    for rule in ALL_RULES:
        matched = _matched(wanted, available, rule)
        if len(matched) > len(best):
            best = matched
    return _served_once(best)


def _served_once(best: Mapping[str, str]) -> dict[str, str]:
    served: dict[str, str] = {}
    for name, stem in best.items():
        other = served.setdefault(stem, name)
        if other != name:
            if stem not in best:
                raise ContractError(
                    f"AX001: the file {stem!r} would stand for both {other!r} and {name!r}", next_step=RENAME
                )
            served[stem] = stem
    return {name: stem for name, stem in best.items() if served[stem] == name}


def _matched(wanted: Sequence[str], available: Set[str], rule: Callable[[str], str]) -> dict[str, str]:
    names = Counter(joint_name(rule(name)) for name in wanted)
    gone = {joint_name(rule(name)) for name in wanted if rule(name) not in available}
    by_spelling: dict[str, list[str]] = {}
    for stem in available:
        by_spelling.setdefault(joint_name(stem), []).append(stem)
    matched: dict[str, str] = {}
    for name in wanted:
        stem, spelled = rule(name), joint_name(rule(name))
        alike = by_spelling.get(spelled, []) if names[spelled] == 1 else []
        if (own := _distinct_stem(name)) in available:
            matched[name] = own
        elif spelled in alike:
            matched[name] = spelled
        elif stem in available and (names[spelled] == 1 or spelled not in gone):
            matched[name] = stem
        elif len(alike) == 1:
            matched[name] = alike[0]
    return matched
