"""Whether what the user gives can be held against what the post-processor makes: decisions of two forms can't."""

import json
from collections.abc import Mapping
from typing import Any

from axpair_proto.sentences import say

from axpair_host.errors import UsageError
from axpair_host.evidence.record import Record
from axpair_host.postprocess.decisions import told
from axpair_host.postprocess.forms import as_boxes, as_label, as_top, is_number, labelled

_LONGEST_PASTED = 200


class FormsDiffer(UsageError):
    """What is expected, or what the program said, is of another form than every decision that it is for."""


def check_forms(record: Record) -> None:
    """Raises FormsDiffer where an expectation, or what the user's program said, can be compared with the decision of no
    leg, or the two with each other. A form that only some legs have is a decision like any other."""
    said = record.postprocess
    decided = dict(said.decisions) if said is not None else {}
    given = {
        option: value
        for option, has, value in (
            ("--expect", record.has_expect, record.expect),
            ("--observed", record.has_observed, record.observed),
        )
        if has
    }
    for option, value in given.items():
        if decided and not any(comparable(value, decision) for decision in decided.values()):
            assert said is not None
            leg, decision = next(iter(decided.items()))
            raise FormsDiffer(
                say(
                    "{option} gives {form}, {value}, and of {leg}/ the post-processor {spec} makes {other_form}, "
                    "{other_value}: the two can't be compared",
                    option=option,
                    form=form_of(value),
                    value=told(value),
                    leg=leg,
                    spec=said.spec,
                    other_form=form_of(decision),
                    other_value=told(decision),
                ),
                next_step=_advice(option, decision),
            )
    if not decided and len(given) > 1 and not comparable(record.expect, record.observed):
        raise FormsDiffer(
            say(
                "--expect gives {form}, {value}, and --observed {other_form}, {other_value}: the two can't be compared",
                form=form_of(record.expect),
                value=told(record.expect),
                other_form=form_of(record.observed),
                other_value=told(record.observed),
            ),
            next_step=_advice("--expect", record.observed),
        )


def comparable(one: Any, other: Any) -> bool:
    """Whether two decisions share a form. Null and [] say that nothing was decided, or found: of any form."""
    return any(value is None or value == [] for value in (one, other)) or bool(_forms(one) & _forms(other))


def form_of(decision: Any) -> str:
    """The form in words: "a label", "a list of 2 numbers"."""
    if decision is None:
        return "null"
    forms, count = _forms(decision), len(decision) if isinstance(decision, list) else None
    if "boxes" in forms:
        return say("boxes") if decision else say("an empty list")
    if "numbers" in forms:
        if count is None:
            return say("a list of numbers")
        return say("a list of one number") if count == 1 else say("a list of {count} numbers", count=count)
    if "label" in forms:
        if count is None:
            return say("a label")
        return say("a list of one label") if count == 1 else say("a list of {count} labels", count=count)
    if "number" in forms:
        return say("a number")
    if count is None:
        return say("a mapping of other keys")
    return say("a list of one entry") if count == 1 else say("a list of {count} entries", count=count)


def _forms(value: Any) -> frozenset[str]:
    """All that a value may be taken for: a whole number is a label as well, a list of numbers a list."""
    if isinstance(value, Mapping) and "numbers" in value:
        return _forms(value["numbers"])
    if isinstance(value, list | Mapping) and as_boxes(value) is not None:
        return frozenset(("boxes",)) | (frozenset(("label",)) if labelled(value) else frozenset())
    if as_top(value) is not None:
        return frozenset(("label",))
    if isinstance(value, Mapping):
        return frozenset(("label",) if as_label(value) else ("label", "mapping") if labelled(value) else ("mapping",))
    if isinstance(value, list):
        return frozenset(("numbers", "list") if _all_numbers(value) else ("list",))
    if is_number(value):
        return frozenset(("label", "number") if float(value).is_integer() else ("number",))
    return frozenset(("label",))


def _all_numbers(value: Any) -> bool:
    return all(map(_all_numbers, value)) if isinstance(value, list) else is_number(value)


def _advice(option: str, decision: Any) -> str:
    pasted = json.dumps(decision, ensure_ascii=False)
    is_short = len(pasted) <= _LONGEST_PASTED and "'" not in pasted
    return say(
        "give {form}{like}, or return the other form: {example} is a label",
        form=form_of(decision),
        like=say(", such as {option} '{pasted}'", option=option, pasted=pasted) if is_short else "",
        example='{"label": "cat", "score": 0.9}',
    )
