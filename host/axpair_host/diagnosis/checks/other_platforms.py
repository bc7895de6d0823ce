"""Does the model lose accuracy on other platforms too?"""

from collections.abc import Iterator

from axpair_proto.sentences import joined, say

from axpair_host.advice.commands import Step
from axpair_host.diagnosis.checks.conversion import lost
from axpair_host.diagnosis.finding import Finding, Open, found
from axpair_host.diagnosis.inquiry import Inquiry
from axpair_host.evidence.other_platform import OtherPlatform, told

_WHAT = "other platforms"


def check(inquiry: Inquiry) -> Iterator[Finding | Open]:
    """AX207: another platform's quantised result is below the same line of its float one, and so is ours. A hint that
    stands behind what is found here; where the others hold, that is said instead."""
    low = lost(inquiry)
    if not low:
        return
    others = inquiry.evidence.record.other
    if not others:
        yield Open(
            _WHAT,
            say("whether this model loses accuracy on other platforms too isn't known"),
            steps=(Step(say("Hold their results against it."), "axpair diagnose {gt} {said} --other {other}"),),
        )
        return
    line = inquiry.settings.cosine
    # Half precision is no quantisation: a loss there says something else.
    fallen = [one for one in others if one.worst.kept < line and one.precision != "float16"]
    held = [one for one in others if one not in fallen]
    if not fallen:
        yield Open(
            _WHAT,
            say(
                "{held}: not a common problem of this model, so go on with the AX side",
                held=joined("; ", map(_spoken, held)),
            ),
        )
        return
    yield found(
        "AX207",
        say("elsewhere the quantised model falls too: {fallen}", fallen=joined("; ", map(_spoken, fallen)))
        + (say("; it holds on {held}", held=", ".join(one.name for one in held)) if held else ""),
        {"line": line, "platforms": [dict(told(one)) for one in others], "held": [one.name for one in held]},
        weight="inconclusive",
        outputs=tuple(low),
    )


def _spoken(platform: OtherPlatform) -> str:
    worst = platform.worst
    precision = (
        say("in {precision}", precision=platform.precision) if platform.precision else say("8 or 16 bit isn't said")
    )
    return say(
        "{platform} ({precision}) keeps {kept:.0%} ({figure} {quantised:g} of {float:g})",
        platform=platform.name,
        precision=precision,
        kept=worst.kept,
        figure=worst.name,
        quantised=worst.quantised,
        float=worst.float_,
    )
