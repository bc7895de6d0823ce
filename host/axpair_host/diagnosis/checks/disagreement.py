"""Does the board give the simulator's bytes?"""

from collections.abc import Iterator
from typing import Any

from axpair_proto.sentences import joined, say

from axpair_host.advice.commands import Step
from axpair_host.compare import Comparison, Relation
from axpair_host.compare.differences import describe_differences
from axpair_host.diagnosis.asks import Wants
from axpair_host.diagnosis.finding import Finding, Weight, found
from axpair_host.diagnosis.inquiry import Inquiry
from axpair_host.documents.json_form import json_form
from axpair_host.evidence.record import FINISHED

_FLOAT_ERROR = 1e-3
"""2-norm RE up to which float arithmetic in another order explains a difference; anything larger clears nobody."""
_AGAIN = Step(say("Run the case again on the board: once proves nothing."), "{on_board}")


def check(inquiry: Inquiry) -> Iterator[Finding | Wants]:
    """AX306: bytes that differ from the simulator's and that nothing explains, the same in every round. Where that
    holds only for outputs behind a float CPU part, and the differences are of float arithmetic's size, it is AX314: the
    NPU itself is cleared.

    It takes two rounds; more in a fresh process are asked for. With one round only it is inconclusive.
    """
    unexplained: dict[str, Comparison] = {}
    for output, joint, wrong in inquiry.wrong_answers():
        unexplained[output.name] = inquiry.pair("joint_board", output.name) or inquiry.compare(
            output, joint, wrong[0].tensor
        )
    if not unexplained:
        return
    rounds = [one for one in inquiry.evidence.case_rounds if one.failure is None]
    fresh = len({one.worker_generation for one in rounds}) > 1
    finding = _finding(inquiry, unexplained, len(rounds), fresh)
    if fresh:
        yield finding
    else:
        yield Wants(
            "fresh_round",
            say("whether a fresh process gives the same bytes isn't known")
            if len(rounds) > 1
            else say("the board ran this once: whether it gives the same bytes again isn't known"),
            otherwise=(finding,),
        )


def _finding(inquiry: Inquiry, unexplained: dict[str, Comparison], rounds: int, fresh: bool) -> Finding:
    name, comparison = next(iter(unexplained.items()))
    weight: Weight = "fault" if rounds > 1 else "inconclusive"
    repeated = say("the same in {rounds} rounds", rounds=rounds) if rounds > 1 else say("seen once")
    if fresh:
        repeated += say(", also in a fresh process")
    signatures = {one: describe_differences(each) for one, each in unexplained.items()}
    difference = (
        comparison.reason
        if comparison.relation is Relation.INVALID
        else say(
            "{differing} of {elements} elements differ, by {most:.6g} at most",
            differing=comparison.differing,
            elements=comparison.elements,
            most=comparison.max_abs,
        )
    )
    cpu = [output.name for output in inquiry.outputs if output.cpu_part and output.name in unexplained]
    wrong_before = {one for each in inquiry.findings if "board" in each.settles for one in each.outputs}
    tiny = all(each.relative_error is not None and each.relative_error <= _FLOAT_ERROR for each in unexplained.values())
    only_cpu = tiny and len(cpu) == len(unexplained) and not wrong_before
    return found(
        "AX314" if only_cpu else "AX306",
        say(
            "board and simulator disagree on {name!r}, {repeated}: {difference}",
            name=name,
            repeated=repeated,
            difference=joined("; ", (difference, *signatures[name][:1])),
        )
        + (say("; {rest} more outputs", rest=len(unexplained) - 1) if len(unexplained) > 1 else ""),
        {
            "rounds": rounds,
            "fresh_process": fresh,
            "outputs": {one: _numbers(each, signatures[one]) for one, each in unexplained.items()},
            "behind_cpu_part": cpu,
            "misreadings_tried": sorted({one.name for one in inquiry.evidence.record.input_trials or ()}),
        },
        weight=weight,
        outputs=tuple(unexplained),
        settles=("board",),
        cosine_if_fixed=inquiry.cosine_without_board,
        next_steps=() if rounds > 1 else (_AGAIN,),
        headline="" if rounds > 1 or only_cpu else say("Board and simulator disagree"),
        without_steps=() if _can_bisect(inquiry) else ("{bisect}",),
    )


def _can_bisect(inquiry: Inquiry) -> bool:
    """Whether parts of the model can be built and run on that board: a finished run is over, and the vendor's compiler
    isn't driven."""
    record = inquiry.evidence.record
    over = record.board is not None and record.board.url.startswith(FINISHED)
    return not over and not record.simulator.startswith("pulsar run, as found in ")


def _numbers(comparison: Comparison, signatures: list[str]) -> dict[str, Any]:
    document = json_form(comparison.document())
    kept = ("relation", "cosine", "differing", "elements", "max_abs", "max_abs_index", "mean_steps", "step_histogram")
    return {**{key: document[key] for key in kept}, "signature": signatures}
