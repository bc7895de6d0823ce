"""The inference report of a build: multiplications and bytes, counted from the program. Nothing in it is estimated."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from axpair_emulator.program import Op, Program, Tensor
from axpair_emulator.storage.files import write_whole
from axpair_emulator.text_table import table

FILE = Path("inference_report") / "part_0.lava" / "inference_report.log"
"""In the working directory (quick start, 0.6.1.14)."""
HEAD = ("layer", "kind", "MACs", "parameter bytes", "bytes read", "bytes written")


@dataclass(frozen=True)
class OpCost:
    """What one operator costs in one run."""

    name: str
    kind: str
    macs: int
    """Multiply-accumulates; 0 for operators that don't sum products."""
    parameters: int
    """Bytes of weights and tables."""
    read: int
    """Bytes of its input tensors."""
    written: int
    """Bytes of its output tensor."""


def costs(program: Program) -> list[OpCost]:
    """Every operator's cost, in the program's order."""
    return [_cost(program, op) for op in program.ops]


def _cost(program: Program, op: Op) -> OpCost:
    inputs = [program.tensors[name] for name in op.inputs if name in program.tensors]
    return OpCost(
        name=op.name,
        kind=op.kind,
        macs=_macs(program, op),
        parameters=sum(program.arrays[key].nbytes for key in op.arrays.values()),
        read=sum(map(_bytes, inputs)),
        written=_bytes(program.tensors[op.output]),
    )


def _macs(program: Program, op: Op) -> int:
    result = math.prod(program.tensors[op.output].shape)
    if op.kind == "matmul":
        return result * program.tensors[op.inputs[0]].shape[-1]
    if "weight" not in op.arrays:
        return 0
    weight = program.arrays[op.arrays["weight"]]
    if op.kind == "gemm":
        return result * int(weight.shape[0])
    one = int(math.prod(weight.shape[1:]))
    return one * (math.prod(program.tensors[op.inputs[0]].shape) if op.kind == "conv_transpose" else result)


def _bytes(tensor: Tensor) -> int:
    return math.prod(tensor.shape) * tensor.bits // 8


def report_text(program: Program, title: str, style: str = "simple") -> str:
    """The report: a row each, then the sums."""
    found = costs(program)
    rows: list[tuple[object, ...]] = [
        (cost.name, cost.kind, cost.macs, cost.parameters, cost.read, cost.written) for cost in found
    ]
    sums = [sum(getattr(cost, field) for cost in found) for field in ("macs", "parameters", "read", "written")]
    return f"{title}\n\n{table([*rows, ('total', '', *sums)], HEAD, style)}\n"


def write_report(program: Program, title: str, folder: Path) -> Path:
    """Write it below a folder. Raises EmulatorError when that can't be written to."""
    path = folder / FILE
    write_whole(path, report_text(program, title).encode())
    return path
