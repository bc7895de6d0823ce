"""Which tensor of one collection stands for which of another."""

import difflib
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from axpair_proto.advice import Again, Next
from axpair_proto.dtypes import ITEM_BYTES
from axpair_proto.errors import ContractError
from axpair_proto.gt.spelling import one_spelling
from axpair_proto.names import alike_in_a_joint, find_spelled, joint_name, match_stems, pulsar2_file_stem

from axpair_host.errors import EvidenceError, UsageError
from axpair_host.evidence.collection import Array, Groups, Stored
from axpair_host.evidence.record import OutputFacts
from axpair_host.evidence.steps import data_step
from axpair_host.evidence.store import read_record


@dataclass(frozen=True)
class Matched:
    """One tensor of each side; None on the side that has none of that name."""

    group: str
    name: str
    first: Stored | None
    second: Stored | None
    passed_over: tuple[str, ...] = ()
    """Of the second side: other files that are the same name in a joint, which no program on a board writes so."""
    twins: tuple[str, ...] = ()
    """Of the first side: this and others that are one name in a joint."""

    @property
    def label(self) -> str:
        """Group and name in one."""
        return f"{self.group}/{self.name}" if self.group else self.name


def matched(first: Groups, second: Groups) -> list[Matched]:
    """Every tensor of both sides. Groups pair by name, or as the only ones there are; tensors by name, escaped by
    any toolchain's rule, or as the only ones there are. Rounds kept under runs/ count only where both sides have them.

    Raises UsageError when no group of one side can stand for one of the other.
    """
    first, second = _as_paths(first, second), _as_paths(second, first)
    if not set(first) & set(second):
        first, second = _inmost(first), _inmost(second)
        first, second = _as_paths(first, second), _as_paths(second, first)
    common = sorted(set(first) & set(second))
    if not common:
        if len(first) != 1 or len(second) != 1:
            raise UsageError(
                f"no folder of one side has the name of one of the other: {_listed(first)} and {_listed(second)}",
                next_step="give the two folders that belong together, such as gt/joint and gt/board",
            )
        (group, one), (_, other) = next(iter(first.items())), next(iter(second.items()))
        return list(_tensors(group, one, other))
    found: list[Matched] = []
    for group in sorted(set(first) | set(second)):
        if group in common or not group.startswith("runs/"):
            found += _tensors(group, first.get(group, {}), second.get(group, {}))
    return found


def _inmost(groups: Groups) -> Groups:
    """Without the folders that hold all of them, such as those that an archive was packed with."""
    if len(groups) < 2:
        return groups
    parts = [group.split("/") for group in groups]
    outer = next((at for at, some in enumerate(zip(*parts, strict=False)) if len(set(some)) > 1), 0)
    outer = min(outer, *(len(one) - 1 for one in parts))
    return {"/".join(one[outer:]): tensors for one, tensors in zip(parts, groups.values(), strict=True)}


def _as_paths(groups: Groups, others: Groups) -> Groups:
    """Where a folder of the other side, or its only one, stands for several of this: the tensors below as paths, if
    more of them belong to it so. axcl's samples take a '/' in a name for a folder."""
    if len(groups) == 1:
        return _with_folder(groups, others) if len(others) == 1 else groups
    if len(others) == 1:
        ((group, wanted),) = others.items()
        paths = _below(groups, list(groups), "")
        while len({path.partition("/")[0] for path in paths}) == 1 and all("/" in path for path in paths):
            paths = {path.partition("/")[2]: one for path, one in paths.items()}
        return {group: paths} if len(_names(wanted, paths)) > len(_names(wanted, groups.get(group, {}))) else groups
    found = dict(groups)
    for group, wanted in others.items():
        inner = [one for one in found if one.startswith(f"{group}/") and one not in others]
        if group and inner:
            paths = {**found.get(group, {}), **_below(found, inner, group)}
            if len(_names(wanted, paths)) > len(_names(wanted, found.get(group, {}))):
                found = {one: tensors for one, tensors in found.items() if one not in inner} | {group: paths}
    return found


