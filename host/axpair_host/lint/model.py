"""Layout, Q values, and what in the model is known to quantise badly."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from axpair_proto.capabilities import ModelFacts, ModelInput, Observed
from axpair_proto.pulsar import config_pb2 as pb

from axpair_host.layers.causes import UNLIKE
from axpair_host.lint.declared import DeclaredInput
from axpair_host.lint.hint import Hint

SILU_SHARE = 0.2
"""Of all elements, or of all multiplications in front of it."""
_PICTURE = (1, 3, 4)
COARSE = 32
"""Codes that a range should be spread over at least."""
_LAYERS = "axpair layers --onnx M.onnx --joint M.joint --lava-joint M.lava_joint --input FILE"


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
            f"{_LAYERS}; where it costs: 16 bit there, or ReLU and training again",
            {"share_of_elements": share, "share_of_macs": part},
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
                f"{_LAYERS}; take the parts as outputs of their own",
                {"reach": reach},
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
