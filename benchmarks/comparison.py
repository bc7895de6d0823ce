"""The host's comparison of two float32 tensors of 10 MiB against a copy of both in memory."""

import numpy as np
from axpair_host.compare.lattice import lattice_step
from axpair_host.compare.sums import total
from axpair_host.compare.whole import compare

from benchmarks.rounds import interleaved

ELEMENTS = 10 * 2**20 // 4
STEP = 0.05


def main() -> None:
    """Print a row for each part of the comparison, on free values and on quantised ones."""
    random = np.random.default_rng(0)
    free = random.normal(size=ELEMENTS).astype(np.float32)
    near = free + random.normal(scale=1e-4, size=ELEMENTS).astype(np.float32)
    coded = np.rint(free / STEP).astype(np.float32) * np.float32(STEP)
    moved = coded + np.float32(STEP) * (random.random(ELEMENTS) < 0.01).astype(np.float32)
    target = np.empty((2, ELEMENTS), np.float32)

    def copy() -> None:
        np.copyto(target[0], free)
        np.copyto(target[1], near)

    rows = interleaved(
        {
            "copy of both": copy,
            "sums, free values": lambda: total(free, near, step=0.0),
            "sums, steps counted": lambda: total(coded, moved, step=STEP),
            "step found, free values": lambda: lattice_step(free),
            "step found, quantised": lambda: lattice_step(coded),
            "whole, free values": lambda: compare(free, near),
            "whole, quantised": lambda: compare(coded, moved),
        }
    )
    print("| part | ms | CPU time against the copy's (quartiles) |\n|---|---|---|")
    for row in rows:
        low, high = row.quartiles
        print(f"| {row.name} | {row.milliseconds:.1f} | {row.cpu_ratio:.1f} ({low:.1f}..{high:.1f}) |")
