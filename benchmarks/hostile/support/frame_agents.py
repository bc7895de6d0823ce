"""Frames through a live agent: its workers are taken over by a runtime that babbles."""

import contextlib
import hashlib
import itertools
import json
import random
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import grpc
from axpair_proto.reasons import METADATA_KEY, TOKEN_KEY
from axpair_proto.v1 import blobs_pb2, blobs_pb2_grpc, models_pb2, models_pb2_grpc, runs_pb2, runs_pb2_grpc
from axpair_proto.v1.failures_pb2 import RuntimeFailure

from benchmarks.hostile.attack import Setting, Tally, resident_bytes
from benchmarks.hostile.support.frame_mutants import INPUT_BYTES

RUNTIME = "benchmarks.hostile.support.babbling_runtime:Babbler"
MODEL = b"a model of which nobody reads a byte"
THREADS = 3
REPEAT = 20
DEADLINE_MS = 3000
SECONDS = 300.0
AGENT_MIB = 400
CALM_EVERY = 10
"""So many cases pass until one must be answered rightly."""


@dataclass
class _Agent:
    channel: grpc.Channel
    metadata: tuple[tuple[str, str], ...]
    plan: Path
    sha256: str
    starts: threading.Lock = field(default_factory=threading.Lock)
    """Held while workers start wrongly, and where they must not."""


