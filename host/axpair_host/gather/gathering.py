"""One case from prepared inputs to a filled gt folder."""

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
from axpair_proto import __version__
from axpair_proto.description import ModelDescription
from axpair_proto.joint import read_joint
from axpair_proto.names import find_name
from axpair_proto.simulator import Models, Simulator, Tensors

from axpair_host.boards.case import Case
from axpair_host.boards.loaded import LoadRefused
from axpair_host.digests import Pinned
from axpair_host.evidence.record import CaseFacts, Record
from axpair_host.evidence.store import read_record
from axpair_host.files import sure_kind
from axpair_host.gather.board_leg import BoardLeg, refused_leg, run_case
from axpair_host.gather.board_side import BoardSide
from axpair_host.gather.golden import store_golden
from axpair_host.gather.prepare import PreparedCase
from axpair_host.gather.request import GatherRequest
from axpair_host.gather.simulate import legs_from_gt, simulate
from axpair_host.gather.storing import (
    digests_of,
    output_facts,
    same_bytes,
    write_board,
    write_inputs,
    write_legs,
    write_probe_input,
)
from axpair_host.progress import Progress


def gather(
    request: GatherRequest,
    case: CaseFacts,
    prepared: PreparedCase,
    folder: Path,
    *,
    simulator: Simulator | None,
    simulated_by: str,
    board: BoardSide | BoardLeg,
    progress: Progress,
) -> Record:
    """Collect every leg of one case and write it into `folder`, which exists and is empty of legs.

    The board runs beside the simulation. `board` is a finished run's leg where nothing is to be run. With request.gt
    the simulated legs are taken from there and `simulator` isn't used.
    Raises BoardError when the board can't be reached or goes away, else what the simulator raises.
    """
    timings: dict[str, float] = {}
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(_board_leg, request, prepared, board, progress, timings)
        try:
            legs = _simulated(request, prepared, simulator, progress, timings)
            leg = running.result()
            if leg.where_equal is not None and same_bytes(legs.get("joint"), leg.where_equal.outputs()):
                leg = leg.where_equal
            if isinstance(board, BoardLeg):
                for note in leg.notes:
                    progress.note(note)
        except BaseException:
            if isinstance(board, BoardSide):
                board.abandon()
            raise
    with progress.task("write the gt folder"):
        return store(request, case, prepared, folder, simulated_by=simulated_by, legs=legs, leg=leg, timings=timings)


def store(
    request: GatherRequest,
    case: CaseFacts,
    prepared: PreparedCase,
    folder: Path,
    *,
    simulated_by: str,
    legs: Mapping[str, Tensors],
    leg: BoardLeg | None,
    timings: Mapping[str, float],
) -> Record:
    """Write one case, however its legs came about, into `folder` and return its record (not yet written)."""
    outputs = output_facts(prepared.description, request.models.onnx)
    inputs = write_inputs(folder, prepared)
    write_legs(folder, legs, outputs)
    joint = legs.get("joint")
    facts = write_board(folder, leg, joint, outputs) if leg is not None else None
    if leg is not None and leg.rounds and not same_bytes(joint, leg.outputs()):
        write_probe_input(folder, prepared)
    golden_notes: tuple[str, ...] = ()
    if request.golden is not None:
        golden_notes = store_golden(folder, request.golden, prepared.description)
    return Record(
        case=case,
        inputs=inputs,
        outputs=outputs,
        simulator=simulated_by,
        called=request.called(),
        board=facts,
        expect=request.expected.value,
        has_expect=request.expected.given,
        expect_leg=request.expected.leg,
        observed=request.observed.value,
        has_observed=request.observed.given,
        other=request.other,
        config_differences=request.config_differences,
        digests=digests_of(folder),
        notes=(*prepared.notes, *golden_notes, *(leg.notes if leg is not None else ())),
        versions=_versions(prepared.description, request.models.joint),
        timings={name: round(seconds, 4) for name, seconds in timings.items()},
    )


def _versions(model: ModelDescription, joint: Path) -> dict[str, str]:
    """Ours, and what the joint says of its build: as its simulator has it, and as its own file has it."""
    toolchain = read_joint(joint, wanted=()).toolchain
    known = {
        "axpair": __version__,
        "model_tools": model.tools_version,
        "model_vnpu": model.vnpu_mode,
        "joint_release": toolchain.release,
        "joint_commit": toolchain.commit,
    }
    return {key: value for key, value in known.items() if value}


