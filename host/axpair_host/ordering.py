"""Which outputs stand in the order of a score, as their float model has it."""

from collections.abc import Sequence
from pathlib import Path

from axpair_proto.errors import ContractError
from axpair_proto.names import match_stems
from axpair_proto.onnx_file import read_onnx


def ordered_outputs(onnx: Path | None, names: Sequence[str]) -> dict[str, str]:
    """Output, by the joint's name, to the ONNX operator that orders its rows; empty without a model that can be read:
    whoever runs it says what is wrong with it."""
    if onnx is None:
        return {}
    try:
        ordering = read_onnx(onnx).ordering
        return {name: ordering[stem] for name, stem in match_stems(names, ordering).items()}
    except ContractError:
        return {}
