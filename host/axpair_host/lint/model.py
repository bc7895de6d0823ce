"""Layout, Q values, and what in the model is known to quantise badly."""

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from axpair_proto.capabilities import Join, ModelFacts, ModelInput, Observed
from axpair_proto.pulsar import config_pb2 as pb

from axpair_host.compare.constant import Constant
from axpair_host.lint.declared import DeclaredInput
from axpair_host.lint.hint import Hint
from axpair_host.scoring.causes import UNLIKE
from axpair_host.scoring.swallowing import swallows

SILU_SHARE = 0.2
"""Of all elements, or of all multiplications in front of it."""
_PICTURE = (1, 3, 4)
COARSE = 32
"""Codes that a range should be spread over at least."""
_CODES = 255
"""Steps of 8 bit."""
_LOST_STEPS = 2.0
_LISTED = 64
_LAYERS = "{layers}"


def layout(one: DeclaredInput, model: ModelInput) -> Iterator[Hint]:
    """src_tensor layout against the shape."""
    if len(model.shape) != 4:
        return
    looks = {layout for layout, axis in (("NCHW", 1), ("NHWC", 3)) if model.shape[axis] in _PICTURE}
    if len(looks) == 1 and one.layout not in looks:
        (real,) = looks
        yield Hint(
            "layout",
            "AX105",
            f"input {one.name!r}: the ONNX model has {list(model.shape)}, which is {real}; the configuration means "
            f"{one.layout}",
            f'write src_input_tensors {{ tensor_name: "{one.name}" tensor_layout: {real} }}',
            {"shape": list(model.shape), "layout": one.layout},
        )


def silu(facts: ModelFacts) -> Iterator[Hint]:
    """The guide names SiLU as what makes detectors lose their mAP."""
    elements, macs = sum(facts.elements.values()), sum(facts.macs.values())
    share = facts.silu_elements / elements if elements else 0.0
    part = facts.silu_macs / macs if macs else 0.0
    if max(share, part) >= SILU_SHARE:
        yield Hint(
            "silu",
            "AX205",
            f"SiLU gives {share:.0%} of all elements, and {part:.0%} of all multiplications go into it; its small "
            "negative values share few codes with a long positive range",
            "see what it costs; where that is much: 16 bit there, or ReLU and training again",
            {"share_of_elements": share, "share_of_macs": part},
            _LAYERS,
        )


def concats(facts: ModelFacts, seen: Observed) -> Iterator[Hint]:
    """Parts of unlike range under one scale."""
    for name, parts in facts.concats.items():
        reach = {
            part: max(abs(seen.tensors[part].low), abs(seen.tensors[part].high))
            for part in parts
            if part in seen.tensors
        }
        reach = {part: value for part, value in reach.items() if value > 0}
        if len(reach) < 2:
            continue
        small, large = min(reach, key=lambda one: reach[one]), max(reach, key=lambda one: reach[one])
        if reach[large] / reach[small] >= UNLIKE:
            yield Hint(
                "concat",
                "AX206",
                f"Concat {name!r} joins {small!r}, which reaches {reach[small]:.4g} over the calibration set, and "
                f"{large!r}, which reaches {reach[large]:.4g}: one scale has to do for both",
                "see what it costs, or take the parts as outputs of their own",
                {"reach": reach},
                _LAYERS,
            )


def swallowed(facts: ModelFacts, seen: Observed) -> Iterator[Hint]:
    """A number far away, such as that of an attention mask, in one tensor with others that it leaves no step."""
    for tensor, join in facts.joins.items():
        source, value = _farthest(join, seen)
        others = [name for name in join.operands if name != source and name in seen.tensors]
        if not others:
            continue
        other = seen.tensors[others[0]]
        constant = Constant(value, other.low, other.high)
        if not other.high > other.low or not swallows(constant, abs(value) / _CODES):
            continue
        whose = f"from {source!r}" if source else "a constant of it"
        fate = (
            "no range has a place for that"
            if math.isinf(value)
            else "one step of 8 bit would leave those less than three bits"
        )
        instead = "a number of the size of the others" if constant.instead is None else f"{constant.instead:g}"
        yield Hint(
            "constant",
            "AX205",
            f"{join.kind} {join.node!r} puts {value:.3g} ({whose}) into one tensor with {others[0]!r}, which is "
            f"{other.low:.4g} to {other.high:.4g} over the calibration set: {fate}",
            f"write {instead} in its place, export and build again",
            {"tensor": tensor, "value": value, "low": other.low, "high": other.high},
        )


