"""Did the board run the joint that was simulated?"""

from collections.abc import Iterator

from axpair_proto.joint import Toolchain, toolchain_of
from axpair_proto.sentences import joined, say

from axpair_host.diagnosis.finding import Finding, Open, found
from axpair_host.diagnosis.inquiry import Inquiry
from axpair_host.evidence.record import joint_toolchain


def _unknown(log_says: bool, joint_says: bool) -> str:
    """Which of the two doesn't say what built the joint; "" where both do."""
    if log_says and joint_says:
        return ""
    if not log_says and not joint_says:
        return say("neither the log nor the joint says what built it")
    return say("the joint doesn't say what built it") if log_says else say("the log doesn't say what built it")


def check(inquiry: Inquiry) -> Iterator[Finding | Open]:
    """AX109: the log of a finished run is of another joint: one that another toolchain built, or with other inputs and
    outputs. Of a run of ours the worker's own digest tells (AX006).

    A hint where the files may be another run's of that log, or where commits alone differ, though a line that lost or
    changed a digit says the same.
    """
    record = inquiry.evidence.record
    board = record.board
    if board is None or board.model_sha256:
        return
    logged, own = toolchain_of(board.tools_version), joint_toolchain(record)
    differences = list(board.model_differences)
    apart = logged.differs_from(own)
    if apart:
        differences.insert(0, say("the log has the toolchain {logged}, the joint {own}", logged=logged, own=own))
    elif apart is None and any(one.log_lines for one in board.rounds):
        why = _unknown(bool(str(logged)), bool(str(own))) or say(
            "the log says {logged}, the joint {own}", logged=logged, own=own
        )
        yield Open(
            "releases", say("whether the board ran this very joint couldn't be compared by toolchain: {why}", why=why)
        )
    if board.doubt:
        yield Open("log", board.doubt, undecided=not inquiry.board_is_right)
    if not differences:
        return
    is_sure = not board.doubt and not (apart and len(differences) == 1 and _may_be_garbled(logged, own))
    yield found(
        "AX109",
        say(
            "the board ran another joint than the one simulated: {differences}",
            differences=joined("; ", differences[:3]),
        ),
        {"differences": differences, "log": str(logged), "joint": str(own)},
        proven=is_sure,
        weight="fault" if is_sure else "inconclusive",
        outputs=tuple(output.name for output in inquiry.outputs),
        settles=("board",) if is_sure else (),
    )


def _may_be_garbled(logged: Toolchain, own: Toolchain) -> bool:
    """Whether what differs may be a digit that a serial line lost, added or changed."""
    one, other = logged.commit, own.commit
    if not one or not other:
        return False
    same_release = bool(own.release) and logged.release == own.release
    return same_release or max(len(one), len(other)) - _alike(one, other) <= 1


def _alike(one: str, other: str) -> int:
    """How many letters two texts share from their beginnings on, and then from their ends on."""
    before = _shared(one, other)
    return before + _shared(one[before:][::-1], other[before:][::-1])


def _shared(one: str, other: str) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (left, right) in pairs if left != right), min(len(one), len(other)))
