"""Did the runtime come back with an answer?"""

import signal
from collections.abc import Iterator
from dataclasses import dataclass

from axpair_proto.npu_codes import NO_MODEL, meaning
from axpair_proto.sentences import joined, say

from axpair_host.advice.commands import Step
from axpair_host.diagnosis.finding import Finding, Open, found
from axpair_host.diagnosis.inquiry import Inquiry
from axpair_host.evidence.record import FINISHED, NOT_STORED, UNTOLD, Failure

_KINDS = {
    "error": say("returned an error"),
    "crash": say("crashed"),
    "exit": say("ended its process"),
    "hang": say("gave no answer in time and was killed"),
    "garbage": say("answered nonsense and was killed"),
    "input": say("did not take the inputs"),
}
_LAST_LINES = 20
_WHOLE_LOG = (
    Step(
        say("Copy the log again, whole. Where it ends so on the board too, run the case again:"),
        "{run_joint} > {board_log} 2>&1",
    ),
)
_IS_A_MODEL = (
    Step(
        say("Compare the board's copy of the joint with this one: is it whole, and built for this chip?"),
        "sha256sum {joint}",
    ),
)


@dataclass(frozen=True)
class Failed:
    """The failure that counts, and where it happened."""

    where: str
    failure: Failure
    log_lines: tuple[str, ...]
    outputs: tuple[str, ...]
    """What can't be judged because of it; none after a probe, since the answers that came are judged as well."""
    loading: bool = False

    @property
    def text(self) -> str:
        """The runtime's own words: what it returned, and what it printed."""
        return "\n".join((self.failure.message, *self.log_lines))

    def said(self) -> str:
        """One clause for people."""
        failure = self.failure

        return say(
            "the runtime {ended}{detail} {where}: {message}",
            ended=_KINDS.get(failure.kind, failure.kind),
            detail=self._detail(),
            where=self.where,
            message=failure.message,
        )

    @property
    def code(self) -> int:
        """The library's own code, unsigned; 0 where there is none. Exit statuses are none."""
        return 0 if self._is_status else self.failure.code & 0xFFFFFFFF

    @property
    def _is_status(self) -> bool:
        """Whether the code is that of a process's end: of run_joint's as well, whose own codes aren't printed."""
        return self.failure.kind == "exit" or 0 < self.failure.code < 256

    def _detail(self) -> str:
        failure = self.failure
        if failure.signal:
            return f" ({failure.signal})"
        if not failure.code:
            return ""
        if self._is_status:
            ended = failure.code - 128
            name = signal.Signals(ended).name if ended in {int(one) for one in signal.Signals} else ""
            after = say(", as after {name}", name=name) if name else ""
            return say(" (exit status {code}{after})", code=failure.code, after=after)
        known = meaning(failure.code)
        return " (" + joined(": ", filter(None, (hexadecimal(failure), known))) + ")"

    def evidence(self) -> dict[str, object]:
        """The numbers behind it."""
        failure = self.failure
        return {
            "where": self.where,
            "kind": failure.kind,
            "signal": failure.signal,
            "code": failure.code,
            "message": failure.message,
            "log_lines": list(self.log_lines[-_LAST_LINES:]),
        }


def hexadecimal(failure: Failure) -> str:
    """A runtime's code as its headers write it."""
    return f"0x{failure.code & 0xFFFFFFFF:08x}"


def first_failure(inquiry: Inquiry) -> Failed | None:
    """That of the loading, else the case's own before the probe's; inputs that nothing took, outputs that weren't
    stored and an end that isn't told are none of it."""
    board = inquiry.evidence.record.board
    if board is None:
        return None
    names = tuple(output.name for output in inquiry.outputs)
    if board.load_failure is not None:
        return Failed(say("while loading the model"), board.load_failure, board.log_lines, names, loading=True)
    for round_ in sorted(board.rounds, key=lambda one: one.kind == "probe"):
        if round_.failure is not None and round_.failure.kind not in ("input", NOT_STORED, UNTOLD):
            is_probe = round_.kind == "probe"
            where = say("on the probe") if is_probe else say("in round {number}", number=round_.number)
            return Failed(where, round_.failure, round_.log_lines, () if is_probe else names)
    return None


def check(inquiry: Inquiry) -> Iterator[Finding | Open]:
    """AX307: loading the model or running it failed, and nothing more specific is proven to be why. Where a finished
    run left nothing and its log doesn't say that it failed, that stays open."""
    for round_ in inquiry.evidence.case_rounds:
        if round_.failure is not None and round_.failure.kind == UNTOLD:
            yield Open("run", round_.failure.message, undecided=True, steps=_WHOLE_LOG)
    board = inquiry.evidence.record.board
    if board is not None and board.beside is not None and board.beside.kind != NOT_STORED:
        yield found("AX307", board.beside.message, {"kind": board.beside.kind}, weight="warning")
    failed = first_failure(inquiry)
    if failed is None or any(one.code in SPECIFIC and one.proven for one in inquiry.findings):
        return
    evidence = failed.evidence() | ({"by_log": True} if board is not None and board.url.startswith(FINISHED) else {})
    no_model = failed.code in NO_MODEL
    yield found(
        "AX307",
        failed.said(),
        evidence,
        proven=True,
        outputs=failed.outputs,
        settles=("board",),
        next_steps=_IS_A_MODEL if no_model else (),
        without_steps=("axpair board info",) if no_model else (),
    )


SPECIFIC = ("AX308", "AX309", "AX310")
"""Codes of `setup.py`, each a reason for such a failure."""
