"""A host that says whatever it wants to an agent, and hears how each call ended."""

import hashlib
import itertools
import json
from collections.abc import Iterable, Iterator
from typing import Any

import grpc
from axpair_proto.reasons import METADATA_KEY
from axpair_proto.v1 import blobs_pb2, models_pb2, runs_pb2

from benchmarks.hostile.support.served import Served

SECONDS = 30.0
"""A call that hasn't ended by then has fallen short."""
PIECE = 1 << 20
MAX_REPLIES = 5_000
UPLOAD = "/axpair.v1.Blobs/Upload"
FIND = "/axpair.v1.Blobs/FindMissing"
LOAD = "/axpair.v1.Models/Load"
UNLOAD = "/axpair.v1.Models/Unload"
RUN = "/axpair.v1.Runs/Run"


class Caller:
    """A connection with the token."""

    def __init__(self, agent: Served) -> None:
        self.agent = agent
        self.channel = agent.channel()

    def close(self) -> None:
        """Hang up."""
        self.channel.close()

    def outcome(self, path: str, *requests: Any) -> str:
        """How a call of any method ended: "OK", or its status and reason, as in "NOT_FOUND/BLOB"."""
        return outcome(self.replies(path, *requests))

    def replies(self, path: str, *requests: Any) -> Any:
        """A call of any method, opened as a stream each way; requests are messages or bytes as they stand."""
        return self.stream(path, iter(requests), SECONDS)

    def stream(self, path: str, requests: Iterable[Any], seconds: float | None = None) -> Any:
        """The same with requests that may keep the agent waiting."""
        opened: Any = self.channel.stream_stream(path, request_serializer=_bytes_of)
        return opened(iter(requests), metadata=self.agent.metadata, timeout=seconds)

    def serves(self) -> bool:
        """Whether the agent answers an ordinary question on a fresh connection."""
        channel = self.agent.channel()
        try:
            opened: Any = channel.unary_unary(FIND, blobs_pb2.FindMissingRequest.SerializeToString)
            opened(blobs_pb2.FindMissingRequest(), metadata=self.agent.metadata, timeout=SECONDS)
        except grpc.RpcError:
            return False
        finally:
            channel.close()
        return True

    def upload(self, data: bytes) -> str:
        """Send bytes properly; their digest."""
        digest = sha256_of(data)
        start = blobs_pb2.UploadStart(sha256=digest, size_bytes=len(data))
        pieces = (blobs_pb2.UploadRequest(data=data[at : at + PIECE]) for at in range(0, len(data), PIECE))
        self.outcome(UPLOAD, blobs_pb2.UploadRequest(start=start), *pieces)
        return digest

    def load(self, output_bytes: int = 100) -> str:
        """Load a toy model with an input "in" of 1000 bytes; its handle."""
        document = {"inputs": [["in", "uint8", 1000]], "output_bytes": [output_bytes]}
        request = models_pb2.LoadRequest(sha256=self.upload(json.dumps(document).encode()))
        (data,) = self.replies(LOAD, request)
        reply = models_pb2.LoadReply.FromString(data)
        assert reply.model.handle, reply
        return reply.model.handle

    def failure(self, request: runs_pb2.RunRequest) -> str:
        """How a case's stream ended, or the kind of failure that came as an answer."""
        call = self.replies(RUN, request)
        kinds: list[str] = []

        def watched() -> Iterator[Any]:
            for data in call:
                reply = runs_pb2.RunReply.FromString(data)
                if reply.outcome.HasField("failure"):
                    kinds.append(reply.outcome.failure.Kind.Name(reply.outcome.failure.kind))
                yield data

        ended = outcome(watched())
        return kinds[0] if kinds and ended == "OK" else ended


def outcome(replies: Iterable[Any]) -> str:
    """How a call ended: "OK", "ENDLESS" for one of too many answers, or its status and reason."""
    try:
        taken = sum(1 for _ in itertools.islice(replies, MAX_REPLIES))
    except grpc.RpcError as error:
        call: Any = error
        reason = dict(call.trailing_metadata() or ()).get(METADATA_KEY, "")
        return f"{call.code().name}/{reason!s}".rstrip("/")
    return "OK" if taken < MAX_REPLIES else "ENDLESS"


def sha256_of(data: bytes) -> str:
    """As the wire has it."""
    return hashlib.sha256(data).hexdigest()


def _bytes_of(request: Any) -> bytes:
    return request if isinstance(request, bytes) else bytes(request.SerializeToString())
