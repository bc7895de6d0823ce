"""A record for a folder that has none: outputs as far as the tensors themselves say, everything else unknown."""

from collections.abc import Sequence
from pathlib import Path

from axpair_proto.errors import ContractError
from axpair_proto.gt.tensors import read_npy, stems_in

from axpair_host.errors import EvidenceError
from axpair_host.evidence.record import CaseFacts, OutputFacts, Record

_DECLARING = ("joint", "lava_joint", "onnx", "golden", "board")
"""Whose files say which outputs there are: the compiled model first."""


def record_of(gt: Path, legs: Sequence[str]) -> Record:
    """Outputs named after the files of the first leg that there is, typed by the first .npy found for each.

    An output of which no leg has an .npy is taken as bytes: then equal or not is all that can be said of it.
    Raises EvidenceError on a damaged .npy.
    """
    ordered = [leg for leg in _DECLARING if leg in legs]
    notes = ["no pair.json: rounds, digests and steps are unknown"]
    outputs = []
    for stem, path in stems_in(gt / ordered[0]).items():
        declaring = [npy for leg in ordered if (npy := gt / leg / f"{stem}.npy").is_file()]
        if declaring:
            dtype, shape = _declared(declaring[0])
        else:
            dtype, shape = "uint8", (path.with_name(f"{stem}.bin").stat().st_size,)
            notes.append(f"{stem}: no .npy says its dtype and shape; compared as bytes")
        outputs.append(OutputFacts(stem, stem, dtype, shape, layout=""))
    case = CaseFacts(id=gt.resolve().name, joint_sha256="")
    return Record(case, inputs=(), outputs=tuple(outputs), simulator="", notes=tuple(notes))


def _declared(npy: Path) -> tuple[str, tuple[int, ...]]:
    try:
        array = read_npy(npy)
    except ContractError as error:
        raise EvidenceError(error.message, next_step=error.next_step) from error
    return array.dtype.name, array.shape
