"""Standard streams that the starter closed, as `>&-` of a shell does."""

import os
import sys

_ENDS = (("stdin", os.O_RDONLY, "r"), ("stdout", os.O_RDONLY, "w"), ("stderr", os.O_WRONLY, "w"))
"""Name, how the null device is opened in its place, and the stream's mode: writing to stdout fails as on a full disk,
for what was asked for goes nowhere; stderr forgets."""


def replace_closed() -> None:
    """Let no standard stream be None. Its descriptor is taken too: else the next file that is opened would get it,
    and with it what other programs, and libraries in C, print."""
    for name, flags, mode in _ENDS:
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, flags)  # the lowest that is free: the stream's own
            os.set_inheritable(descriptor, True)
            setattr(sys, name, open(descriptor, mode, encoding="utf-8"))  # noqa: SIM115
