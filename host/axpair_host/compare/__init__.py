"""Comparison of two tensors: numbers and a relation, computed from arrays alone. Nothing in here reads files or judges.

`compare` is the whole of it: one pass in chunks (`sums`), the step found where none is declared (`lattice`), the
tolerance examined (`tolerance`), parts of unlike range looked at apart (`slices`).
"""

from axpair_host.compare.comparison import Comparison
from axpair_host.compare.relation import GUIDE_LINE, Relation
from axpair_host.compare.whole import compare, invalid

__all__ = ["GUIDE_LINE", "Comparison", "Relation", "compare", "invalid"]
