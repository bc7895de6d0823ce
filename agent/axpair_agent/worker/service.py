"""What the worker does for its agent: take a model, load it, run rounds; one request after the other."""

import contextlib
import faulthandler
import time
import traceback
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence

from axpair_agent.worker.descriptors import LogMarker
from axpair_agent.worker.frames import Buffer, Frame, FrameError, Kind, split
from axpair_agent.worker.modelcache import ModelCache, digest_of
from axpair_agent.worker.rounds import InputFault, check_inputs, probe_input, run_round
from axpair_agent.worker.runtime import OptionError, Runtime, RuntimeFault

SELF_DESTRUCT_SECONDS = 3.0
"""So long after a request's deadline the worker ends by itself, should the agent not have ended it."""

Send = Callable[[Kind, Dict[str, Any], Sequence[Buffer]], None]


class Service:
    """Answers requests with one runtime and at most one model."""

    def __init__(self, runtime: Runtime, cache: Optional[ModelCache], send: Send) -> None:
        self._runtime = runtime
        self._cache = cache
        self._send_frame = send
        self._marker = LogMarker()
        self._description: Dict[str, Any] = {}

    def answer(self, request: Frame) -> None:
        """Do what is asked and send the answers. What the runtime does wrong is an answer too.

        Raises FrameError where the request itself makes no sense.
        """
        header = request.header
        with self._ending_by_itself(header.get("deadline_ms", 0)):
            try:
                if request.kind is Kind.RUN:
                    sizes, before = header["sizes"], header.get("before_sizes", [])
                    given = split(request.payload, [*sizes, *before])
                    self._run(header, given[: len(sizes)], given[len(sizes) :])
                elif request.kind is Kind.LOAD:
                    self._load(header)
                elif request.kind is Kind.PUT:
                    self._put(header, bytes(request.payload))
                elif request.kind is Kind.HAVE:
                    self._have(header)
                else:
                    raise FrameError(f"no request: {request.kind.name}")
            except (KeyError, TypeError) as error:
                raise FrameError(f"request {request.kind.name} lacks something: {error!r}") from error

    def _have(self, header: Dict[str, Any]) -> None:
        path = self._cache.holds(header["sha256"]) if self._cache else None
        self._send(Kind.HELD, header, {"held": path is not None})

    def _put(self, header: Dict[str, Any], data: bytes) -> None:
        if self._cache is None:
            raise FrameError("this worker takes models by path only")
        try:
            path = self._cache.put(header["sha256"], header["offset"], data, header["size"])
        except (OSError, ValueError) as error:
            self._fault(header, 0, "ERROR", f"the model could not be stored on the board: {error}")
        else:
            self._send(Kind.HELD, header, {"held": path is not None})

    def _load(self, header: Dict[str, Any]) -> None:
        def load() -> Dict[str, Any]:
            path = Path(header["path"]) if "path" in header else self._held(header["sha256"])
            started = time.perf_counter()
            self._description = self._runtime.load(str(path))
            load_us = int((time.perf_counter() - started) * 1e6)
            return {"description": self._description, "sha256": digest_of(path), "load_us": load_us}

        loaded = self._guarded(header, 0, load)
        if loaded is not None:
            self._send(Kind.LOADED, header, {**loaded, "versions": self._runtime.versions()})

    def _held(self, sha256: str) -> Path:
        path = self._cache.holds(sha256) if self._cache else None
        if path is None:
            raise RuntimeFault(f"the model {sha256} is no longer in the board's cache")
        return path

    def _run(self, header: Dict[str, Any], inputs: List[bytes], before: List[bytes]) -> None:
        kinds = header["rounds"]
        for number, kind in enumerate(kinds):
            given = before if kind == "before" else inputs
            if kind == "probe":
                dtypes = [tensor["dtype"] for tensor in self._description["inputs"]]
                given = [probe_input(data, dtype) for data, dtype in zip(inputs, dtypes)]

            def run(given: List[bytes] = given) -> Any:
                check_inputs(self._description, given)
                return run_round(self._runtime, self._description, given)

            done = self._guarded(header, number, run)
            if done is None:
                return
            self._send(Kind.ROUND, header, {"round": number, **done.header}, done.outputs)

    def _guarded(self, header: Dict[str, Any], number: int, work: Callable[[], Any]) -> Any:
        """What `work` returns, or None after a fault was sent for it."""
        try:
            return work()
        except InputFault as fault:
            self._fault(header, number, "INPUT", str(fault))
        except OptionError as error:
            self._fault(header, number, "OPTION", str(error))
        except RuntimeFault as fault:
            self._fault(header, number, "ERROR", fault.message, fault.code)
        except Exception as error:
            traceback.print_exc()
            self._fault(header, number, "ERROR", f"{self._runtime.name}: {type(error).__name__}: {error}")
        return None

    def _fault(self, header: Dict[str, Any], number: int, kind: str, message: str, code: int = 0) -> None:
        self._send(Kind.FAULT, header, {"round": number, "kind": kind, "message": message, "code": code})

    def _send(self, kind: Kind, asked: Dict[str, Any], header: Dict[str, Any], payload: Sequence[Buffer] = ()) -> None:
        nonce = f"{asked['nonce']}-{header.get('round', 0)}"
        self._marker.mark(nonce)
        self._send_frame(kind, {"nonce": nonce, **header}, payload)

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
