"""Does the product prepare the input as it was prepared here?"""

from collections.abc import Iterator

from axpair_proto.capabilities import Fitting
from axpair_proto.dtypes import ITEM_BYTES
from axpair_proto.sentences import joined, say

from axpair_host.advice.commands import Step
from axpair_host.diagnosis.finding import Finding, Open, found
from axpair_host.diagnosis.inquiry import Inquiry
from axpair_host.evidence.record import PreparedOtherwise, PreprocessFacts
from axpair_host.front_end.fitting import RELATED

CODES = ("AX102", "AX103", "AX105", "AX106", "AX107", "AX108")
_OTHER_CODE = 0.95
"""Correlation that other code for decoding and scaling stays above (measured: nearest neighbors, 0.955 and more);
letterboxed or cut the same photo is below 0.7."""
_WHICH = say(
    "With which of the two the model was trained, the training code says (docs/golden.md). So it is fitted here:"
)


def check(inquiry: Inquiry) -> Iterator[Finding | Open]:
    """AX102, AX103, AX105 to AX108: of the case's own file the product's preparation makes other bytes than gt/input,
    and one misreading explains them. Proven where just those bytes come about and one way alone gives them. How a
    picture is fitted (AX106) is never more than a question: either may be what the model was trained with."""
    facts = inquiry.evidence.record.preprocess
    if facts is None:
        return
    different = {name: one for name, one in facts.inputs.items() if one.differing != 0}
    if not different:
        return
    if facts.hits:
        yield from _explained(facts)
        return
    name, one = next(iter(different.items()))
    if one.differing is None or one.dtype not in ITEM_BYTES:  # no model takes such as bool
        yield _other_type(inquiry, facts, name, one)
    elif one.correlation >= _OTHER_CODE:
        yield Open(
            "preprocess",
            say(
                "{spec} makes of {name!r}'s file what differs from gt/input by {mean:.3g} on average and "
                "{largest:.4g} at most, as pictures do that were decoded or scaled by other code",
                spec=facts.spec,
                name=name,
                mean=one.mean,
                largest=one.largest,
            ),
        )
    elif one.correlation >= RELATED / 3:
        yield found(
            "AX106",
            say(
                "{spec} makes of {name!r}'s file what differs from gt/input by up to {largest:.4g} "
                "(correlation {correlation:.3f}), and none of {tried} misreadings explains it: the picture "
                "is cut or scaled otherwise",
                spec=facts.spec,
                name=name,
                largest=one.largest,
                correlation=one.correlation,
                tried=facts.tried,
            ),
            _document(facts),
            weight="inconclusive",
            next_steps=(_fitted_so("letterbox"),),
        )
    else:
        yield Open(
            "preprocess",
            say(
                "what {spec} makes of {name!r}'s file hardly resembles gt/input (correlation "
                "{correlation:.3f}), and none of {tried} misreadings explains it",
                spec=facts.spec,
                name=name,
                correlation=one.correlation,
                tried=facts.tried,
            ),
            undecided=True,
        )


def _explained(facts: PreprocessFacts) -> Iterator[Finding]:
    alone = len(facts.hits) == 1
    exact = alone and facts.hits[0].distance == 0.0
    names = joined(", or ", (hit.name for hit in facts.hits))
    how = say("these bytes")
    if exact or facts.hits[0].distance:
        how = say("just these bytes") if exact else say("nearly these bytes")
    doubt = "" if alone else say("; {count} ways fit, so this is a hint", count=len(facts.hits))
    for code in CODES:
        if not any(code in hit.codes for hit in facts.hits):
            continue
        fitted = code == "AX106"
        yield found(
            code,
            say(
                "{spec} hands over, of the case's own file, other bytes than gt/input; {names} gives {how}",
                spec=facts.spec,
                names=names,
                how=how,
            )
            + doubt,
            _document(facts),
            owner="preprocess",
            stage="application",
            side="customer",
            proven=exact and not fitted,
            weight="inconclusive" if fitted else "fault",
            next_steps=(_fitted_so("crop" if "cut" in facts.hits[0].name else "letterbox"),) if fitted else (),
        )


def _fitted_so(fitting: Fitting) -> Step:
    return Step(_WHICH, f"{{pair}} --resize {fitting}")


def _other_type(inquiry: Inquiry, facts: PreprocessFacts, name: str, one: PreparedOtherwise) -> Finding:
    taken = [f"{each.dtype} {list(each.shape)}" for each in inquiry.evidence.record.inputs if each.name == name]
    return found(
        "AX102",
        say(
            "{spec} hands over {size_bytes} bytes ({dtype} {shape}) for {name!r}, which takes {taken}",
            spec=facts.spec,
            size_bytes=one.size_bytes,
            dtype=one.dtype,
            shape=list(one.shape),
            name=name,
            taken=" ".join(taken) or say("another size"),
        ),
        _document(facts),
        proven=True,
    )


def _document(facts: PreprocessFacts) -> dict[str, object]:
    return {
        "preprocess": facts.spec,
        "inputs": {
            name: {"size_bytes": one.size_bytes, "differing_bytes": one.differing, "mean": one.mean}
            for name, one in facts.inputs.items()
        },
        "explained_by": [hit.name for hit in facts.hits],
        "tried": facts.tried,
    }
