"""Is the answer the same each time?"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from axpair_proto.sentences import say

from axpair_host.compare import Relation
from axpair_host.diagnosis.finding import Finding, found
from axpair_host.diagnosis.inquiry import Inquiry
from axpair_host.evidence.record import OutputFacts

_GRANULES = (4096, 1024, 256, 64, 16)
"""Bytes: a page, tiles, a cache line."""
_APART = 16
"""Bytes between two regions."""


def check(inquiry: Inquiry) -> Iterator[Finding]:
    """AX301: rounds of the same case differ in outputs that nothing more specific explains.

    Behind a float CPU part answers that are equivalent count as the same.
    """
    rounds = [one for one in inquiry.evidence.case_rounds if one.failure is None]
    settled = inquiry.settled("board")
    varying: dict[str, dict[str, Any]] = {}
    for output in inquiry.outputs:
        digests = {
            one.number: next((each.sha256 for each in one.outputs if each.name == output.name), "") for one in rounds
        }
        known = {number: digest for number, digest in digests.items() if digest}
        if output.name in settled or len(set(known.values())) < 2 or _tolerable(inquiry, output):
            continue
        varying[output.name] = {
            "rounds": len(known),
            "different_answers": len(set(known.values())),
            "digests": {str(number): digest[:12] for number, digest in known.items()},
            **_where(inquiry, output),
        }
    if varying:
        name, facts = next(iter(varying.items()))
        generations = {one.worker_generation for one in rounds}
        yield found(
            "AX301",
            say(
                "{rounds} rounds with the same input gave {different_answers} different answers for {name!r}",
                rounds=facts["rounds"],
                different_answers=facts["different_answers"],
                name=name,
            )
            + (say("; {rest} more outputs", rest=len(varying) - 1) if len(varying) > 1 else ""),
            {"outputs": varying, "processes": len(generations)},
            proven=True,
            outputs=tuple(varying),
            settles=("board",),
            cosine_if_fixed=inquiry.cosine_without_board,
        )


def _tolerable(inquiry: Inquiry, output: OutputFacts) -> bool:
    answers = inquiry.answers(output.name)
    if not output.cpu_part or len(answers) < 2:
        return False
    comparisons = [inquiry.compare(output, answers[0].tensor, other.tensor) for other in answers[1:]]
    return all(one.relation.at_least(Relation.EQUIVALENT) for one in comparisons)


def _where(inquiry: Inquiry, output: OutputFacts) -> dict[str, Any]:
    """Which elements change between the first two answers that differ, and in which granule."""
    answers = inquiry.answers(output.name)
    for answer in answers[1:]:
        one, other = answers[0].tensor, answer.tensor
        if one.dtype != other.dtype or one.shape != other.shape or one.tobytes() == other.tobytes():
            continue
        item = one.itemsize
        changed = np.frombuffer(one.tobytes(), f"u{item}") != np.frombuffer(other.tobytes(), f"u{item}")
        places = np.flatnonzero(changed) * item
        starts = np.concatenate((places[:1], places[np.flatnonzero(np.diff(places) > _APART) + 1]))
        granule = next((size for size in _GRANULES if starts.size > 1 and not (starts % size).any()), None)
        return {
            "changed_elements": int(places.size),
            "of": int(one.size),
            "regions": int(starts.size),
            "first_offset": int(places[0]),
            "granule": granule,
        }
    return {}
