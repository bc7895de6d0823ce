"""Gt folders for tests: real files, written as gathering writes them, with exactly the damage that a test wants."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from axpair_host.digests import file_sha256
from axpair_host.evidence.folder import Evidence, load
from axpair_host.evidence.record import (
    BoardFacts,
    CaseFacts,
    Failure,
    InputFacts,
    Layer,
    OutputFacts,
    PostprocessFacts,
    Record,
    Round,
    RoundOutput,
)
from axpair_host.evidence.store import write_pair_json
from axpair_proto.gt.tensors import write_tensors
from axpair_proto.names import file_stems

Array = np.ndarray[Any, Any]
Tensors = Mapping[str, Array]
SENT = "a" * 64
PROBED = "b" * 64
JOINT = "c" * 64


@dataclass(frozen=True)
class Ran:
    """One round on the board as a test tells it."""

    outputs: Tensors = field(default_factory=dict)
    kind: str = "case"
    delivered: str = ""
    """Digest of what the worker handed over; "" = what was sent."""
    survivors: Mapping[str, Sequence[tuple[int, int]]] = field(default_factory=dict)
    generation: int = 1
    failure: Failure | None = None
    log: Sequence[str] = ()
    read: Tensors | None = None
    """What the worker read, where something else arrived."""


def values(seed: int, shape: Sequence[int] = (1, 8, 10, 10), step: float = 1 / 64) -> Array:
    """Float32 on a lattice of 8 bits, as a dequantised output has them."""
    codes = np.random.default_rng(seed).integers(-128, 128, tuple(shape))
    return (codes * step).astype(np.float32)


def noisy(tensor: Array, cosine: float, seed: int = 9) -> Array:
    """The tensor with noise at right angles to it, so that the cosine is the one given."""
    flat = tensor.reshape(-1).astype(np.float64)
    noise = np.random.default_rng(seed).normal(size=flat.size)
    noise -= flat * (noise @ flat) / (flat @ flat)
    noise *= np.sqrt(1 / cosine**2 - 1) * np.linalg.norm(flat) / np.linalg.norm(noise)
    turned: Array = (flat + noise).reshape(tensor.shape).astype(np.float32)
    return turned


def build(
    folder: Path,
    *,
    joint: Tensors | None = None,
    onnx: Tensors | None = None,
    lava_joint: Tensors | None = None,
    golden: Tensors | None = None,
    rounds: Sequence[Ran] = (),
    probe_joint: Tensors | None = None,
    declared: Mapping[str, OutputFacts] | None = None,
    steps: float = 0.0,
    layouts: str = "NCHW",
    cpu_part: bool = False,
    model_sha256: str = JOINT,
    load_failure: Failure | None = None,
    layers: Sequence[Layer] | None = None,
    decisions: Mapping[str, Any] | None = None,
    errors: Mapping[str, str] | None = None,
    board_url: str = "emulator:",
    board_versions: Mapping[str, str] | None = None,
    board_lines: Sequence[str] = (),
    **more: Any,
) -> Evidence:
    """Write the legs and pair.json and open the folder. Outputs are declared after joint/, else onnx/."""
    template = joint or onnx or (rounds[0].outputs if rounds else {})
    outputs = {name: _declared(name, array, steps, layouts, cpu_part) for name, array in template.items()}
    outputs |= dict(declared or {})
    for leg, tensors in (("onnx", onnx), ("lava_joint", lava_joint), ("joint", joint), ("golden", golden)):
        if tensors:
            write_tensors(folder / leg, tensors, file_stems(tensors))
    write_tensors(folder / "input", {"x": np.arange(4, dtype=np.uint8)}, {"x": "x"})
    if probe_joint is not None:
        write_tensors(folder / "runs/probe/joint", probe_joint, file_stems(probe_joint))
    board = None
    if rounds or load_failure or model_sha256 != JOINT:
        written = _rounds(folder, rounds)
        board = BoardFacts(
            board_url,
            written,
            dict(board_versions or {}),
            model_sha256,
            load_failure=load_failure,
            log_lines=tuple(board_lines),
        )
    said = PostprocessFacts("post:f", dict(decisions or {}), dict(errors or {})) if decisions or errors else None
    record = Record(
        case=CaseFacts("case", JOINT),
        inputs=(InputFacts("x", "x", "uint8", (4,), "", "", SENT, "x.bin"),),
        outputs=tuple(outputs.values()),
        simulator="test",
        board=board,
        layers=tuple(layers) if layers is not None else None,
        postprocess=said,
        digests={
            path.relative_to(folder).as_posix(): file_sha256(path)
            for path in sorted(folder.rglob("*"))
            if path.suffix in (".bin", ".npy")
        },
        **more,
    )
    write_pair_json(folder, record, None)
    return load(folder)


def edit(folder: Path, leg: str, name: str, array: Array) -> None:
    """Replace one tensor, .bin and .npy alike, behind the record's back."""
    write_tensors(folder / leg, {name: array}, file_stems([name]))


def _declared(name: str, array: Array, step: float, layout: str, cpu_part: bool) -> OutputFacts:
    stem = file_stems([name])[name]
    return OutputFacts(
        name, stem, array.dtype.name, array.shape, layout if array.ndim == 4 else "", step=step, cpu_part=cpu_part
    )


def _rounds(folder: Path, rounds: Sequence[Ran]) -> tuple[Round, ...]:
    written = []
    number = 0
    first: Tensors = {}
    for ran in rounds:
        is_probe = ran.kind == "probe"
        number += not is_probe
        place = ""
        if is_probe and ran.outputs:
            place = "runs/probe/board"
        elif not is_probe and ran.failure is None and (number == 1 or not _same(ran.outputs, first)):
            place = "board" if number == 1 else f"runs/{number}/board"
        if number == 1 and not is_probe:
            first = ran.outputs
        if place:
            write_tensors(folder / place, ran.outputs, file_stems(ran.outputs))
        sent = PROBED if is_probe else SENT
        written.append(
            Round(
                kind=ran.kind,
                number=0 if is_probe else number,
                folder=place,
                worker_generation=ran.generation,
                delivered={"x": ran.delivered or sent},
                sent={"x": sent},
                outputs=_read(ran),
                failure=ran.failure,
                log_lines=tuple(ran.log),
            )
        )
    return tuple(written)


def _read(ran: Ran) -> tuple[RoundOutput, ...]:
    read = ran.read or ran.outputs
    return tuple(
        RoundOutput(
            name,
            sha256(array.tobytes()).hexdigest(),
            array.nbytes,
            poisoned=True,
            survivors=tuple(ran.survivors.get(name, ())),
        )
        for name, array in read.items()
    )


def _same(one: Tensors, other: Tensors) -> bool:
    return one.keys() == other.keys() and all(one[name].tobytes() == other[name].tobytes() for name in one)
