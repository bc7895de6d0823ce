"""Runs the benchmarks named on the command line, or all."""

import importlib
import sys

BENCHMARKS = ("emulator", "models")
"""Modules of this package, each with a `main()` that prints a table."""


def main(names: list[str]) -> int:
    """Print each benchmark's table; 2 for a name that doesn't exist."""
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        print(f"no benchmark {unknown[0]!r}; there are: {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    for name in names or BENCHMARKS:
        print(f"== {name}")
        importlib.import_module(f"benchmarks.{name}").main()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
