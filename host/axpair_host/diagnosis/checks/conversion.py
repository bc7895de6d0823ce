"""Where between the float model and the simulated joint is accuracy lost?"""

from collections.abc import Iterator
from typing import Any

from axpair_host.diagnosis.asks import Wants
from axpair_host.diagnosis.finding import Finding, Open, found
from axpair_host.diagnosis.inquiry import Inquiry
from axpair_host.evidence.record import Layer

ONE_STEP = 1.001
"""Steps by which a healthy operator may be off, with room for the division that measured it."""
SHIFT_MEAN_STEPS = 0.05
SHIFT_MIN_DIFFERING = 100


def quantised(inquiry: Inquiry) -> Iterator[Finding]:
    """AX201: the joint is below the line against the float model, and so is the quantised model already.

    Without lava_joint/ the two stages can't be told apart: AX201 and AX202 are both named, as hints.
    """
    low = {name: cosine for name, cosine in _below(inquiry, "onnx_joint").items() if _usable(inquiry, name)}
    if not inquiry.has("joint"):
        low = _below(inquiry, "onnx_lava")
    if not low:
        return
    if not inquiry.has("lava_joint"):
        yield from _unsplit(inquiry, low)
        return
    early = {name: cosine for name, cosine in _below(inquiry, "onnx_lava").items() if name in low}
    if early:
        name = min(early, key=lambda one: early[one])
        yield found(
            "AX201",
            f"the quantised model's {name!r} has cosine {early[name]:.4f} against the float model, below "
            f"{inquiry.settings.cosine:g}" + _more(early),
            {"line": inquiry.settings.cosine, "outputs": _cosines(inquiry, early)},
            outputs=tuple(early),
            settles=("conversion",),
        )


def compiled(inquiry: Inquiry) -> Iterator[Finding | Open | Wants]:
    """AX202: the joint is below the line, the quantised model isn't, and an operator's own error exceeds one step or
    leans to one side. The cosine from end to end alone never accuses: rare one-step flips grow in healthy nets."""
    if not inquiry.has("onnx", "lava_joint", "joint"):
        return
    early = _below(inquiry, "onnx_lava")
    low = {
        name: cosine
        for name, cosine in _below(inquiry, "onnx_joint").items()
        if name not in early and _usable(inquiry, name)
    }
    if not low:
        return
    name = min(low, key=lambda one: low[one])
    spoken = (
        f"the joint's {name!r} has cosine {low[name]:.4f} against the float model, the quantised model's isn't below "
    )
    spoken += f"{inquiry.settings.cosine:g}"
    layers = inquiry.evidence.record.layers
    if layers is None:
        lacking = f"{spoken}: whether a layer's own error is the cause, or healthy flips that grew, isn't known"
        yield Wants("layers", lacking, otherwise=(Open("lava_joint -> joint", lacking, undecided=True),))
        return
    wrong = [layer for layer in layers if at_fault(layer)]
    if not wrong:
        why = (
            f"{spoken}; each of the {len(layers)} layers alone is within one step: small differences grew, no stage is"
        )
        yield Open("lava_joint -> joint", f"{why} at fault by itself", undecided=True)
        return
    first = wrong[0]
    yield found(
        "AX202",
        f"{spoken}; the layer {first.name!r} ({first.kind}) alone is off by {first.max_steps:g} steps at most and "
        f"{first.mean_steps:+.3f} on average" + (f"; {len(wrong) - 1} more layers" if len(wrong) > 1 else ""),
        {
            "line": inquiry.settings.cosine,
            "outputs": _cosines(inquiry, low),
            "layers": [_layer(layer) for layer in wrong[:20]],
            "layers_at_fault": len(wrong),
            "layers_total": len(layers),
        },
        outputs=tuple(low),
        settles=("conversion",),
        cosine_if_fixed=min(
            (pair.cosine for one in low if (pair := inquiry.pair("onnx_lava", one)) and pair.cosine is not None),
            default=None,
        ),
    )


def at_fault(layer: Layer) -> bool:
    """Whether an operator's own error is more than rounding: beyond one step, or leaning to one side."""
    leaning = layer.differing >= SHIFT_MIN_DIFFERING and abs(layer.mean_steps) >= SHIFT_MEAN_STEPS
    return layer.max_steps > ONE_STEP or leaning


def _unsplit(inquiry: Inquiry, low: dict[str, float]) -> Iterator[Finding]:
    name = min(low, key=lambda one: low[one])
    summary = (
        f"the joint's {name!r} has cosine {low[name]:.4f} against the float model, below {inquiry.settings.cosine:g}"
        + _more(low)
        + "; without lava_joint/ it may be quantisation (AX201) or compilation (AX202)"
    )
    for code in ("AX201", "AX202"):
        yield found(
            code,
            summary,
            {"line": inquiry.settings.cosine, "outputs": _cosines(inquiry, low)},
            outputs=tuple(low),
            settles=("conversion",),
            next_steps=("Give the model.lava_joint that pulsar build left beside the joint with --lava-joint.",),
        )


def _below(inquiry: Inquiry, pair: str) -> dict[str, float]:
    low = {}
    for output in inquiry.outputs:
        comparison = inquiry.pair(pair, output.name)
        if comparison is not None and comparison.cosine is not None and comparison.cosine < inquiry.settings.cosine:
            low[output.name] = comparison.cosine
    return low


def _usable(inquiry: Inquiry, name: str) -> bool:
    return name not in inquiry.settled("conversion")


def _cosines(inquiry: Inquiry, names: dict[str, float]) -> dict[str, Any]:
    pairs = ("onnx_lava", "lava_joint", "onnx_joint")
    return {
        name: {pair: found_.cosine if (found_ := inquiry.pair(pair, name)) else None for pair in pairs}
        for name in names
    }


def _layer(layer: Layer) -> dict[str, Any]:
    return {
        "name": layer.name,
        "kind": layer.kind,
        "max_steps": layer.max_steps,
        "mean_steps": layer.mean_steps,
        "differing": layer.differing,
        "elements": layer.elements,
    }


def _more(names: dict[str, float]) -> str:
    return f"; {len(names) - 1} more outputs" if len(names) > 1 else ""
