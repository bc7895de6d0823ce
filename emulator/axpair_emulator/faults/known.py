"""Names that a fault was given, against those that there are."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from axpair_emulator.errors import FaultError

LARGEST_SEED = (1 << 63) - 1
_LISTED = 40


def checked_seed(seed: int) -> int:
    """The seed itself. Raises FaultError for one that no generator takes."""
    if not 0 <= seed <= LARGEST_SEED:
        raise FaultError(f"the seed is {seed}; it is a whole number from 0 to 2^63 - 1", next_step="give such a seed")
    return seed


def require_known(what: str, name: str, known: Iterable[str], where: str = "") -> None:
    """Raises FaultError where `name` isn't among `known`, with the nearest of them and the list."""
    names = list(dict.fromkeys(known))
    if name not in names:
        raise FaultError(f"there is no {what} {name!r}{where and f' {where}'}", next_step=suggestion(name, names))


def suggestion(name: str, known: Iterable[str]) -> str:
    """What to write instead: "did you mean 'this'? there are: ...", the first forty of them."""
    names = list(dict.fromkeys(known))
    close = difflib.get_close_matches(name, names, 1)
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    listed = f"there are: {', '.join(names[:_LISTED])}{more}" if names else "there are none"
    return f"did you mean {close[0]!r}? {listed}" if close else listed
