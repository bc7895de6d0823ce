"""conv and conv_transpose.

8-bit codes with int8 weights whose bound stays below 2^24 are one exact float32 convolution; wider ones are several,
over bytes and runs of input channels, added up in float64. What even that can't show to be exact goes through
`accumulate.py` and `requant.py`. The bits are the same.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from axpair_emulator.cmodel.accumulate import Accumulator, Convolution, channel_runs, weight_planes
from axpair_emulator.cmodel.bounds import FLOAT32, reach
from axpair_emulator.cmodel.finish import Finish
from axpair_emulator.cmodel.kernel import kernel_of
from axpair_emulator.cmodel.planes import plane_zeros, planes
from axpair_emulator.cmodel.requant import Requantizer, Rule, rule_of
from axpair_emulator.cmodel.session import Fragment, Graph
from axpair_emulator.cmodel.site import Array, Kernel, Site


def conv(site: Site) -> Kernel:
    """Prepare kind "conv"."""
    return _prepare(site, transposed=False)


def conv_transpose(site: Site) -> Kernel:
    """Prepare kind "conv_transpose"."""
    return _prepare(site, transposed=True)


def conv_fragment(site: Site) -> Fragment | None:
    """Kind "conv" as part of a graph."""
    return _Parts(site, transposed=False).fragment()


def conv_transpose_fragment(site: Site) -> Fragment | None:
    """Kind "conv_transpose" as part of a graph."""
    return _Parts(site, transposed=True).fragment()


def _prepare(site: Site, transposed: bool) -> Kernel:
    parts = _Parts(site, transposed)
    fragment = parts.fragment()
    if fragment is not None:
        return kernel_of(site, fragment, parts.convolution.blocked)
    accumulator = Accumulator(parts.convolution, parts.weight, site.x, site.threads)
    bounds = accumulator.bounds + np.abs(parts.bias)
    return _in_parts(accumulator, Requantizer(parts.rule, bounds, site.y, parts.bias, accumulator.factors))


class _Parts:
    """An operator's convolution, taken apart."""

    def __init__(self, site: Site, transposed: bool) -> None:
        names = ("strides", "pads", "dilations", *(("output_padding",) if transposed else ()))
        attributes = {name: list(site.numbers(name)) for name in names if site.op.attrs.get(name) is not None}
        self.convolution = Convolution(transposed, int(site.op.attrs.get("group", 1)), attributes)
        self.weight, self.bias = site.array("weight"), site.array("bias").astype(np.int64)
        self.rule = _per_channel(rule_of(site), len(self.bias))
        self._site = site

    def fragment(self) -> Fragment | None:
        """The convolution as part of a graph; None where float arithmetic isn't shown to be exact."""
        site, convolution = self._site, self.convolution
        bounds = convolution.sums(self.weight) * reach(site.x) + np.abs(self.bias)
        # A dead channel's accumulator doesn't count, so it needn't be in bounds.
        dead = self.rule.multiplier == 0
        bounds[dead] = 0
        if site.x.bits == 8 and self.weight.dtype.itemsize == 1 and bounds.max() < FLOAT32:
            return self._one(bounds, dead)
        return self._several()

    def _one(self, bounds: Array, dead: Array) -> Fragment | None:
        finish = Finish(self.rule, bounds, self._site.y, trailing=self.weight.ndim - 2)
        if not finish.possible:
            return None
        grouped = self.convolution.by_group(self.weight).copy()
        grouped.reshape(len(self.bias), -1)[dead] = 0
        weight = self.convolution.as_onnx(grouped)
        bias = np.where(dead, 0, self.bias)

        def add(graph: Graph, operands: Sequence[str]) -> str:
            (x,) = planes(graph, operands[0], self._site.x)
            return finish(graph, [self._node(graph, x, weight, bias)])

        return add

    def _several(self) -> Fragment | None:
        site, convolution = self._site, self.convolution
        pieces: list[tuple[int, Array, slice]] = []
        factors: list[int] = []
        bounds = np.abs(self.bias)
        for weight_factor, plane in weight_planes(self.weight):
            grouped = convolution.by_group(plane)
            for index, (factor, zero) in enumerate(plane_zeros(site.x)):
                largest = max(zero, 255 - zero)
                runs = channel_runs(grouped, FLOAT32 // largest)
                if runs is None or (len(runs) > 1 and convolution.group > 1):
                    return None
                pieces += [(index, convolution.as_onnx(grouped[:, :, run]), run) for run in runs]
                factors += [weight_factor * factor] * len(runs)
                bounds = bounds + convolution.sums(plane) * largest * weight_factor * factor
        finish = Finish(self.rule, bounds, site.y, self.bias, factors, trailing=self.weight.ndim - 2)
        if not finish.possible:
            return None

        def add(graph: Graph, operands: Sequence[str]) -> str:
            centred = planes(graph, operands[0], site.x)
            parts = []
            for index, weight, run in pieces:
                x = centred[index]
                if (
                    run.stop - run.start < self.weight.shape[0 if convolution.transposed else 1]
                    and convolution.group == 1
                ):
                    ends = [graph.constant(np.array([end], np.int64)) for end in (run.start, run.stop, 1)]
                    x = graph.node("Slice", [x, *ends])
                parts.append(self._node(graph, x, weight))
            return finish(graph, parts)

        return add

    def _node(self, graph: Graph, x: str, weight: Array, bias: Array | None = None) -> str:
        constants = [weight] if bias is None else [weight, bias]
        names = [graph.constant(values.astype(np.float32)) for values in constants]
        options = {"group": self.convolution.group, **self.convolution.attributes}
        return graph.node(self.convolution.kind, [x, *names], **options)


def _in_parts(accumulator: Accumulator, requantizer: Requantizer) -> Kernel:
    def run(operands: Sequence[Array]) -> Array:
        parts = accumulator(operands[0])
        batch, channels = parts[0].shape[:2]
        flat = requantizer(*(part.reshape(batch, channels, -1) for part in parts))
        codes: Array = flat.reshape(parts[0].shape)
        return codes

    return run


def _per_channel(rule: Rule, channels: int) -> Rule:
    """The rule with one multiplier and shift for each channel."""
    return dataclasses.replace(
        rule,
        multiplier=np.broadcast_to(rule.multiplier, channels).copy(),
        shift=np.broadcast_to(rule.shift, channels).copy(),
    )
