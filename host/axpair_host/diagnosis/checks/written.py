"""Was the whole output written?"""

from collections.abc import Iterator
from typing import Any

from axpair_host.diagnosis.finding import Finding, found
from axpair_host.diagnosis.inquiry import Inquiry


def check(inquiry: Inquiry) -> Iterator[Finding]:
    """AX303: ranges of an output still held this round's own pattern after the run.

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
            f"{facts['bytes']} of {facts['of']} bytes of {name!r} still held the pattern from before round "
            f"{facts['round']}" + (f"; {len(concerned) - 1} more outputs" if len(concerned) > 1 else ""),
            {"outputs": concerned},
            proven=not tails,
            outputs=tuple(concerned),
            settles=("board",),
            cosine_if_fixed=inquiry.cosine_without_board,
        )
