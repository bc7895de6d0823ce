"""Does the float model get what the training code feeds its own with?"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from axpair_proto.capabilities import FrontEnd
from axpair_proto.sentences import joined, say

from axpair_host.advice.commands import Step
from axpair_host.compare.errors import worst_error
from axpair_host.diagnosis.asks import Wants
from axpair_host.diagnosis.checks import build_config
from axpair_host.diagnosis.finding import Finding, Open, found
from axpair_host.diagnosis.inquiry import Inquiry
from axpair_host.diagnosis.telling import rich
from axpair_host.evidence.record import FrontEndFacts, FrontEndTrials
from axpair_host.front_end.fitting import AGREE, RELATED, Fit, Judged, judge, mean_and_std
from axpair_host.postprocess.agreement import same_decision
from axpair_host.postprocess.decisions import told
from axpair_host.postprocess.forms import is_telling

Array = np.ndarray[Any, Any]

CLOSE = 2e-3
"""2-norm relative error within which two float frameworks agree on the same input."""
_WHAT = "golden -> configuration"
_OUTPUTS_ALONE = say(
    "golden/ has outputs and no input/: a front end that this case's outputs don't show isn't judged; save what the "
    "training code fed its model with as golden/input"
)

_DECISION_ALONE = Step(
    say("Hold it against the training code's own input and outputs: a decision alone proves nothing."),
    "{pair} --golden {golden}",
)


@dataclass(frozen=True)
class _Explained:
    """Front ends that explain what is seen, and how that was seen."""

    names: tuple[tuple[str, tuple[str, ...]], ...]
    seen: str
    evidence: dict[str, Any]
    certain: bool
    """Whether tensors, not only a decision, agree."""


def check(inquiry: Inquiry) -> Iterator[Finding | Open | Wants]:
    """AX103, AX104: the training code's input, outputs or the expected decision come about under exactly one other
    front end. AX106: the prepared pictures differ in a way that no front end explains.

    The training code's own input decides best, then its outputs; a decision alone is never more than a hint. No
    cosine is asked: a wrong configuration can make it better.
    """
    if any(one.code == build_config.CODE for one in inquiry.findings):
        return  # what the float model was fed with isn't what this joint takes
    if not _questionable(inquiry):
        if inquiry.has("golden"):
            yield Open(_WHAT, _OUTPUTS_ALONE)
        return
    facts = inquiry.evidence.record.front_end
    if facts is None:
        yield Wants(
            "config_trials",
            say(
                "which front end (colour order, mean, std) would give the training code's or the expected "
                "result wasn't tried: that takes the ONNX model and a simulator that runs it plainly"
            ),
        )
        return
    golden_inputs = inquiry.evidence.fed_in("golden/input")
    if golden_inputs:
        for name, golden in golden_inputs.items():
            yield from _by_input(inquiry, facts, name, golden)
    elif inquiry.has("golden"):
        yield Open(_WHAT, _OUTPUTS_ALONE)
        yield from _findings(inquiry, _by_outputs(inquiry, facts))
    else:
        yield from _findings(inquiry, _by_decision(inquiry, facts))


def _questionable(inquiry: Inquiry) -> bool:
    if inquiry.evidence.fed_in("golden/input"):
        return True
    if inquiry.has("golden", "onnx"):
        return _error(inquiry, "onnx") > CLOSE
    record = inquiry.evidence.record
    said = record.postprocess
    return (
        record.has_expect
        and said is not None
        and "onnx" in said.decisions
        and not same_decision(record.expect, said.decisions["onnx"])
    )


def _by_input(inquiry: Inquiry, facts: FrontEndTrials, name: str, golden: Array) -> Iterator[Finding | Open]:
    configured = inquiry.evidence.fed_in("trials/configured/input").get(name)
    front_end = facts.configured.get(name)
    if configured is None or front_end is None:
        yield Open(_WHAT, say("golden/input has {name!r}, which is no picture here: it isn't judged", name=name))
        return
    fitting = _same_axes(golden, configured)
    if fitting is None:
        yield found(
            "AX106",
            say(
                "the training code fed {name!r} with {theirs}, here the float model gets {ours}",
                name=name,
                theirs=list(golden.shape),
                ours=list(configured.shape),
            ),
            {"input": name, "golden_shape": list(golden.shape), "shape": list(configured.shape)},
            proven=True,
        )
        return
    seen = judge(configured, fitting, _front_end(front_end))
    if seen.grey:
        yield Open(
            _WHAT,
            say("{name!r} is a grey picture: it can't show the order of channels, nor that of mean and std", name=name),
        )
    if seen.largest <= AGREE:
        return
    if seen.fits:
        yield from _findings(inquiry, _fitted(name, seen))
    elif seen.rounding is not None:
        yield Open(
            _WHAT,
            say(
                "what {name!r} is fed with differs from golden/input by {largest:.4g} at most, as pictures "
                "do that were decoded or scaled by different code; channels, mean and std are the same",
                name=name,
                largest=seen.largest,
            ),
        )
    elif seen.correlation >= RELATED / 3:
        yield found(
            "AX106",
            say(
                "what {name!r} is fed with differs from golden/input by up to {largest:.4g}, and no order of "
                "channels, mean and std explains it (correlation {correlation:.3f}): the picture is cut or "
                "scaled otherwise",
                name=name,
                largest=seen.largest,
                correlation=seen.correlation,
            ),
            {"input": name, "largest_difference": seen.largest, "correlation": seen.correlation},
        )
    else:
        yield Open(
            _WHAT,
            say(
                "golden/input {name!r} and what the float model is fed with hardly resemble each other "
                "(correlation {correlation:.3f}): another picture, or another layout",
                name=name,
                correlation=seen.correlation,
            ),
            undecided=True,
        )


def _fitted(name: str, seen: Judged) -> _Explained:
    return _Explained(
        tuple((fit.name, fit.codes) for fit in seen.fits),
        say("golden/input {name!r} comes about", name=name),
        {"input": name, "largest_difference": seen.largest, "fits": [_fit(fit) for fit in seen.fits]},
        certain=True,
    )


def _by_outputs(inquiry: Inquiry, facts: FrontEndTrials) -> _Explained | None:
    errors = {trial.name: _error(inquiry, trial.folder) for trial in facts.trials if trial.folder}
    fitting = sorted(
        (trial for trial in facts.trials if errors.get(trial.name, np.inf) <= CLOSE), key=lambda one: errors[one.name]
    )
    if not fitting:
        return None
    return _Explained(
        tuple((trial.name, trial.codes) for trial in fitting),
        say("golden/ comes about"),
        {"error_as_configured": _error(inquiry, "onnx"), "errors": errors},
        certain=any(rich(tensor) for tensor in inquiry.evidence.leg("golden").values()),
    )


def _by_decision(inquiry: Inquiry, facts: FrontEndTrials) -> _Explained | None:
    record = inquiry.evidence.record
    fitting = [trial for trial in facts.trials if trial.has_decision and same_decision(record.expect, trial.decision)]
    if not fitting:
        return None
    return _Explained(
        tuple((trial.name, trial.codes) for trial in fitting),
        say("the post-processor makes {decision} of the float model's outputs", decision=told(record.expect)),
        {"expect": record.expect, "trials": len(facts.trials)},
        certain=False,
    )


def _findings(inquiry: Inquiry, explained: _Explained | None) -> Iterator[Finding]:
    if explained is None:
        return
    names = joined(" or ", dict.fromkeys(name for name, _ in explained.names))
    summary = say("{seen} with {names}, not as configured", seen=explained.seen, names=names)
    several = len(explained.names) > 1
    if several and explained.certain:
        summary += say("; this case can't tell which (a grey picture never can)")
    for code in dict.fromkeys(code for _, codes in explained.names for code in codes):
        yield found(
            code,
            summary,
            {**explained.evidence, "front_ends": [name for name, _ in explained.names]},
            owner="config",
            proven=explained.certain and not several,
            # So bare a decision agrees by chance too easily to accuse anyone.
            weight="fault" if explained.certain or is_telling(inquiry.evidence.record.expect) else "inconclusive",
            next_steps=() if explained.certain else (_DECISION_ALONE,),
        )


def _error(inquiry: Inquiry, folder: str) -> float:
    """Largest 2-norm relative error of a folder's outputs against golden/."""
    return worst_error(inquiry.evidence.leg("golden"), inquiry.evidence.tensors_in(folder))


def _same_axes(golden: Array, configured: Array) -> Array | None:
    """The training code's tensor with the batch axis that it may lack."""
    if golden.shape == configured.shape:
        return golden
    if golden.ndim == configured.ndim - 1 and (1, *golden.shape) == configured.shape:
        return golden[None]
    return None


def _front_end(facts: FrontEndFacts) -> FrontEnd:
    return FrontEnd(facts.gain, facts.offset, facts.reverses_channels, facts.channel_axis)


def _fit(fit: Fit) -> dict[str, Any]:
    mean, std = mean_and_std(fit.front_end)
    return {
        "front_end": fit.name,
        "residual": fit.residual,
        "mean_of_bytes": mean,
        "std_of_bytes": std,
        "reverses_channels": fit.front_end.reverses_channels,
    }
