"""Which tensor of one collection stands for which of another."""

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from axpair_proto.advice import again
from axpair_proto.dtypes import ITEM_BYTES
from axpair_proto.errors import ContractError
from axpair_proto.names import match_stems

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

    @property
    def label(self) -> str:
        """Group and name in one."""
        return f"{self.group}/{self.name}" if self.group else self.name


def matched(first: Groups, second: Groups) -> list[Matched]:
    """Every tensor of both sides. Groups pair by name, or as the only ones there are; tensors by name, escaped by
    any toolchain's rule, or as the only ones there are. Rounds kept under runs/ count only where both sides have them.

    Raises UsageError when no group of one side can stand for one of the other.
    """
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


def renamed(groups: Groups, names: Mapping[str, str]) -> Groups:
    """The same with tensors under other names, by file stem or by full label. Raises UsageError for unknown ones."""
    if not names:
        return groups
    refuse_unknown_names("--map", names, [stem for tensors in groups.values() for stem in tensors])
    return {
        group: {names.get(stem, stem): stored for stem, stored in tensors.items()} for group, tensors in groups.items()
    }


def refuse_unknown_names(option: str, given: Iterable[str], known: Sequence[str]) -> None:
    """Raise UsageError where an option names a tensor that isn't there; "" stands for all."""
    for name in given:
        if name and name not in known:
            close = difflib.get_close_matches(name, known, 1)
            near = f"; did you mean {close[0]!r}?" if close else ""
            raise UsageError(
                f"{option} {name}: no tensor is named so{near}", next_step=f"names: {', '.join(known[:8])}"
            )


def _tensors(group: str, one: Mapping[str, Stored], other: Mapping[str, Stored]) -> Iterator[Matched]:
    if len(one) == len(other) == 1:
        (name, stored), (_, second) = next(iter(one.items())), next(iter(other.items()))
        yield Matched(group, name, stored, second)
        return
    pairs = _names(one, other)
    if not pairs and len(one) == len(other):
        _suggest_map(one, other)
    for name, stored in one.items():
        yield Matched(group, name, stored, other[pairs[name]] if name in pairs else None)
    for name in sorted(set(other) - set(pairs.values())):
        yield Matched(group, name, None, other[name])


def _suggest_map(one: Mapping[str, Stored], other: Mapping[str, Stored]) -> None:
    """Raise UsageError with the map that sizes and order suggest; it is never taken by itself."""
    sizes = [[stored.content_bytes() for stored in side.values()] for side in (one, other)]
    if sizes[0] != sizes[1]:
        return
    options = [word for first, second in zip(one, other, strict=True) for word in ("--map", f"{second}={first}")]
    raise UsageError(
        f"no tensor of one side has the name of one of the other: {_few(one)} and {_few(other)}",
        next_step=again("where they belong together in this order, which their sizes fit:", *options),
    )


def _few(names: Mapping[str, Stored]) -> str:
    return ", ".join(list(names)[:4]) + (", ..." if len(names) > 4 else "")


def _names(one: Mapping[str, Stored], other: Mapping[str, Stored]) -> dict[str, str]:
    try:
        forward = dict(match_stems(one, other))
        backward = dict(match_stems(other, one))
    except ContractError as error:
        raise EvidenceError(error.message, next_step=error.next_step) from error
    if len(backward) > len(forward):
        return {stem: name for name, stem in backward.items()}
    return forward


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
