"""Did near ties change places where outputs stand in the order of a score?"""

from collections.abc import Iterator

from axpair_host.advice.commands import Step
from axpair_host.compare.comparison import Reordered
from axpair_host.diagnosis.finding import Finding, found
from axpair_host.diagnosis.inquiry import Inquiry


def check(inquiry: Inquiry) -> Iterator[Finding]:
    """AX406 as a warning: behind TopK, NMS or a sort the joint has the float model's rows in another order, or others
    at the cut, and row by row they are alike. Nobody is wrong."""
    pair = "onnx_joint" if inquiry.has("joint") else "onnx_lava"
    moved: dict[str, Reordered] = {}
    for output in inquiry.outputs:
        comparison = inquiry.pair(pair, output.name)
        if comparison is None or comparison.reordered is None or comparison.cosine is None:
            continue
        if comparison.cosine >= inquiry.settings.cosine:
            moved[output.name] = comparison.reordered
    if not moved:
        return
    name, first = next(iter(moved.items()))
    matched = inquiry.pair(pair, name)
    cosine = matched.cosine if matched is not None else None
    others = f", {first.replaced} at the cut are others" if first.replaced else ""
    yield found(
        "AX406",
        f"{name!r} stands in the order of a score ({first.operator}): {first.moved} of {first.rows} rows changed places"
        f"{others}; row by row its cosine is {cosine or 0.0:.4f}, as it stands {first.cosine_in_place or 0.0:.4f}"
        + (f"; {len(moved) - 1} more outputs" if len(moved) > 1 else ""),
        {"pair": pair, "outputs": {one: each.document() for one, each in moved.items()}},
        weight="warning",
        outputs=tuple(moved),
        next_steps=(
            Step("Compare rows by what they hold, not by their place; a program that takes them in order is fine."),
        ),
        entry_steps=False,
    )
