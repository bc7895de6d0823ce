"""Did the NPU work on this input, read as it was written?"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from axpair_proto.sentences import say

from axpair_host.diagnosis.asks import Wants
from axpair_host.diagnosis.finding import Finding, found
from axpair_host.diagnosis.inquiry import Inquiry
from axpair_host.diagnosis.telling import rich
from axpair_host.digests import bytes_sha256
from axpair_host.evidence.record import InputTrial

CODES = ("AX102", "AX103", "AX105", "AX107", "AX108")
_MANY = 10
"""Misreadings tried."""
_DISTINCT = 0.9
"""Share of them that have to give an answer of their own."""
_BOTH_RIGHT = "the very input is delivered: whatever misreads it comes behind the worker"


@dataclass(frozen=True)
class _Misreading:
    """One way of misreading, with what the simulator gives under it."""

    name: str
    code: str
    fresh: InputTrial | None
    """On this case's input."""
    stale: InputTrial | None
    """On the probe's."""


def check(inquiry: Inquiry) -> Iterator[Finding | Wants]:
    """AX102, AX103, AX105, AX107, AX108: in every round the board's bytes are what the simulator gives when it
    misreads the input in one way. Proven where all outputs agree under one way alone, and one holds so many values
    that they can't agree by chance; where some round's are those of the probe's input, misread, the answer is stale as
    well (AX302).

    Asked only where nothing explains the bytes so far.
    """
    rounds: dict[int, dict[str, str]] = {}
    telling = False
    for output, joint, wrong in inquiry.wrong_answers():
        telling = telling or rich(joint)
        for answer in wrong:
            rounds.setdefault(answer.round, {})[output.name] = bytes_sha256(answer.tensor.tobytes())
    behind = {number: one for number, one in rounds.items() if number not in inquiry.alone} or rounds
    if len({tuple(sorted(one.items())) for one in behind.values()}) not in (1, 2):
        return  # none is wrong, or no two are alike: no input explains that
    trials = inquiry.evidence.record.input_trials
    if trials is None:
        yield Wants(
            "input_trials",
            say(
                "whether the board's bytes are the answer to this input misread (channels, layout, stride, "
                "dtype) wasn't tried: that takes the simulator"
            ),
        )
        return
    certain = telling
    telling = telling or _distinct(trials)
    found_ = [
        (one, stale) for one in _misreadings(trials) if (stale := _explains(inquiry, one, rounds, telling)) is not None
    ]
    fresh = [one for one, stale in found_ if not stale]
    names = tuple(dict.fromkeys(name for one in rounds.values() for name in one))
    if fresh or not found_:
        yield from _findings(inquiry, fresh, False, names, certain)
    elif not certain and not inquiry.alone:
        yield Wants(
            "fresh_round",
            say("whether the board gives these bytes in a process in which nothing ran before isn't known"),
            otherwise=tuple(_findings(inquiry, [one for one, _ in found_], True, names, certain)),
        )
    elif not _by_itself(inquiry, rounds, [one for one, _ in found_]):
        yield from _findings(inquiry, [one for one, _ in found_], True, names, certain)


def _by_itself(inquiry: Inquiry, rounds: Mapping[int, Mapping[str, str]], explaining: Sequence[_Misreading]) -> bool:
    """Whether in a process in which nothing ran before the same bytes came that would belong to the probe, or several
    kinds of bytes that no misreading explains: then they are no earlier answer."""
    unexplained = {
        number: tuple(sorted(digests.items()))
        for number, digests in rounds.items()
        if not any(_gives(one.fresh, digests) for one in explaining)
    }
    behind = {digests for number, digests in unexplained.items() if number not in inquiry.alone}
    alone = {digests for number, digests in unexplained.items() if number in inquiry.alone}
    return len(alone) > 1 or bool(alone & behind)


def _distinct(trials: Sequence[InputTrial]) -> bool:
    """Whether the model answers nearly every misreading otherwise: then none is met by chance."""
    answers = [tuple(sorted(one.outputs.items())) for one in trials if one.source]
    return len(answers) >= _MANY and len(set(answers)) >= _DISTINCT * len(answers)


def _misreadings(trials: Sequence[InputTrial]) -> list[_Misreading]:
    by_name: dict[str, dict[str, InputTrial]] = {}
    for trial in trials:
        by_name.setdefault(trial.name, {})[trial.source] = trial
    return [
        _Misreading(name, next(iter(both.values())).code, both.get(""), both.get("probe"))
        for name, both in by_name.items()
    ]


def _explains(
    inquiry: Inquiry, one: _Misreading, rounds: Mapping[int, Mapping[str, str]], telling: bool
) -> bool | None:
    """Whether the misreading explains every round: False = of this input, True = of the probe's in some; None = not."""
    stale = []
    for number, digests in rounds.items():
        if _gives(one.fresh, digests):
            stale.append(False)
        elif _gives(one.stale, digests):
            stale.append(True)
        elif number not in inquiry.alone:
            return None  # where nothing ran before, a stale answer is whatever lay there
    if not any(stale):
        return False if stale and _holds_for_probe(inquiry, one, tuple(next(iter(rounds.values())))) else None
    return True if telling or not all(stale) else None


def _gives(trial: InputTrial | None, digests: Mapping[str, str]) -> bool:
    return trial is not None and all(trial.outputs.get(name) == digest for name, digest in digests.items())


def _holds_for_probe(inquiry: Inquiry, one: _Misreading, names: tuple[str, ...]) -> bool:
    """Whether the board answered the probe as if that had been misread in the same way; true where nothing tells."""
    probe = inquiry.evidence.probe
    if probe is None or probe.failure is not None or one.stale is None:
        return True
    answered = {output.name: output.sha256 for output in probe.outputs if output.name in names}
    return _gives(one.stale, answered)


def _findings(
    inquiry: Inquiry, explaining: list[_Misreading], stale: bool, names: tuple[str, ...], certain: bool
) -> Iterator[Finding]:
    codes = dict.fromkeys((*(("AX302",) if stale and explaining else ()), *(one.code for one in explaining)))
    for code in codes:
        mine = [one for one in explaining if one.code == code] or explaining
        of = say("the probe's input") if stale else say("this input")
        yield found(
            code,
            say("the board's bytes are what the simulator gives on {name}, made of {of}", name=mine[0].name, of=of)
            + (say("; {rest} more outputs", rest=len(names) - 1) if len(names) > 1 else ""),
            {
                "input_read_as": [one.name for one in mine],
                "of": of,
                "also_explained_by": [one.name for one in explaining if one not in mine],
                "delivered": _BOTH_RIGHT,
            },
            owner="preprocess" if code != "AX302" else None,
            stage="application" if code != "AX302" else None,
            proven=len(explaining) == 1 and certain,
            outputs=names,
            settles=("board",),
            cosine_if_fixed=inquiry.cosine_without_board,
        )