def _with_folder(groups: Groups, others: Groups) -> Groups:
    """The same with the only folder as a part of the names, where more of the other side's are spelled so."""
    ((group, tensors),), ((other, wanted),) = groups.items(), others.items()
    paths = _below(groups, [group], "") if group and group != other else tensors
    return {other: paths} if len(_names(wanted, paths)) > len(_names(wanted, tensors)) else groups


def _below(groups: Groups, names: Sequence[str], group: str) -> dict[str, Stored]:
    """Tensors of these groups by their paths below one."""
    return {
        f"{name}/{stem}".removeprefix(group).lstrip("/"): one for name in names for stem, one in groups[name].items()
    }


def mapped(given: Mapping[str, str], found: Collection[str], names: Collection[str]) -> dict[str, str]:
    """--map, as name to the file stem that the user says it has; either is meant by the model's name, by the file's or
    by a gt folder's alike. Raises UsageError for one that isn't there, and for two that mean the same."""
    stems: dict[str, str] = {}
    for theirs, ours in given.items():
        stem = find_spelled(theirs, found) or find_spelled(re.sub(r"\.(?:bin|npy)$", "", theirs), found)
        name = find_spelled(ours, names)
        if stem is None:
            raise _unknown(f"--map {theirs}={ours}", theirs, found)
        if name is None:
            raise _unknown(f"--map {theirs}={ours}", ours, names)
        if stems.setdefault(name, stem) != stem or list(stems.values()).count(stem) > 1:
            raise UsageError(f"--map {theirs}={ours}: {name!r} or {stem!r} was mapped before")
    return stems


def renamed(groups: Groups, names: Mapping[str, str], known: Groups) -> Groups:
    """The same with tensors under the names of `known` that --map says they have; what had such a name loses it.
    Raises UsageError as `mapped` does."""
    if not names:
        return groups
    there = [stem for tensors in groups.values() for stem in tensors]
    stems = mapped(names, dict.fromkeys(there), dict.fromkeys(stem for tensors in known.values() for stem in tensors))
    return {group: _renamed(tensors, stems) for group, tensors in groups.items()}


def _renamed(tensors: Mapping[str, Stored], stems: Mapping[str, str]) -> dict[str, Stored]:
    here = {name: tensors[stem] for name, stem in stems.items() if stem in tensors}
    return here | {stem: one for stem, one in tensors.items() if stem not in here and stem not in stems.values()}


def named_as(option: str, given: Mapping[str, str], known: Collection[str]) -> dict[str, str]:
    """What an option says of tensors, by their names in `known`, however it spells them; "" stands for all others.
    Raises UsageError for one that isn't there."""
    found: dict[str, str] = {}
    for name, value in given.items():
        spelled = find_spelled(name, known) if name else ""
        if spelled is None:
            raise _unknown(f"{option} {name}", name, known)
        found[spelled] = value
    return found


def _unknown(option: str, name: str, known: Collection[str]) -> UsageError:
    close = difflib.get_close_matches(name, known, 1)
    near = f"; did you mean {close[0]!r}?" if close else ""
    listed = ", ".join(list(known)[:8]) or "nothing"
    return UsageError(f"{option}: no tensor is named {name!r}{near}", next_step=f"names: {listed}")


def _spelled_once(tensors: Mapping[str, Stored], others: Mapping[str, Stored], *, refuses: bool) -> dict[str, Stored]:
    """Equal files under several spellings of one name as one tensor, unless the other side has them all as well."""
    paths = {stem: one.stem for stem, one in tensors.items() if one.array is None and not one.refused}
    try:
        left = one_spelling(paths, [stem for stem in paths if stem in others], refuses=refuses)
    except ContractError as error:
        raise EvidenceError(error.message, next_step=error.next_step) from error
    return {stem: one for stem, one in tensors.items() if stem in left or stem not in paths}


