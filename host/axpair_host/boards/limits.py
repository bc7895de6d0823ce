"""How long each call to an agent may take, and how much may come back: the one place that says so. Seconds and bytes.

What a call's own time depends on (an upload's size, the deadline of a round) is asked for by the functions.
"""

KEEPALIVE_SECONDS = 20
"""How long a connection may be still before the other side is asked whether it is there, and how long it may take to
say so: a dead link or a stopped agent is noticed within twice that. Agents must allow pings so often."""
RECONNECT_SECONDS = 10
"""The longest that one try to connect may take while a connection is to be had again."""
PATIENCE_SECONDS = 120.0
"""How long a lost connection is tried to be had again, unless the user says otherwise."""

HELLO_SECONDS = 60.0
BRIEF_SECONDS = 60.0
"""For calls that have nothing to wait for: longer than a dead link takes to be noticed."""
PARTING_SECONDS = 20.0
"""For what comes after the last result: unloading, the end of a stream."""
STALL_SECONDS = 60.0
"""How long an upload may go without a piece being taken."""
_UPLOAD_BYTES_PER_SECOND = 64 << 10
"""The slowest line on which an upload comes through."""

ATTEMPTS = 3
"""How often an agent tries a case or a loading whose worker is ended from outside."""
_START_SECONDS = 120.0
_LOAD_SECONDS = 180.0
_ROUND_SECONDS = 60.0
"""The agent's own limits where the host doesn't say."""
_MARGIN_SECONDS = 30.0

MAX_MESSAGE_BYTES = 12 << 20
"""Of a reply. The largest is an outcome: outputs up to 4 MiB in all, the ranges that weren't written, and what was
printed."""
MAX_INLINE_BYTES = 1 << 20
"""Of one output within an outcome; larger ones come as chunks."""
MAX_COMMAND_BYTES = 64 << 20
"""Of outputs for a command: what agents take."""
MAX_CHUNK_BYTES = 1 << 20
MAX_ROUND_BYTES = 1 << 30
"""Of all outputs of one round: more doesn't fit between an agent and its worker."""
MAX_TENSORS = 1024
"""Inputs of a model, and outputs."""
MAX_NAME_BYTES = 4096
MAX_TEXT_BYTES = 64 << 10
"""Of a version, a handle, what a runtime says of a failure."""
MAX_ENTRIES = 256
"""Versions, capabilities."""
MAX_LOG_BYTES = 4 << 20
MAX_LOG_LINES = 300_000
"""Of one round: an agent keeps 256 KiB, of which each byte may have become a character of three."""
MAX_SURVIVORS = 4096
"""Ranges that a worker reports of one output."""


def upload_seconds(size: int) -> float:
    """For a blob of so many bytes."""
    return STALL_SECONDS + size / _UPLOAD_BYTES_PER_SECOND


def load_seconds(deadline_ms: int = 0) -> float:
    """For a loading that may take `deadline_ms` (0 = the agent's own limit), in a worker that may have to start."""
    return ATTEMPTS * (_START_SECONDS + (deadline_ms / 1000 or _LOAD_SECONDS)) + _MARGIN_SECONDS


def round_seconds(deadline_ms: int, output_bytes: int) -> float:
    """For one whole round, from the one before it: each attempt may come with a loading in a fresh worker."""
    whole = _START_SECONDS + _LOAD_SECONDS + (deadline_ms / 1000 or _ROUND_SECONDS)
    return ATTEMPTS * whole + output_bytes / _UPLOAD_BYTES_PER_SECOND + _MARGIN_SECONDS


def command_seconds(seconds: float) -> float:
    """For a program of the user's that may run so long."""
    return seconds + _MARGIN_SECONDS + BRIEF_SECONDS
