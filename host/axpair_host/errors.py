"""The host's errors.

HostError
├── UsageError           flags or files that don't fit together (exit 2)
├── EvidenceError        a gt folder that can't be judged as it is (exit 2)
├── PostprocessError     the user's post- or pre-processor can't be loaded or raised (exit 2)
└── BoardError           board or agent unavailable, gone, or of another protocol (exit 3)
    ├── AgentRefused     the agent refused, with a reason of the table
    └── Interrupted      nothing came of what was asked, and nothing is known: it may be asked again
        ├── ConnectionLost   the agent can't be reached, or went away
        ├── AgentSilent      no answer in the time that the call may take
        └── WorkerLost       the worker was ended from outside, each time
"""

from typing import TYPE_CHECKING

from axpair_proto.errors import AxpairError, Side

if TYPE_CHECKING:
    # It brings grpc, which no --help waits for.
    from axpair_proto.reasons import Reason


class HostError(AxpairError):
    """Root of the host's errors."""


class UsageError(HostError):
    """Flags or files that don't fit together."""


class EvidenceError(HostError):
    """A gt folder, tensor or record that can't be judged as it is."""


class PostprocessError(HostError):
    """The user's post-processor, or what prepares the product's input, can't be found, or raised an exception."""


class BoardError(HostError):
    """The board or its agent can't be reached, went away, or refused."""

    side: Side = "board"


class AgentRefused(BoardError):
    """The agent refused a call, for one of the contract's reasons."""

    def __init__(self, message: str, *, next_step: str = "", reason: "Reason") -> None:
        super().__init__(message, next_step=next_step)
        self.reason = reason


class Interrupted(BoardError):
    """Nothing came of what was asked and nothing is known of it: no evidence, and it may be asked again."""


class ConnectionLost(Interrupted):
    """The agent can't be reached, or went away."""


class AgentSilent(Interrupted):
    """The agent is there and gave no answer in the time that the call may take."""


class WorkerLost(Interrupted):
    """The worker was ended from outside at each of its attempts."""
