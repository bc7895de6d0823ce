"""Runs the post-processor on every leg and keeps what it said, or how it failed."""

from collections.abc import Mapping
from typing import Any

from axpair_host.errors import HostError, PostprocessError
from axpair_host.evidence.record import PostprocessFacts
from axpair_host.postprocess.agreement import same_decision
from axpair_host.postprocess.decisions import as_json
from axpair_host.postprocess.failing import NothingMatched, told_failure
from axpair_host.postprocess.forms import as_boxes
from axpair_host.postprocess.loading import Outputs, Postprocessor


def apply(postprocessor: Postprocessor, legs: Mapping[str, Outputs], expect: Any = None) -> PostprocessFacts:
    """The decision of each leg. What it raises on some legs is evidence; what it raises on every one is an error.

    So is a pattern that fits nothing it prints on any leg, unless it is expected (`expect`) to find nothing; on some
    legs only, it found nothing there. Raises PostprocessError then, with what was raised, or printed.
    """
    decisions: dict[str, Any] = {}
    errors: dict[str, str] = {}
    unmatched: dict[str, str] = {}
    for leg, outputs in legs.items():
        try:
            decision, error = _decided(postprocessor, outputs)
        except NothingMatched as nothing:
            unmatched[leg] = str(nothing)
            decision, error = [], ""
        if error:
            errors[leg] = error
        else:
            decisions[leg] = decision
    if errors and not decisions:
        leg, message = next(iter(errors.items()))
        raise PostprocessError(
            f"the post-processor {postprocessor.spec} failed on every leg; on {leg}/: {message}",
            next_step=postprocessor.advice,
        )
    if unmatched and unmatched.keys() == decisions.keys() and as_boxes(expect) != []:
        leg, text = next(iter(unmatched.items()))
        raise PostprocessError(
            f"the pattern fits no line of what the post-processor {postprocessor.spec} prints on any leg; on {leg}/ it "
            f"begins {text}",
            next_step="mend --post-pattern, or the pattern in axpair.toml; where nothing was found let it print [], or "
            "expect that: --expect '[]'",
        )
    return PostprocessFacts(postprocessor.spec, decisions, errors, _asked_again(postprocessor, legs, decisions))


def _asked_again(
    postprocessor: Postprocessor, legs: Mapping[str, Outputs], decisions: Mapping[str, Any]
) -> dict[str, Any]:
    """What it makes of each leg now, where that is something else; asked only where the legs' decisions differ."""
    first = next(iter(decisions.values()), None)
    if all(same_decision(first, decision) for decision in decisions.values()):
        return {}
    other = {}
    for leg, decision in decisions.items():
        now, error = decided(postprocessor, legs[leg])
        if not error and not same_decision(decision, now):
            other[leg] = now
    return other


def decided(postprocessor: Postprocessor, outputs: Outputs) -> tuple[Any, str]:
    """What it makes of one leg's outputs as a JSON value, and "" ; or None and what it raised.

    Raises PostprocessError for a result that no JSON can hold, and HostError for a command that can't be run at all.
    """
    try:
        return _decided(postprocessor, outputs)
    except NothingMatched:
        return [], ""


def _decided(postprocessor: Postprocessor, outputs: Outputs) -> tuple[Any, str]:
    try:
        return as_json(postprocessor(outputs)), ""
    except (HostError, NothingMatched):
        raise
    except Exception as error:
        return None, told_failure(error)
