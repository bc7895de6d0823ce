"""The runtime's failures, from the wire into the record."""

from axpair_proto.v1 import failures_pb2

from axpair_host.evidence.record import Failure


def failure_of(message: failures_pb2.RuntimeFailure) -> Failure:
    """Kinds in lower case: "error", "crash", "exit", "hang", "garbage", "input"."""
    kind = failures_pb2.RuntimeFailure.Kind.Name(message.kind) if message.kind in _KINDS else "unknown"
    return Failure(kind=kind.lower(), message=message.message, code=message.code, signal=message.signal)


_KINDS = frozenset(failures_pb2.RuntimeFailure.Kind.values())
