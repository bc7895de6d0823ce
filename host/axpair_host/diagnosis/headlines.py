"""In which order findings stand, and which of them are headlines: one for each thing that is wrong by itself.

A hint never outranks a proof, nor a board that differs. Findings of one matter that share an output are one thing.
"""

from collections.abc import Sequence
from dataclasses import replace

from axpair_proto.sentences import joined, say

from axpair_host.advice.commands import Step
from axpair_host.codebook import entries
from axpair_host.diagnosis.finding import Finding

_MATTERS = {
    "quantization": "conversion",
    "toolchain": "conversion",
    "calibration": "conversion",
    "model": "float model",
    "config": "float model",
    "preprocess": "float model",
}
"""Owner to what it has a hand in; any other owner is a matter of its own."""
_WEIGHTS = ("fault", "inconclusive")


def ranked(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Proofs and what was seen of the board first, then hints; faults before what more evidence is needed for; else as
    they came, which is the ladder's order. Warnings are left out."""
    counted = [one for one in findings if one.weight in _WEIGHTS]
    return tuple(sorted(counted, key=lambda one: (not (one.proven or _of_board(one)), _WEIGHTS.index(one.weight))))


def headlines(findings: Sequence[Finding]) -> list[list[Finding]]:
    """Of findings as `ranked`: the first of each thing that is wrong, with what the same evidence fits as well."""
    found: list[list[Finding]] = []
    for one in findings:
        if found and not (one.weight == "fault" or _of_board(one)):
            continue
        if any(_same_thing(one, other) for group in found for other in group):
            continue
        found.append([one, *(other for other in findings if other.code in one.rivals and other.rivals)])
    return found


def pointed(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Of findings as `ranked`: where others say what one comes from, their steps are the next ones, in place of its
    own."""
    return tuple(_pointed(one, findings) for one in findings)


def _pointed(one: Finding, findings: Sequence[Finding]) -> Finding:
    causes = [
        other.code
        for other in findings
        if other.code in entries()[one.code].caused_by
        and (not one.outputs or not other.outputs or set(one.outputs) & set(other.outputs))
    ]
    if not causes:
        return one
    named = joined(" and ", dict.fromkeys(causes))
    step = Step(say("Begin with {codes}: what this comes from, and what to do.", codes=named))
    return replace(one, next_steps=(step,))


def _of_board(finding: Finding) -> bool:
    return finding.stage == "on_board" or "board" in finding.settles


def _matter(finding: Finding) -> str:
    return "board" if _of_board(finding) else _MATTERS.get(finding.owner, finding.owner)


def _same_thing(one: Finding, other: Finding) -> bool:
    if _matter(one) != _matter(other):
        return False
    return not one.outputs or not other.outputs or bool(set(one.outputs) & set(other.outputs))
