"""Did near ties change places where outputs stand in the order of a score, or names where they say which is largest?"""

from collections.abc import Iterator

from axpair_proto.meanings import SAME_NAMES, names_line
from axpair_proto.sentences import say

from axpair_host.advice.commands import Step
from axpair_host.compare.comparison import Comparison
from axpair_host.compare.lines import AGREEMENT
from axpair_host.diagnosis.finding import Finding, Open, found
from axpair_host.diagnosis.inquiry import Inquiry
from axpair_host.documents.compared import Reordered
from axpair_host.documents.json_form import json_form


def check(inquiry: Inquiry) -> Iterator[Finding | Open]:
    """AX406 as a warning: behind TopK, NMS or a sort the joint has the float model's rows in another order, or others
    at the cut, and row by row they are alike; or behind ArgMax some of its names are others. Nobody is wrong.

    Of a few names alone it can't be told whether two scores nearly tied: that stays open.
    """
    yield from _moved(inquiry)
    yield from _renamed(inquiry)


def _moved(inquiry: Inquiry) -> Iterator[Finding]:
    pair = inquiry.judged_pair
    moved: dict[str, Reordered] = {}
    for output in inquiry.outputs:
        comparison = inquiry.pair(pair, output.name)
        if comparison is None or comparison.reordered is None or comparison.cosine is None:
            continue
        if inquiry.lost(comparison, output.name) is None:
            moved[output.name] = comparison.reordered
    if not moved:
        return
    name, first = next(iter(moved.items()))
    matched = inquiry.pair(pair, name)
    cosine = matched.cosine if matched is not None else None
    others = say(", {replaced} at the cut are others", replaced=first.replaced) if first.replaced else ""
    yield found(
        "AX406",
        say(
            "{name!r} stands in the order of a score ({operator}): {moved} of {rows} rows changed "
            "places{others}; row by row its cosine is {cosine:.4f}, as it stands {cosine_in_place:.4f}",
            name=name,
            operator=first.operator,
            moved=first.moved,
            rows=first.rows,
            others=others,
            cosine=cosine or 0.0,
            cosine_in_place=first.cosine_in_place or 0.0,
        )
        + (say("; {rest} more outputs", rest=len(moved) - 1) if len(moved) > 1 else ""),
        {"pair": pair, "outputs": json_form(moved)},
        weight="warning",
        outputs=tuple(moved),
        next_steps=(
            Step(
                say("Compare rows by what they hold, not by their place; a program that takes them in order is fine.")
            ),
        ),
        entry_steps=False,
    )


def _renamed(inquiry: Inquiry) -> Iterator[Finding | Open]:
    pair = inquiry.judged_pair
    renamed: dict[str, Comparison] = {}
    for output in inquiry.outputs:
        comparison = inquiry.pair(pair, output.name)
        if comparison is None or not comparison.named_by or (comparison.agreement or 0.0) == 1.0:
            continue
        if inquiry.lost(comparison, output.name) is not None:
            continue
        if names_line(comparison.elements) < SAME_NAMES:  # one that is another may be all that the model says
            yield _undecided(output.name, comparison)
        else:
            renamed[output.name] = comparison
    if not renamed:
        return
    name, first = next(iter(renamed.items()))
    share, commonest = first.agreement or 0.0, first.constant_agreement or 0.0
    one_throughout = ""
    if commonest >= AGREEMENT:
        one_throughout = say(", where the commonest name throughout would have {commonest:.2%}", commonest=commonest)
    yield found(
        "AX406",
        say(
            "{name!r} names something in each place ({operator}): of {elements} names {share:.2%} are the float "
            "model's{one_throughout}; where two scores nearly tie, the smallest difference makes it another",
            name=name,
            operator=first.named_by,
            elements=first.elements,
            share=share,
            one_throughout=one_throughout,
        )
        + (say("; {rest} more outputs", rest=len(renamed) - 1) if len(renamed) > 1 else ""),
        {"pair": pair, "outputs": json_form({one: each.document() for one, each in renamed.items()})},
        weight="warning",
        outputs=tuple(renamed),
        next_steps=(
            Step(say("Compare names by the share that is the same; no distance between them means anything.")),
        ),
        entry_steps=False,
    )


def _undecided(name: str, comparison: Comparison) -> Open:
    return Open(
        name,
        say(
            "it names something ({operator}), and another thing than the float model does: a near tie of two scores, "
            "or a loss, which names alone don't tell",
            operator=comparison.named_by,
        ),
        undecided=True,
        steps=(Step(say("See whether the layers before it lose accuracy."), "{try_int16}"),),
    )
