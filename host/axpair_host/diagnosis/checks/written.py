"""Was the whole output written?"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from axpair_proto.sentences import say

from axpair_host.advice.commands import Step
from axpair_host.diagnosis.finding import Finding, found
from axpair_host.diagnosis.inquiry import Inquiry
from axpair_host.diagnosis.zeros import told
from axpair_host.evidence.steps import data_step

_FEWEST = 2
"""Elements that should be something else: a single zero may be anything."""


def check(inquiry: Inquiry) -> Iterator[Finding]:
    """AX303: ranges of an output still held this round's own pattern after the run; a hint where no pattern was laid
    and every element is 0.

    The worker measured that; where the answer is the simulator's all the same, nothing was missed. A single range at
    the very end fits a lost tail (AX304) as well: then neither is proven.
    """
    wrong = {output.name for output, _, _ in inquiry.wrong_answers()}
    judged = inquiry.evidence.leg("joint")
    settled = inquiry.settled("board")
    concerned: dict[str, dict[str, Any]] = {}
    tails = 0
    for round_ in inquiry.evidence.case_rounds:
        for output in round_.outputs:
            if not output.survivors or output.name in concerned or output.name in settled:
                continue
            if output.name in judged and output.name not in wrong:
                continue
            unwritten = sum(length for _, length in output.survivors)
            last = output.survivors[-1]
            is_tail = len(output.survivors) == 1 and last[0] > 0 and sum(last) >= output.size_bytes
            tails += is_tail
            concerned[output.name] = {
                "round": round_.number,
                "bytes": unwritten,
                "of": output.size_bytes,
                "ranges": [list(pair) for pair in output.survivors[:20]],
                "only_the_tail": is_tail,
            }
    if concerned:
        name, facts = next(iter(concerned.items()))
        yield found(
            "AX303",
            say(
                "{bytes} of {of} bytes of {name!r} still held the pattern from before round {round}",
                bytes=facts["bytes"],
                of=facts["of"],
                name=name,
                round=facts["round"],
            )
            + (say("; {rest} more outputs", rest=len(concerned) - 1) if len(concerned) > 1 else ""),
            {"outputs": concerned},
            proven=not tails,
            outputs=tuple(concerned),
            settles=("board",),
            cosine_if_fixed=inquiry.cosine_without_board,
        )
    yield from _zeros(inquiry, set(concerned))


def _zeros(inquiry: Inquiry, named: set[str]) -> Iterator[Finding]:
    """Zeros alone, in a buffer of which nobody knows what it held before: most often it wasn't written."""
    rounds = [one for one in inquiry.evidence.case_rounds if one.failure is None]
    poisoned = {output.name for round_ in rounds for output in round_.outputs if output.poisoned}
    zeroed: dict[str, dict[str, Any]] = {}
    for output, joint, wrong in inquiry.wrong_answers():
        if output.name in named | poisoned or any(np.count_nonzero(answer.tensor) for answer in wrong):
            continue
        step = data_step(output, joint)
        if np.count_nonzero(joint) >= _FEWEST and not (step and float(np.abs(joint).max()) <= 1.5 * step):
            zeroed[output.name] = {"elements": int(joint.size), "only_the_tail": False}
    if zeroed:
        yield found(
            "AX303",
            say(
                "all elements of {outputs} of the board are 0, and the simulator's aren't: most often the "
                "output was never written, or the input never arrived; no pattern lay in the buffer before, "
                "which would tell",
                outputs=told(zeroed, len(inquiry.outputs)),
            ),
            {"outputs": zeroed, "rounds": len(rounds)},
            weight="fault" if len(rounds) > 1 else "inconclusive",
            outputs=tuple(zeroed),
            settles=("board",),
            cosine_if_fixed=inquiry.cosine_without_board,
            next_steps=(
                Step(say("Run the case on the board from here: the buffers are filled before each run."), "{on_board}"),
            ),
        )