def pinned_models(models: Models) -> Pinned:
    """The files of a conversion as they are. Raises UsageError when one can't be read."""
    return Pinned(path for path in (models.joint, models.onnx, models.lava_joint, models.config) if path is not None)


def case_facts(models: Models, case_id: str, pinned: Pinned | None = None) -> CaseFacts:
    """Digests of the case's files, as `pinned` has them. Raises UsageError when one can't be read."""
    pinned = pinned or pinned_models(models)
    return CaseFacts(
        id=case_id,
        joint_sha256=pinned.sha256(models.joint),
        onnx_sha256=pinned.sha256(models.onnx) if models.onnx else None,
        lava_joint_sha256=pinned.sha256(models.lava_joint) if models.lava_joint else None,
        config_sha256=pinned.sha256(models.config) if models.config else None,
    )


def configured_as(gt: Path | None, case: CaseFacts) -> CaseFacts:
    """The same with the configuration that the gt folder's record names, where none is given: its simulated legs, which
    this case takes, were made under it."""
    record = read_record(gt) if gt is not None else None
    if record is None or case.config_sha256 is not None or record.case.joint_sha256 != case.joint_sha256:
        return case
    return msgspec.structs.replace(case, config_sha256=record.case.config_sha256)


def differences(described: ModelDescription, on_board: ModelDescription) -> tuple[str, ...]:
    """Sentences on what board and simulator say differently of the model; what either doesn't know is no difference."""
    notes = []
    for kind, ours, theirs in (
        ("input", described.inputs, on_board.inputs),
        ("output", described.outputs, on_board.outputs),
    ):
        names, board_names = [one.name for one in ours], [one.name for one in theirs]
        if [find_name(name, names) for name in board_names] != names:
            notes.append(f"the board lists the {kind}s {board_names}, the simulator {names}")
            continue
        for one, other in zip(ours, theirs, strict=True):
            if (one.dtype, one.shape) != (other.dtype, other.shape):
                notes.append(
                    f"{kind} {one.name!r}: {other.dtype} {list(other.shape)} on the board, "
                    f"{one.dtype} {list(one.shape)} in the simulator"
                )
            if one.color_space and other.color_space and one.color_space != other.color_space:
                notes.append(f"{kind} {one.name!r}: {other.color_space} on the board, {one.color_space} in the joint")
    return tuple(notes)


def _simulated(
    request: GatherRequest,
    prepared: PreparedCase,
    simulator: Simulator | None,
    progress: Progress,
    timings: dict[str, float],
) -> Mapping[str, Tensors]:
    there = legs_from_gt(request.gt, prepared.description) if request.gt is not None else {}
    for leg, path in (("onnx", request.models.onnx), ("lava_joint", request.models.lava_joint)):
        if path is None or (leg not in there and simulator is not None):
            continue
        sure_kind(f"--{leg.replace('_', '-')}", path)
        why = f"{request.gt} holds its outputs" if leg in there else "no installed simulator runs it"
        progress.note(f"{path}: not run, as {why}")
    if simulator is None:
        if request.gt is None:
            raise TypeError("neither a simulator nor a gt folder was given")
        return there
    return there | simulate(simulator, request.models, prepared.data, progress, timings, without=there)


def _board_leg(
    request: GatherRequest,
    prepared: PreparedCase,
    board: BoardSide | BoardLeg,
    progress: Progress,
    timings: dict[str, float],
) -> BoardLeg:
    if isinstance(board, BoardLeg):
        return board
    loaded = board.loaded()
    timings.update(board.timings)
    if isinstance(loaded, LoadRefused):
        return refused_leg(board.board().url, loaded, board.board().facts.versions)
    started = time.perf_counter()
    case = Case(prepared.id, prepared.data, repeat=request.repeat, deadline_ms=request.deadline_ms)
    leg = run_case(loaded, case, progress)
    timings["board"] = time.perf_counter() - started
    return leg.noted(differences(prepared.description, loaded.description))
