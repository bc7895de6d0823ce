"""What the vendor's own command makes of a finding of the board: it too, or our worker alone."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from axpair_host.diagnosis.finding import ByVendor, Finding
from axpair_host.diagnosis.inquiry import Inquiry
from axpair_host.digests import bytes_sha256

ASKED_FOR = ("AX003", "AX301", "AX302", "AX303", "AX304", "AX305", "AX306", "AX307", "AX313", "AX314")
"""Codes that may be named for what our own worker does."""
_NEEDS_HISTORY = ("AX301", "AX302", "AX313")
"""A single right answer says nothing against them: the command runs every input in a process of its own."""
_TO_US = (
    "Run it again. If run_joint stays right, report the gt folder: it arises in axpair's worker, or in how that calls "
    "the library."
)


def suspects(inquiry: Inquiry) -> list[Finding]:
    """Findings for which the vendor's command is asked: of the board, through our own worker."""
    if vendor_saw_it(inquiry):
        return []
    return [
        one
        for one in inquiry.findings
        if one.code in ASKED_FOR and one.stage == "on_board" and one.weight != "warning" and one.owner != "harness"
    ]


def vendor_saw_it(inquiry: Inquiry) -> bool:
    """Whether the board's bytes themselves came from the vendor's own command, with its log kept."""
    board = inquiry.evidence.record.board
    if board is None or not board.versions.get("runtime", "").startswith(("run_joint", "ax_run_model")):
        return False
    return any(one.log_lines for one in board.rounds)


def weighed(inquiry: Inquiry, finding: Finding) -> Finding:
    """The finding with what the vendor's command showed. Where that is right each time, it arises in our harness."""
    said = inquiry.evidence.record.second_opinion
    if said is None or said.lacking or finding not in suspects(inquiry):
        return finding
    seen = _seen(inquiry, finding)
    if not seen:
        return finding
    if seen == "same":
        words = f"run_joint {'gives wrong bytes' if finding.code == 'AX301' else 'shows the same'} on that board"
    elif seen == "other":
        words = "run_joint is wrong there too, in another way"
    else:
        words = "run_joint gives the simulator's bytes there"
    finding = replace(finding, by_vendor=seen, summary=f"{finding.summary}; {words}")
    if seen == "right" and finding.code not in _NEEDS_HISTORY:
        return replace(finding, owner="harness", side="undecided", next_steps=(_TO_US,))
    return finding


def _seen(inquiry: Inquiry, finding: Finding) -> ByVendor:
    said = inquiry.evidence.record.second_opinion
    assert said is not None
    failures = [one.failure for one in said.rounds if one.failure is not None]
    if said.failure is not None or failures:
        return "same" if finding.code == "AX307" else "other"
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


def document(inquiry: Inquiry) -> Mapping[str, Any] | None:
    """JSON form of the second opinion; None where none was asked for."""
    said = inquiry.evidence.record.second_opinion
    if said is None:
        return None
    failure = said.failure or next((one.failure for one in said.rounds if one.failure is not None), None)
    return {
        "lacking": said.lacking or None,
        "versions": dict(said.versions),
        "failed": failure.message if failure else None,
        "log_lines": list(said.rounds[-1].log_lines if said.rounds else said.log_lines),
    }
