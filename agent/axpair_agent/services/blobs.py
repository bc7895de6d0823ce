"""Blobs: what is missing, and its upload."""

from collections.abc import Iterator

import grpc
from axpair_proto.reasons import Reason
from axpair_proto.v1 import blobs_pb2, blobs_pb2_grpc

from axpair_agent.blobs import BlobStore
from axpair_agent.errors import CallError

MAX_DIGESTS = 1000
"""Of one FindMissing: each is looked up on the disk."""


class Blobs(blobs_pb2_grpc.BlobsServicer):
    """Fills the store."""

    def __init__(self, store: BlobStore) -> None:
        self._store = store

    def FindMissing(
        self, request: blobs_pb2.FindMissingRequest, context: grpc.ServicerContext
    ) -> blobs_pb2.FindMissingReply:
        """Looks by name only; the bytes are checked when they are used."""
        if len(request.sha256) > MAX_DIGESTS:
            raise CallError(Reason.MESSAGE, f"{len(request.sha256)} digests; FindMissing takes {MAX_DIGESTS} at most")
        return blobs_pb2.FindMissingReply(
            missing=[
                blobs_pb2.MissingBlob(sha256=sha256, committed_bytes=self._store.committed_bytes(sha256))
                for sha256 in request.sha256
                if not self._store.holds(sha256)
            ]
        )

    def Upload(
        self, requests: Iterator[blobs_pb2.UploadRequest], context: grpc.ServicerContext
    ) -> blobs_pb2.UploadReply:
        """Writes pieces as they come, so that what came before a break is kept."""
        first = next(requests, blobs_pb2.UploadRequest())
        if first.WhichOneof("part") != "start":
            raise CallError(Reason.DIGEST, "an upload begins with a start, which names the digest")
        upload = self._store.upload(first.start.sha256, first.start.size_bytes, first.start.offset_bytes)
        try:
            for request in requests:
                if request.WhichOneof("part") != "data":
                    raise CallError(Reason.DIGEST, "an upload has one start, then data only")
                upload.append(request.data)
        except BaseException:
            upload.suspend()
            raise
        committed, complete = upload.close()
        return blobs_pb2.UploadReply(committed_bytes=committed, complete=complete)
