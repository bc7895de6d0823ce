"""What every layer gives, in each form of a model: computed layer by layer, so that only what is still needed is held.

Whoever feeds a layer decides what its output shows. Fed with what the layers before it gave, it shows the error that
has come together so far; fed with the float model's own tensors, the error that it adds of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import onnx
from axpair_proto.capabilities import LayerTensor

from axpair_emulator.batch import one_item
from axpair_emulator.cmodel.execute import Executor, real_values
from axpair_emulator.graph.pieces import Piece, Pieces
from axpair_emulator.ports import codes_of, input_planes
from axpair_emulator.program import Op, Program, Tensor
from axpair_emulator.reference.graph_parts import codes_name

Array = np.ndarray[Any, Any]


class Stage(Protocol):
    """One way to compute a program's tensors in codes, operator by operator."""

    @property
    def needs(self) -> Sequence[tuple[str, ...]]:
        """For each operator of the program the tensors it is computed from."""
        ...

    def compute(self, index: int, given: Mapping[str, Array]) -> Array:
        """An operator's output, from the codes of what it needs."""
        ...


class CompiledStage:
    """The joint: the cmodel's integers."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        arrays = executor.program.arrays
        self.needs = [tuple(name for name in op.inputs if name not in arrays) for op in executor.program.ops]

    def compute(self, index: int, given: Mapping[str, Array]) -> Array:
        """Exact."""
        return self._executor.run_op(index, given)


class QuantisedStage:
    """The .lava_joint: a piece of the float model with quantisation points for each operator."""

    def __init__(self, model: onnx.ModelProto, program: Program) -> None:
        self._pieces = Pieces(model)
        self._parts: list[Piece] = []
        self._names = {port.tensor: port.tensor for port in program.inputs}
        for op in program.ops:
            self._parts.append(self._pieces.piece([codes_name(op.output)], self._names))
            self._names[codes_name(op.output)] = op.output
        self.needs = [tuple(self._names[name] for name in part.inputs) for part in self._parts]

    def compute(self, index: int, given: Mapping[str, Array]) -> Array:
        """As onnxruntime computes it, unoptimised."""
        part = self._parts[index]
        return self._pieces.run(part, {name: given[self._names[name]] for name in part.inputs})[0]


def seeds(program: Program, inputs: Mapping[str, bytes]) -> dict[str, Array]:
    """The tensors behind the joint's inputs, of one item."""
    return {port.tensor: input_planes(port, inputs[port.name]) for port in one_item(program.inputs)}


def walk(
    program: Program, stage: Stage, given: Mapping[str, Array], instead: Iterable[Array | None] = ()
) -> Iterator[tuple[Op, Array, Array | None]]:
    """Every operator, its output's codes, and what stood there `instead`; one tensor is let go after its last use.

    `instead` says for each operator what those behind it are fed with in the place of its output, or None.
    """
    held = Held(given, stage.needs)
    source = iter(instead)
    for index, op in enumerate(program.ops):
        result = stage.compute(index, held)
        replaced = next(source, None)
        yield op, result, replaced
        held.take(index, op.output, result if replaced is None else replaced)


class Held(dict[str, Array]):
    """Tensors at hand, each until its last use."""

    def __init__(self, given: Mapping[str, Array], needs: Sequence[tuple[str, ...]]) -> None:
        super().__init__(given)
        self._needs = needs
        self._left = Counter(name for names in needs for name in names)

    def take(self, index: int, name: str, array: Array) -> None:
        """Keep what the step `index` made, if anything needs it, and let go what only that step still needed."""
        if self._left[name]:
            self[name] = array
        for used in self._needs[index]:
            self._left[used] -= 1
            if not self._left[used]:
                self.pop(used, None)


def shown(program: Program, op: Op, codes: Array) -> LayerTensor:
    """Codes as real values."""
    tensor = program.tensors[op.output]
    return LayerTensor(
        name=op.output,
        node=op.name,
        kind=op.kind,
        values=real_values(tensor, codes),
        step=tensor.scale,
        limits=(-tensor.zero_point * tensor.scale, (tensor.top - tensor.zero_point) * tensor.scale),
        sources=op.sources,
        weight_spread=_weight_spread(program, op),
    )


def float_layers(program: Program, model: onnx.ModelProto, feeds: Mapping[str, Array]) -> Iterator[LayerTensor | None]:
    """For each operator of the program the float model's tensor of that name; None where it has none.

    `model` is the float model as the build simplified it; `feeds` are its own inputs.
    """
    pieces = Pieces(model)
    known = set(feeds)
    parts: list[Piece | None] = []
    for op in program.ops:
        there = op.output in pieces or op.output in known
        parts.append(pieces.piece([op.output], known) if there else None)
        known.update({op.output} if there else ())
    held = Held(feeds, [part.inputs if part else () for part in parts])
    for index, (op, part) in enumerate(zip(program.ops, parts, strict=True)):
        if part is None:
            yield None
            continue
        (values,) = pieces.run(part, held)
        yield LayerTensor(op.output, op.name, part.kind or "Input", values.astype(np.float32, copy=False))
        held.take(index, op.output, values)


def own_layers(
    program: Program, stage: Stage, given: Mapping[str, Array], floats: Iterable[LayerTensor | None]
) -> Iterator[LayerTensor]:
    """Each layer alone, fed with the float model's tensors in codes. Those that the float model lacks are left out:
    the operators behind them get what they gave."""
    instead = (
        None if layer is None else quantised(program.tensors[op.output], layer.values)
        for op, layer in zip(program.ops, floats, strict=True)
    )
    for op, codes, replaced in walk(program, stage, given, instead):
        if replaced is not None:
            yield shown(program, op, codes)


def quantised(tensor: Tensor, values: Array) -> Array:
    """The codes of real values in a tensor's scale."""
    return codes_of(values, tensor.scale, tensor.zero_point, tensor.dtype)


def _weight_spread(program: Program, op: Op) -> float:
    """See `LayerTensor.weight_spread`."""
    if op.kind != "conv" or op.attrs.get("group", 1) == 1:
        return 0.0
    factors = np.ldexp(
        program.arrays[op.arrays["multiplier"]].astype(np.float64), -program.arrays[op.arrays["shift"]].astype(int)
    )
    if np.ptp(factors) > 1e-6 * factors.max(initial=0.0):
        return 0.0
    weight = np.abs(program.arrays[op.arrays["weight"]].astype(np.int32))
    reach = weight.reshape(weight.shape[0], -1).max(axis=1)
    return float(reach.max() / max(1, reach.min()))
