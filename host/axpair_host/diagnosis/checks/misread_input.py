"""Did the NPU work on this input, read as it was written?"""

from collections.abc import Iterator

from axpair_host.diagnosis.asks import Wants
from axpair_host.diagnosis.finding import Finding, found
from axpair_host.diagnosis.inquiry import Inquiry
from axpair_host.diagnosis.telling import rich
from axpair_host.digests import bytes_sha256
from axpair_host.evidence.record import InputTrial

CODES = ("AX102", "AX103", "AX105", "AX107", "AX108")
_BOTH_RIGHT = "the very input is delivered: whatever misreads it comes behind the worker"


def check(inquiry: Inquiry) -> Iterator[Finding | Wants]:
    """AX102, AX103, AX105, AX107, AX108: in every round the board's bytes are what the simulator gives when it
    misreads the input in one way. Proven where all outputs agree under one way alone; where that is the probe's
    input, the answer is stale as well (AX302).

    Asked only where nothing explains the bytes so far and the board repeats them.
    """
    board: dict[str, str] = {}
    telling = False
    for output, joint, wrong in inquiry.wrong_answers():
        telling = telling or rich(joint)
        digests = {bytes_sha256(answer.tensor.tobytes()) for answer in wrong}
        if len(digests) > 1:
            return  # not repeatable: no input explains it
        board[output.name] = digests.pop()
    if not board:
        return
    trials = inquiry.evidence.record.input_trials
    if trials is None:
        yield Wants(
            "input_trials",
            "whether the board's bytes are the answer to this input misread (channels, layout, stride, dtype) wasn't "
            "tried: that takes the simulator",
        )
        return
    explaining = [trial for trial in trials if all(trial.outputs.get(name) == sha for name, sha in board.items())]
    fresh = [trial for trial in explaining if not trial.source and _holds_for_probe(inquiry, trial, tuple(board))]
    explaining = [trial for trial in explaining if trial.source and telling]
    yield from _findings(inquiry, fresh or explaining, tuple(board))


def _holds_for_probe(inquiry: Inquiry, trial: InputTrial, names: tuple[str, ...]) -> bool:
    """Whether the board answered the probe as if that had been misread in the same way; true where nothing tells."""
    probe = inquiry.evidence.probe
    misread = next(
        (one for one in inquiry.evidence.record.input_trials or () if one.source and one.name == trial.name), None
    )
    if probe is None or probe.failure is not None or misread is None:
        return True
    answered = {one.name: one.sha256 for one in probe.outputs}
    return all(answered.get(name) == misread.outputs.get(name) for name in names)


def _findings(inquiry: Inquiry, explaining: list[InputTrial], names: tuple[str, ...]) -> Iterator[Finding]:
    stale = bool(explaining) and all(trial.source for trial in explaining)
    codes = dict.fromkeys((*(("AX302",) if stale else ()), *(trial.code for trial in explaining)))
    for code in codes:
        mine = [trial for trial in explaining if trial.code == code] or explaining
        of = "the probe's input" if stale else "this input"
        yield found(
            code,
            f"the board's bytes are what the simulator gives on {mine[0].name}, made of {of}"
            + (f"; {len(names) - 1} more outputs" if len(names) > 1 else ""),
            {
                "input_read_as": [trial.name for trial in mine],
                "of": of,
                "also_explained_by": [trial.name for trial in explaining if trial not in mine],
                "delivered": _BOTH_RIGHT,
            },
            owner="preprocess" if code != "AX302" else None,
            stage="application" if code != "AX302" else None,
            proven=len(explaining) == 1,
            outputs=names,
            settles=("board",),
            cosine_if_fixed=inquiry.cosine_without_board,
        )
