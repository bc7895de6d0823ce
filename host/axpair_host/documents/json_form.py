"""Documents as `axpair_proto.text.json_text` and `axpair_proto.printing.print_document` take them."""

from collections.abc import Mapping
from typing import Any

import msgspec


def json_form(value: Any) -> Any:
    """Structs, at any depth, as dictionaries without the fields that are UNSET, and tuples as lists.

    Unlike `msgspec.to_builtins` it keeps sentences as what they are, so that they can still be had in another language.
    """
    if isinstance(value, msgspec.Struct):
        fields = zip(value.__struct_encode_fields__, value.__struct_fields__, strict=True)
        found = ((key, getattr(value, name)) for key, name in fields)
        return {key: json_form(one) for key, one in found if one is not msgspec.UNSET}
    if isinstance(value, Mapping):
        return {key: json_form(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [json_form(one) for one in value]
    return value
