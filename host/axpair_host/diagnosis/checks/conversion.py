"""Where between the float model and the simulated joint is accuracy lost?"""

from collections.abc import Iterator
from typing import Any

from axpair_host.advice.commands import Step
from axpair_host.codebook import entries
from axpair_host.diagnosis.finding import Finding, found
from axpair_host.diagnosis.inquiry import Inquiry

_SPLIT = Step("Tell the two apart.", "{pair} --lava-joint {lava_joint}")


def lost(inquiry: Inquiry) -> dict[str, float]:
    """Outputs whose joint is below the line against the float model, and whose quantised model is where there is one,
    with their cosines."""
    low = below(inquiry, "onnx_joint" if inquiry.has("joint") else "onnx_lava")
    early = below(inquiry, "onnx_lava") if inquiry.has("lava_joint") else low
    return {name: cosine for name, cosine in low.items() if name in early}


def quantised(inquiry: Inquiry) -> Iterator[Finding]:
    """AX201: the joint is below the line against the float model, and so is the quantised model already.

    Without lava_joint/ the two stages can't be told apart: AX201 and AX202 are both named, as hints.
    """
    low = {name: cosine for name, cosine in below(inquiry, "onnx_joint").items() if usable(inquiry, name)}
    if not inquiry.has("joint"):
        low = {name: cosine for name, cosine in below(inquiry, "onnx_lava").items() if usable(inquiry, name)}
    if not low:
        return
    if not inquiry.has("lava_joint"):
        yield from _unsplit(inquiry, low)
        return
    early = {name: cosine for name, cosine in below(inquiry, "onnx_lava").items() if name in low}
    if early:
        name = min(early, key=lambda one: early[one])
        yield found(
            "AX201",
            f"the quantised model's {name!r} has cosine {early[name]:.4f} against the float model, below "
            f"{inquiry.settings.cosine:g}" + more(early),
            {"line": inquiry.settings.cosine, "outputs": cosines(inquiry, early)},
            outputs=tuple(early),
            settles=("conversion",),
        )


def _unsplit(inquiry: Inquiry, low: dict[str, float]) -> Iterator[Finding]:
    name = min(low, key=lambda one: low[one])
    summary = (
        f"the joint's {name!r} has cosine {low[name]:.4f} against the float model, below {inquiry.settings.cosine:g}"
        + more(low)
        + "; without lava_joint/ it may be quantisation (AX201) or compilation (AX202)"
    )
    for code, rival in (("AX201", "AX202"), ("AX202", "AX201")):
        yield found(
            code,
            summary,
            {"line": inquiry.settings.cosine, "outputs": cosines(inquiry, low)},
            outputs=tuple(low),
            settles=("conversion",),
            rivals=(rival,),
            next_steps=(_SPLIT, *(entries()["AX201"].next_steps[:1])),
            entry_steps=False,
        )


def below(inquiry: Inquiry, pair: str) -> dict[str, float]:
    low = {}
    for output in inquiry.outputs:
        comparison = inquiry.pair(pair, output.name)
        if comparison is not None and comparison.cosine is not None and comparison.cosine < inquiry.settings.cosine:
            low[output.name] = comparison.cosine
    return low


def usable(inquiry: Inquiry, name: str) -> bool:
    return name not in inquiry.settled("conversion")


def cosines(inquiry: Inquiry, names: dict[str, float]) -> dict[str, Any]:
    pairs = ("onnx_lava", "lava_joint", "onnx_joint")
    return {
        name: {pair: found_.cosine if (found_ := inquiry.pair(pair, name)) else None for pair in pairs}
        for name in names
    }


def more(names: dict[str, float]) -> str:
    return f"; {len(names) - 1} more outputs" if len(names) > 1 else ""
