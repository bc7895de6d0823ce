"""Which layers' inputs calibration looks at closely, and how these layers read them."""

from __future__ import annotations

from collections.abc import Mapping

from axpair_emulator.calibrate.moments import Window
from axpair_emulator.graph.view import Graph
from axpair_emulator.plan.geometry import conv_geometry
from axpair_emulator.plan.step import Step


def windows_of(graph: Graph, steps: tuple[Step, ...], bits: Mapping[str, int]) -> dict[str, Window]:
    """By step output: the window of every layer with weights that reads features of 16 bits.

    With 8 bits the features' own rounding outweighs the weights', and nothing is gained.
    """
    found = {}
    for step in steps:
        window = _window(step, graph) if step.inputs and bits.get(step.inputs[0]) == 16 else None
        if window is not None:
            found[step.output] = window
    return found


def _window(step: Step, graph: Graph) -> Window | None:
    weight = graph.constants.get(step.node.input(1))
    if step.kind == "Gemm" or (step.kind == "MatMul" and weight is not None and weight.ndim == 2):
        return Window(step.inputs[0])
    if step.kind not in ("Conv", "ConvTranspose"):
        return None
    shape = conv_geometry(step.node, graph)
    return Window(
        step.inputs[0],
        (shape.kernel[0], shape.kernel[1]),
        shape.strides,
        shape.pads,
        shape.dilations,
        shape.group,
        step.kind == "ConvTranspose",
    )
