"""All loaded models of an agent, one worker each, and the worker that waits for the next one."""

import contextlib
import logging
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from axpair_proto.reasons import Reason

from axpair_agent.answers import Hello
from axpair_agent.blobs import BlobStore
from axpair_agent.conversation import Conversation, begin
from axpair_agent.errors import CallError
from axpair_agent.launch import Launcher, WorkerProcess
from axpair_agent.loading import Loaded, LoadRefused
from axpair_agent.resident import ResidentModel

MAX_MODELS = 8
IDLE_SECONDS = 900.0
"""A model that no stream has used for so long is let go: its host is gone without a word."""

log = logging.getLogger(__name__)


@dataclass
class _Entry:
    model: ResidentModel
    streams: int = 0
    idle_since: float = 0.0


class Supervisor:
    """Starts, keeps and ends workers. Safe for many threads."""

    def __init__(self, launcher: Launcher, blobs: BlobStore, max_models: int = MAX_MODELS) -> None:
        self.launcher = launcher
        self._blobs = blobs
        self._max_models = max_models
        self._lock = threading.Lock()
        self._starting = threading.Lock()
        self._entries: dict[str, _Entry] = {}
        self._hello: Hello | None = None
        self._spare: Conversation | None = None
        self._spare_since = 0.0
        self._starts: set[WorkerProcess] = set()
        """Processes that aren't workers yet."""
        self._closing = threading.Event()
        threading.Thread(target=self._sweep, name="idle-models", daemon=True).start()

    def hello(self) -> Hello:
        """What workers say of themselves. The first call starts one, which then waits for a model.

        Raises CallError WORKER_START, HOST_KEY or ENDING.
        """
        if self._hello is not None:
            return self._hello
        with self._ending_told(), self._starting:
            if self._hello is None:
                self._spare = self._start_new()
                self._spare_since = time.monotonic()
            assert self._hello is not None
            return self._hello

    def load(
        self, sha256: str, seconds: float, runtime: str = "", options: Mapping[str, str] | None = None
    ) -> tuple[ResidentModel, Loaded]:
        """Load a blob into a worker of its own, of another runtime than ours where one is named.

        Raises LoadRefused, and CallError as `Models.Load` says.
        """
        handle = secrets.token_hex(8)
        start = partial(self._begin, runtime, options or {}) if runtime else self._take_worker
        model = ResidentModel(handle, sha256, start, self._blobs, self.launcher.shares_files)
        with self._lock:
            if len(self._entries) >= self._max_models:
                raise CallError(
                    Reason.WORKERS,
                    f"{self._max_models} models are loaded already, the most that this agent takes",
                    next_step="unload one, or end the host that holds it",
                )
            # Counted as in use until it is loaded, so that it isn't swept away.
            self._entries[handle] = _Entry(model, streams=1)
        try:
            with self._ending_told():
                loaded = model.load(seconds)
        except LoadRefused as refused:
            refused.workers_lost = model.take_lost()
            self.unload(handle)
            raise
        except BaseException:
            self.unload(handle)
            raise
        self._release(handle)
        return model, loaded

    def unload(self, handle: str) -> None:
        """Let a model go after its present case; unknown handles are fine."""
        with self._lock:
            entry = self._entries.pop(handle, None)
        if entry is not None:
            entry.model.close()

    @contextlib.contextmanager
    def borrowed(self, handle: str) -> Iterator[ResidentModel]:
        """The model, for one stream. Raises CallError HANDLE.

        Where the block is left by an exception other than CallError, the host is gone: the model is let go, unless
        another stream uses it too.
        """
        with self._lock:
            entry = self._entries.get(handle)
            if entry is None:
                raise CallError(Reason.HANDLE, f"no model {handle!r} is loaded", next_step="load it again")
            entry.streams += 1
        try:
            yield entry.model
        except CallError:
            self._release(handle)
            raise
        except BaseException:
            if self._release(handle) == 0:
                log.info("model %s: its host is gone", handle)
                self.unload(handle)
            raise
        else:
            self._release(handle)

    def models(self) -> list[ResidentModel]:
        """All loaded models."""
        with self._lock:
            return [entry.model for entry in self._entries.values()]

    def close(self) -> None:
        """End all workers: idle ones close their models first, all others are killed. Then end connections."""
        self._closing.set()
        models = self.models()
        with self._lock:
            starts = list(self._starts)
        for process in starts:
            process.kill()
        busy = [entry.model for entry in list(self._entries.values()) if entry.streams]
        for model in busy:
            model.kill()
        for model in models:
            self.unload(model.handle)
        with self._starting:
            spare, self._spare = self._spare, None
        if spare is not None:
            spare.close()
        self.launcher.close()

    @contextlib.contextmanager
    def _ending_told(self) -> Iterator[None]:
        """What fails within because the agent is ending says nothing of worker or model. Raises CallError ENDING."""
        try:
            yield
        except (CallError, LoadRefused) as error:
            if self._closing.is_set():
                raise CallError(Reason.ENDING, "the agent is ending") from error
            raise

    def _release(self, handle: str) -> int:
        with self._lock:
            entry = self._entries.get(handle)
            if entry is None:
                return 0
            entry.streams -= 1
            entry.idle_since = time.monotonic()
            return entry.streams

    def _take_worker(self) -> Conversation:
        with self._starting:
            spare, self._spare = self._spare, None
        # Not within the lock: a worker that is slow to start, or never does, is its caller's alone.
        if spare is not None:
            if not (end := spare.end()):
                return spare
            log.warning("a worker that waited for a model is lost: %s", end)
            spare.close()
        worker = self._start_new()
        worker.lost_before += spare is not None
        return worker

    def _start_new(self) -> Conversation:
        worker = self._begin()
        self._hello = worker.hello
        return worker

    def _begin(self, runtime: str = "", options: Mapping[str, str] | None = None) -> Conversation:
        started: list[WorkerProcess] = []

        def start() -> WorkerProcess:
            if self._closing.is_set():
                raise CallError(Reason.ENDING, "the agent is ending")
            process = self.launcher.start(runtime, options)
            started.append(process)
            with self._lock:
                self._starts.add(process)
            if self._closing.is_set():
                process.kill()
            return process

        try:
            return begin(start)
        finally:
            with self._lock:
                self._starts.difference_update(started)

    def _sweep(self) -> None:
        while not self._closing.wait(IDLE_SECONDS / 10):
            latest = time.monotonic() - IDLE_SECONDS
            with self._lock:
                idle = [
                    handle for handle, entry in self._entries.items() if not entry.streams and entry.idle_since < latest
                ]
            for handle in idle:
                log.info("model %s: unused for %g s, let go", handle, IDLE_SECONDS)
                self.unload(handle)
            with self._starting:
                if self._spare is not None and self._spare_since < latest:
                    self._spare.close()
                    self._spare = None