def attack(setting: Setting, tally: Tally, frames: int, variables: Mapping[str, str]) -> None:
    """Until so many frames were sent."""
    sent = setting.folder / "sent"
    sent.touch()
    tally_lock = threading.Lock()
    errors = (setting.folder / "agent.log").open("w")
    plan = setting.folder / "plan.json"
    _planned(plan)
    process = subprocess.Popen(
        [
            *(setting.python, "-m", "axpair_agent", "serve", "--owned", "--listen=127.0.0.1:0"),
            *(f"--blobs={setting.folder / 'blobs'}", f"--runtime={RUNTIME}"),
            *(f"--option=plan={plan}", f"--option=sent={sent}"),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        env=dict(variables),
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        report = json.loads(process.stdout.readline())
        with grpc.insecure_channel(f"127.0.0.1:{report['port']}") as channel:
            metadata = ((TOKEN_KEY, f"Bearer {report['token']}"),)
            agent = _Agent(channel, metadata, plan, _upload(channel, metadata))
            numbers = itertools.count(setting.seed * 1_000_003)

            def enough() -> bool:
                return sent.stat().st_size >= frames

            def work(first: bool) -> None:
                while not enough():
                    for problem, what in _session(agent, random.Random(next(numbers)), first, enough):
                        with tally_lock:
                            tally.count(what)
                            tally.highest("agent MiB", resident_bytes(process.pid) / 2**20)
                            tally.check(not problem, f"through the agent: {problem}")

            threads = [threading.Thread(target=work, args=(number == 0,)) for number in range(THREADS)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        tally.check(process.poll() is None, f"the agent ended with {process.returncode}")
        process.stdin.close()
        tally.check(process.wait(60) == 0, f"the agent ended with {process.returncode}")
    finally:
        process.kill()
        process.wait()
        errors.close()
    tally.count("agent frames", sent.stat().st_size)
    tally.check(float(str(tally.figures["agent MiB"])) < AGENT_MIB, f"the agent took {tally.figures['agent MiB']} MiB")
    traces = Path(errors.name).read_text(errors="replace").count("Traceback")
    tally.check(not traces, f"{traces} tracebacks in the agent's log: {Path(errors.name).read_text()[-600:]}")


def _session(agent: _Agent, rng: random.Random, plans: bool, enough: Callable[[], bool]) -> Iterator[tuple[str, str]]:
    """One model from its loading on: what is wrong, or "", and what came; one thread `plans` all workers' starts."""
    if plans and rng.random() < 0.5:
        with agent.starts:
            _planned(agent.plan, hello=rng.choice((0, rng.getrandbits(60))), load=rng.choice((0, rng.getrandbits(60))))
            handle, problem, what = _loaded(agent)
            _planned(agent.plan)
        yield problem, what
        _unload(agent, handle)
    handle, problem, what = _loaded(agent)
    yield problem, what
    if not handle:
        return
    for number in range(CALM_EVERY):
        problem, what = _ran(agent, handle, rng.getrandbits(63))
        yield problem, what
        if problem:
            # A stream that broke takes its model with it.
            return
        if number == CALM_EVERY - 1 or enough():
            with agent.starts:
                problem, what = _ran(agent, handle, 0)
            yield problem or ("" if what == "rounds" else f"a calm case after it: {what}"), f"calm {what}"
            break
    _unload(agent, handle)


def _unload(agent: _Agent, handle: str) -> None:
    with contextlib.suppress(grpc.RpcError):
        models_pb2_grpc.ModelsStub(agent.channel).Unload(
            models_pb2.UnloadRequest(handle=handle), metadata=agent.metadata, timeout=SECONDS
        )


def _loaded(agent: _Agent) -> tuple[str, str, str]:
    """Handle, what is wrong, what came."""
    stub = models_pb2_grpc.ModelsStub(agent.channel)
    request = models_pb2.LoadRequest(sha256=agent.sha256, deadline_ms=DEADLINE_MS)
    try:
        reply = stub.Load(request, metadata=agent.metadata, timeout=SECONDS)
    except grpc.RpcError as error:
        return "", *_status(error, ("WORKER_START", "OPTION"))
    if reply.WhichOneof("outcome") == "model":
        return reply.model.handle, "", "loaded"
    return "", *_failure(reply.failure)


def _ran(agent: _Agent, handle: str, seed: int) -> tuple[str, str]:
    """What is wrong, what came of one case of many rounds."""
    request = runs_pb2.RunRequest(handle=handle, case_id="case", repeat=REPEAT, deadline_ms=DEADLINE_MS)
    request.inputs.add(name="in", inline=seed.to_bytes(INPUT_BYTES, "little"))
    last = None
    try:
        for reply in runs_pb2_grpc.RunsStub(agent.channel).Run(
            iter([request]), metadata=agent.metadata, timeout=SECONDS
        ):
            last = reply
    except grpc.RpcError as error:
        return _status(error, ("WORKER_START",))
    if last is None:
        return "a case without an outcome", "nothing"
    return _failure(last.outcome.failure) if last.outcome.HasField("failure") else ("", "rounds")


def _failure(failure: RuntimeFailure) -> tuple[str, str]:
    name = RuntimeFailure.Kind.Name(failure.kind)
    if failure.kind == RuntimeFailure.GARBAGE and "found: " not in failure.message:
        return f"GARBAGE that doesn't say what: {failure.message}", name
    return "", name


def _status(error: grpc.RpcError, fine: tuple[str, ...]) -> tuple[str, str]:
    assert isinstance(error, grpc.Call)
    reason = str(dict(error.trailing_metadata() or ()).get(METADATA_KEY, ""))
    if reason in fine:
        return "", reason
    return f"status {error.code().name} {reason}: {str(error.details())[:200]}", f"status {error.code().name}"


def _upload(channel: grpc.Channel, metadata: tuple[tuple[str, str], ...]) -> str:
    digest = hashlib.sha256(MODEL).hexdigest()
    parts = [
        blobs_pb2.UploadRequest(start=blobs_pb2.UploadStart(sha256=digest, size_bytes=len(MODEL))),
        blobs_pb2.UploadRequest(data=MODEL),
    ]
    blobs_pb2_grpc.BlobsStub(channel).Upload(iter(parts), metadata=metadata, timeout=SECONDS)
    return digest


def _planned(path: Path, hello: int = 0, load: int = 0) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps({"hello": hello, "load": load}))
    fresh.replace(path)
