"""Frames to live workers, one in ten after a valid LOAD: each is answered, or its worker ends in order."""

import contextlib
import os
import random
import select
import signal
import struct
import subprocess
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from benchmarks.hostile.attack import Setting, Tally
from benchmarks.hostile.support.frame_mutants import HELLO, LOAD, LOADED, mutant, requests, valid

RUNTIME = "benchmarks.hostile.support.babbling_runtime:Small"
THREADS = 2
SECONDS = 20.0
"""Within which a worker must answer or end, on a busy machine."""
WORKER_MIB = 200
PREFIX = 32


def attack(setting: Setting, tally: Tally, count: int, variables: Mapping[str, str]) -> None:
    """One frame to each of so many workers."""
    lock = threading.Lock()
    model = setting.folder / "model"
    model.write_bytes(b"model")
    numbers = iter(range(count))

    def work() -> None:
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            problem, what, mib = _one(setting, number, model, variables)
            with lock:
                tally.count(f"worker {what}")
                tally.count("worker frames")
                tally.highest("worker MiB", mib)
                tally.check(not problem, f"a worker: {problem}")

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _one(setting: Setting, number: int, model: Path, variables: Mapping[str, str]) -> tuple[str, str, float]:
    """What is wrong, or ""; what came; how much memory the worker took at most."""
    rng = random.Random(setting.seed * 1_000_003 + number)
    folder = setting.folder / f"worker-{number}"
    cache = [f"--cache={folder}"] if number % 2 else []
    errors = folder.with_suffix(".log")
    with errors.open("wb") as said:
        process = subprocess.Popen(
            [setting.python, "-m", "axpair_agent.worker", f"--runtime={RUNTIME}", *cache],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            bufsize=0,
            env=dict(variables),
            start_new_session=True,
        )
    assert process.stdin is not None
    assert process.stdout is not None
    raw = b""
    try:
        protocol, kind = _next(process)
        assert kind == HELLO, f"no HELLO but {kind}"
        if number % 10 == 0:
            load = next(frame for frame in requests(str(model)) if frame.kind == LOAD)
            process.stdin.write(valid(protocol, load))
            assert _next(process)[1] == LOADED
        raw = mutant(rng, protocol, requests(str(model)))
        # Writing may fail halfway: a worker that ends at the prefix doesn't read the rest.
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(raw)
        answered = _whole(raw) and _next(process)[1] != 0
        what = "answered" if answered else "ended"
        if answered or not _whole(raw):
            process.stdin.close()
        status, mib = _ended(process)
        problem = _out_of_order(status, errors.read_text(errors="replace"))
    except (AssertionError, TimeoutError, OSError) as error:
        problem, what, mib = f"{type(error).__name__}: {error}", "silent", 0.0
    finally:
        _kill(process)
        for stream in (process.stdin, process.stdout):
            stream.close()
    errors.unlink()
    return (f"{problem}, for {raw[:300]!r}" if problem else ""), what, mib


def _next(process: "subprocess.Popen[bytes]") -> tuple[int, int]:
    """Protocol and kind of the next frame; zeros at the end. Raises TimeoutError."""
    prefix = _exactly(process, PREFIX)
    if len(prefix) < PREFIX:
        return 0, 0
    _, protocol, kind, _, header_bytes, payload_bytes = struct.unpack_from("<4sBBHIQ", prefix)
    _exactly(process, header_bytes + payload_bytes)
    return protocol, kind


def _exactly(process: "subprocess.Popen[bytes]", size: int) -> bytes:
    assert process.stdout is not None
    data = b""
    until = time.monotonic() + SECONDS
    while len(data) < size:
        if not select.select([process.stdout], [], [], max(0.0, until - time.monotonic()))[0]:
            raise TimeoutError(f"neither an answer nor an end within {SECONDS:g} s")
        piece = os.read(process.stdout.fileno(), size - len(data))
        if not piece:
            break
        data += piece
    return data


def _whole(raw: bytes) -> bool:
    """Whether a worker can tell that nothing is to come: a whole frame, or no frame."""
    if len(raw) < PREFIX:
        return False
    _magic, _, _, _, header_bytes, payload_bytes = struct.unpack_from("<4sBBHIQ", raw)
    return bool(len(raw) >= PREFIX + header_bytes + payload_bytes)


def _ended(process: "subprocess.Popen[bytes]") -> tuple[int, float]:
    """Exit status and MiB of a worker. Raises TimeoutError where it doesn't end."""
    descriptor = os.pidfd_open(process.pid)
    try:
        if not select.select([descriptor], [], [], SECONDS)[0]:
            raise TimeoutError(f"didn't end within {SECONDS:g} s")
    finally:
        os.close(descriptor)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, usage.ru_maxrss / 1024


def _out_of_order(status: int, said: str) -> str:
    """What is wrong with a worker's end, or "": 0 without a word, or 1 with one line that says why."""
    lines = [line for line in said.split("\n") if line.strip() and not line.startswith("\x1eaxpair ")]
    if status == 0 and not lines:
        return ""
    if status == 1 and len(lines) == 1 and lines[0].startswith("axpair-worker: "):
        return ""
    return f"ended with {status} and said {lines[-3:]}"


def _kill(process: "subprocess.Popen[bytes]") -> None:
    if process.returncode is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
