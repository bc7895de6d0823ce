"""What a command is asked for: one frozen dataclass a command, made of click's keyword arguments."""

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Given = TypeVar("Given", bound="DataclassInstance")
Result = TypeVar("Result")


def taking(kind: type[Given]) -> Callable[[Callable[[Given], Result]], Callable[..., Result]]:
    """The last decorator of a command, below its options: it takes what they say as one `kind`."""

    def decorated(command: Callable[[Given], Result]) -> Callable[..., Result]:
        @wraps(command)
        def called(**given: Any) -> Result:
            return command(parsed(kind, given))

        return called

    return decorated


def parsed(kind: type[Given], given: Mapping[str, Any]) -> Given:
    """What click gives under the names of the fields. A field whose type is a dataclass is a group of options: what is
    given under the names of its own fields. Raises KeyError where a field has no option.
    """
    found = {
        one.name: parsed(one.type, given) if isinstance(one.type, type) and is_dataclass(one.type) else given[one.name]
        for one in fields(kind)
    }
    return kind(**found)
