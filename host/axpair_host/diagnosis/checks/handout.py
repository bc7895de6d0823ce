"""Are the bytes right, and only handed out otherwise than declared?"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from axpair_proto.sentences import say

from axpair_host.advice.commands import Step
from axpair_host.diagnosis.finding import Finding, found
from axpair_host.diagnosis.inquiry import Inquiry
from axpair_host.diagnosis.telling import rich
from axpair_host.evidence.arranged import same_values
from axpair_host.evidence.record import OutputFacts

Array = np.ndarray[Any, Any]
_FEWEST = 8
"""Bytes: a smaller output may be equal by chance."""
_TURNS = {"NCHW": (0, 2, 3, 1), "NHWC": (0, 3, 1, 2)}
"""From the declared layout to the other one."""
_RUN_AGAIN = Step(
    say("Run it again, and copy the files as they are: a program that reads these as declared gets wrong values.")
)
PROBE = say("the answer to the probe")


@dataclass(frozen=True)
class _Way:
    """One way in which right bytes are handed out."""

    code: str
    words: str
    data: bytes

    @property
    def key(self) -> tuple[str, str]:
        """The same for every answer that is handed out in this way."""
        return self.code, self.words


@dataclass(frozen=True)
class _Seen:
    way: _Way
    source: str
    """"" for the answer to this input."""


def check(inquiry: Inquiry) -> Iterator[Finding]:
    """AX401, AX402, AX403, AX315: in every wrong round the bytes are the simulator's in the other layout, off by a
    power of two, under another output's name, or another batch item's. Where they are those of the answer to the
    probe in such a form, the answer is stale as well: AX302 and that code are both named.
    """
    evidence = inquiry.evidence
    right, probes = evidence.leg("joint"), evidence.tensors_in("runs/probe/joint")
    explained: dict[str, list[_Seen]] = {}
    for output, _, wrong in inquiry.wrong_answers():
        behind = [answer for answer in wrong if answer.round not in inquiry.alone] or wrong
        answers = {answer.tensor.tobytes() for answer in behind}
        if len(answers) > 2 or not all(map(_telling, answers)):
            continue
        is_written = evidence.record.board is not None and output.name in evidence.record.board.written
        fresh = {
            way.key: way for answer in behind for way in _ways(output, right, answer.tensor, is_written=is_written)
        }
        old = {way.key: way for answer in behind for way in _ways(output, probes, answer.tensor)}
        seen = []
        for key, way in {**old, **fresh}.items():
            now, then = (one.data if (one := ways.get(key)) else None for ways in (fresh, old))
            if all(each == now for each in answers):
                seen.append(_Seen(way, ""))
            elif all(each in (now, then) for each in answers) and (rich(wrong[0].tensor) or len(answers) > 1):
                seen.append(_Seen(way, PROBE))
        explained[output.name] = [one for one in seen if not one.source] or seen
    yield from _findings(inquiry, {name: seen for name, seen in explained.items() if seen})


def _findings(inquiry: Inquiry, explained: Mapping[str, list[_Seen]]) -> Iterator[Finding]:
    written = inquiry.evidence.record.board.written if inquiry.evidence.record.board is not None else ()
    codes: dict[str, dict[str, _Seen]] = {}
    for name, seen in explained.items():
        for one in seen:
            codes.setdefault(one.way.code, {}).setdefault(name, one)
            if one.source:
                codes.setdefault("AX302", {}).setdefault(name, one)
    for code in sorted(codes, key=lambda one: one != "AX302"):
        outputs = codes[code]
        name, first = next(iter(outputs.items()))
        what = (
            say("{source}, byte for byte, ", source=first.source)
            if first.source
            else say("byte for byte the simulator's, ")
        )
        # Of a run of somebody else's nobody saw who turned the file: the program, or whoever copied it.
        turned = code == "AX401" and all(one in written for one in outputs)
        doubt = say("; the run's log says that it wrote the file, and not who turned it") if turned else ""
        yield found(
            code,
            say("{name!r} is {what}{words}", name=name, what=what, words=first.way.words)
            + doubt
            + (say("; {rest} more outputs", rest=len(outputs) - 1) if len(outputs) > 1 else ""),
            {
                "outputs": {
                    one: {"handed_out": seen.way.words, "belongs_to": seen.source or say("this input")}
                    for one, seen in outputs.items()
                }
            },
            proven=not turned and all(len(explained[one]) == 1 for one in outputs),
            weight="inconclusive" if turned else "fault",
            next_steps=(_RUN_AGAIN,) if turned else (),
            outputs=tuple(outputs),
            settles=("board",),
            cosine_if_fixed=inquiry.cosine_without_board,
        )


def _ways(
    output: OutputFacts, tensors: Mapping[str, Array], answer: Array, *, is_written: bool = False
) -> Iterator[_Way]:
    """Every way in which these answers could be handed out, the declared one apart; of a file that somebody else's run
    wrote, any order of the axes counts."""
    right = tensors.get(output.name)
    if right is None:
        return
    own = right.tobytes()
    if len(own) != answer.nbytes:
        return
    for way in (
        *_layout(output, right),
        *(_turned(output, right, answer) if is_written else ()),
        *_scale(output, right, answer),
        *_order(output, tensors),
        *_items(right, answer),
    ):
        if way.data != own:
            yield way


def _layout(output: OutputFacts, right: Array) -> Iterator[_Way]:
    turn = _TURNS.get(output.layout)
    if turn is not None and right.ndim == 4:
        other = "NHWC" if output.layout == "NCHW" else "NCHW"
        yield _Way(
            "AX401",
            say("in {other} where {layout} is declared", other=other, layout=output.layout),
            right.transpose(turn).tobytes(),
        )


def _turned(output: OutputFacts, right: Array, answer: Array) -> Iterator[_Way]:
    """In another order of the axes than that of the other layout."""
    form = same_values(answer, right)
    if form and all(way.data != answer.tobytes() for way in _layout(output, right)):
        yield _Way("AX401", say("as {form}", form=form), answer.tobytes())


def _scale(output: OutputFacts, right: Array, answer: Array) -> Iterator[_Way]:
    if right.dtype != answer.dtype:
        return
    if right.dtype.kind == "f":
        ratio = _ratio(right, answer)
        if ratio:
            yield _Way("AX402", say("times {ratio:g}", ratio=ratio), (right * right.dtype.type(ratio)).tobytes())
    elif output.q > 1:
        limits = np.iinfo(right.dtype)
        lost = np.floor(right / output.q + 0.5)
        yield _Way("AX402", say("without its Q of {q}", q=output.q), lost.astype(right.dtype).tobytes())
        twice = np.clip(right.astype(np.float64) * output.q, limits.min, limits.max)
        yield _Way("AX402", say("with its Q of {q} applied twice", q=output.q), twice.astype(right.dtype).tobytes())


def _ratio(right: Array, answer: Array) -> float:
    """The power of two, other than 1, by which the largest element is off; 0 where it is off by anything else."""
    place = int(np.argmax(np.abs(right)))
    one, other = float(right.reshape(-1)[place]), float(answer.reshape(-1)[place])
    if not one or not other or not np.isfinite([one, other]).all():
        return 0.0
    mantissa, exponent = np.frexp(other / one)
    return float(np.ldexp(1.0, int(exponent) - 1)) if mantissa == 0.5 and exponent != 1 else 0.0


def _order(output: OutputFacts, tensors: Mapping[str, Array]) -> Iterator[_Way]:
    right = tensors[output.name]
    for name, other in tensors.items():
        if name != output.name and (other.shape, other.dtype) == (right.shape, right.dtype):
            yield _Way("AX403", say("that of {name!r}", name=name), other.tobytes())


def _items(right: Array, answer: Array) -> Iterator[_Way]:
    """Each item of the batch as one of the simulator's, where that makes another order."""
    if right.ndim < 2 or right.shape[0] < 2 or answer.shape != right.shape:
        return
    items = [item.tobytes() for item in right]
    if len(set(items)) != len(items):
        return
    found_ = [next((at for at, item in enumerate(items) if item == each.tobytes()), None) for each in answer]
    if None not in found_ and found_ != list(range(len(items))):
        words = say(
            "with the answers of the batch items {found} at the places of {places}",
            found=found_,
            places=list(range(len(items))),
        )
        yield _Way("AX315", words, answer.tobytes())


def _telling(data: bytes) -> bool:
    return len(data) >= _FEWEST and len(set(data)) > 1
