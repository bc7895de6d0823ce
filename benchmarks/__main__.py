"""Runs the benchmarks named on the command line, or all; a campaign is run by its name alone."""

import importlib
import sys

BENCHMARKS = ("comparison", "emulator", "models", "measures")
"""Modules of this package, each with a `main()` that prints a table."""

CAMPAIGNS = ("identity", "fuzz", "campaign", "hostile", "house")
"""Longer, or with options: modules whose `main(arguments)` takes what follows the name and returns the exit code."""


def main(names: list[str]) -> int:
    """Print each benchmark's table, or run one campaign; 2 for a name that doesn't exist."""
    if names and names[0] in CAMPAIGNS:
        code: int = importlib.import_module(f"benchmarks.{names[0]}").main(names[1:])
        return code
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        print(f"no benchmark {unknown[0]!r}; there are: {', '.join((*BENCHMARKS, *CAMPAIGNS))}", file=sys.stderr)
        return 2
    for name in names or BENCHMARKS:
        print(f"== {name}")
        importlib.import_module(f"benchmarks.{name}").main()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
