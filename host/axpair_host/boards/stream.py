"""One stream of cases and replies, each reply within the time that its round may take."""

import queue
import time
from collections.abc import Iterator

import grpc
from axpair_proto.v1 import runs_pb2, runs_pb2_grpc

from axpair_host.boards.connection import Connection
from axpair_host.boards.limits import PARTING_SECONDS
from axpair_host.boards.status import board_errors, no_answer
from axpair_host.boards.watch import Watch
from axpair_host.errors import BoardError, ConnectionLost


class RunStream:
    """An open `Runs.Run`. Used by one thread."""

    def __init__(self, connection: Connection) -> None:
        """Open it. Raises BoardError."""
        self._connection = connection
        self._feed: queue.SimpleQueue[runs_pb2.RunRequest | None] = queue.SimpleQueue()
        self._left = 0.0
        self.has_answered = False
        """Whether any reply came."""
        with board_errors(connection.url, "opening a stream"):
            self._replies: Iterator[runs_pb2.RunReply] = runs_pb2_grpc.RunsStub(connection.channel).Run(
                iter(self._feed.get, None), metadata=connection.metadata
            )
        assert isinstance(self._replies, grpc.Call)
        self._watch = Watch(self._replies.cancel)

    def send(self, request: runs_pb2.RunRequest) -> None:
        """Send a case; it waits there for its turn."""
        self._feed.put(request)

    def allow(self, seconds: float) -> None:
        """How long the replies of the next round may be waited for, together."""
        self._left = seconds

    def next(self, doing: str) -> runs_pb2.RunReply:
        """The next reply. Raises BoardError where none comes in time, or the stream ends."""
        started = time.monotonic()
        try:
            with board_errors(self._connection.url, doing), self._watch.limit(self._left):
                reply = next(self._replies, None)
        except BoardError:
            if self._watch.expired:
                raise no_answer(self._connection.url, doing) from None
            raise
        self._left -= time.monotonic() - started
        if reply is None:
            raise ConnectionLost(f"{self._connection.url}: the agent ended the stream while {doing}")
        self.has_answered = True
        return reply

    def end(self) -> None:
        """End it in order, so that the model stays loaded: a broken stream would let it go. Waits for no silent agent:
        all results are there already."""
        self._feed.put(None)
        try:
            with self._watch.limit(PARTING_SECONDS):
                next(self._replies, None)
        except grpc.RpcError:
            pass
        self.cancel()

    def cancel(self) -> None:
        """Break it off."""
        self._feed.put(None)
        assert isinstance(self._replies, grpc.Call)
        self._replies.cancel()
        self._watch.end()
