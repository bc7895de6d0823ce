"""Healthy calls in which nothing is sent for minutes live; a host that is stopped is noticed."""

import contextlib
import os
import queue
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import grpc
from axpair_proto.v1 import diagnostics_pb2, runs_pb2

from benchmarks.hostile.attack import Setting, Tally
from benchmarks.hostile.support.caller import FIND, RUN, Caller
from benchmarks.hostile.support.served import TOY, Served, served

USUAL = 370
"""Seconds of silence."""
SHORT = 2

NOTICED_SECONDS = 60.0
"""A host that answers no ping is gone within that time, and its model with it."""
COLLECT = "/axpair.v1.Diagnostics/Collect"
PINGS: dict[str, Sequence[tuple[str, int]]] = {
    "a host's own pings": (("grpc.keepalive_time_ms", 20_000), ("grpc.keepalive_timeout_ms", 20_000)),
    "pings without calls": (("grpc.keepalive_time_ms", 10_000), ("grpc.keepalive_permit_without_calls", 1)),
    "no pings": (),
}


def attack(setting: Setting, tally: Tally) -> None:
    """Keep streams open for `count` seconds in silence, then use them again; at length stop a host as well."""
    with served(setting, "agent", runtime=TOY) as agent, contextlib.ExitStack() as held:
        streams = {what: held.enter_context(_stream(agent, options)) for what, options in PINGS.items()}
        unused = Caller(agent)
        held.callback(unused.close)
        tally.check(unused.outcome(FIND) != "UNAVAILABLE", "a connection without calls didn't come up")
        for what, stream in streams.items():
            tally.check(stream.runs(), f"{what}: the first case didn't run")
        until = time.monotonic() + setting.count
        if setting.count >= NOTICED_SECONDS:
            seconds = _stopped(agent)
            tally.figures["stopped host noticed s"] = seconds
            tally.check(seconds <= NOTICED_SECONDS, f"a stopped host's model is still there after {seconds:.0f} s")
        time.sleep(max(0.0, until - time.monotonic()))
        for what, stream in streams.items():
            tally.check(stream.runs(), f"{what}: the stream ended in {setting.count} s of silence")
        ended = unused.outcome(COLLECT, diagnostics_pb2.CollectRequest())
        tally.check(ended == "OK", f"a connection without calls, after {setting.count} s: {ended}")
        tally.figures["silent s"] = setting.count


class _Stream:
    """A Run stream with a model, on a connection with options of its own."""

    def __init__(self, caller: Caller, channel: grpc.Channel) -> None:
        self._feed: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._request = runs_pb2.RunRequest(
            handle=caller.load(), case_id="silent", inputs=[runs_pb2.RunInput(name="in", inline=bytes(1000))]
        )
        opened: Any = channel.stream_stream(RUN)
        self._replies = opened(iter(self._feed.get, None), metadata=caller.agent.metadata)

    def runs(self) -> bool:
        """Whether a case runs through it."""
        self._feed.put(self._request.SerializeToString())
        try:
            return not runs_pb2.RunReply.FromString(next(self._replies)).outcome.HasField("failure")
        except grpc.RpcError:
            return False

    def end(self) -> None:
        """Close it."""
        self._feed.put(None)


@contextlib.contextmanager
def _stream(agent: Served, options: Sequence[tuple[str, int]]) -> Iterator[_Stream]:
    caller = Caller(agent)
    unshared = [*options, ("grpc.use_local_subchannel_pool", 1), ("grpc.http2.max_pings_without_data", 0)]
    with grpc.insecure_channel(f"127.0.0.1:{agent.port}", options=unshared) as channel:
        stream = _Stream(caller, channel)
        try:
            yield stream
        finally:
            stream.end()
            caller.close()


def _stopped(agent: Served) -> float:
    """Stop a host amid its stream; seconds until the agent let its model go."""
    before = _models(agent)
    host = subprocess.Popen(
        [sys.executable, "-c", f"from {__name__} import hold; hold({agent.port})"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    assert host.stdout is not None
    try:
        if host.stdout.readline() != b"ready\n" or _models(agent) != before + 1:
            raise RuntimeError("the host that is to be stopped didn't come up")
        os.kill(host.pid, signal.SIGSTOP)
        started = time.monotonic()
        while _models(agent) > before and time.monotonic() - started < 2 * NOTICED_SECONDS:
            time.sleep(0.5)
        return time.monotonic() - started
    finally:
        host.kill()
        host.wait()
        host.stdout.close()


def hold(port: int) -> None:
    """In a process of its own: hold a stream with a model until the process ends."""
    agent = Served(subprocess.Popen(["true"]), port, Path())
    with _stream(agent, ()) as stream:
        stream.runs()
        print("ready", flush=True)
        signal.pause()


def _models(agent: Served) -> int:
    caller = Caller(agent)
    try:
        (data,) = caller.replies(COLLECT, diagnostics_pb2.CollectRequest())
        return len(diagnostics_pb2.CollectReply.FromString(data).workers)
    finally:
        caller.close()
