"""The worker's process: `python -m axpair_agent.worker --runtime NAME --option key=value ...`."""

import argparse
import faulthandler
import io
import os
import platform
import queue
import signal
import sys
import threading
import traceback
from pathlib import Path
from typing import Any, Dict, Optional, Sequence, Union

from axpair_proto.keeper import keep

from axpair_agent.worker import WORKER_PROTOCOL
from axpair_agent.worker.board import read_board
from axpair_agent.worker.descriptors import reader, take_frame_streams, write_all
from axpair_agent.worker.finding import NoRuntime, find
from axpair_agent.worker.frames import Buffer, EndOfFrames, Frame, FrameError, Kind, pack, read
from axpair_agent.worker.modelcache import ModelCache
from axpair_agent.worker.service import Service
from axpair_agent.worker.texts import text, texts

CLOSING_SECONDS = 2.0
"""How long an idle worker may take to let its model go once its agent is gone."""


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Serve one agent until it closes our stdin; 0 after a clean end, 1 after nonsense, 3 without a runtime."""
    parser = argparse.ArgumentParser(prog="axpair-worker", description="Runs models for an axpair agent.")
    parser.add_argument("--runtime", default="", help="entry point of axpair.runtimes, or module:Class")
    parser.add_argument("--option", action="append", default=[], help="key=value, handed to the runtime")
    parser.add_argument("--cache", type=Path, help="folder for models that come over the wire")
    parser.add_argument("--board", action="store_true", help="print the board's node files as JSON and end")
    parser.add_argument("--command", action="store_true", help="run one program as stdin says, and end")
    parsed = parser.parse_args(arguments)
    if parsed.board:
        import json

        print(json.dumps(read_board()._asdict()))
        return 0
    # Before there is a second thread, and anything of the runtime's.
    keep(CLOSING_SECONDS)
    if parsed.command:
        from axpair_agent.worker.command import answer

        return answer(sys.stdin.buffer, sys.stdout.buffer)
    options = dict(option.partition("=")[::2] for option in parsed.option)
    return _serve(parsed.runtime, options, ModelCache(parsed.cache) if parsed.cache else None)


def _serve(name: str, options: Dict[str, str], cache: Optional[ModelCache]) -> int:
    _lead_own_group()
    streams = take_frame_streams()
    # Of this thread alone: walking those that run may crash once more, and the signal would be another.
    faulthandler.enable(all_threads=False)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)
    requests: queue.Queue[Union[Frame, Exception]] = queue.Queue()
    threading.Thread(target=_receive, args=(streams.requests, requests), daemon=True).start()

    def send(kind: Kind, header: Dict[str, Any], payload: Sequence[Buffer] = ()) -> None:
        write_all(streams.answers, pack(kind, header, payload))

    try:
        runtime = find(name, options)
    except NoRuntime as error:
        send(Kind.NO_RUNTIME, {"message": text(error), "bad_option": error.bad_option})
        return 3
    try:
        send(Kind.HELLO, _hello(runtime.name, runtime.versions()))
        service = Service(runtime, cache, send)
        while True:
            request = requests.get()
            if isinstance(request, EndOfFrames):
                return 0
            if isinstance(request, Exception):
                return 1
            if request.kind is Kind.CLOSE:
                return 0
            service.answer(request)
    except (FrameError, OSError) as error:
        print(f"axpair-worker: {error}", file=sys.stderr)
        return 1
    finally:
        if cache is not None:
            cache.discard()
        try:
            runtime.close()
        except Exception:
            traceback.print_exc()


def _hello(name: str, versions: Dict[str, str]) -> Dict[str, Any]:
    return {
        "protocol": WORKER_PROTOCOL,
        "runtime": text(name),
        "versions": texts({"python": platform.python_version(), **versions}),
        "pid": os.getpid(),
    }


def _receive(descriptor: int, requests: "queue.Queue[Union[Frame, Exception]]") -> None:
    """Read requests; once the agent is gone or sends nonsense, end the process whatever the runtime is doing."""
    readinto = reader(descriptor)
    try:
        while True:
            requests.put(read(readinto))
    except EndOfFrames as end:
        requests.put(end)
    except Exception as error:
        # Whatever it is: without this thread nobody would notice the agent's end.
        print(f"axpair-worker: {error or type(error).__name__}", file=sys.stderr, flush=True)
        requests.put(error)
    # The main thread ends the process as soon as it is idle; this thread dies with it.
    threading.Event().wait(CLOSING_SECONDS)
    _end_group()
    os._exit(1)


def _lead_own_group() -> None:
    """Become the leader of a process group, so that a runtime's child processes can be ended with us."""
    try:
        if os.getpgrp() != os.getpid():
            os.setpgid(0, 0)
    except (AttributeError, OSError):
        pass


def _end_group() -> None:
    try:
        if os.getpgrp() == os.getpid():
            os.killpg(os.getpid(), signal.SIGKILL)
    except (AttributeError, OSError):
        pass


if __name__ == "__main__":
    sys.exit(main())
