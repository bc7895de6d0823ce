"""Is every tensor of the declared shape and dtype?"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from axpair_proto.dtypes import size_bytes
from axpair_proto.sentences import joined, say

from axpair_host.advice.commands import Step
from axpair_host.compare.affine import AffineCodes, affine_codes
from axpair_host.diagnosis.finding import Finding, Matter, Open, found
from axpair_host.diagnosis.inquiry import Inquiry
from axpair_host.evidence.record import OutputFacts

_LEGS = ("onnx", "lava_joint", "joint", "board")


_FORMS = say("the log of run_joint lists dtypes, layouts and Q")


def check(inquiry: Inquiry) -> Iterator[Finding | Open]:
    """AX002: a tensor isn't what the description says, or the runtime refused the inputs for that reason. AX402 where
    the board's integers are the simulator's floats as codes of a scale and a zero point. A warning for the same values
    in a form of the user's own: whoever dumped them chose it."""
    for leg in _LEGS:
        wrong: dict[str, str] = {}
        unlike: dict[str, str] = {}
        coded: dict[str, AffineCodes] = {}
        for output in inquiry.outputs:
            tensor = inquiry.evidence.leg(leg).get(output.name)
            if tensor is None or (tensor.dtype.name == output.dtype and tensor.shape == output.shape):
                continue
            right = inquiry.evidence.leg("joint").get(output.name)
            codes = affine_codes(right, tensor) if leg == "board" and right is not None else None
            if codes is not None:
                coded[output.name] = codes
                continue
            words = _words(output, tensor.dtype.name, tensor.shape, tensor.nbytes)
            # As many elements in a form that can't be turned into the declared one accuse nobody.
            is_other_form = leg in ("onnx", "lava_joint") and tensor.size == math.prod(output.shape)
            (unlike if is_other_form else wrong)[output.name] = words
        if wrong:
            yield _finding(leg, wrong)
        if leg == "board" and inquiry.evidence.dumped:
            yield _as_dumped(inquiry.evidence.dumped)
        if coded:
            yield _as_codes(inquiry, coded)
        if unlike:
            yield Open(
                "conversion",
                say(
                    "{leg}/: can't be held against joint/: {why}; {forms}",
                    leg=leg,
                    why=joined("; ", unlike.values()),
                    forms=_FORMS,
                ),
                lacks="--board-log {run_log}",
            )
    for round_ in inquiry.evidence.case_rounds:
        if round_.failure is not None and round_.failure.kind == "input":
            yield found(
                "AX002",
                say("the runtime did not take the inputs: {message}", message=round_.failure.message),
                {"round": round_.number, "message": round_.failure.message},
                proven=True,
                outputs=tuple(output.name for output in inquiry.outputs),
                settles=("board",),
            )
            return


def _finding(leg: str, wrong: dict[str, str]) -> Finding:
    evidence: dict[str, Any] = {"leg": leg, "outputs": wrong}
    matters: dict[str, tuple[Matter, ...]] = {"board": ("board",), "joint": ("board", "conversion")}
    return found(
        "AX002",
        f"{leg}/: " + joined("; ", wrong.values()),
        evidence,
        proven=True,
        outputs=tuple(wrong),
        settles=matters.get(leg, ("conversion",)),
        stage="on_board" if leg == "board" else "conversion",
    )


def _as_dumped(dumped: Mapping[str, str]) -> Finding:
    name, form = next(iter(dumped.items()))
    return found(
        "AX002",
        say("board/: {name!r} lies there as {form}, and was read so", name=name, form=form)
        + (say("; {rest} more outputs", rest=len(dumped) - 1) if len(dumped) > 1 else ""),
        {"leg": "board", "outputs": dict(dumped)},
        weight="warning",
        next_steps=(Step(say("Whatever reads these files has to know their form; the values are judged as usual.")),),
        entry_steps=False,
    )


def _as_codes(inquiry: Inquiry, coded: Mapping[str, AffineCodes]) -> Finding:
    name, first = next(iter(coded.items()))
    return found(
        "AX402",
        say(
            "{name!r} is the simulator's, handed out as {dtype} codes where float32 is declared: {words}",
            name=name,
            dtype=first.dtype,
            words=first.words,
        )
        + (say("; {rest} more outputs", rest=len(coded) - 1) if len(coded) > 1 else ""),
        {
            "outputs": {
                one: {"dtype": codes.dtype, "scale": codes.scale, "zero_point": codes.zero_point, "off": codes.off}
                for one, codes in coded.items()
            }
        },
        proven=not any(codes.off for codes in coded.values()),
        outputs=tuple(coded),
        settles=("board",),
        cosine_if_fixed=inquiry.cosine_without_board,
        next_steps=(Step(say("Take them as real values by that formula, or have the board hand out floats.")),),
        entry_steps=False,
    )


def _words(output: OutputFacts, dtype: str, shape: tuple[int, ...], size: int) -> str:
    declared = size_bytes(output.dtype, output.shape)
    text = say(
        "{name!r} is {dtype} {shape} ({size} bytes), declared {declared_dtype} {declared_shape}",
        name=output.name,
        dtype=dtype,
        shape=list(shape),
        size=size,
        declared_dtype=output.dtype,
        declared_shape=list(output.shape),
    )
    if declared and size and size != declared:
        large, small = max(size, declared), min(size, declared)
        ratio = f", {large // small}:1" if large % small == 0 else ""
        return text + say(" ({declared} bytes){ratio}", declared=declared, ratio=ratio)
    return text
