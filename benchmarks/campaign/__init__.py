"""Campaigns of the diagnosis: faults injected where they would happen, and whether the right one is named.

`python -m benchmarks campaign [configuration ...]` runs the parts named, or all; each prints its own tables.
"""

import importlib
import sys

PARTS = ("configuration", "postprocess", "faults", "files", "losses", "advice")
"""Modules of this package, each with a `main(arguments)` that returns the exit code."""


def main(arguments: list[str]) -> int:
    """Run one part with what follows its name, or all; 1 where a part misses its line, 2 for an unknown name."""
    if arguments and arguments[0] not in PARTS:
        print(f"no campaign {arguments[0]!r}; there are: {', '.join(PARTS)}", file=sys.stderr)
        return 2
    worst = 0
    for name in arguments[:1] or PARTS:
        print(f"== {name}")
        code: int = importlib.import_module(f"benchmarks.campaign.{name}").main(arguments[1:])
        worst = max(worst, code)
    return worst
