"""Texts of a runtime on their way to the agent: cut where they are long, whole characters only."""

from typing import Any, Dict, Mapping

MAX_CHARACTERS = 4000
MAX_TEXTS = 64
MAX_NAME = 100


def text(value: object, longest: int = MAX_CHARACTERS) -> str:
    """As a text that UTF-8 can hold, at most about `longest` characters of it."""
    whole = str(value)
    if len(whole) > longest:
        whole = f"{whole[:longest]} [axpair: {len(whole) - longest} characters were left out here]"
    return whole.encode("utf-8", "backslashreplace").decode()


def texts(values: Mapping[str, Any]) -> Dict[str, str]:
    """Texts by name, the first 64."""
    return {text(name)[:MAX_NAME]: text(value) for name, value in list(values.items())[:MAX_TEXTS]}
