"""Pooling and means."""

from __future__ import annotations

from axpair_emulator.plan.lowering import Lowering, Placement, first_input, unplaceable
from axpair_emulator.plan.padding import explicit_pads
from axpair_emulator.plan.step import Step
from axpair_emulator.quantize.fixed_point import fixed_point


def _global_average(step: Step, program: Lowering) -> None:
    rank = len(program.graph.shapes[step.inputs[0]])
    _mean(step, program, list(range(2, rank)), keepdims=True)


def _reduce_mean(step: Step, program: Lowering) -> None:
    node = step.node
    rank = len(program.graph.shapes[step.inputs[0]])
    if node.input(1):
        axes = [int(axis) for axis in program.constant(step, node.input(1), "axes").ravel()]
    else:
        axes = [] if node.attrs.get("noop_with_empty_axes", 0) else list(range(rank))
    _mean(step, program, sorted(axis % rank for axis in axes), keepdims=bool(node.attrs.get("keepdims", 1)))


def _mean(step: Step, program: Lowering, axes: list[int], *, keepdims: bool) -> None:
    source, result = program.tensors[step.inputs[0]], program.tensors[step.output]
    count = 1
    for axis in axes:
        count *= source.shape[axis]
    if count * source.top >= 1 << 31:
        raise unplaceable(step.node, program.graph, f"a mean over {count} elements would overflow 31 bits")
    multiplier, shift = fixed_point(source.scale / result.scale / count)
    attrs = {"axes": axes, "keepdims": keepdims, "multiplier": multiplier, "shift": shift}
    program.emit("mean", step, step.inputs, step.output, {**attrs, **program.clamp(step)})


def _window(step: Step, program: Lowering) -> dict[str, list[int]]:
    node = step.node
    kernel = list(node.attrs["kernel_shape"])
    if len(kernel) != 2:
        raise unplaceable(node, program.graph, f"its window has {len(kernel)} axes; only two are handled")
    strides = list(node.attrs.get("strides", [1, 1]))
    dilations = list(node.attrs.get("dilations", [1, 1]))
    extents = [(k - 1) * d + 1 for k, d in zip(kernel, dilations, strict=True)]
    pads = explicit_pads(step, program, extents, strides)
    for axis, (extent, stride) in enumerate(zip(extents, strides, strict=True)):
        length = program.graph.shapes[step.inputs[0]][2 + axis] + pads[axis] + pads[2 + axis]
        given = program.graph.shapes[step.output][2 + axis]
        # ceil_mode: the last window reaches past the end; more padding says the same.
        pads[2 + axis] += max((given - 1) * stride + extent - length, 0)
    return {"kernel": kernel, "strides": strides, "pads": pads, "dilations": dilations}


def _max_pool(step: Step, program: Lowering) -> None:
    if len(step.outputs) > 1:
        raise unplaceable(step.node, program.graph, "its second output (indices) isn't handled")
    program.emit("max_pool", step, step.inputs, step.output, _window(step, program))


def _average_pool(step: Step, program: Lowering) -> None:
    node = step.node
    window = _window(step, program)
    declared = list(node.attrs.get("pads", [0, 0, 0, 0]))
    if any(window["pads"]) and not (node.attrs.get("count_include_pad", 0) and window["pads"] == declared):
        raise unplaceable(node, program.graph, "padding that doesn't count as zeros isn't handled")
    if window.pop("dilations") != [1, 1]:
        raise unplaceable(node, program.graph, "dilations aren't handled")
    source, result = program.tensors[step.inputs[0]], program.tensors[step.output]
    count = window["kernel"][0] * window["kernel"][1]
    multiplier, shift = fixed_point(source.scale / result.scale / count)
    attrs = {**window, "multiplier": multiplier, "shift": shift, **program.clamp(step)}
    program.emit("average_pool", step, step.inputs, step.output, attrs)


PLACEMENTS = {
    "GlobalAveragePool": Placement(_global_average, first_input, clamps=True),
    "ReduceMean": Placement(_reduce_mean, first_input, clamps=True),
    "AveragePool": Placement(_average_pool, first_input, clamps=True),
    "MaxPool": Placement(_max_pool, first_input, shares=True),
}
