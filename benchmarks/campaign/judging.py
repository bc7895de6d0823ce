"""Cases on a board with a fault: gathered and judged as `axpair pair` does."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from axpair_emulator.simulator import EmulatorSimulator
from axpair_host.boards.opening import address_of
from axpair_host.diagnosis import Settings, diagnose
from axpair_host.documents.json_form import json_form
from axpair_host.evidence.folder import load
from axpair_host.evidence.record import Record
from axpair_host.evidence.store import write_pair_json
from axpair_host.gather.answers.session import Session
from axpair_host.gather.board_side import BoardSide
from axpair_host.gather.canary import Canary, Watched
from axpair_host.gather.gathering import case_facts, gather
from axpair_host.gather.live import LiveAsks
from axpair_host.gather.prepare import PreparedCase, prepare
from axpair_host.gather.request import GatherRequest
from axpair_host.inputs import InputFile
from axpair_host.pairing import judge
from axpair_host.progress import Silent
from axpair_proto.description import ModelDescription
from axpair_proto.simulator import Models, Tensors

SIMULATOR = EmulatorSimulator()
_BY = f"{SIMULATOR.name} {SIMULATOR.version()}"
HEALTHY = "emulator:"
DEADLINE_MS = 4000
"""For a round on the board: long for every model here, short enough to wait for one that hangs."""


@dataclass(frozen=True)
class Judged:
    """One case's outcome."""

    document: dict[str, Any]
    stored: dict[str, Any]
    """What the folder as first gathered, with nothing that a check asked for, comes to."""
    changed: bool
    """Whether any byte of the board isn't the simulator's, or no answer came at all."""


def prepared_cases(
    models: Models, description: ModelDescription, pictures: Sequence[Sequence[Path]]
) -> list[PreparedCase]:
    """Inputs of each case; a case of several pictures is a batch of them."""
    cases = []
    for number, paths in enumerate(pictures):
        single = [_bytes(models, path) for path in paths]
        data = {one.name: b"".join(item[one.name] for item in single) for one in description.inputs}
        cases.append(PreparedCase(f"case{number}", description, data, {}))
    return cases


def _bytes(models: Models, path: Path) -> dict[str, bytes]:
    """One item's input bytes."""
    description = SIMULATOR.describe(models.joint)
    file = InputFile(path)
    case = prepare(SIMULATOR, models, description, (file,))
    items = max(1, description.inputs[0].shape[0])
    return {name: data[: len(data) // items] for name, data in case.data.items()}


def judged_cases(
    models: Models, right: Models, cases: Sequence[PreparedCase], board: str, place: Path, *, canary: bool = False
) -> Iterator[Judged]:
    """Each case on a board of its own, as `axpair pair` does; healthy ones on one after another, as `axpair replay`
    does. `right`: the same build without a fault of the compiler.
    `canary`: with the first case, from a healthy board, as the known-good one of each.

    Raises what a pair raises; AssertionError where the stored folder isn't judged as the live case was.
    """
    good = place / "good"
    if canary:
        good.mkdir(parents=True)
        with _side(HEALTHY, models) as side:
            request = GatherRequest(models)
            record = _gathered(request, cases[0], good, side)
            judge(LiveAsks(Session(good, request, cases[0], SIMULATOR, side, Silent()), record), Settings())
    with ExitStack() as stack:
        one_for_all = stack.enter_context(_side(board, models)) if board == HEALTHY else None
        for case in cases:
            folder = place / case.id
            folder.mkdir(parents=True)
            with nullcontext(one_for_all) if one_for_all is not None else _side(board, models) as side:
                yield _judged(models, right, case, folder, side, good if canary else None)
            shutil.rmtree(folder)


def _side(board: str, models: Models) -> BoardSide:
    return BoardSide(address_of(board), models.joint, _BY, Silent())


def _judged(
    models: Models, right: Models, case: PreparedCase, folder: Path, side: BoardSide, good: Path | None
) -> Judged:
    request = GatherRequest(models, deadline_ms=DEADLINE_MS)
    watched = Watched(Canary(good, models.joint), side, models.joint, Silent()) if good is not None else None
    if watched is not None:
        watched.run("before")
    record = _gathered(request, case, folder, side)
    if watched is not None:
        watched.run("after")
        record = msgspec.structs.replace(record, canary=watched.facts())
    write_pair_json(folder, record, None)
    stored = diagnose(load(folder)).document()
    asks = LiveAsks(Session(folder, request, case, SIMULATOR, side, Silent()), record)
    _, document = judge(asks, Settings())
    if diagnose(load(folder)).document() != document:
        raise AssertionError(f"{folder}: the stored folder is judged otherwise than the live case was")
    compiled_wrong = models.joint != right.joint and not _same(
        SIMULATOR.run(right, "joint", case.data), load(folder).leg("joint")
    )
    return Judged(json_form(document), json_form(stored), compiled_wrong or _changed(folder, asks.record))


def _gathered(request: GatherRequest, case: PreparedCase, folder: Path, side: BoardSide) -> Record:
    return gather(
        request,
        case_facts(request.models, case.id),
        case,
        folder,
        simulator=SIMULATOR,
        simulated_by=_BY,
        board=side,
        progress=Silent(),
    )


def _changed(folder: Path, record: Record) -> bool:
    evidence = load(folder)
    if record.board is None or record.board.load_failure is not None:
        return True
    rounds = {tuple((one.name, one.sha256) for one in round_.outputs) for round_ in evidence.case_rounds}
    failed = any(round_.failure is not None for round_ in evidence.case_rounds)
    return failed or len(rounds) > 1 or not _same(evidence.leg("joint"), evidence.leg("board"))


def _same(one: Tensors, other: Tensors) -> bool:
    return one.keys() == other.keys() and all(one[name].tobytes() == other[name].tobytes() for name in one)
