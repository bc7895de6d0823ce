"""The runtime's failures, from the wire into the record."""

from axpair_proto.v1 import failures_pb2

from axpair_host.evidence.record import Failure

LOST = "lost"
"""The kind of a failure that says nothing: the worker was ended from outside, each time."""
_MOST_WORDS = 8000
_MOST_SIGNAL = 32


def failure_of(message: failures_pb2.RuntimeFailure) -> Failure:
    """Kinds in lower case: "error", "crash", "exit", "hang", "garbage", "input", "lost". Very long words are cut."""
    kind = failures_pb2.RuntimeFailure.Kind.Name(message.kind) if message.kind in _KINDS else "unknown"
    return Failure(
        kind=kind.lower(), message=_cut(message.message), code=message.code, signal=message.signal[:_MOST_SIGNAL]
    )


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_WORDS else f"{text[:_MOST_WORDS]} [{len(text) - _MOST_WORDS} more characters]"


_KINDS = frozenset(failures_pb2.RuntimeFailure.Kind.values())
