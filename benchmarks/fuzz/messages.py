"""Mutates any protobuf message by its own description: fields of odd value, missing, doubled, moved, of other names."""

import contextlib
from random import Random
from typing import Any

from google.protobuf.descriptor import FieldDescriptor as Kind
from google.protobuf.message import Message

from benchmarks.fuzz.odd import FLOATS, INTEGERS, STRINGS, damaged

_FLOATS = (Kind.CPPTYPE_FLOAT, Kind.CPPTYPE_DOUBLE)


def mutate(message: Message, random: Random, times: int = 1) -> None:
    """Change a few fields anywhere in the message, in place."""
    for _ in range(times):
        inner = list(_inner(message))
        where = random.choice(inner)
        fields: list[Any] = [field for field, _ in where.ListFields()]
        if not fields or random.random() < 0.2:
            fields = [*where.DESCRIPTOR.fields]
        field = random.choice(fields)
        names = [value for one in inner for value in _strings(one)]
        with contextlib.suppress(ValueError, TypeError):  # a value that the field's type can't hold
            _change(where, field, random, inner, names)


def _inner(message: Message) -> list[Message]:
    found, index = [message], 0
    while index < len(found):
        values: list[Any] = []
        for _, value in found[index].ListFields():
            values += value if hasattr(value, "add") else [value]
        found += [one for one in values if isinstance(one, Message)]
        index += 1
    return found


def _strings(message: Message) -> list[str]:
    found = []
    for _, value in message.ListFields():
        if isinstance(value, str):
            found.append(value)
        elif hasattr(value, "extend") and not hasattr(value, "add"):
            found += [one for one in value if isinstance(one, str)]
    return found


def _change(where: Message, field: Any, random: Random, inner: list[Message], names: list[str]) -> None:
    value = getattr(where, field.name)
    repeated = hasattr(value, "extend")
    if random.random() < 0.15:
        where.ClearField(field.name)
    elif field.message_type is not None:
        alike = [one for one in inner if one.DESCRIPTOR is field.message_type]
        target = value.add() if repeated else value
        target.SetInParent()
        if alike:
            copy = type(target)()
            copy.CopyFrom(random.choice(alike))
            target.CopyFrom(copy)
        if repeated and random.random() < 0.7:
            _rearrange(value, random)
    elif repeated:
        new = _odd(field, random, value[0] if len(value) else None, names)
        if len(value) and random.random() < 0.6:
            value[random.randrange(len(value))] = new
        elif random.random() < 0.1:
            value.extend([new] * 1000)
        elif random.random() < 0.5:
            value.append(new)
        else:
            _rearrange(value, random)
    else:
        setattr(where, field.name, _odd(field, random, value, names))


def _rearrange(value: Any, random: Random) -> None:
    kept = list(value)
    if kept and random.random() < 0.5:
        del kept[random.randrange(len(kept))]
    else:
        random.shuffle(kept)
    copies = [type(one).FromString(one.SerializeToString()) if isinstance(one, Message) else one for one in kept]
    del value[:]
    value.extend(copies)


def _odd(field: Any, random: Random, now: Any, names: list[str]) -> Any:
    kind = field.cpp_type
    if kind == Kind.CPPTYPE_ENUM:
        return random.choice([value.number for value in field.enum_type.values])
    if kind == Kind.CPPTYPE_BOOL:
        return random.random() < 0.5
    if kind in _FLOATS:
        return random.choice((*FLOATS, random.uniform(-10, 10)))
    if kind == Kind.CPPTYPE_STRING:
        if field.type == Kind.TYPE_BYTES:
            return random.choice((b"", damaged(random, now or b"\0"), (now or b"\0") * 2, random.randbytes(8)))
        return random.choice(names) if names and random.random() < 0.7 else random.choice(STRINGS)
    near = (now or 0) + random.choice((-1, 1))
    return random.choice((*INTEGERS, *[random.randint(0, 12)] * 8, *[near] * 4))
