"""Did a small part of an output collapse?"""

from collections.abc import Iterator

from axpair_host.compare import Slice
from axpair_host.diagnosis.finding import Finding, found
from axpair_host.diagnosis.inquiry import Inquiry


def check(inquiry: Inquiry) -> Iterator[Finding]:
    """AX206: slices of far smaller range than the others vanished, or are below the line while the whole isn't."""
    pair = inquiry.judged_pair
    collapsed: dict[str, tuple[Slice, ...]] = {}
    for output in inquiry.outputs:
        comparison = inquiry.pair(pair, output.name)
        if comparison is not None and comparison.slices:
            collapsed[output.name] = comparison.slices
    if not collapsed:
        return
    name, slices = next(iter(collapsed.items()))
    worst = slices[0]
    fate = "is zero" if worst.vanished else f"has cosine {worst.cosine:.4f}"
    whole = inquiry.pair(pair, name)
    cosine = "" if whole is None or whole.cosine is None else f", while the whole output has cosine {whole.cosine:.4f}"
    yield found(
        "AX206",
        f"{name!r}: slice {worst.index} of axis {worst.axis} ({worst.low:.4g}..{worst.high:.4g} in the float model) "
        f"{fate} after conversion{cosine}" + (f"; {len(slices) - 1} more slices" if len(slices) > 1 else ""),
        {"pair": pair, "outputs": {one: [part.document() for part in parts] for one, parts in collapsed.items()}},
        outputs=tuple(collapsed),
    )
