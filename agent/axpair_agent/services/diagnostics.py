"""Diagnostics: the present state, for people and bundles."""

import time

import grpc
from axpair_proto.v1 import diagnostics_pb2, diagnostics_pb2_grpc

from axpair_agent.blobs import BlobStore
from axpair_agent.errors import CallError
from axpair_agent.recent import RecentLines
from axpair_agent.supervisor import Supervisor


class Diagnostics(diagnostics_pb2_grpc.DiagnosticsServicer):
    """Collects what agent and board say of themselves; what can't be read is named, never an error."""

    def __init__(self, supervisor: Supervisor, blobs: BlobStore, recent: RecentLines) -> None:
        self._supervisor = supervisor
        self._blobs = blobs
        self._recent = recent
        self._started = time.monotonic()

    def Collect(
        self, request: diagnostics_pb2.CollectRequest, context: grpc.ServicerContext
    ) -> diagnostics_pb2.CollectReply:
        """Changes nothing."""
        usage = self._blobs.usage()
        reply = diagnostics_pb2.CollectReply(
            workers=[
                diagnostics_pb2.WorkerState(
                    handle=model.handle,
                    pid=model.pid,
                    generation=model.generation,
                    model_sha256=model.sha256,
                    rounds=model.rounds,
                )
                for model in self._supervisor.models()
            ],
            blob_count=usage.count,
            blob_bytes=usage.held,
            quota_bytes=usage.quota,
            disk_free_bytes=usage.disk_free,
            uptime_ms=int((time.monotonic() - self._started) * 1000),
            log_lines=self._recent.lines(),
        )
        try:
            board = self._supervisor.launcher.board()
        except CallError as error:
            reply.lacking.append(f"board: {error.message}")
        else:
            reply.board.update(board.found)
            reply.lacking.extend(board.lacking)
        return reply
