"""Faults that strike some inputs alone: which, hangs on the input's bytes, not on when it comes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from axpair_emulator.errors import FaultError

OPTION = "only"
_MOST = 1 << 16


@dataclass(frozen=True)
class Only:
    """One of so many classes into which the digests of inputs fall."""

    part: int
    of: int

    def strikes(self, inputs: Sequence[bytes]) -> bool:
        """Whether a run's inputs belong to the class; the same for the same bytes, whatever ran before."""
        whole = hashlib.sha256()
        for data in inputs:
            whole.update(data)
        return int.from_bytes(whole.digest()[:8], "little") % self.of == self.part


def read_only(text: str) -> Only:
    """K/N, such as 0/8: every eighth input, on average. Raises FaultError on anything else."""
    part, _, of = text.partition("/")
    if part.isdecimal() and of.isdecimal() and 0 <= int(part) < int(of) <= _MOST:
        return Only(int(part), int(of))
    raise FaultError(
        f"the option {OPTION!r} takes K/N with 0 <= K < N <= {_MOST}, not {text!r}",
        next_step=f"{OPTION}=0/8 strikes the inputs in the first of eight classes",
    )
