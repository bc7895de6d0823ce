"""The last step of a graph whose accumulators are exact: requantisation to codes, in the same graph.

8 bits take one float32 step where it is proven equal to the rule for every channel (`staircase.py`). All else goes
through float64, as `requant.py` describes it, where nothing rounds; where that can't be shown there is no such graph.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from axpair_emulator.cmodel.bounds import FLOAT32
from axpair_emulator.cmodel.requant import Requantizer, Rule
from axpair_emulator.cmodel.session import Graph
from axpair_emulator.cmodel.site import Array
from axpair_emulator.cmodel.staircase import proven_scales
from axpair_emulator.program import Tensor


class Finish:
    """Requantisation as part of a graph; the arguments are those of `Requantizer`.

    `trailing` is how many axes follow the channels' in the accumulators (a rule of one channel needs no such axis);
    `wide` says that these are float64.
    """

    def __init__(
        self,
        rule: Rule,
        bounds: Array,
        output: Tensor,
        bias: Array | None = None,
        factors: Sequence[int] = (1,),
        trailing: int = 0,
        wide: bool = False,
    ) -> None:
        self._rule, self._output, self._factors, self._trailing = rule, output, tuple(factors), trailing
        self._wide = wide
        self._requantizer = Requantizer(rule, bounds, output, bias, factors)
        self._scales: Array | None = None
        if output.bits == 8 and bias is None and self._factors == (1,) and bounds.max(initial=0) < FLOAT32:
            scales, proven = proven_scales(rule, bounds)
            self._scales = scales if proven.all() else None

    @property
    def proven(self) -> bool:
        """Whether one float32 step does it."""
        return self._scales is not None

    @property
    def possible(self) -> bool:
        """Whether there is such a graph at all."""
        return self.proven or self._requantizer.all_in_float

    def __call__(self, graph: Graph, parts: Sequence[str]) -> str:
        """Add it behind accumulators, one for each factor; returns the name of the codes."""
        if self._scales is None:
            return self._float64(graph, parts)
        # Exact: what is proven stays below 2^24.
        (acc,) = [graph.cast(part, "float32") for part in parts] if self._wide else parts
        if len(self._rule) == 1:
            codes = graph.quantised(acc, self._scales[0], self._rule.zero_point)
        elif self._trailing:
            codes = graph.quantised(acc, self._scales, self._rule.zero_point)
        else:
            # The same division; the runtime is slow at quantising with one scale for each number of a row.
            steps = graph.node("Div", [acc, graph.constant(self._scales)])
            codes = graph.quantised(steps, np.asarray(1.0), self._rule.zero_point)
        if self._rule.lo > 0 or self._rule.hi < self._output.top:
            limits = [graph.constant(np.uint8(limit)) for limit in (self._rule.lo, self._rule.hi)]
            codes = graph.node("Clip", [codes, *limits])
        return codes

    def _float64(self, graph: Graph, parts: Sequence[str]) -> str:
        shape = (-1, *(1,) * self._trailing) if len(self._rule) > 1 else ()
        total = ""
        for part, factor in zip(parts, self._factors, strict=True):
            real = graph.constant((self._requantizer.real * factor).reshape(shape))
            term = graph.node("Mul", [graph.cast(part, "float64"), real])
            total = graph.node("Add", [total, term]) if total else term
        total = graph.node("Add", [total, graph.constant(self._requantizer.offset.reshape(shape))])
        limits = [graph.constant(np.float64(limit)) for limit in (self._rule.lo, self._rule.hi)]
        # Cutting off is rounding down, as nothing negative is left.
        return graph.cast(graph.node("Clip", [total, *limits]), self._output.dtype.name)
