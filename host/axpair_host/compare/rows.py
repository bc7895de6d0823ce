"""Outputs whose rows stand in the order of a score (behind TopK, NMS or a sort), matched row by row.

Two scores that lie nearer to each other than quantisation can tell change places, and all that follows the rows with
them. Element by element that looks like a loss.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np
from axpair_proto.row_matching import Matching, in_order, matched_rows, rows_of
from axpair_proto.row_matching import identities as identities_of

from axpair_host.compare.comparison import Comparison
from axpair_host.compare.identities import named
from axpair_host.compare.relation import GUIDE_LINE, Relation
from axpair_host.compare.whole import compare
from axpair_host.documents.compared import Reordered

Array = np.ndarray[Any, Any]


def compare_outputs(
    reference: Mapping[str, Array],
    candidate: Mapping[str, Array],
    ordering: Mapping[str, str],
    line: float = GUIDE_LINE,
    *,
    naming: Mapping[str, str] = MappingProxyType({}),
    layouts: Mapping[str, str] = MappingProxyType({}),
    units: Mapping[str, float] = MappingProxyType({}),
) -> dict[str, Comparison]:
    """Each output of both, as conversion is judged; those in `ordering` (by the operator that orders them) row by row
    where they aren't alike as they stand, those in `naming` (by the operator that gives the names) by the share of
    equal elements. Layouts and units are those of `compare`, where they are known."""
    tensors = {name: (one, candidate[name]) for name, one in reference.items() if name in candidate}
    ordered = Ordered(reference, candidate, ordering, naming)

    def compared(name: str, first: Array, second: Array) -> Comparison:
        return compare(first, second, line=line, layout=layouts.get(name, ""), unit=units.get(name, 1.0))

    return {name: ordered.compared(name, *pair, line, compared) for name, pair in tensors.items()}


class Ordered:
    """The outputs of two legs of which some stand in the order of a score, or name something; matches rows once, where
    needed."""

    def __init__(
        self,
        reference: Mapping[str, Array],
        candidate: Mapping[str, Array],
        ordering: Mapping[str, str],
        naming: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._legs = reference, candidate
        self._ordering, self._naming = ordering, naming
        self._matched: Mapping[str, Matching] | None = None

    def compared(
        self, name: str, first: Array, second: Array, line: float, compare: Callable[[str, Array, Array], Comparison]
    ) -> Comparison:
        """One output, with `compare` for two tensors of it: as it stands, with its rows in the reference's order, or by
        what it names."""
        plain = compare(name, first, second)
        operator = self._ordering.get(name, "")
        if not operator and name in self._naming:
            return named(plain, first, second, self._naming[name])
        if not operator or plain.relation is Relation.INVALID:
            return plain
        identities = identities_of(first)
        held = _held(first, second, identities)
        if (held is None or held == 1.0) and not below(plain, line):
            return _identified(plain, identities, held)
        matching = self._matchings().get(name)
        if matching is not None:
            turned = in_order(first, second, matching)
            found = reordered(compare(name, first, turned), plain, matching, operator)
            return _identified(found, identities, _held(first, turned, identities))
        if held is not None and not self._has_quantities():
            held = _overlap(first, second)
        return _identified(plain, identities, held)

    def _matchings(self) -> Mapping[str, Matching]:
        if self._matched is None:
            self._matched = matched_rows(*self._legs, self._ordering)
        return self._matched

    def _has_quantities(self) -> bool:
        """Whether any of the rows' columns is more than an identity."""
        reference = self._legs[0]
        return any(not identities_of(reference[name]).all() for name in self._ordering if name in reference)


def below(comparison: Comparison, line: float) -> bool:
    """Whether two tensors aren't alike as they stand."""
    return comparison.cosine is not None and comparison.cosine < line


def reordered(matched: Comparison, plain: Comparison, matching: Matching, operator: str) -> Comparison:
    """The comparison of matched rows, with what the one as they stand gave."""
    relation = Relation.EQUIVALENT if matched.relation is Relation.IDENTICAL else matched.relation
    facts = Reordered(operator, matching.places.size, matching.moved, matching.replaced, plain.cosine)
    return replace(matched, relation=relation, bytes_equal=False, reordered=facts)


def _held(reference: Array, candidate: Array, identities: Array) -> float | None:
    """Share of rows whose identities are the same as they stand; None without identities."""
    if not identities.any():
        return None
    wanted, given = (rows_of(one)[:, :, identities] for one in (reference, candidate))
    return float((wanted == np.rint(given)).all(axis=2).mean())


def _overlap(reference: Array, candidate: Array) -> float:
    """Share of the reference's rows that the candidate has too, wherever they stand."""
    wanted, given = (
        Counter(map(bytes, rows_of(one).reshape(-1, rows_of(one).shape[2]))) for one in (reference, candidate)
    )
    return sum((wanted & given).values()) / max(1, sum(wanted.values()))


def _identified(found: Comparison, identities: Array, held: float | None) -> Comparison:
    return found if held is None else replace(found, agreement=held, all_identities=bool(identities.all()))
