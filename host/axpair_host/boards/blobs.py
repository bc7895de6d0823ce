"""Models and large inputs on their way to the agent: sent once, resumed where a sending broke off."""

import io
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import IO

import grpc
from axpair_proto.reasons import Reason
from axpair_proto.v1 import blobs_pb2, blobs_pb2_grpc

from axpair_host.boards.connection import Connection, repeatable
from axpair_host.boards.limits import BRIEF_SECONDS, STALL_SECONDS, upload_seconds
from axpair_host.boards.status import board_errors, no_answer
from axpair_host.digests import bytes_sha256
from axpair_host.errors import AgentRefused, BoardError, ConnectionLost

CHUNK_BYTES = 1 << 20
_ATTEMPTS = 3
_GLANCE_SECONDS = 1.0

Open = Callable[[], IO[bytes]]
"""Opens the blob's content; each sending reads it through a file of its own."""


class BlobStore:
    """The agent's store of blobs, addressed by content."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._stub = blobs_pb2_grpc.BlobsStub(connection.channel)

    def ensure(self, sha256: str, size: int, content: Open, sent: Callable[[int], None] = lambda done: None) -> int:
        """Make the agent hold the blob; returns how many bytes had to be sent.

        `sent` is told the bytes that the agent's copy has. Raises BoardError when they can't be brought over, OSError
        when they can't be read.
        """
        attempt, first = 1, size
        last: int | None = None
        while attempt <= _ATTEMPTS:
            committed = self._committed(sha256, size)
            if committed is None:
                self._connection.works()
                sent(size)
                return size - first
            if last is not None and committed > last:
                self._connection.works()
            first, last = min(first, committed), committed
            try:
                reply = self._upload(
                    blobs_pb2.UploadStart(sha256=sha256, size_bytes=size, offset_bytes=committed), content, sent
                )
            except BoardError as error:
                if repeatable(error):
                    self._connection.wait(error, "uploading")
                    continue
                # Another host uploads the same blob at this moment: go on where the agent's copy ends now.
                moved = isinstance(error, AgentRefused) and error.reason is Reason.OFFSET
                if not moved or attempt == _ATTEMPTS:
                    raise
            else:
                self._connection.works()
                if reply.complete:
                    return size - first
            attempt += 1
        raise BoardError(f"{self._connection.url}: the upload of {sha256} ({size} bytes) never became complete")

    def hold(self, data: bytes) -> str:
        """Make the agent hold these bytes; their digest. Raises BoardError as `ensure` does."""
        sha256 = bytes_sha256(data)
        self.ensure(sha256, len(data), partial(io.BytesIO, data))
        return sha256

    def _committed(self, sha256: str, size: int) -> int | None:
        reply = self._connection.call(
            self._stub.FindMissing,
            blobs_pb2.FindMissingRequest(sha256=[sha256]),
            doing="asking which blobs are missing",
            seconds=BRIEF_SECONDS,
            settles=False,
        )
        if not reply.missing:
            return None
        missing = reply.missing[0]
        if len(reply.missing) > 1 or missing.sha256 != sha256 or missing.committed_bytes > size:
            raise BoardError(
                f"{self._connection.url}: asked for one blob of {size} bytes, the agent lacks {len(reply.missing)}, "
                f"the first with {missing.committed_bytes} bytes there already",
                next_step="install the same axpair release on both sides",
            )
        return missing.committed_bytes

    def _upload(
        self, start: blobs_pb2.UploadStart, content: Open, sent: Callable[[int], None]
    ) -> blobs_pb2.UploadReply:
        """Send it, as long as pieces of it are taken. Raises BoardError, and OSError where it can't be read."""
        taken, unreadable = start.offset_bytes, list[OSError]()

        def parts() -> Iterator[blobs_pb2.UploadRequest]:
            nonlocal taken
            yield blobs_pb2.UploadRequest(start=start)
            try:
                with content() as file:
                    file.seek(taken)
                    while data := file.read(CHUNK_BYTES):
                        yield blobs_pb2.UploadRequest(data=data)
                        taken += len(data)
                        sent(taken)
            except OSError as error:
                unreadable.append(error)
                raise

        connection = self._connection
        with board_errors(connection.url, "uploading"):
            call = self._stub.Upload.future(
                parts(), metadata=connection.metadata, timeout=upload_seconds(start.size_bytes - start.offset_bytes)
            )
            before, since = taken, time.monotonic()
            while True:
                try:
                    return call.result(timeout=_GLANCE_SECONDS)
                except grpc.FutureTimeoutError:
                    if taken != before:
                        before, since = taken, time.monotonic()
                    elif time.monotonic() - since > STALL_SECONDS:
                        call.cancel()
                        raise no_answer(connection.url, "uploading", STALL_SECONDS) from None
                except (grpc.RpcError, grpc.FutureCancelledError) as error:
                    if unreadable:
                        raise unreadable[0] from error
                    if isinstance(error, grpc.RpcError):
                        raise
                    raise ConnectionLost(f"{connection.url}: the connection was closed while uploading") from error
