"""Does the answer belong to this input?"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from axpair_proto.sentences import say

from axpair_host.diagnosis.asks import Wants
from axpair_host.diagnosis.finding import Finding, found
from axpair_host.diagnosis.inquiry import Answer, Inquiry
from axpair_host.diagnosis.telling import rich

Array = np.ndarray[Any, Any]
LINE = 64
"""Bytes of a cache line of every CPU on these boards."""
_FEWEST = 8
"""Bytes: a smaller output may be equal by chance."""


@dataclass(frozen=True)
class _Match:
    source: str
    lines: int
    """0 = the whole output."""
    certain: bool
    """Whether an answer like this can hardly have come about otherwise."""


def check(inquiry: Inquiry) -> Iterator[Finding | Wants]:
    """AX302: in every round that is wrong the bytes are those of the answer to another input, whole or in lines.

    Earlier answers are the simulator's and the board's own to the probe, and to whatever case lies under runs/. What
    the simulator answers to the probe is computed only when it is wanted: without it the board's own answer to the
    probe remains, and is a hint, since a board may be wrong in the same way on both.
    """
    suspects = [one for one in inquiry.wrong_answers() if not _broken(one[1], one[2])]
    probe = inquiry.evidence.probe
    if not suspects:
        return
    simulated = inquiry.evidence.tensors_in("runs/probe/joint")
    matched: dict[str, _Match] = {}
    for output, joint, wrong in suspects:
        other = simulated.get(output.name)
        if other is not None and other.tobytes() == joint.tobytes():
            continue  # an output that doesn't depend on the input can't tell which input it belongs to
        behind = [answer for answer in wrong if answer.round not in inquiry.alone]
        match = _explained(output.name, joint, behind, inquiry.evidence.earlier_answers(), other)
        if match is not None and not _by_itself(wrong, behind):
            matched[output.name] = match
    finding = _finding(inquiry, matched) if matched else None
    poor = matched and not any(rich(joint) for output, joint, _ in suspects if output.name in matched)
    if poor and simulated and not inquiry.alone:
        yield Wants(
            "fresh_round",
            say(
                "an output of so few values may be an earlier answer's by chance: whether the board gives it "
                "in a process in which nothing ran before isn't known"
            ),
            otherwise=(replace(finding, proven=False),) if finding else (),
        )
        return
    if probe is not None and not simulated:
        yield Wants(
            "probe_joint",
            say(
                "without the simulator's answer to the probe a stale answer is recognised only by the "
                "board's own answer to it"
            ),
            otherwise=(finding,) if finding else (),
        )
    elif finding is not None:
        yield finding


def _by_itself(wrong: list[Answer], behind: list[Answer]) -> bool:
    """Whether in a process in which nothing ran before the same wrong bytes came, or several kinds of them: then they
    are no earlier answer."""
    old = {answer.tensor.tobytes() for answer in behind}
    alone = {answer.tensor.tobytes() for answer in wrong if all(answer is not one for one in behind)}
    return len(alone) > 1 or bool(alone & old)


def _broken(joint: Array, wrong: list[Answer]) -> bool:
    """Whether the board has NaN or Inf where the simulator has none: it may have them for every input alike."""
    return joint.dtype.kind == "f" and any(
        answer.tensor.dtype == joint.dtype
        and answer.tensor.shape == joint.shape
        and bool((np.isfinite(joint) & ~np.isfinite(answer.tensor)).any())
        for answer in wrong
    )


def _finding(inquiry: Inquiry, matched: Mapping[str, _Match]) -> Finding:
    name, match = next(iter(matched.items()))
    what = (
        say("{lines} lines of {line} bytes of {name!r} are", lines=match.lines, line=LINE, name=name)
        if match.lines
        else say("{name!r} is", name=name)
    )
    return found(
        "AX302",
        say(
            "{what}, byte for byte, {source}, and not the answer to this input, which the board was handed",
            what=what,
            source=match.source,
        )
        + (say("; {rest} more outputs", rest=len(matched) - 1) if len(matched) > 1 else ""),
        {
            "outputs": {
                one: {"belongs_to": found_.source, "lines": found_.lines or None, "line_bytes": LINE}
                for one, found_ in matched.items()
            }
        },
        proven=any(one.certain for one in matched.values()),
        outputs=tuple(matched),
        settles=("board",),
        cosine_if_fixed=inquiry.cosine_without_board,
    )


def _explained(
    name: str, joint: Array, wrong: list[Answer], earlier: Mapping[str, Mapping[str, Array]], other: Array | None
) -> _Match | None:
    """The earlier answer that explains each wrong round; None when one is left unexplained, or there is none."""
    if not wrong:
        return None
    matches = []
    for answer in wrong:
        fitting = [
            match
            for source, tensors in earlier.items()
            if name in tensors
            and (tensors[name] is other or not _same_damage(joint, other, answer.tensor))
            and (match := _match(source, joint, answer.tensor, tensors[name], other is not None))
        ]
        if not fitting:
            return None
        matches.append(min(fitting, key=lambda match: match.lines))
    return matches[0]


def _same_damage(joint: Array, other: Array | None, answer: Array) -> bool:
    """Whether a board that damages every answer in one place (a lost tail, a flipped bit) would explain that it gave
    the same for two inputs: where the right answers to both are alike, it is mostly right."""
    if other is None or other.shape != joint.shape or answer.nbytes != joint.nbytes:
        return False
    right, elsewhere, seen = (
        np.frombuffer(tensor.tobytes(), f"u{joint.itemsize}") for tensor in (joint, other, answer)
    )
    alike = right == elsewhere
    return bool(alike.any()) and 2 * int(np.count_nonzero(seen[alike] == right[alike])) >= int(np.count_nonzero(alike))


def _match(source: str, joint: Array, answer: Array, earlier: Array, simulated: bool) -> _Match | None:
    right, seen, old = (np.frombuffer(tensor.tobytes(), np.uint8) for tensor in (joint, answer, earlier))
    if not right.size == seen.size == old.size or np.array_equal(old, right):
        return None
    telling = old.size >= _FEWEST and not _constant(old)
    if np.array_equal(seen, old):
        return _Match(source, 0, certain=simulated and telling)
    lines = np.flatnonzero(_by_line(seen != right).any(axis=1))
    if not np.array_equal(_by_line(seen)[lines], _by_line(old)[lines]):
        return None
    if 2 * sum(not _constant(_by_line(old)[line]) for line in lines) < lines.size:
        return None  # lines of zeros belong to anything
    return _Match(source, int(lines.size), certain=simulated and telling)


def _by_line(data: Array) -> Array:
    padded = np.zeros(-(-data.size // LINE) * LINE, data.dtype)
    padded[: data.size] = data
    return padded.reshape(-1, LINE)


def _constant(data: Array) -> bool:
    return data.size == 0 or bool((data == data.reshape(-1)[0]).all())
