"""What the vendor's own command makes of a finding of the board: it too, or our worker alone."""

import signal
from dataclasses import replace

from axpair_proto.sentences import joined, say

from axpair_host.advice.commands import Step
from axpair_host.diagnosis.checks.failure import first_failure
from axpair_host.diagnosis.finding import ByVendor, Finding
from axpair_host.diagnosis.inquiry import Inquiry
from axpair_host.digests import bytes_sha256
from axpair_host.documents.pair import SecondOpinionRow
from axpair_host.evidence.record import Failure, SecondOpinion

ASKED_FOR = ("AX003", "AX301", "AX302", "AX303", "AX304", "AX305", "AX306", "AX307", "AX313", "AX314")
"""Codes that may be named for what our own worker does."""
_VENDORS = ("run_joint", "ax_run_model", "axcl_run_model")
_KEEPS_LOG = "{run_joint} > {board_log}"
"""How the step begins that only has the vendor's command run once more, for its log."""
_NEEDS_HISTORY = ("AX301", "AX302", "AX313")
"""A single right answer says nothing against them: the command runs every input in a process of its own."""
_TO_US = say(
    "Run it again, and run_joint on the board. If that stays right, report the gt folder: it arises in axpair's "
    "worker, or in how that calls the library."
)


def suspects(inquiry: Inquiry) -> list[Finding]:
    """Findings for which the vendor's command is asked: of the board, through our own worker."""
    if _by_vendor(inquiry):
        return []
    return [
        one
        for one in inquiry.findings
        if one.code in ASKED_FOR and one.stage == "on_board" and one.weight != "warning" and one.owner != "harness"
    ]


def vendor_saw_it(inquiry: Inquiry) -> bool:
    """Whether the board's bytes themselves came from the vendor's own command, with its log kept."""
    board = inquiry.evidence.record.board
    return (
        board is not None and _by_vendor(inquiry) and any((board.log_lines, *(one.log_lines for one in board.rounds)))
    )


def _by_vendor(inquiry: Inquiry) -> bool:
    """Whether the vendor's own command was the runtime: nobody else can be asked then."""
    board = inquiry.evidence.record.board
    return board is not None and board.versions.get("runtime", "").startswith(_VENDORS)


def weighed(inquiry: Inquiry, finding: Finding) -> Finding:
    """The finding with what the vendor's command showed. Where that is right each time, it arises in our harness."""
    if vendor_saw_it(inquiry) and finding.code in ASKED_FOR:
        kept = tuple(one for one in finding.next_steps if not one.command.startswith(_KEEPS_LOG))
        return replace(finding, next_steps=kept)
    said = inquiry.evidence.record.second_opinion
    if said is None or said.lacking or finding not in suspects(inquiry):
        return finding
    seen = _seen(inquiry, finding)
    if not seen:
        return finding
    if seen == "same":
        words = say("run_joint shows the same on that board")
        if finding.code == "AX301":
            words = say("run_joint gives wrong bytes on that board")
    elif seen == "other":
        words = say("run_joint is wrong there too, in another way")
        if finding.code == "AX307":
            words = say("run_joint fails there too, in another way")
    else:
        words = say("run_joint gives the simulator's bytes there")
    finding = replace(finding, by_vendor=seen, summary=joined("; ", (finding.summary, words)))
    if seen == "right" and finding.code not in _NEEDS_HISTORY:
        return replace(finding, owner="harness", side="undecided", next_steps=(Step(_TO_US, "{run_joint}"),))
    return finding


def _seen(inquiry: Inquiry, finding: Finding) -> ByVendor:
    said = inquiry.evidence.record.second_opinion
    assert said is not None
    theirs = said.failure or next((one.failure for one in said.rounds if one.failure is not None), None)
    if theirs is not None:
        # It gave no bytes: that says something of a failure alone.
        return _failed_alike(inquiry, said, theirs) if finding.code == "AX307" else ""
    rounds = [{one.name: one.sha256 for one in each.outputs} for each in said.rounds if each.kind == "case"]
    if not rounds:
        return ""
    joint = {name: bytes_sha256(tensor.tobytes()) for name, tensor in inquiry.evidence.leg("joint").items()}
    names = finding.outputs or tuple(joint)
    if not all(name in joint for name in names):
        return ""
    if all(each.get(name) == joint[name] for each in rounds for name in names):
        return "right"
    if finding.code == "AX301":
        return "same"
    seen = {
        name: {bytes_sha256(one.tensor.tobytes()) for one in inquiry.answers(name)} - {joint[name]} for name in names
    }
    wrong = [name for name in names if any(each.get(name) != joint[name] for each in rounds)]
    return "same" if all(each.get(name) in seen[name] for each in rounds for name in wrong) else "other"


def _failed_alike(inquiry: Inquiry, said: SecondOpinion, theirs: Failure) -> ByVendor:
    """Whether the command failed at the same step in the same way."""
    ours = first_failure(inquiry)
    if ours is None:
        return ""
    if ours.loading != (said.failure is not None):
        return "other"
    return "same" if _end_of(ours.failure) == _end_of(theirs) else "other"


def _end_of(failure: Failure) -> tuple[str, int]:
    """How a program ended: by which signal, or with which code. run_joint, which asserts, ends with SIGABRT for any
    code that a library returned; its own words name none."""
    if failure.signal:
        return failure.signal, 0
    ended = failure.code - 128 if failure.kind in ("error", "exit") and 128 < failure.code < 160 else 0
    if ended == signal.SIGABRT or (failure.kind == "error" and not ended):
        return "error", 0
    return (signal.Signals(ended).name, 0) if ended in {int(one) for one in signal.Signals} else (failure.kind, 0)


def row(inquiry: Inquiry) -> SecondOpinionRow | None:
    """As the document has it; None where none was asked for."""
    said = inquiry.evidence.record.second_opinion
    if said is None:
        return None
    failure = said.failure or next((one.failure for one in said.rounds if one.failure is not None), None)
    return SecondOpinionRow(
        said.lacking or None,
        dict(said.versions),
        failure.message if failure else None,
        said.rounds[-1].log_lines if said.rounds else said.log_lines,
    )
