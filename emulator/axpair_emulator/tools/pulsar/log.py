"""Log lines in the toolchain's form: `[26 07:14:45 <frozen module>:70] text` (log of `pulsar run`, 0.6.1.14).

Lines that its documentation shows come with the module and line number that stand there, so that patterns made for
them match. What only the emulator has to say is marked as its own.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from axpair_proto.text import printable

PLANNING = "<frozen super_pulsar.func_wrappers.wrapper_pulsar_build>:28"
RUNNING = "<frozen super_pulsar.func_wrappers.wrapper_pulsar_build>:334"
SAVED = "<frozen super_pulsar.toolchain_wrappers.wrapper_toolchain>:482"
SIMULATED = "<frozen super_pulsar.func_wrappers.wrapper_pulsar_run>:138"
DUMPED = "<frozen super_pulsar.func_wrappers.pulsar_run.utils>:70"
COMPARING = "<frozen super_pulsar.func_wrappers.pulsar_run.compare>:97"
TABLE = "<frozen super_pulsar.func_wrappers.pulsar_run.compare>:82"
OURS = "<axpair emulator>"


class Log:
    """Stamps lines with the day of the month and the time."""

    def __init__(self, write: Callable[[str], object], now: Callable[[], datetime] = datetime.now) -> None:
        """`write` gets whole lines, newline included."""
        self._write = write
        self._now = now

    def say(self, source: str, text: str) -> None:
        """One entry; a text of several lines is stamped once."""
        shown = "\n".join(map(printable, text.split("\n")))
        self._write(f"[{self._now():%d %H:%M:%S} {source}] {shown}\n")

    def warn(self, text: str) -> None:
        """A warning of the emulator's."""
        self.say(OURS, f"WRN {text}")
