"""Was the board handed this input?"""

import re
from collections.abc import Iterator

from axpair_host.diagnosis.finding import Finding, found
from axpair_host.diagnosis.inquiry import Inquiry

_CONFESSIONS = re.compile(
    r"using random data|using default value|read file .* for input\[\d+\].*(failed|data size wrong)", re.IGNORECASE
)
"""Lines with which run_joint (SDK V0.31) goes on without the input, and exits 0 all the same."""


def check(inquiry: Inquiry) -> Iterator[Finding]:
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
    lines = [line.strip() for line in _log(inquiry) if _CONFESSIONS.search(line)]
    if lines:
        wrong = not inquiry.has("joint") or any(inquiry.wrong_answers())
        yield found(
            "AX101",
            f"the log of the run says: {lines[0]}",
            {"log_lines": lines[:20]},
            weight="fault" if wrong else "inconclusive",
            outputs=names,
            settles=("board",),
        )


def _log(inquiry: Inquiry) -> list[str]:
    board = inquiry.evidence.record.board
    if board is None:
        return []
    rounds = [line for one in board.rounds if one.kind == "case" for line in one.log_lines]
    return [*board.log_lines, *rounds]
