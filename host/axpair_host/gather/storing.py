"""Writing a case into its gt folder: tensors of every leg, and the facts that refer to them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import numpy as np
from axpair_proto.description import ModelDescription
from axpair_proto.gt.tensors import Array, stems_in, write_tensors
from axpair_proto.meanings import meanings
from axpair_proto.names import as_text, file_stems, match_stems
from axpair_proto.simulator import Tensors

from axpair_host.digests import bytes_sha256, file_sha256
from axpair_host.evidence.named import SOURCES
from axpair_host.evidence.record import BoardFacts, InputFacts, OutputFacts, Round
from axpair_host.gather.board_leg import BoardLeg, BoardRound
from axpair_host.gather.prepare import PreparedCase

TENSOR_FOLDERS = ("input", "onnx", "lava_joint", "joint", "board", "golden", "runs", "trials", "second_opinion")


def write_inputs(folder: Path, prepared: PreparedCase) -> tuple[InputFacts, ...]:
    """Write input/ with the names of their sources; facts in the model's order. What lies there already stays."""
    inputs = prepared.description.inputs
    stems = file_stems(tensor.name for tensor in inputs)
    arrays = {
        tensor.name: np.frombuffer(prepared.data[tensor.name], tensor.dtype).reshape(tensor.shape) for tensor in inputs
    }
    stems |= _write_missing(folder / "input", arrays, stems)
    sources = "".join(f"{prepared.sources.get(tensor.name, '')}\n" for tensor in inputs)
    if not (folder / "input" / SOURCES).exists():
        (folder / "input" / SOURCES).write_text(sources, encoding="utf-8", errors="surrogateescape")
    return tuple(
        InputFacts(
            name=tensor.name,
            file=stems[tensor.name],
            dtype=tensor.dtype,
            shape=tensor.shape,
            layout=tensor.layout,
            color_space=tensor.color_space,
            sha256=bytes_sha256(prepared.data[tensor.name]),
            source=as_text(prepared.sources.get(tensor.name, "")),
        )
        for tensor in inputs
    )


def output_facts(description: ModelDescription, onnx: Path | None = None) -> tuple[OutputFacts, ...]:
    """What the model declares of its outputs, with the stems under which they are stored, and what their rows or
    elements are in the float model.

    Raises ContractError when two names would be stored as the same file.
    """
    stems = file_stems(tensor.name for tensor in description.outputs)
    known = meanings(onnx, list(stems))
    return tuple(
        OutputFacts(
            name=tensor.name,
            file=stems[tensor.name],
            dtype=tensor.dtype,
            shape=tensor.shape,
            layout=tensor.layout,
            q=tensor.q,
            step=tensor.step,
            cpu_part=tensor.cpu_part,
            ordered_by=known.ordered.get(tensor.name, ""),
            named_by=known.named.get(tensor.name, ""),
        )
        for tensor in description.outputs
    )


def write_legs(folder: Path, legs: Mapping[str, Tensors], outputs: Sequence[OutputFacts]) -> None:
    """Write each simulated leg under its own name; tensors that lie there already stay."""
    for leg, tensors in legs.items():
        _write_missing(folder / leg, tensors, _stems(tensors, outputs))


def _stems(tensors: Tensors, outputs: Sequence[OutputFacts]) -> dict[str, str]:
    """As the record has them, whichever of the outputs are here."""
    return file_stems(tensors) | {one.name: one.file for one in outputs}


def _write_missing(folder: Path, tensors: Tensors, stems: Mapping[str, str]) -> Mapping[str, str]:
    """Write the tensors that no file stands for; names of the others to the stems that do."""
    there = match_stems(tensors, stems_in(folder)) if folder.is_dir() else {}
    write_tensors(folder, {name: tensor for name, tensor in tensors.items() if name not in there}, stems)
    return there


def write_board(folder: Path, leg: BoardLeg, joint: Tensors | None, outputs: Sequence[OutputFacts]) -> BoardFacts:
    """Write board/ and, under runs/, the rounds that say something new.

    The probe and its input are kept only where the board and the simulator differ: only then a stale answer can show.
    """
    differs = not same_bytes(joint, leg.outputs())
    rounds = tuple(
        write_round(folder, one, outputs) if one.facts.kind == "case" or differs else one.facts for one in leg.rounds
    )
    return BoardFacts(
        url=leg.url,
        rounds=rounds,
        versions=dict(leg.versions),
        model_sha256=leg.model_sha256,
        tools_version=leg.tools_version,
        load_failure=leg.load_failure,
        log_lines=leg.log_lines,
        model_differences=leg.model_differences,
        written=leg.written,
        doubt=leg.doubt,
        beside=leg.beside,
    )


def write_round(folder: Path, one: BoardRound, outputs: Sequence[OutputFacts]) -> Round:
    """Write what is kept of a round; its facts then name the folder."""
    if one.outputs is None:
        return one.facts
    if one.facts.kind == "probe":
        place = "runs/probe/board"
    else:
        place = "board" if one.facts.number == 1 else f"runs/{one.facts.number}/board"
    write_tensors(folder / place, one.outputs, _stems(one.outputs, outputs))
    return msgspec.structs.replace(one.facts, folder=place)


def write_probe_input(folder: Path, prepared: PreparedCase) -> None:
    """Write runs/probe/input: the bytes that the probe was fed with."""
    probe = prepared.probe()
    arrays = {
        tensor.name: np.frombuffer(probe[tensor.name], tensor.dtype).reshape(tensor.shape)
        for tensor in prepared.description.inputs
    }
    write_tensors(folder / "runs" / "probe" / "input", arrays, file_stems(arrays))


def digests_of(folder: Path) -> dict[str, str]:
    """Path below the folder to sha256, for every tensor file, sorted."""
    paths = [path for name in TENSOR_FOLDERS for path in (folder / name).rglob("*") if path.suffix in (".bin", ".npy")]
    return {path.relative_to(folder).as_posix(): file_sha256(path) for path in sorted(paths)}


def same_bytes(one: Mapping[str, Array] | None, other: Mapping[str, Array] | None) -> bool:
    """Whether both hold the same names with the same bytes."""
    if one is None or other is None:
        return one is other
    return one.keys() == other.keys() and all(
        one[name].nbytes == other[name].nbytes and one[name].tobytes() == other[name].tobytes() for name in one
    )
