"""A runtime for tests: each output byte is an input byte XOR 0x5a; a model file says its sizes and misdeeds.

The model is JSON: {"inputs": [[name, dtype, count], ...], "output_bytes": [...], "tools_version": ""}. An input's
first byte may ask for a misdeed, as a board's fault would come with some inputs only.
"""

from __future__ import annotations

import ctypes
import faulthandler
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from axpair_agent.worker.descriptors import write_all
from axpair_agent.worker.frames import Kind, pack
from axpair_agent.worker.runtime import OptionError, RuntimeFault

SLOTS = 3
ITEM_BYTES = {"uint8": 1, "int16": 2, "float32": 4}

ORDINARY = 0
SEGFAULT = 1
EXIT = 2
HANG = 3
GARBAGE = 4
ERROR = 5
UNWRITTEN = 6
HALF_WRITTEN = 7
OTHER_INPUT = 8
PRINTING = 9
CHILD = 10
RAISING = 11
HANG_WITH_CHILD = 12
TOO_MANY_OUTPUTS = 13
MUCH_PRINTING = 14
HANG_IN_C = 15
LOSING_CONNECTION = 16
STALE_FRAME = 17
UNENDED_LINE = 18
HANG_ONCE = 19
KILLED = 20


class ToyRuntime:
    """Keeps a ring of output buffers, as a driver does."""

    name = "toy"

    def __init__(self, options: Mapping[str, str]) -> None:
        self.options = options
        if options.get("start") == "refused":
            raise RuntimeFault("no such device", 6)
        if options.get("start") == "hang":
            _say_hanging(self)
            ctypes.PyDLL(None).sleep(3600)
        if options.get("start") == "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        if options.get("start") == "babble":
            os.write(1, b"libtoy 1.0 starting\n")
        if "started" in options:
            Path(options["started"]).write_text(f"{os.getpid()}")
        if options.get("start") == "locked":
            _hang_in_c(self)
        if "starts" in options:
            subprocess.run(json.loads(options["starts"]), check=True)
        self.frames = _frame_descriptor()
        self.slot = 0
        self.seen: list[bytes] = []

    def versions(self) -> dict[str, str]:
        return {"runtime": "toy 1", "chip": self.options.get("chip", "none")}

    def load(self, path: str) -> dict[str, Any]:
        print("loading", Path(path).name, flush=True)
        text = Path(path).read_bytes()
        if self.options.get("describes") == "bytes":
            return {"inputs": b"none"}
        if text == b"crash":
            os.kill(os.getpid(), signal.SIGABRT)
        if text == b"hang":
            time.sleep(3600)
        if text == b"no room":
            raise OptionError("the option 'tile' is '9', the model has 4\n  next: give 0 to 3")
        if text == b"undescribed":
            return {"inputs": "none"}
        try:
            model = json.loads(text)
        except ValueError as error:
            raise RuntimeFault(f"malformed topology: {error}", 0x80061084) from error
        if model.get("tools_version") == "hangs" or (model.get("tools_version") == "hangs once" and _is_first(self)):
            _hang(self)
        self.rings = [[bytearray(size) for size in model["output_bytes"]] for _ in range(SLOTS)]
        return {
            "inputs": [tensor(*described) for described in model["inputs"]],
            "outputs": [tensor(f"out/{index}", "uint8", size) for index, size in enumerate(model["output_bytes"])],
            "tools_version": model.get("tools_version", ""),
        }

    def outputs(self) -> list[memoryview] | None:
        if self.options.get("buffers") == "none":
            return None
        return [memoryview(buffer) for buffer in self.rings[self.slot]]

    def run(self, inputs: Sequence[bytes]) -> Sequence[memoryview]:
        misdeed = inputs[0][0]
        self.seen = [bytes([9]) * len(data) for data in inputs] if misdeed == OTHER_INPUT else list(inputs)
        MISDEEDS.get(misdeed, lambda _: None)(self)
        buffers = self.rings[self.slot]
        self.slot = (self.slot + 1) % SLOTS
        stream = b"".join(self.seen).translate(XOR)
        for buffer in buffers:
            length = 0 if misdeed == UNWRITTEN else len(buffer) // (2 if misdeed == HALF_WRITTEN else 1)
            repeated = stream * (length // len(stream) + 1)
            buffer[:length] = repeated[:length]
        return [memoryview(buffer) for buffer in buffers] * (2 if misdeed == TOO_MANY_OUTPUTS else 1)

    def delivered(self) -> list[memoryview] | None:
        return [memoryview(data) for data in self.seen]

    def close(self) -> None:
        if "closed" in self.options:
            Path(self.options["closed"]).write_text("closed")


XOR = bytes(value ^ 0x5A for value in range(256))


def expected(inputs: Sequence[bytes], size: int) -> bytes:
    """What an output of that size must hold."""
    stream = b"".join(inputs).translate(XOR)
    return (stream * (size // len(stream) + 1))[:size]


def tensor(name: str, dtype: str, count: int) -> dict[str, Any]:
    return {"name": name, "dtype": dtype, "shape": [1, count], "size_bytes": count * ITEM_BYTES[dtype]}


def _frame_descriptor() -> int:
    """The highest descriptor that is a pipe to the agent: where frames go out."""
    return max(number for number in range(3, 64) if _is_pipe(number) and os.get_blocking(number) and _writable(number))


def _is_pipe(number: int) -> bool:
    import stat

    try:
        mode = os.fstat(number).st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


def _writable(number: int) -> bool:
    import fcntl

    return fcntl.fcntl(number, fcntl.F_GETFL) & os.O_ACCMODE != os.O_RDONLY


def _print_everywhere(runtime: ToyRuntime) -> None:
    print("python's stdout")
    print("python's stderr", file=sys.stderr)
    library = ctypes.CDLL(None)
    library.printf(b"C's stdio, not flushed\n")
    os.write(1, b"fd 1 \xff\n")
    subprocess.run([sys.executable, "-c", "print('a child')"], check=True)
    os.write(2, b"\x1eaxpair forged-0\x1e\n")


def _send_stale_frame(runtime: ToyRuntime) -> None:
    write_all(runtime.frames, pack(Kind.ROUND, {"nonce": "0123456789abcdef-0", "round": 0}))


def _start_child(runtime: ToyRuntime) -> None:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
    print(f"child {child.pid}", flush=True)


def _say_hanging(runtime: ToyRuntime) -> None:
    if "hanging" in runtime.options:
        # A named pipe: opening it waits for a test that wants to know.
        Path(runtime.options["hanging"]).write_text(f"{os.getpid()}")


def _hang(runtime: ToyRuntime) -> None:
    # Only the agent, or its end, shall end us: not the worker's own timer.
    faulthandler.cancel_dump_traceback_later()
    _say_hanging(runtime)
    time.sleep(3600)


def _is_first(runtime: ToyRuntime) -> bool:
    """Whether the file `once` lies beside the pipe `hanging`; it then goes."""
    try:
        Path(runtime.options["hanging"]).with_name("once").unlink()
    except FileNotFoundError:
        return False
    return True


def _hang_once(runtime: ToyRuntime) -> None:
    if _is_first(runtime):
        _hang(runtime)


def _hang_with_child(runtime: ToyRuntime) -> None:
    _start_child(runtime)
    _hang(runtime)


def _hang_in_c(runtime: ToyRuntime) -> None:
    # PyDLL keeps the interpreter's lock: no other Python thread runs until the call returns.
    print("hanging in C", flush=True)
    _say_hanging(runtime)
    ctypes.PyDLL(None).sleep(3600)


def _fail(runtime: ToyRuntime) -> None:
    raise RuntimeFault("run failed", 0x80061086)


def _raise(runtime: ToyRuntime) -> None:
    raise ZeroDivisionError("a defect of the runtime")


def _lose_connection(runtime: ToyRuntime) -> None:
    # Above us stand our keeper, the shell that sshd started for us, and the session's sshd.
    pid = os.getppid()
    for _ in range(2):
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    os.kill(pid, signal.SIGKILL)
    _hang(runtime)


def _print_much(runtime: ToyRuntime) -> None:
    for number in range(100_000):
        print("line", number)


MISDEEDS: dict[int, Any] = {
    SEGFAULT: lambda _: os.kill(os.getpid(), signal.SIGSEGV),
    EXIT: lambda _: os._exit(42),
    HANG: _hang,
    HANG_ONCE: _hang_once,
    KILLED: lambda _: os.kill(os.getpid(), signal.SIGKILL),
    GARBAGE: lambda runtime: os.write(runtime.frames, b"assertion failed: npu.c:77, this is no frame at all"),
    ERROR: _fail,
    PRINTING: _print_everywhere,
    CHILD: _start_child,
    RAISING: _raise,
    HANG_WITH_CHILD: _hang_with_child,
    MUCH_PRINTING: _print_much,
    HANG_IN_C: _hang_in_c,
    STALE_FRAME: _send_stale_frame,
    UNENDED_LINE: lambda _: os.write(2, b"no end of line"),
    LOSING_CONNECTION: _lose_connection,
}
