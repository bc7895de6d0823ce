"""Files of one folder that are one name in a joint: NAME.0 of the ONNX model and NAME:0 of the joint.

A gt folder gets both where two programs wrote into it. Files are written as the joint has the name, as `run_joint`
does (SDK V0.31); what `pulsar run` writes isn't known, so either is read.
"""

from collections.abc import Collection, Mapping
from pathlib import Path

from axpair_proto.errors import ContractError
from axpair_proto.gt.tensors import read_tensor
from axpair_proto.names import joint_name

_MOVE = "move the one that is left from an earlier run away, or gather the folder again"


def one_spelling(found: Mapping[str, Path], apart: Collection[str] = (), *, refuses: bool = True) -> dict[str, Path]:
    """Stem to path-without-suffix, of equal files under several spellings of one name the one that a joint has.

    `apart` holds names that are two tensors all the same, as a record or a joint lists them.
    Raises ContractError where such files differ or can't be read, unless told not to refuse: they all stay then.
    """
    by_name: dict[str, list[str]] = {}
    for stem in found:
        by_name.setdefault(joint_name(stem), []).append(stem)
    left = dict(found)
    for name, stems in by_name.items():
        if len(stems) < 2 or sum(stem in apart for stem in stems) > 1:
            continue
        kept = name if name in stems else stems[0]
        for stem in stems:
            if stem == kept or not _settled(found[kept], found[stem], refuses=refuses):
                continue
            del left[stem]
    return left


def _settled(kept: Path, other: Path, *, refuses: bool) -> bool:
    """Whether both are one tensor. Raises ContractError as `one_spelling` does."""
    try:
        if read_tensor(kept).tobytes() == read_tensor(other).tobytes():
            return True
    except ContractError as error:
        if not refuses:
            return False
        raise ContractError(
            f"{other} and {kept} are one name in a joint, and can't be compared: {error.message}", next_step=_MOVE
        ) from error
    if not refuses:
        return False
    raise ContractError(
        f"{other} and {kept} are one name in a joint, which takes '.' for ':', and their bytes differ: which of the "
        "two belongs to this case isn't known",
        next_step=_MOVE,
    )
