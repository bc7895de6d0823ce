"""Was the board handed this input?"""

from collections.abc import Iterator

from axpair_proto.run_logs import TOOLS, RunLog, read_run_log

from axpair_host.diagnosis.finding import Finding, Open, found
from axpair_host.diagnosis.inquiry import Inquiry
from axpair_host.evidence.record import BoardFacts


def check(inquiry: Inquiry) -> Iterator[Finding | Open]:
    """AX101: the worker handed over other bytes than were sent, or a log line says that the input wasn't used.

    A log line alone is a hint. Where the board's answer is the simulator's all the same, the buffer happened to hold
    the right bytes: the run proves nothing and is inconclusive.
    """
    names = tuple(output.name for output in inquiry.outputs)
    for round_ in inquiry.evidence.case_rounds:
        other = {
            name: {"sent": digest, "delivered": round_.delivered[name]}
            for name, digest in sorted(round_.sent.items())
            if name in round_.delivered and round_.delivered[name] != digest
        }
        if other:
            first = next(iter(other))
            yield found(
                "AX101",
                f"in round {round_.number} the board ran on other bytes than were sent for {first!r} "
                f"(sha256 {other[first]['delivered'][:12]}, sent {other[first]['sent'][:12]})",
                {"round": round_.number, "inputs": other},
                proven=True,
                outputs=names,
                settles=("board",),
            )
            return
    board = inquiry.evidence.record.board
    if board is None:
        return
    log = read_run_log(_log(board))
    if log.not_fed:
        wrong = not inquiry.has("joint") or any(inquiry.wrong_answers())
        yield found(
            "AX101",
            f"the log of the run says: {log.not_fed[0]}",
            {"log_lines": list(log.not_fed[:20])},
            weight="fault" if wrong else "inconclusive",
            outputs=names,
            settles=("board",),
        )
    elif board.rounds and not board.model_sha256 and not log.tells_of_inputs:
        lacks = "" if _log(board) else "--board-log {run_log}"
        yield Open("input", f"whether the board was handed this input isn't known: {_silence(board, log)}", lacks=lacks)


def _silence(board: BoardFacts, log: RunLog) -> str:
    if not _log(board):
        return "there is no log of the run"
    if not log.known_lines:
        return f"nothing in this log is known: no line is one of {', '.join(TOOLS)}"
    return f"the log is of {log.tool}, and says nothing of it" if log.tool else "the log says nothing of it"


def _log(board: BoardFacts) -> list[str]:
    """The case's own lines: while loading, run_joint is run without data only to have it describe the model."""
    return [line for one in board.rounds if one.kind == "case" for line in one.log_lines]
