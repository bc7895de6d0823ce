"""Does the vendor's own command show the same?"""

from collections.abc import Iterator

from axpair_proto.sentences import say

from axpair_host.advice.commands import Step
from axpair_host.diagnosis.asks import Wants
from axpair_host.diagnosis.checks.failure import first_failure
from axpair_host.diagnosis.finding import Open
from axpair_host.diagnosis.inquiry import Inquiry
from axpair_host.diagnosis.opinion import suspects

BY_HAND = (
    Step(say("On the board, with the joint and the input copied there:"), "{run_joint} > {board_log} 2>&1"),
    Step(say("Then here, with what it left copied back:"), "{take_board}"),
)

_NO_PROGRAM = "no program "
"""What a worker that is to drive run_joint says where there is none."""


def check(inquiry: Inquiry) -> Iterator[Open | Wants]:
    """Names nothing by itself: what it learns decides the owner of the board's findings (`opinion.weighed`)."""
    if not suspects(inquiry):
        return
    board, said = inquiry.evidence.record.board, inquiry.evidence.record.second_opinion
    by_hand = () if board is not None and board.url.startswith("emulator:") else BY_HAND
    if said is None:
        yield Wants("second_opinion", say("whether it is our own worker wasn't tried with run_joint"), steps=by_hand)
    elif said.lacking:
        nowhere = say("no program run_joint there; or --second-opinion PATH")
        other = say("not from there: {why}", why=said.lacking)
        yield Open("second_opinion", nowhere if _NO_PROGRAM in said.lacking else other, steps=by_hand)
    elif first_failure(inquiry) is None:
        failure = said.failure or next((one.failure for one in said.rounds if one.failure is not None), None)
        if failure is not None:
            yield Open(
                "second_opinion",
                say("run_joint was asked, and gave nothing to compare: {message}", message=failure.message),
            )
        elif not any(one.outputs for one in said.rounds):
            yield Open("second_opinion", say("run_joint was asked, and gave no outputs"), steps=by_hand)
