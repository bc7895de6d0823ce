"""Is every tensor of the declared shape and dtype?"""

import math
from collections.abc import Iterator
from typing import Any

from axpair_proto.dtypes import size_bytes

from axpair_host.diagnosis.finding import Finding, Matter, Open, found
from axpair_host.diagnosis.inquiry import Inquiry
from axpair_host.evidence.record import OutputFacts

_LEGS = ("onnx", "lava_joint", "joint", "board")


_FORMS = "give the log of run_joint, which lists dtypes, layouts and Q: --board-log"


def check(inquiry: Inquiry) -> Iterator[Finding | Open]:
    """AX002: a tensor isn't what the description says, or the runtime refused the inputs for that reason."""
    for leg in _LEGS:
        wrong: dict[str, str] = {}
        unlike: dict[str, str] = {}
        for output in inquiry.outputs:
            tensor = inquiry.evidence.leg(leg).get(output.name)
            if tensor is None or (tensor.dtype.name == output.dtype and tensor.shape == output.shape):
                continue
            words = _words(output, tensor.dtype.name, tensor.shape, tensor.nbytes)
            # As many elements in a form that can't be turned into the declared one accuse nobody.
            is_other_form = leg in ("onnx", "lava_joint") and tensor.size == math.prod(output.shape)
            (unlike if is_other_form else wrong)[output.name] = words
        if wrong:
            yield _finding(leg, wrong)
        if unlike:
            yield Open("conversion", f"{leg}/: can't be held against joint/: {'; '.join(unlike.values())}; {_FORMS}")
    for round_ in inquiry.evidence.case_rounds:
        if round_.failure is not None and round_.failure.kind == "input":
            yield found(
                "AX002",
                f"the runtime did not take the inputs: {round_.failure.message}",
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
        f"{leg}/: " + "; ".join(wrong.values()),
        evidence,
        proven=True,
        outputs=tuple(wrong),
        settles=matters.get(leg, ("conversion",)),
        stage="on_board" if leg == "board" else "conversion",
    )


def _words(output: OutputFacts, dtype: str, shape: tuple[int, ...], size: int) -> str:
    declared = size_bytes(output.dtype, output.shape)
    text = f"{output.name!r} is {dtype} {list(shape)} ({size} bytes), declared {output.dtype} {list(output.shape)}"
    if declared and size and size != declared:
        large, small = max(size, declared), min(size, declared)
        return f"{text} ({declared} bytes)" + (f", {large // small}:1" if large % small == 0 else "")
    return text
