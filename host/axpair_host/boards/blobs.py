"""Models and large inputs on their way to the agent: sent once, resumed where a sending broke off."""

import io
from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO

import grpc
from axpair_proto.reasons import Reason
from axpair_proto.v1 import blobs_pb2, blobs_pb2_grpc

from axpair_host.boards.status import board_errors, reason_of
from axpair_host.digests import bytes_sha256
from axpair_host.errors import BoardError

CHUNK_BYTES = 1 << 20
_ATTEMPTS = 3


class BlobStore:
    """The agent's store of blobs, addressed by content."""

    def __init__(self, channel: grpc.Channel, url: str, metadata: Sequence[tuple[str, str]]) -> None:
        self._stub = blobs_pb2_grpc.BlobsStub(channel)
        self._url = url
        self._metadata = tuple(metadata)

    def ensure(self, sha256: str, size: int, content: BinaryIO, sent: Callable[[int], None] = lambda done: None) -> int:
        """Make the agent hold the blob; returns how many bytes had to be sent.

        `sent` is told the bytes that the agent's copy has. Raises BoardError when they can't be brought over.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            committed = self._committed(sha256)
            if committed is None:
                sent(size)
                return 0
            start = blobs_pb2.UploadStart(sha256=sha256, size_bytes=size, offset_bytes=committed)
            try:
                with board_errors(self._url, "uploading"):
                    reply = self._stub.Upload(_parts(start, content, sent), metadata=self._metadata)
            except BoardError as error:
                cause = error.__cause__
                # Another host uploads the same blob at this moment: go on where the agent's copy ends now.
                moved = isinstance(cause, grpc.RpcError) and reason_of(cause) is Reason.OFFSET
                if not moved or attempt == _ATTEMPTS:
                    raise
                continue
            if reply.complete:
                return size - committed
        raise BoardError(f"{self._url}: the upload of {sha256} ({size} bytes) never became complete")

    def hold(self, data: bytes) -> str:
        """Make the agent hold these bytes; their digest. Raises BoardError as `ensure` does."""
        sha256 = bytes_sha256(data)
        self.ensure(sha256, len(data), io.BytesIO(data))
        return sha256

    def _committed(self, sha256: str) -> int | None:
        with board_errors(self._url, "asking which blobs are missing"):
            reply = self._stub.FindMissing(blobs_pb2.FindMissingRequest(sha256=[sha256]), metadata=self._metadata)
        return reply.missing[0].committed_bytes if reply.missing else None


def _parts(
    start: blobs_pb2.UploadStart, content: BinaryIO, sent: Callable[[int], None]
) -> Iterator[blobs_pb2.UploadRequest]:
    yield blobs_pb2.UploadRequest(start=start)
    done = start.offset_bytes
    content.seek(done)
    while data := content.read(CHUNK_BYTES):
        yield blobs_pb2.UploadRequest(data=data)
        done += len(data)
        sent(done)
