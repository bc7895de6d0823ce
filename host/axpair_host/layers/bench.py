"""Bisects one case on one board, from an address and a folder for the log."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from axpair_proto.simulator import Models, Simulator

from axpair_host.boards.opening import open_address
from axpair_host.boards.url import Address
from axpair_host.digests import bytes_sha256, file_sha256
from axpair_host.documents import VerdictWord
from axpair_host.documents.layers import SCHEMA_VERSION, BisectionDocument
from axpair_host.layers.culprit import find_culprit
from axpair_host.layers.trial_log import Header, TrialLog
from axpair_host.layers.trials import Bench
from axpair_host.progress import Progress
from axpair_host.simulators import check_pairing

_VERDICTS: Mapping[str, VerdictWord] = {
    "agrees": "PASS",
    "found": "FAULT",
    "segment": "FAULT",
    "refused": "INCONCLUSIVE",
}


def bisect(
    simulator: Simulator,
    models: Models,
    inputs: Mapping[str, bytes],
    address: Address,
    out: Path,
    *,
    repeat: int,
    deadline_ms: int,
    progress: Progress,
) -> BisectionDocument:
    """The document of a bisection; its log lies in `out`, and one that was cut short goes on from it.

    Raises UsageError where the log is another bisection's or simulator and board don't go together; BoardError when
    the board can't be reached or goes away.
    """
    with opened_bench(
        simulator, models, inputs, address, out, repeat=repeat, deadline_ms=deadline_ms, progress=progress
    ) as bench:
        culprit = find_culprit(bench)
    return BisectionDocument(
        SCHEMA_VERSION,
        _VERDICTS[culprit.outcome],
        f"{simulator.name} {simulator.version()}",
        bench.board.url,
        str(bench.log.path),
        culprit.bisection,
    )


@contextmanager
def opened_bench(
    simulator: Simulator,
    models: Models,
    inputs: Mapping[str, bytes],
    address: Address,
    out: Path,
    *,
    repeat: int,
    deadline_ms: int,
    progress: Progress,
) -> Iterator[Bench]:
    """Simulator and board with one case, while the block lasts; raises as `bisect` does."""
    simulated_by = f"{simulator.name} {simulator.version()}"
    with open_address(address, progress=progress) as board:
        check_pairing(simulated_by, board.facts, board.url)
        digests = {name: bytes_sha256(data) for name, data in inputs.items()}
        header = Header(file_sha256(models.joint), digests, str(address), simulated_by, repeat)
        log = TrialLog(out, header)
        if log.resumed:
            progress.note(f"going on after {log.resumed} models in {log.path}")
        if log.damaged:
            progress.note(f"{log.damaged} damaged lines in {log.path} are passed over: those models are run again")
        yield Bench(simulator, models, inputs, board, log, progress, repeat, deadline_ms)
