"""The agent's errors.

AgentError
├── SettingsError        flags that don't fit together, or can't be used here (exit 2)
└── CallError            a call of the protocol ends with a status and a reason
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from axpair_proto.errors import AxpairError, Side
from axpair_proto.text import printable

if TYPE_CHECKING:
    # It brings grpc, which `--help` does without and which must find its environment set when it comes.
    from axpair_proto.reasons import Reason


class AgentError(AxpairError):
    """Root of the agent's errors."""

    side: Side = "board"


class SettingsError(AgentError):
    """The agent can't be started as it was asked to."""

    side: Side = "input"


MAX_MESSAGE = 1000
"""Letters of a status: what callers named in their requests may be of any length, and gRPC's limit is 8 KiB."""


def refused_by_disk(error: OSError) -> CallError:
    """What ends a call whose file the agent's system refused."""
    from axpair_proto.reasons import Reason

    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC), errno.EFBIG):
        return CallError(
            Reason.QUOTA,
            f"the agent's disk is full: {error.strerror}",
            next_step="free space where the agent keeps its blobs, or start it with another --blobs",
        )
    return CallError(
        Reason.DISK,
        f"the agent's disk refused: {error.strerror or error}",
        next_step="look at the disk on which the agent keeps its blobs, or start it with another --blobs",
    )


class CallError(AgentError):
    """Ends a call with the reason's gRPC status; the message becomes its details: a thousand letters, none of which
    plays with a terminal."""

    def __init__(self, reason: Reason, message: str, *, next_step: str = "") -> None:
        super().__init__(printable(message, MAX_MESSAGE), next_step=printable(next_step, MAX_MESSAGE))
        self.reason = reason
