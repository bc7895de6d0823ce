"""The table of switches: under each, whether the board's bytes change and whether they are right then."""

from typing import Any

from axpair_host.diagnosis.inquiry import Inquiry
from axpair_host.digests import bytes_sha256


def rows(inquiry: Inquiry) -> list[dict[str, Any]] | None:
    """One row a switch: name, changed, right (None where not known), lacking, failed; None where none was tried.

    changed: other bytes than in the case's first round. right: the simulator's bytes. Both of all outputs together.
    """
    trials = inquiry.evidence.record.switches
    if trials is None:
        return None
    board, joint = (_digests(inquiry, leg) for leg in ("board", "joint"))
    table = []
    for one in trials:
        ran = bool(one.outputs)
        table.append(
            {
                "switch": one.name,
                "changed": one.outputs != board if ran and board else None,
                "right": one.outputs == joint if ran and joint else None,
                "failed": one.failure.message if one.failure else None,
                "lacking": one.lacking or None,
            }
        )
    return table


def _digests(inquiry: Inquiry, leg: str) -> dict[str, str]:
    return {name: bytes_sha256(tensor.tobytes()) for name, tensor in inquiry.evidence.leg(leg).items()}
