"""Under which switch of the board does it go away?"""

from collections.abc import Iterator

from axpair_proto.sentences import say

from axpair_host.advice.commands import Step
from axpair_host.diagnosis.asks import Wants
from axpair_host.diagnosis.inquiry import Inquiry
from axpair_host.diagnosis.opinion import suspects


def check(inquiry: Inquiry) -> Iterator[Wants]:
    """Names nothing by itself: the table stands in the verdict (`switch_table.rows`)."""
    if suspects(inquiry) and inquiry.evidence.record.switches is None:
        yield Wants(
            "switches",
            say("which switch of the board clears it wasn't tried"),
            steps=(Step(say("Try them."), "{on_board} --switches"),),
        )
