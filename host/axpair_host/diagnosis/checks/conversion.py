"""Where between the float model and the simulated joint is accuracy lost?"""

import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from axpair_proto.sentences import joined, say

from axpair_host.advice.commands import Step
from axpair_host.codebook import entries
from axpair_host.compare.lines import METRICS, Shortfall, beside
from axpair_host.diagnosis.finding import Finding, Open, found
from axpair_host.diagnosis.inquiry import Inquiry

_LARGE_MEAN = 0.9
"""By root mean square: a tensor of that mean alone has this cosine."""
Low = Mapping[str, Shortfall]
"""Outputs on the wrong side of a line, with the line."""
_ENTERS = Step(say("See in which layer it enters, and what 16 bit there brings back."), "{try_int16}")
_SPLIT = Step(say("Tell the two apart."), "{pair} --lava-joint {lava_joint}")


def lost(inquiry: Inquiry) -> Low:
    """Outputs of which the joint falls short of a line against the float model, and the quantised model does where
    there is one."""
    low = below(inquiry, inquiry.judged_pair)
    early = below(inquiry, "onnx_lava") if inquiry.has("lava_joint") else low
    return {name: short for name, short in low.items() if name in early}


def quantised(inquiry: Inquiry) -> Iterator[Finding]:
    """AX201: the joint falls short of a line against the float model, and so does the quantised model already.

    Without lava_joint/ the two stages can't be told apart: AX201 and AX202 are both named, as hints.
    """
    low = {name: short for name, short in below(inquiry, inquiry.judged_pair).items() if usable(inquiry, name)}
    if not low:
        return
    if not inquiry.has("lava_joint"):
        yield from _unsplit(inquiry, low)
        return
    early = {name: short for name, short in below(inquiry, "onnx_lava").items() if name in low}
    if early:
        name = worst(early)
        yield found(
            "AX201",
            say("the quantised model's {name!r} has {value}", name=name, value=early[name].against_the_float_model)
            + seen_beside(inquiry, "onnx_lava", name, early[name])
            + more(early),
            {"line": inquiry.settings.cosine, "outputs": figures(inquiry, early)},
            outputs=tuple(early),
            settles=("conversion",),
        )


def hidden(inquiry: Inquiry) -> Iterator[Finding | Open]:
    """AX201 as a warning: the cosine is above its line, and another measure that fits what the output holds isn't. That
    may be little that counts, so the verdict stays."""
    pair = inquiry.judged_pair
    doubted = _doubted(inquiry, pair)
    early = _doubted(inquiry, "onnx_lava") if inquiry.has("lava_joint") else doubted
    late = {name: short for name, short in doubted.items() if name not in early}
    doubted = {name: short for name, short in doubted.items() if name in early}
    if late:
        name = worst(late)
        yield Open(
            "lava_joint -> joint",
            say(
                "the joint's {name!r} has {value}, and the quantised model's isn't below that: small differences grew, "
                "or a layer is off ('axpair layers')",
                name=name,
                value=late[name].against_the_float_model,
            ),
        )
    if doubted:
        name = worst(doubted)
        yield found(
            "AX201",
            say(
                "the cosine of {name!r} is above its line and doesn't show what was lost: it has {value}",
                name=name,
                value=doubted[name].against_the_float_model,
            )
            + seen_beside(inquiry, pair, name, doubted[name])
            + more(doubted),
            {"outputs": figures(inquiry, doubted)},
            weight="warning",
            outputs=tuple(doubted),
            next_steps=(_ENTERS, *_decided_by(name, doubted[name])),
        )


def _decided_by(name: str, short: Shortfall) -> Iterator[Step]:
    """The case again with that measure as the output's line; braces are a step's own."""
    if not {"{", "}"} & set(name):
        line = shlex.quote(f"{name}:{short.metric}{METRICS[short.metric].sign}{short.line:g}")
        yield Step(say("Where that matters, let it decide:"), f"{{pair}} --line {line}")


def _doubted(inquiry: Inquiry, pair: str) -> dict[str, Shortfall]:
    doubted: dict[str, Shortfall] = {}
    for output in inquiry.outputs:
        comparison = inquiry.pair(pair, output.name)
        if comparison is None or not usable(inquiry, output.name):
            continue
        if short := inquiry.in_doubt(comparison, output.name):
            doubted[output.name] = short[0]
    return doubted


def _unsplit(inquiry: Inquiry, low: Low) -> Iterator[Finding]:
    pair, name = inquiry.judged_pair, worst(low)
    value = low[name].against_the_float_model
    summary = (
        (
            say("the joint's {name!r} has {value}", name=name, value=value)
            if pair == "onnx_joint"
            else say("the quantised model's {name!r} has {value}", name=name, value=value)
        )
        + seen_beside(inquiry, pair, name, low[name])
        + more(low)
        + say("; without lava_joint/ it may be quantisation (AX201) or compilation (AX202)")
    )
    for code, rival in (("AX201", "AX202"), ("AX202", "AX201")):
        yield found(
            code,
            summary,
            {"line": inquiry.settings.cosine, "outputs": figures(inquiry, low)},
            outputs=tuple(low),
            settles=("conversion",),
            rivals=(rival,),
            next_steps=(_SPLIT, *(entries()["AX201"].next_steps[:1])),
            entry_steps=False,
        )


def below(inquiry: Inquiry, pair: str) -> Low:
    """Outputs whose comparison shows a loss, by the line that says so."""
    low = {}
    for output in inquiry.outputs:
        comparison = inquiry.pair(pair, output.name)
        short = inquiry.lost(comparison, output.name) if comparison is not None else None
        if short is not None:
            low[output.name] = short
    return low


def usable(inquiry: Inquiry, name: str) -> bool:
    return name not in inquiry.settled("conversion")


def worst(low: Low) -> str:
    """The output to name."""
    return min(low, key=lambda one: low[one].severity)


def seen_beside(inquiry: Inquiry, pair: str, name: str, short: Shortfall) -> str:
    """Where another measure than the cosine says it: what the output holds, and how much its cosine can show."""
    comparison = inquiry.pair(pair, name)
    if comparison is None or comparison.cosine is None or short.metric == "cosine":
        return ""
    content = comparison.content.words
    told: list[str] = [say("it is {content}", content=content)] if content else []
    told += [METRICS[one].told(value) for one, value in beside(comparison) if one != short.metric]
    if not comparison.all_identities:
        mean = comparison.constant_cosine or 0.0
        constant = say(", where one value throughout would have {mean:.4f}", mean=mean) if mean >= _LARGE_MEAN else ""
        told.append(METRICS["cosine"].told(comparison.cosine) + constant)
    return say(" ({values})", values=joined(", ", told)) if told else ""


def figures(inquiry: Inquiry, names: Low) -> dict[str, Any]:
    """JSON-able: for each output the line that it falls short of, and its cosines."""
    pairs = ("onnx_lava", "lava_joint", "onnx_joint")
    return {
        name: {
            **{pair: found_.cosine if (found_ := inquiry.pair(pair, name)) else None for pair in pairs},
            "measure": short.metric,
            "value": short.value,
            "below": short.line,
        }
        for name, short in names.items()
    }


def more(names: Low) -> str:
    return say("; {rest} more outputs", rest=len(names) - 1) if len(names) > 1 else ""
