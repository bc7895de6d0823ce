"""What the values of a model's outputs are, as their float model has it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from axpair_proto.errors import ContractError
from axpair_proto.names import match_stems
from axpair_proto.onnx_file import read_onnx

SAME_NAMES = 0.9
"""Share of equal elements below which an output that names something has lost accuracy: of ten names one may be another
by a near tie."""


def names_line(elements: int) -> float:
    """That share for an output of so many elements: of fewer than ten one may be another too."""
    return min(SAME_NAMES, max(0, elements - 1) / max(1, elements))


@dataclass(frozen=True)
class Meanings:
    """Outputs, by the joint's names, of which the operators before them say something."""

    ordered: Mapping[str, str] = field(default_factory=dict)
    """To the ONNX operator, such as TopK, that orders their rows by a score."""
    named: Mapping[str, str] = field(default_factory=dict)
    """To the ONNX operator, such as ArgMax, that makes each of their elements a name of something."""


def meanings(onnx: Path | None, names: Sequence[str]) -> Meanings:
    """Nothing is known without a model that can be read: whoever runs it says what is wrong with it."""
    if onnx is None:
        return Meanings()
    try:
        model = read_onnx(onnx)
        ordered, named = (
            {name: found[stem] for name, stem in match_stems(names, found).items()}
            for found in (model.ordering, model.naming)
        )
        return Meanings(ordered, named)
    except ContractError:
        return Meanings()
