"""Documents that commands printed, held to their structs, of which docs/schema is made."""

import json
from typing import Any

import msgspec
from axpair_host.documents.json_form import json_form


def printed(text: str, *kinds: type[msgspec.Struct]) -> dict[str, Any]:
    """The document, which fits one of these structs and has no key besides theirs."""
    document: dict[str, Any] = json.loads(text)
    wrong = []
    for kind in kinds:
        try:
            found = json_form(msgspec.json.decode(text, type=kind))
        except msgspec.ValidationError as error:
            wrong.append(f"{kind.__name__}: {error}")
            continue
        assert found == document
        return document
    raise AssertionError("; ".join(wrong))
