"""Does the answer depend on what ran before it?"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from axpair_proto.sentences import say

from axpair_host.diagnosis.asks import Wants
from axpair_host.diagnosis.finding import Finding, found
from axpair_host.diagnosis.inquiry import Inquiry
from axpair_host.evidence.record import Round


@dataclass(frozen=True)
class _Process:
    """What one process on the board answered for one output."""

    alone: bool
    """Whether no other input ran in it before."""
    digests: tuple[str, ...]


def check(inquiry: Inquiry) -> Iterator[Finding | Wants]:
    """AX313: behind another input the answer is wrong, the same in every round of a process; in a process in which
    nothing else ran before, it is another one.

    A race gives other bytes in every round and isn't meant here. Proven where two processes show either side and the
    answers of those in which it ran first are the simulator's; a single one may have been damaged by itself.
    """
    wrong = {output.name: joint for output, joint, _ in inquiry.wrong_answers()}
    seen = {name: _processes(inquiry, name) for name in wrong}
    steady = {name: found_ for name, found_ in seen.items() if _steady(found_)}
    if not steady:
        return
    if not any(one.alone for processes in steady.values() for one in processes):
        yield Wants("fresh_round", say("whether a process in which nothing ran before answers otherwise isn't known"))
        return
    told: dict[str, dict[str, Any]] = {}
    proven = True
    for name, processes in steady.items():
        warm = {digest for one in processes if not one.alone for digest in one.digests}
        alone = {digest for one in processes if one.alone for digest in one.digests}
        if len(alone) != 1 or alone & warm:
            continue
        answers = {one.round: one.tensor for one in inquiry.answers(name)}
        first = next(one for one in inquiry.evidence.case_rounds if _digest(one, name) in alone)
        right = first.number in answers and answers[first.number].tobytes() == wrong[name].tobytes()
        enough = all(sum(one.alone is side for one in processes) > 1 for side in (True, False))
        proven = proven and right and enough
        told[name] = {
            "right_when_alone": right,
            "processes_alone": sum(one.alone for one in processes),
            "processes_after_others": sum(not one.alone for one in processes),
            "answers_alone": sorted(digest[:12] for digest in alone),
            "answers_after_others": sorted(digest[:12] for digest in warm),
        }
    if not told:
        return
    finding = _finding(inquiry, told, proven)
    if all(sum(one.alone is side for one in steady[name]) > 1 for name in told for side in (True, False)):
        yield finding
    else:
        yield Wants(
            "histories",
            say("whether a second pair of processes, alone and behind another input, shows it too"),
            (finding,),
        )


def _finding(inquiry: Inquiry, told: Mapping[str, dict[str, Any]], proven: bool) -> Finding:
    name, facts = next(iter(told.items()))
    alone = say("the simulator's answer") if facts["right_when_alone"] else say("another one")
    return found(
        "AX313",
        say(
            "behind another input {name!r} is wrong, the same in every round; in a process in which "
            "nothing ran before the board gives {alone}",
            name=name,
            alone=alone,
        )
        + (say("; {rest} more outputs", rest=len(told) - 1) if len(told) > 1 else ""),
        {"outputs": dict(told)},
        proven=proven,
        outputs=tuple(told),
        settles=("board",),
        cosine_if_fixed=inquiry.cosine_without_board,
    )


def _processes(inquiry: Inquiry, name: str) -> list[_Process]:
    """By worker, in their order. Of the first one without a probe nothing is known: it is left out."""
    board = inquiry.evidence.record.board
    rounds = [one for one in board.rounds if one.failure is None] if board else []
    first = min((one.worker_generation for one in rounds), default=0)
    behind = {one.worker_generation for one in rounds if one.kind == "probe"}
    digests: dict[int, list[str]] = {}
    for one in rounds:
        if one.kind == "case" and (digest := _digest(one, name)):
            digests.setdefault(one.worker_generation, []).append(digest)
    return [
        _Process(number not in behind, tuple(found_))
        for number, found_ in sorted(digests.items())
        if number in behind or number != first
    ]


def _steady(processes: list[_Process]) -> bool:
    """Whether every process repeats itself, and one did so behind other inputs."""
    return all(len(set(one.digests)) == 1 for one in processes) and any(
        not one.alone and len(one.digests) > 1 for one in processes
    )


def _digest(round_: Round, name: str) -> str:
    return next((one.sha256 for one in round_.outputs if one.name == name), "")
