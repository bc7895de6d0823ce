"""Runs: cases through loaded models, one long-lived stream a host."""

import contextlib
import threading
import time
from collections.abc import Generator, Iterable, Iterator

import grpc
from axpair_proto.reasons import Reason
from axpair_proto.v1 import runs_pb2, runs_pb2_grpc

from axpair_agent.blobs import BlobStore
from axpair_agent.cases import Case
from axpair_agent.errors import CallError
from axpair_agent.resident import ResidentModel
from axpair_agent.services.rounds import messages
from axpair_agent.services.statuses import reasons_as_statuses
from axpair_agent.supervisor import Supervisor

MAX_REPEAT = 1000
MAX_INLINE_BYTES = 1 << 20
BREAK_SECONDS = 0.25
RETRY_SECONDS = 0.1


class HostGone(Exception):
    """The stream broke before the host closed it."""


class Runs(runs_pb2_grpc.RunsServicer):
    """Runs what comes in the order in which it comes."""

    def __init__(self, supervisor: Supervisor, blobs: BlobStore, deadline_seconds: float) -> None:
        self._supervisor = supervisor
        self._blobs = blobs
        self._deadline_seconds = deadline_seconds

    def Run(
        self, requests: Iterator[runs_pb2.RunRequest], context: grpc.ServicerContext
    ) -> Iterator[runs_pb2.RunReply]:
        """A stream that breaks lets its models go, once their present round has ended."""
        over = threading.Event()
        replies = self._replies(requests, context, over)

        def end() -> None:
            over.set()
            # gRPC forgets an iterator when its call breaks, but doesn't close it.
            threading.Thread(target=_close, args=(replies,), daemon=True).start()

        if not context.add_callback(end):
            end()
        return replies

    def _replies(
        self, requests: Iterator[runs_pb2.RunRequest], context: grpc.ServicerContext, over: threading.Event
    ) -> Generator[runs_pb2.RunReply, None, None]:
        with reasons_as_statuses(context), contextlib.suppress(HostGone), contextlib.ExitStack() as held:
            models: dict[str, ResidentModel] = {}
            for request in requests:
                if request.handle not in models:
                    models[request.handle] = held.enter_context(self._supervisor.borrowed(request.handle))
                with contextlib.closing(models[request.handle].run(self._case(request))) as rounds:
                    for done in rounds:
                        for reply in messages(request, models[request.handle].description, done):
                            if over.is_set():
                                raise HostGone
                            with models[request.handle].answering():
                                yield reply
            # A connection that breaks looks like the end of the requests at first; the news of it follow at once.
            if over.wait(BREAK_SECONDS):
                raise HostGone

    def _case(self, request: runs_pb2.RunRequest) -> Case:
        if not request.case_id:
            raise CallError(Reason.CASE, "a case without case_id")
        if request.repeat > MAX_REPEAT:
            raise CallError(
                Reason.CASE, f"case {request.case_id!r}: repeat {request.repeat}; at most {MAX_REPEAT} are run"
            )
        return Case(
            self._inputs(request.case_id, request.inputs),
            repeat=request.repeat or 1,
            seconds=request.deadline_ms / 1000 or self._deadline_seconds,
            want_probe=request.want_probe,
            fresh_worker=request.fresh_worker,
            before=self._inputs(request.case_id, request.before),
        )

    def _inputs(self, case_id: str, given: Iterable[runs_pb2.RunInput]) -> dict[str, bytes]:
        inputs: dict[str, bytes] = {}
        for one in given:
            if one.name in inputs:
                raise CallError(Reason.CASE, f"case {case_id!r}: input {one.name!r} came twice")
            inputs[one.name] = self._input(case_id, one)
        return inputs

    def _input(self, case_id: str, given: runs_pb2.RunInput) -> bytes:
        source = given.WhichOneof("source")
        if source == "inline":
            data = given.inline
            if len(data) > MAX_INLINE_BYTES:
                raise CallError(
                    Reason.CASE,
                    f"case {case_id!r}: input {given.name!r} has {len(data)} bytes inline; "
                    f"above {MAX_INLINE_BYTES} it goes by digest",
                )
            return data
        if source == "sha256":
            try:
                with self._blobs.in_use(given.sha256) as path:
                    return path.read_bytes()
            except CallError as error:
                # A copy that changed on disk was dropped: for a stream that is as good as never held.
                raise CallError(
                    Reason.BLOB, f"case {case_id!r}, input {given.name!r}: {error.message}", next_step=error.next_step
                ) from error
        raise CallError(Reason.CASE, f"case {case_id!r}: input {given.name!r} came neither inline nor by digest")


def _close(replies: Generator[runs_pb2.RunReply, None, None]) -> None:
    """Close a generator that another thread may just be running; that one then ends at its next message."""
    while True:
        try:
            replies.close()
            return
        except ValueError:
            time.sleep(RETRY_SECONDS)
