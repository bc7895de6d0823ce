"""Numbers of a comparison in few characters."""

from collections.abc import Mapping
from typing import Any

from axpair_proto.lines import coloured


def relation(comparison: Mapping[str, Any] | None) -> str:
    """Relation and cosine, such as "SIMILAR 0.9967"; a dash where there was nothing to compare."""
    if comparison is None:
        return "-"
    word = coloured(str(comparison["relation"]))
    if comparison["relation"] in ("IDENTICAL", "INVALID"):
        return word
    return f"{word} {cosine(comparison['cosine'])}"


def cosine(value: float | None) -> str:
    """Four digits, and more where it is nearly 1 without being it."""
    if value is None:
        return "-"
    if 0.99995 <= value < 1.0:
        return f"1-{1.0 - value:.1e}"
    return f"{value:.4f}"


def number(value: float | int | None) -> str:
    """Up to five significant digits; a dash for none."""
    return "-" if value is None else f"{value:.5g}" if isinstance(value, float) else str(value)
