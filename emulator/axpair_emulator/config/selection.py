"""Which tensors or operators an item of the configuration means."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from axpair_proto.pulsar import config_pb2 as pb
from axpair_proto.pulsar.selectors import near_names, pattern_of

from axpair_emulator.errors import ConfigError


def selected(selector: pb.Selector, names: Iterable[str], field: str) -> list[str]:
    """The names that a selector means; all of them when it is empty. ConfigError when it means none."""
    known = list(names)
    pattern = selector_pattern(selector, field)
    found = [name for name in known if re.fullmatch(pattern, name)]
    if not found:
        given = selector.op_name or selector.op_name_regex
        raise unknown_name(field, given, known)
    return found


def selector_pattern(selector: pb.Selector, field: str) -> str:
    """The selector as a regular expression for whole names. ConfigError when it isn't a valid one."""
    try:
        return pattern_of(selector)
    except re.error as error:
        raise ConfigError(
            f"{field}: op_name_regex {selector.op_name_regex!r} is no regular expression: {error}",
            next_step="escape special characters with a backslash, or use op_name",
        ) from error


def unknown_name(field: str, name: str, known: Sequence[str]) -> ConfigError:
    """The error for a name that the model doesn't have, with the nearest that it has."""
    close = near_names(name, known)
    shown = ", ".join(map(repr, known[:10])) + (", ..." if len(known) > 10 else "")
    return ConfigError(
        f"{field} names {name!r}; the model has {shown}",
        next_step=f"did you mean {close[0]!r}?" if close else "use one of the model's names",
    )
