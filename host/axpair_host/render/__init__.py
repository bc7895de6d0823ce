"""Documents as people read them: aligned lines, coloured on a terminal and plain in a pipe."""

from axpair_host.render.comparisons import comparisons
from axpair_host.render.entries import all_entries, entry
from axpair_host.render.verdict import verdict, verdict_lines

__all__ = ["all_entries", "comparisons", "entry", "verdict", "verdict_lines"]