def _tensors(group: str, one: Mapping[str, Stored], other: Mapping[str, Stored]) -> Iterator[Matched]:
    # Of a second side's leftovers it is known which is whose: a program on a board writes the joint's spelling.
    one, other = _spelled_once(one, other, refuses=True), _spelled_once(other, one, refuses=False)
    if len(one) == len(other) == 1:
        (name, stored), (_, second) = next(iter(one.items())), next(iter(other.items()))
        yield Matched(group, name, stored, second)
        return
    pairs = _names(one, other)
    if not pairs and len(one) == len(other):
        _suggest_map(one, other)
    rest = sorted(set(other) - set(pairs.values()))
    served = {joint_name(stem) for stem in pairs.values()}
    for name, stored in one.items():
        stem = pairs.get(name)
        alike = tuple(left for left in rest if stem is not None and joint_name(left) == joint_name(stem) == stem)
        same = tuple(each for each in one if joint_name(each) == joint_name(name))
        yield Matched(group, name, stored, other[stem] if stem is not None else None, alike, same if same[1:] else ())
    for name in rest:
        if joint_name(name) not in served or joint_name(name) not in other:
            yield Matched(group, name, None, other[name])


def _suggest_map(one: Mapping[str, Stored], other: Mapping[str, Stored]) -> None:
    """Raise UsageError with the map for which names or sizes speak; it is never taken by itself."""
    sizes = [{stem: stored.content_bytes() for stem, stored in side.items()} for side in (other, one)]
    if sorted(sizes[0].values()) != sorted(sizes[1].values()):
        return
    raise UsageError(
        f"no tensor of one side has the name of one of the other: {_few(one)} and {_few(other)}",
        next_step=belonging(proposed_map(*sizes, is_ordered=False)),
    )


@dataclass(frozen=True)
class Map:
    """What files are, as --map has it."""

    speaking: tuple[str, ...] = ()
    """What speaks for it: names, numbers, sizes."""
    options: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.options)


def belonging(said: Map, lead: str = "") -> Next:
    """The step for a user who knows that files and outputs belong together."""
    if not said:
        return Next(f"{lead or _TOGETHER}say of each file which output it is: --map FILE=NAME for each")
    whole = Again(more=said.options, without=("--map",))
    return Next(f"{lead or _TOGETHER}as {' and '.join(said.speaking)} have it:", whole)


_TOGETHER = "where they belong together, "


def proposed_map(files: Mapping[str, int], names: Mapping[str, int], *, is_ordered: bool) -> Map:
    """The --map options that names, numbers in them, or sizes speak for; none where none does, or where one contradicts
    another. Both are given with their bytes; `is_ordered`: whether `names` stand in the model's order, which numbers of
    files count in.
    """
    if len(files) != len(names):
        return Map()
    numbers, theirs = _numbers(files), _numbers(names)
    sure = _contained(files, names)
    ways: dict[str, dict[str, str]] = {}
    if len(sure) == len(files):
        ways["names"] = sure
    if numbers and is_ordered:
        ways["numbers"] = dict(zip(sorted(numbers, key=numbers.__getitem__), names, strict=True))
    if numbers and sorted(numbers.values()) == sorted(theirs.values()):
        by_number = {number: name for name, number in theirs.items()}
        ways["numbers of both"] = {stem: by_number[number] for stem, number in numbers.items()}
    if len(set(names.values())) == len(names) and sorted(files.values()) == sorted(names.values()):
        by_size = {size: name for name, size in names.items()}
        ways["sizes"] = {stem: by_size[size] for stem, size in files.items()}
    first = next(iter(ways.values()), {})
    agree = all(way == first for way in ways.values()) and sure.items() <= first.items()
    if not first or not agree or any(files[stem] != names[name] for stem, name in first.items()):
        return Map()
    options = [word for stem, name in sorted(first.items()) for word in ("--map", f"{stem}={name}")]
    return Map(tuple(ways), tuple(options))


def _contained(files: Iterable[str], names: Iterable[str]) -> dict[str, str]:
    """File stem to the longest name in it, between signs that are no letters or digits; each name once."""
    found: dict[str, str] = {}
    for stem in files:
        for name in sorted(names, key=len, reverse=True):
            if re.search(
                rf"(?<![a-z0-9]){re.escape(_letters(name).casefold())}(?![a-z0-9])", _letters(stem).casefold()
            ):
                found[stem] = name
                break
    return {stem: name for stem, name in found.items() if list(found.values()).count(name) == 1}


def _letters(name: str) -> str:
    return pulsar2_file_stem(name).strip("_")


_NUMBERED = (r"^(\d+)(?!\d)", r"(?<!\d)(\d+)$")


