"""The case under each switch that this board has."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial

import msgspec
from axpair_proto.errors import AxpairError

from axpair_host.boards.case import Case
from axpair_host.boards.loaded import LoadedModel, LoadRefused
from axpair_host.boards.url import EmulatorAddress
from axpair_host.digests import bytes_sha256
from axpair_host.errors import Interrupted
from axpair_host.evidence.record import Record, SwitchTrial
from axpair_host.gather.answers.second_opinion import by_command
from axpair_host.gather.answers.session import Session
from axpair_host.gather.board_side import BoardSide

MANY_RUNS = 100
MANY_EMULATED_RUNS = 20
"""On the emulated board: what its counters could show by the hundredth run they show by then."""
CACHE_MODES = ("CACHED", "NONE-CACHED", "SMART_CACHED")
STRIDE = 64
BY_HAND = {
    "the other programs on the board": "by hand: stop the customer's pipeline, or start it, and pair again",
    "another BSP": "by hand: pair the same joint on a board with another release",
}
"""Switches that no program here can throw."""

Run = Callable[[], dict[str, str]]


def answer(session: Session, record: Record) -> Record | None:
    """Record.switches; None where no board is at hand. One that isn't there is listed with the reason."""
    side = session.board
    if side is None:
        return None
    switches = dict(_switches(session, side, record))
    trials = []
    with session.progress.task("board: try its switches", len(switches), "switches") as task:
        for done, (name, run) in enumerate(switches.items(), start=1):
            trials.append(_tried(name, run))
            task.at(done)
    trials += [SwitchTrial(name, lacking=words) for name, words in BY_HAND.items()]
    return msgspec.structs.replace(record, switches=tuple(trials))


def _tried(name: str, run: Run) -> SwitchTrial:
    try:
        return SwitchTrial(name, outputs=run())
    except _Failed as failed:
        if "undefined option" in failed.refused.failure.message:
            return SwitchTrial(name, lacking="not available here: this run_joint has no such flag")
        return SwitchTrial(name, failure=failed.refused.failure)
    except Interrupted:
        raise
    except AxpairError as error:
        return SwitchTrial(name, lacking=f"not available here: {error.message}")


class _Failed(Exception):
    def __init__(self, refused: LoadRefused) -> None:
        super().__init__(refused.failure.message)
        self.refused = refused


def _switches(session: Session, side: BoardSide, record: Record) -> Iterator[tuple[str, Run]]:
    many = MANY_EMULATED_RUNS if isinstance(side.address, EmulatorAddress) else MANY_RUNS
    yield "fresh process, alone", lambda: _run(session, side.loaded())
    yield "fresh process, behind another input", lambda: _run(session, side.loaded(), want_probe=True)
    yield f"run {many} of one process", lambda: _run(session, side.loaded(), repeat=many)
    missing = record.second_opinion is not None and bool(record.second_opinion.lacking)
    other = "1_1" if record.versions.get("model_vnpu", "") in ("disable", "") else "disable"
    for name, options in (
        ("run_joint instead of our worker", {}),
        *((f"run_joint --cache-mode {mode}", {"cache-mode": mode}) for mode in CACHE_MODES),
        ("run_joint -p (manual allocation)", {"manual_alloc": "1"}),
        (f"run_joint --stride_w {STRIDE}", {"stride_w": str(STRIDE)}),
        (f"run_joint --mode {other}", {"mode": other}),
    ):
        yield name, _no_command if missing else partial(_commanded, session, side, options)
    yield "another board", lambda: _on_other(session)


def _run(
    session: Session,
    loaded: LoadedModel | LoadRefused,
    *,
    repeat: int = 1,
    want_probe: bool = False,
    fresh_worker: bool = True,
) -> dict[str, str]:
    """Digests of the last round. Raises _Failed."""
    if isinstance(loaded, LoadRefused):
        raise _Failed(loaded)
    case = Case(
        session.prepared.id,
        session.prepared.data,
        repeat=repeat,
        want_probe=want_probe,
        fresh_worker=fresh_worker,
        deadline_ms=session.request.deadline_ms,
    )
    digests: dict[str, str] = {}
    for each in loaded.run([case]):
        if each.facts.failure is not None:
            raise _Failed(LoadRefused(each.facts.failure, each.facts.log_lines))
        digests = {name: bytes_sha256(data) for name, data in each.outputs.items()}
    return digests


def _no_command() -> dict[str, str]:
    raise AxpairError("no run_joint is there")


def _commanded(session: Session, side: BoardSide, switches: Mapping[str, str]) -> dict[str, str]:
    loaded = by_command(side, switches)
    try:
        return _run(session, loaded, fresh_worker=False)
    finally:
        if isinstance(loaded, LoadedModel):
            loaded.unload()


def _on_other(session: Session) -> dict[str, str]:
    if session.other_board is None:
        raise AxpairError("no --other-board was given")
    return _run(session, session.other_board.loaded(), want_probe=True)