def _farthest(join: Join, seen: Observed) -> tuple[str, float]:
    """What an operator brings from farthest away, and from which tensor; "" for a constant of its own."""
    brought = [("", value) for value in join.constants]
    for name in join.operands:
        if name in seen.tensors:
            spread = seen.tensors[name]
            brought.append((name, spread.infinite or max(spread.low, spread.high, key=abs)))
    return max(brought, key=lambda one: abs(one[1]), default=("", 0.0))


def features(inputs: Sequence[DeclaredInput], seen: Observed) -> Iterator[Hint]:
    """Features of an input that its one scale leaves next to nothing."""
    for one in inputs:
        spread = seen.tensors.get(one.name)
        if spread is None or not spread.features:
            continue
        step = (max(spread.high, 0.0) - min(spread.low, 0.0)) / _CODES
        lost = [at for at, reach in enumerate(spread.features) if 0 < reach < _LOST_STEPS * step]
        if lost:
            yield Hint(
                "unlike-features",
                "AX206",
                f"input {one.name!r}: one scale for features of unlike size: {len(lost)} of {len(spread.features)} "
                f"stay within {_LOST_STEPS:g} steps ({step:.4g} each) over the calibration set, the first is "
                f"{lost[0]} ({spread.features[lost[0]]:.4g}); the widest reaches {max(spread.features):.4g}",
                "normalise the features so that all reach about as far, in the model or before it, and the calibration "
                "set with them; what 16 bit brings is shown by:",
                {"features": len(spread.features), "lost": lost[:_LISTED], "step": step},
                "{try_int16}",
            )


def q_values(config: pb.Config, inputs: Sequence[DeclaredInput], seen: Observed) -> Iterator[Hint]:
    """Q against what the calibration set spans."""
    for one in inputs:
        if one.q and one.dtype not in ("uint8", "float32") and one.name in seen.tensors:
            spread = seen.tensors[one.name]
            if not one.steps:  # else what the model is fed with isn't what the joint takes
                yield from _q(f"input {one.name!r}", one.q, one.dtype, spread.low, spread.high)
    for item in config.dst_output_tensors:
        kinds = {item.tensor_name} if item.tensor_name else {n for n, s in seen.tensors.items() if s.kind == "output"}
        dtype = pb.DataType.Name(item.data_type).lower()
        if item.quantization_value > 0 and dtype in ("uint8", "int8", "uint16", "int16"):
            for name in kinds & set(seen.tensors):
                spread = seen.tensors[name]
                yield from _q(f"output {name!r}", item.quantization_value, dtype, spread.low, spread.high)


def _q(what: str, q: int, dtype: str, low: float, high: float) -> Iterator[Hint]:
    limits = np.iinfo(dtype)
    evidence = {"q": q, "dtype": dtype, "low": low, "high": high}
    if low * q < limits.min - 0.5 or high * q > limits.max + 0.5:
        most = max(1, int(min(limits.max / high if high > 0 else 1e9, limits.min / low if low < 0 else 1e9)))
        yield Hint(
            "q-overflow",
            "AX402",
            f"{what}: values {low:.4g} to {high:.4g} times Q {q} are {low * q:.4g} to {high * q:.4g}, beyond {dtype}",
            f"give a quantization_value of at most {most}, or a wider data_type",
            evidence,
        )
    elif 0 < (high - low) * q < COARSE:
        reach = max(abs(low), abs(high))
        yield Hint(
            "q-coarse",
            "AX402",
            f"{what}: values {low:.4g} to {high:.4g} times Q {q} are {(high - low) * q:.3g} steps of {dtype}",
            f"give a larger quantization_value: {max(1, int(limits.max / reach / 2))} would fit",
            evidence,
        )


def outside(seen: Observed) -> Mapping[str, float]:
    """Tensors of which elements lie beyond what they were held against."""
    return {name: one.outside for name, one in seen.tensors.items() if one.outside > 0}
