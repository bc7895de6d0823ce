"""One user's program beside the worker: its files come on stdin, what it printed goes out on stdout.

In: a line of JSON {"arguments", "files": [[name, bytes], ...], "seconds"}, then the files' bytes. Out: a line of JSON
{"status", "output", "errors", "ended"}, bytes as base64; or {"refused": why} where nothing was run.
"""

import base64
import json
import os
import signal
import subprocess
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Dict, List, Tuple

from axpair_proto.keeper import adopt_orphans, end_descendants
from axpair_proto.programs import Printed, handed_folder
from axpair_proto.variables import without_secrets

FOLDER = "{dir}"
MAX_PRINTED = 1 << 20
MAX_ERRORS = 1 << 14
MAX_SECONDS = 600.0
_MAX_HEADER = 1 << 20


class Refused(Exception):
    """Nothing was run; the message says why."""


def answer(source: "IO[bytes]", target: "IO[bytes]") -> int:
    """Serve one request from `source`; 0."""
    try:
        document = _run(source)
    except Refused as refused:
        document = {"refused": str(refused)}
    target.write(json.dumps(document).encode() + b"\n")
    target.flush()
    return 0


def _run(source: "IO[bytes]") -> Dict[str, Any]:
    header = json.loads(source.readline(_MAX_HEADER))
    arguments: List[str] = list(header["arguments"])
    if not arguments:
        raise Refused("no program is named")
    seconds = min(float(header["seconds"]), MAX_SECONDS)
    with handed_folder("axpair-command-") as folder:
        for name, size in header["files"]:
            if not name or name in (".", "..") or any(letter in name for letter in ("/", "\\", "\0")):
                raise Refused(f"the file name {name!r} is a path")
            data = source.read(size)
            if len(data) != size:
                raise Refused(f"the file {name!r} arrived with {len(data)} of {size} bytes")
            try:
                (folder / name).write_bytes(data)
            except (OSError, ValueError) as error:
                raise Refused(f"the file {name[:80]!r} can't be written: {error}"[:1000]) from error
        command = [arguments[0], *(argument.replace(FOLDER, str(folder)) for argument in arguments[1:])]
        return _watched(command, seconds)


def _watched(command: List[str], seconds: float) -> Dict[str, Any]:
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=without_secrets(os.environ),
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise Refused(f"{command[0]} can't be run in {Path.cwd()}: {error}") from error
    assert process.stderr is not None
    errors = Printed(process.stderr, first=0, last=MAX_ERRORS)
    output, ended = _printed(process, seconds)
    return {
        "status": process.returncode,
        "output": base64.b64encode(output).decode(),
        "errors": base64.b64encode(errors.kept()).decode(),
        "ended": ended,
    }


def _printed(process: "subprocess.Popen[bytes]", seconds: float) -> Tuple[bytes, str]:
    """What it printed, and why it was ended. Whatever it started and left behind is ended with it."""
    assert process.stdout is not None
    late = threading.Event()
    adopting = adopt_orphans()

    def end() -> None:
        late.set()
        process.kill()

    def clear_up() -> None:
        # What it left behind may hold the pipe open.
        process.wait()
        if adopting:
            end_descendants()
        elif hasattr(os, "killpg"):
            with suppress(OSError):
                os.killpg(process.pid, signal.SIGKILL)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    clearing = threading.Thread(target=clear_up, daemon=True)
    clearing.start()
    try:
        output = process.stdout.read(MAX_PRINTED + 1)
        if len(output) > MAX_PRINTED:
            return output[:MAX_PRINTED], "output"
        clearing.join()
    finally:
        timer.cancel()
        process.kill()
        clearing.join()
        process.stdout.close()
    return output, "timeout" if late.is_set() else ""
