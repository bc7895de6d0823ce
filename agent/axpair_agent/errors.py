"""The agent's errors.

AgentError
├── SettingsError        flags that don't fit together, or can't be used here (exit 2)
└── CallError            a call of the protocol ends with a status and a reason
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from axpair_proto.errors import AxpairError, Side

if TYPE_CHECKING:
    # It brings grpc, which `--help` does without and which must find its environment set when it comes.
    from axpair_proto.reasons import Reason


class AgentError(AxpairError):
    """Root of the agent's errors."""

    side: Side = "board"


class SettingsError(AgentError):
    """The agent can't be started as it was asked to."""

    side: Side = "input"


class CallError(AgentError):
    """Ends a call with the reason's gRPC status; the message becomes its details."""

    def __init__(self, reason: Reason, message: str, *, next_step: str = "") -> None:
        super().__init__(message, next_step=next_step)
        self.reason = reason
