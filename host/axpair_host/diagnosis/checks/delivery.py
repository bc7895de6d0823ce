"""Was the board handed this input?"""

from collections.abc import Iterator

from axpair_proto.logged_run import RunLog
from axpair_proto.names import find_name
from axpair_proto.run_logs import TOOLS, read_run_log
from axpair_proto.sentences import say

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
                say(
                    "in round {number} the board ran on other bytes than were sent for {first!r} (sha256 "
                    "{delivered}, sent {sent})",
                    number=round_.number,
                    first=first,
                    delivered=other[first]["delivered"][:12],
                    sent=other[first]["sent"][:12],
                ),
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
            say("the log of the run says: {line}", line=log.not_fed[0]),
            {"log_lines": list(log.not_fed[:20])},
            weight="fault" if wrong else "inconclusive",
            outputs=names,
            settles=("board",),
        )
        return
    for name in log.defaulted:
        if find_name(name, [one.name for one in inquiry.evidence.record.inputs]) is not None:
            why = say("the board ran {name!r} on the model's default: whether the simulator did isn't known", name=name)
            yield Open("input", why)
    if not inquiry.has("board"):
        return
    if board.rounds and not board.model_sha256 and log.broke_off and log.failure is None:
        yield Open("log", say("the log breaks off before the end of the run: whether it wrote these files isn't known"))
    if board.rounds and not board.model_sha256 and not log.tells_of_inputs:
        why = say("whether the board was handed this input isn't known: {why}", why=_silence(board, log))
        yield Open("input", why, lacks="" if _log(board) else "--board-log {run_log}")


def _silence(board: BoardFacts, log: RunLog) -> str:
    if not _log(board):
        return say("there is no log of the run")
    if not log.known_lines:
        return say("nothing in this log is known: no line is one of {tools}", tools=", ".join(TOOLS))
    return (
        say("the log is of {tool}, and says nothing of it", tool=log.tool)
        if log.tool
        else say("the log says nothing of it")
    )


def _log(board: BoardFacts) -> list[str]:
    """The case's own lines: while loading, run_joint is run without data only to have it describe the model."""
    return [line for one in board.rounds if one.kind == "case" for line in one.log_lines]
