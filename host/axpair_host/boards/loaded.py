"""A model that is loaded on a board, and its runs."""

import queue
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import grpc
from axpair_proto.description import ModelDescription
from axpair_proto.v1 import models_pb2, models_pb2_grpc, runs_pb2, runs_pb2_grpc

from axpair_host.boards.blobs import BlobStore
from axpair_host.boards.case import Case, RoundAnswer
from axpair_host.boards.inlining import inlined
from axpair_host.boards.rounds import RoundAssembly
from axpair_host.boards.status import board_errors
from axpair_host.evidence.record import Failure


@dataclass(frozen=True)
class LoadRefused:
    """The runtime did not load the model: evidence, no error."""

    failure: Failure
    log_lines: tuple[str, ...]


@dataclass(frozen=True)
class LoadedModel:
    """A model resident in a worker. Ends with its connection."""

    channel: grpc.Channel
    metadata: tuple[tuple[str, str], ...]
    url: str
    handle: str
    description: ModelDescription
    sha256: str
    """The worker's own digest of the file that it opened."""
    load_us: int
    versions: Mapping[str, str]
    log_lines: tuple[str, ...]
    sent_bytes: int
    """What had to be uploaded; 0 where the agent held the model."""
    blobs: BlobStore

    def run(self, cases: Iterable[Case], *, window: int = 4) -> Iterator[RoundAnswer]:
        """Run cases over one stream and yield every round's answer, in the order sent.

        `cases` is asked for the next one whenever fewer than `window` are under way, in the caller's thread: a
        generator may still append cases in view of earlier answers. Rounds received before the agent goes away are
        yielded; then BoardError is raised. HostError when the agent refuses a case.
        """
        feed: queue.SimpleQueue[runs_pb2.RunRequest | None] = queue.SimpleQueue()
        under_way: deque[Case] = deque()
        source = iter(cases)
        with board_errors(self.url, "opening a stream"):
            replies = runs_pb2_grpc.RunsStub(self.channel).Run(iter(feed.get, None), metadata=self.metadata)
        try:
            while True:
                while len(under_way) < max(1, window) and (case := next(source, None)) is not None:
                    feed.put(self._request(case))
                    under_way.append(case)
                if not under_way:
                    break
                yield from self._rounds_of(under_way.popleft(), replies)
            # Closed in order: the model stays loaded. A broken stream would let it go.
            feed.put(None)
            with board_errors(self.url, "ending the stream"):
                next(replies, None)
        finally:
            feed.put(None)
            replies.cancel()

    def unload(self) -> None:
        """Let the model go. Raises BoardError."""
        with board_errors(self.url, "unloading the model"):
            models_pb2_grpc.ModelsStub(self.channel).Unload(
                models_pb2.UnloadRequest(handle=self.handle), metadata=self.metadata
            )

    def _rounds_of(self, case: Case, replies: Iterator[runs_pb2.RunReply]) -> Iterator[RoundAnswer]:
        assembly = RoundAssembly(case, self.description)
        received = 0
        while True:
            so_far = f"{received} round{'' if received == 1 else 's'}"
            with board_errors(self.url, f"running case {case.id!r}, of which {so_far} had come back"):
                reply = next(replies, None)
            answer = assembly.take(reply, self.url)
            if answer is not None:
                received += 1
                yield answer
                if answer.last:
                    return

    def _request(self, case: Case) -> runs_pb2.RunRequest:
        inside = inlined(case.inputs)
        inputs = [
            runs_pb2.RunInput(name=name, inline=data)
            if name in inside
            else runs_pb2.RunInput(name=name, sha256=self.blobs.hold(data))
            for name, data in case.inputs.items()
        ]
        return runs_pb2.RunRequest(
            handle=self.handle,
            case_id=case.id,
            inputs=inputs,
            repeat=case.repeat,
            deadline_ms=case.deadline_ms,
            want_probe=case.want_probe,
            fresh_worker=case.fresh_worker,
        )
