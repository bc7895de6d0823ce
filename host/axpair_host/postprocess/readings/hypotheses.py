"""Which readings are tried, and in which order: simple ones first, bounded in number."""

import itertools
from collections.abc import Iterator, Mapping, Sequence

from axpair_host.evidence.record import OutputFacts
from axpair_host.postprocess.readings.misreads import misreads, q_of
from axpair_host.postprocess.readings.reading import Array, Misread, Reading

_MAX_ORDERS = 24
"""Of one group of outputs of the same shape: all of four, the first of more."""


def single_readings(outputs: Sequence[OutputFacts], tensors: Mapping[str, Array]) -> list[Reading]:
    """Each misreading of all outputs that have room for it, then of each alone; outputs taken for each other."""
    by_kind: dict[str, list[tuple[str, Misread]]] = {}
    for output in outputs:
        if output.name in tensors:
            for misread in misreads(output, tensors[output.name]):
                by_kind.setdefault(misread.kind, []).append((output.name, misread))
    found = [Reading(tuple(parts)) for parts in by_kind.values()]
    found += [Reading((part,)) for parts in by_kind.values() if len(parts) > 1 for part in parts]
    return [*found, *_orders(outputs, tensors)]


def paired_readings(singles: Sequence[Reading]) -> Iterator[Reading]:
    """Two misreadings at a time, of different codes: layout, Q and dtype of all outputs that have room for them."""
    widest: dict[tuple[str, ...], Reading] = {}
    for reading in singles:
        widest.setdefault(reading.kinds, reading)
    kept = [one for one in singles if one in widest.values() or set(one.codes) <= {"AX403", "AX404"}]
    pairs = [
        (one, other)
        for one, other in itertools.combinations(kept, 2)
        if not set(one.codes) & set(other.codes) and _in_order(one, other)
    ]
    for one, other in pairs:
        # What was done to the values last is undone first: layout is what the bytes went through at the end.
        yield Reading((*one.parts, *other.parts), (*one.order, *other.order), {**one.q, **other.q})


def _in_order(one: Reading, other: Reading) -> bool:
    """Misreadings of the dtype change what the others work on: left out of pairs, as is what needs real values."""
    return not any(kind.startswith("dtype") for each in (one, other) for kind in each.kinds)


def _orders(outputs: Sequence[OutputFacts], tensors: Mapping[str, Array]) -> Iterator[Reading]:
    groups: dict[tuple[str, tuple[int, ...]], list[str]] = {}
    for output in outputs:
        if output.name in tensors:
            groups.setdefault((output.dtype, output.shape), []).append(output.name)
    scales = {output.name: q for output in outputs if (q := q_of(output)) is not None}
    for names in groups.values():
        for taken in itertools.islice(itertools.permutations(names), 1, _MAX_ORDERS):
            moved = tuple((a, b) for a, b in zip(taken, names, strict=True) if a != b)
            yield Reading(order=moved, q=scales)