def _numbers(names: Iterable[str]) -> dict[str, int]:
    """The number that each begins or ends with, where they count from 0 or 1 on; else nothing."""
    for form in _NUMBERED:
        found = {name: int(number[1]) for name in names if (number := re.search(form, name))}
        if sorted(found.values()) in (list(range(len(list(names)))), list(range(1, len(list(names)) + 1))):
            return found
    return {}


def _few(names: Mapping[str, Stored]) -> str:
    return ", ".join(list(names)[:4]) + (", ..." if len(names) > 4 else "")


def _names(one: Mapping[str, Stored], other: Mapping[str, Stored]) -> dict[str, str]:
    try:
        forward = dict(match_stems(one, other))
        backward = dict(match_stems(other, one))
    except ContractError as error:
        raise EvidenceError(error.message, next_step=error.next_step) from error
    twins = {joint_name(name) for name, _ in alike_in_a_joint(one)}
    backward = {name: stem for name, stem in backward.items() if joint_name(stem) not in twins or stem in forward}
    pairs = {stem: name for name, stem in backward.items()} if len(backward) > len(forward) else forward
    return pairs | _by_letters([name for name in one if name not in pairs], set(other) - set(pairs.values()))


def _by_letters(names: Collection[str], stems: Collection[str]) -> dict[str, str]:
    """Those of both sides that rules wrote differently and that are alike in all letters and digits, each once."""
    sides = [Counter(map(_letters, side)) for side in (names, stems)]
    by_letters = {_letters(stem): stem for stem in stems}
    return {
        name: by_letters[letters]
        for name in names
        if (letters := _letters(name)) in by_letters and all(side[letters] == 1 for side in sides)
    }


def declared_by(path: Path) -> Mapping[str, OutputFacts]:
    """What the pair.json in a gt folder, or in the one above a leg, declares of outputs: by file stem."""
    for folder in (path, path.parent):
        record = read_record(folder) if folder.is_dir() else None
        if record is not None:
            return {output.file: output for output in record.outputs}
    return {}


def read_both(
    pair: Matched, dtype: str | None, declared: Mapping[str, OutputFacts]
) -> tuple[Array | None, Array | None, bool]:
    """Both tensors, and whether anything says of what type they are. A lone .bin is read as the other side is typed,
    else as `dtype`, else as pair.json declares it, else as bytes."""
    sides = (pair.first, pair.second)
    typed = [side.read() if side is not None and side.typed else None for side in sides]
    facts = declared.get(pair.name)
    is_typed = any(array is not None for array in typed) or dtype is not None or facts is not None
    arrays = []
    for side, array, other in zip(sides, typed, reversed(typed), strict=True):
        if side is None or array is not None:
            arrays.append(array)
        elif other is not None and other.nbytes == side.size_bytes():
            arrays.append(side.read((other.dtype.name, other.shape)))
        elif facts is not None and dtype is None:
            arrays.append(side.read((facts.dtype, facts.shape)))
        else:
            arrays.append(side.read().view(dtype) if dtype and not _odd(side, dtype) else side.read())
    return arrays[0], arrays[1], is_typed


def dtype_of(pair: Matched, dtypes: Mapping[str, str]) -> str | None:
    """What --dtype says of it: its own, else what is said of all others, where its files hold whole numbers of that."""
    general = dtypes.get("")
    if pair.name in dtypes or general is None:
        return dtypes.get(pair.name)
    untyped = [side for side in (pair.first, pair.second) if side is not None and not side.typed]
    return None if any(side.size_bytes() % ITEM_BYTES[general] for side in untyped) else general


def step_in(pair: Matched, declared: Mapping[str, OutputFacts], tensor: Array) -> float:
    """The output's step in the tensor's own units; 0 where nothing declares it."""
    facts = declared.get(pair.name)
    return data_step(facts, tensor) if facts is not None and facts.dtype == tensor.dtype.name else 0.0


def _odd(side: Stored, dtype: str) -> bool:
    if side.size_bytes() % ITEM_BYTES[dtype]:
        raise UsageError(f"{side.stem}.bin: {side.size_bytes()} bytes are no whole number of {dtype}")
    return False


def _listed(groups: Groups) -> str:
    names = [group or "(top)" for group in sorted(groups)]
    return ", ".join(names[:6]) + (", ..." if len(names) > 6 else "")
