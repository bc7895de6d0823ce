"""The agent's errors.

AgentError
├── SettingsError        flags that don't fit together, or can't be used here (exit 2)
└── CallError            a call of the protocol ends with a status and a reason
"""

from __future__ import annotations

import errno
from pathlib import Path
from typing import TYPE_CHECKING

from axpair_proto.advice import Next
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


OTHER_FOLDER = "name another folder: AXPAIR_CACHE where axpair started the agent, else --blobs of axpair-agent"
"""What to do where the one for blobs can't be used."""


def refused_by_disk(error: OSError, folder: Path | None = None) -> CallError:
    """What ends a call whose file the agent's system refused; `folder` is where its blobs are, if it was one."""
    from axpair_proto.reasons import Reason

    where = str(folder) if folder is not None else error.filename
    named = f" ({where})" if isinstance(where, str) else ""
    place = str(folder) if folder is not None else "the folder of blobs"
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC), errno.EFBIG):
        return CallError(
            Reason.QUOTA,
            f"the agent's disk is full{named}: {error.strerror}",
            next_step=f"free space in {place}, or {OTHER_FOLDER}",
        )
    return CallError(
        Reason.DISK,
        f"the agent's disk refused{named}: {error.strerror or error}",
        next_step=f"look at the disk of {place}, or {OTHER_FOLDER}",
    )


class CallError(AgentError):
    """Ends a call with the reason's gRPC status; the message becomes its details: a thousand letters, none of which
    plays with a terminal."""

    def __init__(self, reason: Reason, message: str, *, next_step: str | Next = "") -> None:
        step = next_step.one_line if isinstance(next_step, Next) else next_step
        super().__init__(printable(message, MAX_MESSAGE), next_step=printable(step, MAX_MESSAGE))
        self.reason = reason
