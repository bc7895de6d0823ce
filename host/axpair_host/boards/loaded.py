"""A model that is loaded on a board, and its runs."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from axpair_proto.advice import again
from axpair_proto.description import ModelDescription
from axpair_proto.v1 import models_pb2, models_pb2_grpc

from axpair_host.boards.blobs import BlobStore
from axpair_host.boards.case import Case, RoundAnswer
from axpair_host.boards.connection import Connection
from axpair_host.boards.limits import PARTING_SECONDS
from axpair_host.boards.running import Running
from axpair_host.errors import BoardError
from axpair_host.evidence.record import Failure


def versions_apart(before: Mapping[str, str], now: Mapping[str, str]) -> str:
    """What a board says of itself otherwise than before, in words; "" where it is the same."""
    return ", ".join(
        f"{name} {before[name]!r} before, {now[name]!r} now"
        for name in before
        if now.get(name, before[name]) != before[name]
    )


@dataclass(frozen=True)
class LoadRefused:
    """The runtime did not load the model: evidence, no error."""

    failure: Failure
    log_lines: tuple[str, ...]


@dataclass(frozen=True)
class Loading:
    """What the agent said when the model was loaded, checked."""

    handle: str
    description: ModelDescription
    sha256: str
    load_us: int
    versions: Mapping[str, str]
    log_lines: tuple[str, ...]
    sent_bytes: int


class LoadedModel:
    """A model resident in a worker. Ends with its connection."""

    def __init__(
        self,
        connection: Connection,
        blobs: BlobStore,
        loading: Loading,
        again: Callable[[Callable[[], None]], Loading],
    ) -> None:
        """`again` loads it once more where the agent let it go, and before that calls what it is given, once the agent
        is there; raises BoardError."""
        self.connection = connection
        self.blobs = blobs
        self.handle = loading.handle
        self.description = loading.description
        self.sha256 = loading.sha256
        """The worker's own digest of the file that it opened."""
        self.load_us = loading.load_us
        self.versions = loading.versions
        self.log_lines = loading.log_lines
        self.sent_bytes = loading.sent_bytes
        """What had to be uploaded; 0 where the agent held the model."""
        self._again = again

    @property
    def url(self) -> str:
        """The board's address."""
        return self.connection.url

    def run(
        self, cases: Iterable[Case], *, window: int = 4, lost: Callable[[Case], None] | None = None
    ) -> Iterator[RoundAnswer]:
        """Run cases over one stream and yield every round's answer, in the order sent.

        `cases` is asked for the next one whenever fewer than `window` are under way, in the caller's thread: a
        generator may still append cases in view of earlier answers. Where a worker or the connection is lost, the
        rounds of the case begin again: answers with a higher `attempt` replace those before. `lost` is told of a case
        whose worker was ended from outside each time: nothing is known of it; without `lost`, WorkerLost is raised.
        Raises BoardError when the agent stays away, or HostError when it refuses a case.
        """
        running = Running(self, window, lost)
        try:
            yield from running.answers(cases)
        finally:
            running.close()

    def load_again(self) -> None:
        """Load the model once more, as the agent let it go. Raises BoardError, also where it is another model now."""
        loading = self._again(self.unload)
        if (loading.description, loading.sha256) != (self.description, self.sha256):
            raise BoardError(
                f"{self.url}: the model describes itself otherwise since it was loaded again",
                next_step=again("see what changed on the board, and call the same command again:"),
            )
        if changed := versions_apart(self.versions, loading.versions):
            raise BoardError(
                f"{self.url}: another board or driver answers since the model was loaded again: {changed}",
                next_step=again("see what changed on the board, and call the same command again:"),
            )
        self.handle = loading.handle

    def unload(self) -> None:
        """Let the model go. What was learned of it doesn't depend on that: a failure is no error, and a model that
        nobody uses goes by itself."""
        try:
            self.connection.call(
                models_pb2_grpc.ModelsStub(self.connection.channel).Unload,
                models_pb2.UnloadRequest(handle=self.handle),
                doing="unloading the model",
                seconds=PARTING_SECONDS,
                again=False,
            )
        except BoardError:
            return
