"""The table of switches: under each, whether the board's bytes change and whether they are right then."""

from axpair_host.diagnosis.inquiry import Inquiry
from axpair_host.digests import bytes_sha256
from axpair_host.documents.pair import SwitchRow


def rows(inquiry: Inquiry) -> tuple[SwitchRow, ...] | None:
    """One row a switch; None where none was tried.

    changed: other bytes than in the case's first round. right: the simulator's bytes. Both of all outputs together.
    """
    trials = inquiry.evidence.record.switches
    if trials is None:
        return None
    board, joint = (_digests(inquiry, leg) for leg in ("board", "joint"))
    return tuple(
        SwitchRow(
            switch=one.name,
            changed=one.outputs != board if one.outputs and board else None,
            right=one.outputs == joint if one.outputs and joint else None,
            failed=one.failure.message if one.failure else None,
            lacking=one.lacking or None,
        )
        for one in trials
    )


def _digests(inquiry: Inquiry, leg: str) -> dict[str, str]:
    return {name: bytes_sha256(tensor.tobytes()) for name, tensor in inquiry.evidence.leg(leg).items()}
