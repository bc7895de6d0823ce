"""Did the board run the joint that was simulated?"""

import re
from collections.abc import Iterator

from axpair_host.diagnosis.finding import Finding, found
from axpair_host.diagnosis.inquiry import Inquiry

_COMMIT = re.compile(r"(?<!\S)[0-9a-f]{8}$")
"""Of the toolchain, behind its release."""


def check(inquiry: Inquiry) -> Iterator[Finding]:
    """AX109: the log of a finished run is of another joint: one that another toolchain built, or with other inputs and
    outputs. Of a run of ours the worker's own digest tells (AX006)."""
    record = inquiry.evidence.record
    board = record.board
    if board is None or board.model_sha256:
        return
    said, own = _COMMIT.search(board.tools_version), record.versions.get("joint_commit", "")
    differences = list(board.model_differences)
    if said and own and said.group() != own:
        differences.insert(0, f"the log has the toolchain's commit {said.group()}, the joint {own}")
    if not differences:
        return
    yield found(
        "AX109",
        "the board ran another joint than the one simulated: " + "; ".join(differences[:3]),
        {"differences": differences, "log": board.tools_version, "joint": own},
        proven=True,
        outputs=tuple(output.name for output in inquiry.outputs),
        settles=("board",),
    )
