"""Feeds hostile inputs of each kind, counts what became of them, and tells how to see each finding again."""

import argparse
import sys
import threading
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.fuzz.feeder import SENSIBLE, Feeder, Outcome
from benchmarks.fuzz.kind import KINDS, kind, random_of

DEADLINE = 120.0
"""Seconds. Most inputs take hundredths of one; a batch of 65,536 is honest work, and machines are busy."""
PROCESSES = 2


def main(arguments: Sequence[str]) -> int:
    """Print a table and the findings; 1 where there are any."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks fuzz", description=__doc__)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"one of {', '.join(KINDS)}; all unless said")
    parser.add_argument("--count", type=int, default=10_000, help="inputs of each kind")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, metavar="INDEX", help="number of the first input")
    parser.add_argument("--save", type=Path, metavar="FOLDER", help="also write the inputs that were found there")
    given = parser.parse_args(arguments)
    unknown = [name for name in given.kinds if name not in KINDS]
    if unknown:
        parser.error(f"no kind {unknown[0]!r}; there are: {', '.join(KINDS)}")
    print("| kind | inputs | accepted | refused | findings | slowest, s | memory, MB |\n|---|---|---|---|---|---|---|")
    found: list[tuple[str, Outcome]] = []
    for name in given.kinds or KINDS:
        outcomes = run(name, given.seed, range(given.first, given.first + given.count))
        counts = Counter(outcome.verdict for outcome in outcomes)
        findings = [outcome for outcome in outcomes if outcome.verdict not in SENSIBLE]
        slowest = max((outcome.seconds for outcome in outcomes), default=0.0)
        grown = max((outcome.grown for outcome in outcomes), default=0) / 1e6
        figures = (len(outcomes), counts["accepted"], counts["refused"], len(findings))
        print(f"| {name} | {' | '.join(map(str, figures))} | {slowest:.1f} | {grown:.0f} |", flush=True)
        found += [(name, outcome) for outcome in findings]
    for name, outcome in found:
        again = f"python -m benchmarks fuzz {name} --seed {given.seed} --first {outcome.index} --count 1"
        print(f"\n{outcome.verdict}: {again}")
        print(outcome.detail)
        if given.save:
            save(name, given.seed, outcome.index, given.save)
    return 1 if found else 0


def run(name: str, seed: int, indices: Sequence[int], processes: int = PROCESSES) -> list[Outcome]:
    """Feed the inputs of these numbers, shared between processes; what became of them, in their order."""
    lock, left, outcomes = threading.Lock(), iter(indices), list[Outcome]()

    def work() -> None:
        feeder = Feeder(name, seed, DEADLINE)
        try:
            while True:
                with lock:
                    index = next(left, None)
                if index is None:
                    return
                outcome = feeder.feed(index)
                with lock:
                    outcomes.append(outcome)
        finally:
            feeder.close()

    with ThreadPoolExecutor(processes) as pool:
        for done in [pool.submit(work) for _ in range(min(processes, len(indices)))]:
            done.result()
    return sorted(outcomes, key=lambda outcome: outcome.index)


def save(name: str, seed: int, index: int, folder: Path) -> Path:
    """Write one input as a file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{seed}-{index}"
    with TemporaryDirectory() as room:
        path.write_bytes(kind(name, Path(room)).mutant(random_of(name, seed, index)))
    return path


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
