"""The host's errors.

HostError
├── UsageError           flags or files that don't fit together (exit 2)
├── EvidenceError        a gt folder that can't be judged as it is (exit 2)
├── PostprocessError     the user's post-processor can't be loaded or raised (exit 2)
└── BoardError           board or agent unavailable, gone, or of another protocol (exit 3)
"""

from axpair_proto.errors import AxpairError, Side


class HostError(AxpairError):
    """Root of the host's errors."""


class UsageError(HostError):
    """Flags or files that don't fit together."""


class EvidenceError(HostError):
    """A gt folder, tensor or record that can't be judged as it is."""


class PostprocessError(HostError):
    """The user's post-processor can't be found, or raised an exception."""


class BoardError(HostError):
    """The board or its agent can't be reached, went away, or refused."""

    side: Side = "board"
