"""A record for a folder that has none: outputs as far as the tensors themselves say, everything else unknown."""

import contextlib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from axpair_proto.errors import ContractError
from axpair_proto.gt.spelling import one_spelling
from axpair_proto.gt.tensors import UnreadableTensor, bin_size, leads_out, read_npy, stems_in_all, stems_named

from axpair_host.errors import EvidenceError
from axpair_host.evidence.record import CaseFacts, OutputFacts, Record

_DECLARING = ("joint", "lava_joint", "onnx", "golden", "board")
"""Whose files say which outputs there are: the compiled model first."""


def record_of(gt: Path, legs: Sequence[str], apart: Collection[str] = ()) -> Record:
    """Outputs named after the files of the first leg that there is, typed by the first .npy found for each.

    An output of which no leg has a readable .npy is taken as bytes: then equal or not is all that can be said of it.
    Raises EvidenceError where unequal files of that leg are one name in a joint, and `apart` doesn't hold both: outputs
    that the joint lists.
    """
    ordered = [leg for leg in _DECLARING if leg in legs]
    notes = ["no pair.json: rounds, digests and steps are unknown"]
    outputs = []
    for stem, path in _stems(gt, ordered, apart).items():
        declared = _declared(gt, path, [gt / leg / f"{stem}.npy" for leg in ordered])
        if declared is not None:
            dtype, shape = declared
        else:
            dtype, shape = "uint8", (_bytes(path.with_name(f"{stem}.bin")),)
            notes.append(f"{stem}: no .npy says its dtype and shape; compared as bytes")
        outputs.append(OutputFacts(stem, stem, dtype, shape, layout=""))
    case = CaseFacts(id=gt.resolve().name, joint_sha256="")
    return Record(case, inputs=(), outputs=tuple(outputs), simulator="", notes=tuple(notes))


def _stems(gt: Path, legs: Sequence[str], apart: Collection[str]) -> Mapping[str, Path]:
    """Of the first leg whose folder can be listed: what lies in it, and below it what is spelled so, or lies there in
    another leg as well."""
    for leg in legs:
        with contextlib.suppress(UnreadableTensor):
            found = stems_named(gt / leg, [*apart], _below(gt, leg, legs))
            try:
                return one_spelling(found, apart, refuses=leg != "board")
            except ContractError as error:
                raise EvidenceError(error.message, next_step=error.next_step) from error
    return {}


def _below(gt: Path, leg: str, legs: Sequence[str]) -> set[str]:
    """Paths below a leg's own folder that lie in another leg too: of tensors whose names have a '/'."""
    other: set[str] = set()
    for one in legs:
        if one != leg:
            with contextlib.suppress(UnreadableTensor):
                other |= set(stems_in_all(gt / one))
    return {stem for stem in other if "/" in stem}


def _declared(gt: Path, stem: Path, files: Sequence[Path]) -> tuple[str, tuple[int, ...]] | None:
    """What the first of them says that is there and can be read; of the others it is said elsewhere that they can't.
    One of as many elements in another number of bytes than `stem` has is of another dtype, and says nothing of it."""
    own, raw = stem.with_name(f"{stem.name}.npy"), stem.with_name(f"{stem.name}.bin")
    size = _bytes(raw) if raw.is_file() and not own.is_file() else None
    for npy in files:
        if npy.is_file() and not leads_out(npy, gt):
            with contextlib.suppress(UnreadableTensor):
                array = read_npy(npy)
                if size is None or size == array.nbytes or size not in (array.size * width for width in (1, 2, 4, 8)):
                    return array.dtype.name, array.shape
    return None


def _bytes(path: Path) -> int:
    try:
        return bin_size(path)
    except UnreadableTensor:
        return 0
