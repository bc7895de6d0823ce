"""What the worker does for its agent: take a model, load it, run rounds; one request after the other."""

import contextlib
import faulthandler
import json
import time
import traceback
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence

from axpair_agent.worker.descriptors import LogMarker
from axpair_agent.worker.frames import Buffer, Frame, FrameError, Kind
from axpair_agent.worker.modelcache import ModelCache, digest_of
from axpair_agent.worker.requests import Have, Load, Put, Run, read_request
from axpair_agent.worker.rounds import InputFault, check_inputs, probe_input, run_round
from axpair_agent.worker.runtime import EndedFromOutside, OptionError, Runtime, RuntimeFault
from axpair_agent.worker.texts import text, texts

SELF_DESTRUCT_SECONDS = 3.0
"""So long after a request's deadline the worker ends by itself, should the agent not have ended it."""

MAX_CODE = 1 << 63

Send = Callable[[Kind, Dict[str, Any], Sequence[Buffer]], None]


class Service:
    """Answers requests with one runtime and at most one model."""

    def __init__(self, runtime: Runtime, cache: Optional[ModelCache], send: Send) -> None:
        self._runtime = runtime
        self._cache = cache
        self._send_frame = send
        self._marker = LogMarker()
        self._loaded = False
        self._description: Dict[str, Any] = {}

    def answer(self, request: Frame) -> None:
        """Do what is asked and send the answers. What the runtime does wrong is an answer too.

        Raises FrameError where the request itself makes no sense.
        """
        nonce, deadline_ms, what = read_request(request)
        with self._ending_by_itself(deadline_ms):
            if isinstance(what, Run):
                self._run(nonce, what)
            elif isinstance(what, Load):
                self._load(nonce, what)
            elif isinstance(what, Put):
                self._put(nonce, what)
            else:
                self._have(nonce, what)

    def _have(self, nonce: str, have: Have) -> None:
        path = self._cache.holds(have.sha256) if self._cache else None
        self._send(Kind.HELD, nonce, {"held": path is not None})

    def _put(self, nonce: str, put: Put) -> None:
        if self._cache is None:
            raise FrameError("this worker takes models by path only")
        try:
            path = self._cache.put(put.sha256, put.offset, put.data, put.size)
        except (OSError, ValueError) as error:
            self._fault(nonce, 0, "ERROR", f"the model could not be stored on the board: {error}")
        else:
            self._send(Kind.HELD, nonce, {"held": path is not None})

    def _load(self, nonce: str, asked: Load) -> None:
        if self._loaded:
            raise FrameError("a second LOAD: a worker takes one model")
        self._loaded = True

        def load() -> Dict[str, Any]:
            path = Path(asked.path) if asked.path else self._held(asked.sha256)
            started = time.perf_counter()
            description = self._runtime.load(str(path))
            load_us = int((time.perf_counter() - started) * 1e6)
            versions = texts(self._runtime.versions())
            # What is no JSON is the runtime's fault, and said so.
            json.dumps(description)
            self._description = description
            return {"description": description, "sha256": _digest(path), "load_us": load_us, "versions": versions}

        loaded = self._guarded(nonce, 0, load)
        if loaded is not None:
            self._send(Kind.LOADED, nonce, loaded)

    def _held(self, sha256: str) -> Path:
        path = self._cache.holds(sha256) if self._cache else None
        if path is None:
            raise RuntimeFault(f"the model {sha256} is no longer in the board's cache")
        return path

    def _run(self, nonce: str, asked: Run) -> None:
        if not self._description:
            raise FrameError("RUN though no model is loaded")
        for number, kind in enumerate(asked.rounds):
            given = asked.before if kind == "before" else asked.inputs
            if kind == "probe":
                dtypes = [tensor["dtype"] for tensor in self._description["inputs"]]
                given = [probe_input(data, dtype) for data, dtype in zip(given, dtypes)]

            def run(given: List[bytes] = given) -> Any:
                check_inputs(self._description, given)
                return run_round(self._runtime, self._description, given)

            done = self._guarded(nonce, number, run)
            if done is None:
                return
            self._send(Kind.ROUND, nonce, {"round": number, **done.header}, done.outputs)

    def _guarded(self, nonce: str, number: int, work: Callable[[], Any]) -> Any:
        """What `work` returns, or None after a fault was sent for it."""
        try:
            return work()
        except InputFault as fault:
            self._fault(nonce, number, "INPUT", str(fault))
        except OptionError as error:
            self._fault(nonce, number, "OPTION", str(error))
        except EndedFromOutside as fault:
            self._fault(nonce, number, "LOST", fault.message, fault.code)
        except RuntimeFault as fault:
            self._fault(nonce, number, "ERROR", fault.message, fault.code)
        except Exception as error:
            traceback.print_exc()
            self._fault(nonce, number, "ERROR", f"{self._runtime.name}: {type(error).__name__}: {error}")
        return None

    def _fault(self, nonce: str, number: int, kind: str, message: object, code: object = 0) -> None:
        known = code if isinstance(code, int) and -MAX_CODE <= code < MAX_CODE else 0
        self._send(Kind.FAULT, nonce, {"round": number, "kind": kind, "message": text(message), "code": int(known)})

    def _send(self, kind: Kind, nonce: str, header: Dict[str, Any], payload: Sequence[Buffer] = ()) -> None:
        answer = f"{nonce}-{header.get('round', 0)}"
        self._marker.mark(answer)
        self._send_frame(kind, {"nonce": answer, **header}, payload)

    @contextlib.contextmanager
    def _ending_by_itself(self, deadline_ms: int) -> Iterator[None]:
        """faulthandler's timer needs no Python thread: it also ends a worker whose library never lets go."""
        if deadline_ms <= 0:
            yield
            return
        faulthandler.dump_traceback_later(deadline_ms / 1000 + SELF_DESTRUCT_SECONDS, exit=True)
        try:
            yield
        finally:
            faulthandler.cancel_dump_traceback_later()


def _digest(path: Path) -> str:
    try:
        return digest_of(path)
    except (OSError, ValueError) as error:
        raise RuntimeFault(f"the model can't be read: {error}") from error
