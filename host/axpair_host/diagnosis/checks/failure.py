"""Did the runtime come back with an answer?"""

from collections.abc import Iterator

from axpair_host.diagnosis.finding import Finding, found
from axpair_host.diagnosis.inquiry import Inquiry
from axpair_host.evidence.record import Failure

_KINDS = {
    "error": "returned an error",
    "crash": "crashed",
    "exit": "ended its process",
    "hang": "gave no answer in time and was killed",
    "garbage": "answered nonsense and was killed",
    "input": "did not take the inputs",
}
_LAST_LINES = 20


def check(inquiry: Inquiry) -> Iterator[Finding]:
    """AX307: loading the model or running it failed; the first failure counts, the case's own before the probe's."""
    board = inquiry.evidence.record.board
    if board is None:
        return
    names = tuple(output.name for output in inquiry.outputs)
    if board.load_failure is not None:
        yield _finding("while loading the model", board.load_failure, board.log_lines, names)
        return
    for round_ in sorted(board.rounds, key=lambda one: one.kind == "probe"):
        if round_.failure is not None and round_.failure.kind != "input":
            where = "on the probe" if round_.kind == "probe" else f"in round {round_.number}"
            # A probe that fails says nothing of the answers that came: those are judged as well.
            yield _finding(where, round_.failure, round_.log_lines, names if round_.kind == "case" else ())
            return


def _finding(where: str, failure: Failure, log_lines: tuple[str, ...], outputs: tuple[str, ...]) -> Finding:
    words = _KINDS.get(failure.kind, failure.kind)
    detail = (
        f" ({failure.signal})" if failure.signal else f" (0x{failure.code & 0xFFFFFFFF:08x})" if failure.code else ""
    )
    return found(
        "AX307",
        f"the runtime {words}{detail} {where}: {failure.message}",
        {
            "where": where,
            "kind": failure.kind,
            "signal": failure.signal,
            "code": failure.code,
            "message": failure.message,
            "log_lines": list(log_lines[-_LAST_LINES:]),
        },
        proven=True,
        outputs=outputs,
        settles=("board",),
    )
