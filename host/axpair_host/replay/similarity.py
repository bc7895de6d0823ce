"""What a loss does to the similarity of two cases, where an output is a vector such as an embedding.

One case's cosine says little of that: what all cases have in common fills it, and what sets them apart may be lost.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import UNSET

from axpair_host.compare.content import LONGEST_VECTOR
from axpair_host.documents.pair import PairDocument
from axpair_host.documents.replayed import SimilarityRow
from axpair_host.documents.steps import StepTemplate
from axpair_host.evidence.folder import load

Array = np.ndarray[Any, Any]
Vectors = Mapping[str, tuple[Array, Array]]
"""By output: the float model's and the joint's, float32 of one length."""

KEPT = 0.8
"""Cosine, float model against joint, of what sets cases apart. Features of healthy 8-bit models keep .82 and more."""
MOST = 4096
"""Cases; every one is held against every other one."""
_BLOCK = 256


@dataclass(frozen=True)
class Similarity:
    """One output over all cases. Similarities are cosines between two cases' vectors."""

    output: str
    cases: int
    change: float
    """The largest one of the similarity of two cases."""
    between: tuple[str, str]
    """Ids of those two."""
    before: float
    """Their similarity in the float model."""
    after: float
    """And in the joint."""
    lowest: float
    """Of any two cases in the float model."""
    highest: float
    neighbors: int
    """Cases whose most similar case is another one in the joint."""
    kept: float | None
    """The cosine, float model against joint, of what sets the cases apart: their vectors without the mean of all. None
    where they are all alike."""

    @property
    def is_lost(self) -> bool:
        """Whether little of what sets the cases apart is left."""
        return self.kept is not None and self.kept < KEPT

    def value(self, metric: str) -> float | None:
        """What a line of `compare.lines.ACROSS_CASES` is held against."""
        return {"similarity": self.change, "distinct": self.kept}[metric]

    @property
    def row(self) -> SimilarityRow:
        """As the document has it."""
        return SimilarityRow(**asdict(self), line=KEPT, lost=self.is_lost)


def vectors_of(gt: Path, document: PairDocument[StepTemplate]) -> Vectors:
    """The outputs of a judged case that are vectors, by what the float model gives, as its pair document says.

    Raises EvidenceError where files of the folder disagree.
    """
    names = [one.name for one in document.outputs if one.onnx_joint is not None and one.onnx_joint.angle is not UNSET]
    if not names:
        return {}
    evidence = load(gt)
    return {name: (_flat(evidence.leg("onnx")[name]), _flat(evidence.leg("joint")[name])) for name in names}


def is_stored_vector(stored: object) -> bool:
    """Whether that can be the bytes of one of them."""
    return isinstance(stored, bytes) and 0 < len(stored) <= 4 * LONGEST_VECTOR and len(stored) % 4 == 0


def similarities(vectors: Mapping[str, Mapping[str, tuple[Array, Array]]]) -> Iterator[Similarity]:
    """Of vectors by output and case id, float model's and joint's: one for each output that two cases have."""
    for output, cases in vectors.items():
        lengths = [one.size for one, _ in cases.values()]
        usable = {
            id_: pair
            for id_, pair in cases.items()
            if pair[0].size == pair[1].size == lengths[0] and all(_has_direction(one) for one in pair)
        }
        ids = sorted(usable)[:MOST]
        if len(ids) > 1:
            yield _similarity(output, ids, *(np.stack([usable[id_][leg] for id_ in ids]) for leg in (0, 1)))


def _similarity(output: str, ids: Sequence[str], wanted: Array, given: Array) -> Similarity:
    apart = [one.astype(np.float64) - one.mean(axis=0, dtype=np.float64) for one in (wanted, given)]
    sizes = [float(np.linalg.norm(one)) for one in apart]
    known = sizes[0] > 1e-6 * float(np.linalg.norm(wanted.astype(np.float64)))
    kept = (float((apart[0] * apart[1]).sum()) / (sizes[0] * sizes[1]) if sizes[1] else 0.0) if known else None
    lines = [
        one / np.linalg.norm(one, axis=1, keepdims=True) for one in (w.astype(np.float64) for w in (wanted, given))
    ]
    worst, place = -1.0, (0, 1)
    before = after = 0.0
    lowest, highest, neighbors = np.inf, -np.inf, 0
    for start in range(0, len(ids), _BLOCK):
        first, second = (one[start : start + _BLOCK] @ one.T for one in lines)
        own = np.arange(len(first)), np.arange(start, start + len(first))
        change = np.abs(second - first)
        change[own] = -1.0
        row, column = np.unravel_index(int(change.argmax()), change.shape)
        if change[row, column] > worst:
            worst, place = float(change[row, column]), (start + int(row), int(column))
            before, after = float(first[row, column]), float(second[row, column])
        first[own], second[own] = -np.inf, -np.inf
        highest = max(highest, float(first.max()))
        neighbors += int(np.count_nonzero(first.argmax(axis=1) != second.argmax(axis=1)))
        first[own] = np.inf
        lowest = min(lowest, float(first.min()))
    one, other = sorted((ids[place[0]], ids[place[1]]))
    return Similarity(output, len(ids), worst, (one, other), before, after, lowest, highest, neighbors, kept)


def _flat(tensor: Array) -> Array:
    flat: Array = np.ascontiguousarray(tensor.reshape(-1), dtype="<f4")
    return flat


def _of_length_one(vectors: Array) -> Array:
    wide = vectors.astype(np.float64)
    lines: Array = wide / np.linalg.norm(wide, axis=1, keepdims=True)
    return lines


def _has_direction(vector: Array) -> bool:
    return bool(np.isfinite(vector).all()) and bool(vector.any())
