"""Runs: cases through loaded models, one long-lived stream a host."""

import contextlib
import threading
import time
from collections.abc import Generator, Iterable, Iterator
from functools import partial

import grpc
from axpair_proto.reasons import Reason
from axpair_proto.v1 import runs_pb2, runs_pb2_grpc

from axpair_agent.blobs import BlobStore
from axpair_agent.cases import Case, Input
from axpair_agent.errors import CallError
from axpair_agent.resident import ResidentModel
from axpair_agent.services.rounds import messages
from axpair_agent.supervisor import Supervisor
from axpair_agent.worker.requests import MAX_DEADLINE_MS

MAX_REPEAT = 1000
MAX_INLINE_BYTES = 1 << 20
MAX_NAME = 1000
"""Letters of a case's or an input's name: none of a real model has a tenth of them."""
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
        replies = self._replies(requests, over)

        def end() -> None:
            over.set()
            # gRPC forgets an iterator when its call breaks, but doesn't close it.
            threading.Thread(target=_close, args=(replies,), daemon=True).start()

        if not context.add_callback(end):
            end()
        return replies

    def _replies(
        self, requests: Iterator[runs_pb2.RunRequest], over: threading.Event
    ) -> Generator[runs_pb2.RunReply, None, None]:
        with contextlib.suppress(HostGone), contextlib.ExitStack() as held:
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
        if not 0 < len(request.case_id) <= MAX_NAME:
            raise CallError(Reason.CASE, f"a case_id of {len(request.case_id)} letters; it takes 1 to {MAX_NAME}")
        if request.repeat > MAX_REPEAT:
            raise CallError(
                Reason.CASE, f"case {request.case_id!r}: repeat {request.repeat}; at most {MAX_REPEAT} are run"
            )
        if request.deadline_ms > MAX_DEADLINE_MS:
            raise CallError(
                Reason.CASE,
                f"case {request.case_id!r}: a deadline of {request.deadline_ms} ms; {MAX_DEADLINE_MS} at most",
            )
        return Case(
            self._inputs(request.case_id, request.inputs),
            repeat=request.repeat or 1,
            seconds=request.deadline_ms / 1000 or self._deadline_seconds,
            want_probe=request.want_probe,
            fresh_worker=request.fresh_worker,
            before=self._inputs(request.case_id, request.before),
        )

    def _inputs(self, case_id: str, given: Iterable[runs_pb2.RunInput]) -> dict[str, Input]:
        inputs: dict[str, Input] = {}
        for one in given:
            if one.name in inputs:
                raise CallError(Reason.CASE, f"case {case_id!r}: input {one.name!r} came twice")
            if len(one.name) > MAX_NAME:
                raise CallError(
                    Reason.CASE, f"case {case_id!r}: an input's name of {len(one.name)} letters; {MAX_NAME} at most"
                )
            inputs[one.name] = self._input(f"case {case_id!r}, input {one.name!r}", one)
        return inputs

    def _input(self, whose: str, given: runs_pb2.RunInput) -> Input:
        source = given.WhichOneof("source")
        if source == "inline":
            data = given.inline
            if len(data) > MAX_INLINE_BYTES:
                raise CallError(
                    Reason.CASE, f"{whose}: {len(data)} bytes inline; above {MAX_INLINE_BYTES} they go by digest"
                )
            return Input(len(data), lambda: data)
        if source == "sha256":
            with _blob_of(whose):
                return Input(self._blobs.size_of(given.sha256), partial(self._read, whose, given.sha256))
        raise CallError(Reason.CASE, f"{whose}: came neither inline nor by digest")

    def _read(self, whose: str, sha256: str) -> bytes:
        with _blob_of(whose), self._blobs.in_use(sha256) as path:
            return path.read_bytes()


@contextlib.contextmanager
def _blob_of(whose: str) -> Iterator[None]:
    """Within, what is wrong with a blob is said of its input."""
    try:
        yield
    except CallError as error:
        # A copy that changed on disk was dropped: for a stream that is as good as never held.
        raise CallError(Reason.BLOB, f"{whose}: {error.message}", next_step=error.next_step) from error


def _close(replies: Generator[runs_pb2.RunReply, None, None]) -> None:
    """Close a generator that another thread may just be running; that one then ends at its next message."""
    while True:
        try:
            replies.close()
            return
        except ValueError:
            time.sleep(RETRY_SECONDS)
