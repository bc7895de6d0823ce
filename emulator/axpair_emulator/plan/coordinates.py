"""Where each element of a Resize comes from, by ONNX's formulas, in float32 as float engines compute them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from axpair_emulator.graph.view import Array, Graph, Node
from axpair_emulator.plan.fit import Unfit, known, word

MODES = ("half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric")
NEAREST = ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil")


@dataclass(frozen=True)
class Axis:
    """One axis that a Resize changes."""

    axis: int
    before: int
    after: int
    scale: float
    """As the node gives it; with sizes, after / before."""


def resized_axes(node: Node, graph: Graph) -> list[Axis]:
    """The axes along which anything happens. Raises Unfit for modes that aren't handled."""
    mode = word(node, "coordinate_transformation_mode", "half_pixel")
    if mode not in MODES:
        raise Unfit(f"its coordinate_transformation_mode is {mode!r}")
    before, after = graph.shapes[node.input(0)], graph.shapes[node.outputs[0]]
    scales = [new / old for old, new in zip(before, after, strict=True)]
    if node.input(2) and known(node, graph, 2, "scales").size:
        chosen = [axis % len(before) for axis in node.attrs.get("axes", range(len(before)))]
        for axis, scale in zip(chosen, graph.constants[node.input(2)].ravel(), strict=True):
            scales[axis] = float(scale)
    elif word(node, "keep_aspect_ratio_policy", "stretch") != "stretch":
        raise Unfit("its keep_aspect_ratio_policy isn't 'stretch'")
    return [
        Axis(axis, old, new, scale)
        for axis, (old, new, scale) in enumerate(zip(before, after, scales, strict=True))
        if old != new or scale != 1.0
    ]


def positions(axis: Axis, mode: str) -> Array:
    """float32 (after): the place in the input of each element of the output, not yet kept inside."""
    k, scale, half = np.arange(axis.after, dtype=np.float32), np.float32(axis.scale), np.float32(0.5)
    found: Array
    if mode == "align_corners":
        last = np.float32(axis.after - 1)
        found = k * np.float32(axis.before - 1) / last if axis.after > 1 else np.zeros_like(k)
    elif mode == "asymmetric":
        found = k / scale
    elif mode == "pytorch_half_pixel" and axis.after == 1:
        found = np.zeros_like(k)
    else:
        found = (k + half) / scale - half
        if mode == "half_pixel_symmetric":
            wanted = np.float32(axis.scale * axis.before)
            found = found + np.float32(axis.before / 2) * (np.float32(1) - np.float32(axis.after) / wanted)
    return found


def nearest_indices(axis: Axis, mode: str, nearest: str) -> Array:
    """int64 (after): the element of the input that each of the output repeats."""
    places = positions(axis, mode)
    halves = places - np.floor(places) == 0.5
    rounded = {
        "floor": np.floor(places),
        "ceil": np.ceil(places),
        "round_prefer_floor": np.where(halves, np.floor(places), np.rint(places)),
        "round_prefer_ceil": np.where(halves, np.ceil(places), np.rint(places)),
    }[nearest]
    return np.clip(rounded, 0, axis.before - 1).astype(np.int64)


def linear_taps(axis: Axis, mode: str, bits: int) -> tuple[Array, Array]:
    """int64 (after, 2) each: two neighbours in the input, and their weights, which add up to 2^bits."""
    places = np.clip(positions(axis, mode).astype(np.float64), 0.0, axis.before - 1)
    first = np.minimum(np.floor(places).astype(np.int64), max(axis.before - 2, 0))
    second = np.minimum(first + 1, axis.before - 1)
    share = np.floor((places - first) * (1 << bits) + 0.5).astype(np.int64)
    return np.stack([first, second], axis=1), np.stack([(1 << bits) - share, share], axis=1)
