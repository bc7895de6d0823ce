"""What a build says of itself in tables: scores of outputs and layers, and what every operator became."""

from __future__ import annotations

from collections.abc import Iterable

from axpair_emulator.program import Program
from axpair_emulator.score import Score
from axpair_emulator.text_table import table


def score_table(scores: Iterable[Score]) -> str:
    """The score table in the toolchain's words (log of `pulsar run`, 0.6.1.14).

    That of every layer is a picture in the vendor's guide: ours has the same columns.
    """
    return table(
        [
            (f"Layer: {one.name}", f"2-norm RE: {one.relative_error:.2%}", f"cosine-sim: {one.cosine:.4f}")
            for one in scores
        ]
    )


def operator_table(program: Program) -> str:
    """Every operator with the ONNX nodes that it stands for and how its result is quantised: for pulsar_conf.debug."""
    rows = []
    for op in program.ops:
        result = program.tensors[op.output]
        sources = ", ".join(op.sources) or "-"
        rows.append(
            (op.name, op.kind, sources, "x".join(map(str, result.shape)), result.bits, result.scale, result.zero_point)
        )
    return table(rows, ("operator", "kind", "ONNX nodes", "shape", "bits", "scale", "zero"))
