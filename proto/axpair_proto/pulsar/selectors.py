"""Which operators a selector of the configuration means, and what to say of one that means none."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from axpair_proto.pulsar import config_pb2 as pb

_NEAR = 3
"""Names that are shown beside one that nothing has."""


def pattern_of(selector: pb.Selector) -> str:
    """The selector as a regular expression for whole names; an empty one means all. Raises re.error."""
    kind = selector.WhichOneof("by")
    if kind == "op_name":
        return re.escape(selector.op_name)
    if kind is None:
        return ".*"
    re.compile(selector.op_name_regex)
    return selector.op_name_regex


def near_names(name: str, known: Iterable[str]) -> list[str]:
    """At most three of the known names that may be meant: those that hold the name, then those spelled like it."""
    listed = list(known)
    holding = [one for one in listed if name.lower() in one.lower()] if name else []
    return list(dict.fromkeys([*holding, *difflib.get_close_matches(name, listed, _NEAR, 0.6)]))[:_NEAR]


def selecting_nothing(items: Sequence[pb.OperatorConfItem], operators: Mapping[str, str]) -> Iterator[str]:
    """A sentence for each of operator_conf_items that means none of the model's operators (name to ONNX type).

    Raises re.error for an op_name_regex that is none.
    """
    for item in items:
        pattern = pattern_of(item.selector)
        if any(re.fullmatch(pattern, name) for name in operators):
            continue
        given = item.selector.op_name or item.selector.op_name_regex
        field = "op_name" if item.selector.op_name else "op_name_regex"
        yield (
            f"operator_conf_items: no operator is named {given!r} ({field}) after simplification, so this item does "
            f"nothing{_instead(given, operators)}"
        )


def _instead(given: str, operators: Mapping[str, str]) -> str:
    of_type = [name for name, kind in operators.items() if kind == given]
    if of_type:
        shown = ", ".join(map(repr, of_type[:_NEAR]))
        return f"; {given!r} is a type, and names are wanted: {shown}{', ...' if len(of_type) > _NEAR else ''}"
    close = near_names(given, operators)
    return f"; near it: {', '.join(map(repr, close))}" if close else ""
