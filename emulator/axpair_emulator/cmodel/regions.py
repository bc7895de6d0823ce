"""Runs of operators as one graph each, so that codes between them never leave the runtime.

An operator's part of the graph does what its kernel does, bit for bit; nobody can look at the codes in between, so
dumps and faults run operator by operator instead.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

from axpair_emulator.cmodel.fragments import FRAGMENTS
from axpair_emulator.cmodel.session import Fragment, Graph, Session
from axpair_emulator.cmodel.site import Array, Site
from axpair_emulator.program import Op, Program


@dataclass(frozen=True)
class Region:
    """Operators that run at once."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    session: Session


class Regions:
    """A program as regions and, between them, single operators, which `run_op` runs by their index."""

    def __init__(
        self, program: Program, threads: int, run_op: Callable[[int, dict[str, Array]], Array], last: Sequence[str]
    ) -> None:
        """`last` names the tensors that are used after the last operator."""
        self._program, self._run_op = program, run_op
        fragments = [
            FRAGMENTS[op.kind](Site(program, op, threads)) if op.kind in FRAGMENTS else None for op in program.ops
        ]
        uses = Counter(name for op in program.ops for name in op.inputs)
        uses.update(last)
        self.steps: list[Region | int] = []
        for joinable, run in groupby(range(len(fragments)), lambda index: fragments[index] is not None):
            indices = list(run)
            if joinable and len(indices) > 1:
                parts = [(program.ops[index], fragments[index]) for index in indices]
                self.steps.append(_region(program, parts, uses, threads))
            else:
                self.steps += indices
        self._uses = Counter(last)
        for step in self.steps:
            self._uses.update(step.inputs if isinstance(step, Region) else program.ops[step].inputs)

    def __call__(self, codes: dict[str, Array]) -> None:
        """From the codes of the program's inputs to those of `last`, in the same mapping."""
        left = Counter(self._uses)
        for step in self.steps:
            if isinstance(step, Region):
                used: Sequence[str] = step.inputs
                results = step.session({_given(name): codes[name] for name in used})
                codes.update(zip(step.outputs, results, strict=True))
            else:
                op = self._program.ops[step]
                used = op.inputs
                codes[op.output] = self._run_op(step, codes)
            for name in used:
                left[name] -= 1
                if not left[name]:
                    codes.pop(name, None)


def _region(program: Program, parts: Sequence[tuple[Op, Fragment | None]], uses: Counter[str], threads: int) -> Region:
    graph = Graph()
    names: dict[str, str] = {}
    inputs: list[str] = []
    inside = Counter(name for op, _ in parts for name in op.inputs)
    outputs = []
    for op, fragment in parts:
        for name in op.inputs:
            if name in names:
                continue
            if name in program.arrays:
                names[name] = graph.constant(program.arrays[name])
            else:
                names[name] = graph.input(_given(name), program.tensors[name].dtype.name)
                inputs.append(name)
        assert fragment is not None
        names[op.output] = fragment(graph, [names[name] for name in op.inputs])
    for op, _ in parts:
        if uses[op.output] > inside[op.output]:
            outputs.append(op.output)
            # A name of its own, for an operator that changes nothing.
            graph.output(graph.node("Identity", [names[op.output]]), program.tensors[op.output].dtype.name)
    return Region(tuple(inputs), tuple(outputs), graph.session(threads, blocked=True))


def _given(name: str) -> str:
    """What a region's graph calls an input, so that it meets no name made there."""
    return f"codes/{name}"
