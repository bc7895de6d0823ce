"""Outputs whose elements name something, such as the class of each pixel behind an ArgMax.

Class 7 is no nearer to 8 than to 1, so no distance and no cosine means anything: either it is the same name, or not.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from axpair_proto.meanings import names_line

from axpair_host.compare.comparison import Comparison
from axpair_host.compare.content import NOTHING_KNOWN
from axpair_host.compare.relation import Relation

Array = np.ndarray[Any, Any]

MANY_PLACES = 16
"""Of one name: with fewer, near ties may take all of them."""
KEPT_NAMES = 0.5
"""Share of a name's places that keep it, below which the name is lost: near ties lie along its border."""


def named(plain: Comparison, reference: Array, candidate: Array, operator: str) -> Comparison:
    """The comparison of two tensors of one shape whose elements are names that `operator` gives, by the share that both
    have. `plain` as it is where they can't be compared, or the reference isn't of whole numbers."""
    if plain.relation is Relation.INVALID or not reference.size or not _is_whole(reference):
        return plain
    same = np.rint(candidate) == reference
    share, least = float(same.mean()), _least_kept(reference, same)
    relation = plain.relation
    if relation is not Relation.IDENTICAL:
        is_kept = share >= names_line(reference.size) and (least is None or least >= KEPT_NAMES)
        relation = Relation.SIMILAR if is_kept else Relation.DIFFERENT
        relation = Relation.EQUIVALENT if share == 1.0 else relation
    return replace(
        plain,
        relation=relation,
        content=NOTHING_KNOWN,
        others_cosine=None,
        shifted=False,
        slices=(),
        agreement=share,
        all_identities=True,
        named_by=operator,
        least_kept=least,
        constant_agreement=float(np.unique(reference, return_counts=True)[1].max()) / reference.size,
    )


def _least_kept(reference: Array, same: Array) -> float | None:
    """A map that is all background but for one object agrees in nearly all places without that object."""
    names, places = np.unique(reference, return_inverse=True)
    counts = np.bincount(places.reshape(-1))
    kept = np.bincount(places.reshape(-1), weights=same.reshape(-1), minlength=names.size)
    many = counts >= MANY_PLACES
    return float((kept[many] / counts[many]).min()) if many.any() else None


def _is_whole(tensor: Array) -> bool:
    return bool(np.isfinite(tensor).all() and (tensor == np.rint(tensor)).all())
