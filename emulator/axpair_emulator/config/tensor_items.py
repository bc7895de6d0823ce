"""The lists of tensor items: which item speaks for which tensor."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from axpair_proto.pulsar import config_pb2 as pb

from axpair_emulator.config.selection import unknown_name
from axpair_emulator.errors import ConfigError


def items_by_name(
    field: str, items: Sequence[pb.TensorConf], names: Iterable[str], warnings: list[str]
) -> dict[str, pb.TensorConf]:
    """The item of every tensor; an empty one for tensors without.

    An item without tensor_name overrides all others of its list (configuration reference, 0.6.1.x).
    """
    known = list(names)
    for item in items:
        if item.tensor_name and item.tensor_name not in known:
            raise unknown_name(field, item.tensor_name, known)
    unnamed = [item for item in items if not item.tensor_name]
    if unnamed:
        if len(items) > 1:
            warnings.append(f"{field}: the item without tensor_name overrides the {len(items) - 1} others")
        return dict.fromkeys(known, unnamed[-1])
    found = {item.tensor_name: item for item in items}
    if len(found) < len(items):
        warnings.append(f"{field}: a tensor is named twice; the last item counts")
    return {name: found.get(name, pb.TensorConf()) for name in known}


def with_older_spelling(config: pb.Config, field: str, older: str, warnings: list[str]) -> Sequence[pb.TensorConf]:
    """The items of a list that also has an older name. ConfigError when both are used."""
    current: Sequence[pb.TensorConf] = getattr(config, field)
    old: Sequence[pb.TensorConf] = getattr(config, older)
    if current and old:
        raise ConfigError(f"both {field} and its older spelling {older} are given", next_step=f"keep {field} only")
    if old:
        warnings.append(f"{older} is the older spelling of {field}")
    return current or old


def enum_word(enum: object, value: int, prefix: str = "") -> str:
    """An enum value's name without the prefix that its type gives to all."""
    name: str = enum.Name(value)  # type: ignore[attr-defined]
    return name.removeprefix(prefix)
