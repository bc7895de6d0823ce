"""Agents that the host starts for itself: children that end when their standard input closes."""

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO
from urllib.parse import quote, urlencode

from axpair_proto import starting
from axpair_proto.cache import cache_folder

from axpair_host.boards.url import EmulatorAddress, GrpcAddress, SshAddress
from axpair_host.errors import BoardError, HostError

START_SECONDS = 60.0
STOP_SECONDS = 10.0
SETTINGS_REFUSED = 2
"""The agent's exit code for settings that can't be used: the user's side, not the board's."""
FAULT_VARIABLE = "AXPAIR_FAULT"
"""Of the emulator's drop-in commands."""
_MAX_LINE = 1 << 16


@dataclass(frozen=True)
class OwnedAgent:
    """An agent that runs beside the host, for it alone."""

    address: GrpcAddress
    ended: Callable[[], bool]
    """Whether its process has ended: nobody starts it again."""


@contextmanager
def owned_agent(address: EmulatorAddress | SshAddress, *, commands: bool = False) -> Iterator[OwnedAgent]:
    """Start an agent on a free loopback port; it and its workers end with the block, or with this process.

    `commands`: it may run programs for us.

    Raises BoardError with the agent's last words when it doesn't come up, HostError when it refuses its settings.
    """
    with tempfile.TemporaryFile() as errors:
        process = starting.start_owned(
            [*command(address), *(["--allow-commands"] if commands else [])],
            stdout=subprocess.PIPE,
            stderr=errors,
            env=environment(address),
        )
        try:
            yield OwnedAgent(_reached(address, process, errors), lambda: process.poll() is not None)
        finally:
            _stop(process)


def command(address: EmulatorAddress | SshAddress) -> list[str]:
    """The command line of the agent for an address. Holds no secrets."""
    serve = [sys.executable, "-m", "axpair_agent", "serve", "--owned", "--listen", "127.0.0.1:0"]
    serve += ["--blobs", str(cache_folder() / "blobs")]
    if isinstance(address, EmulatorAddress):
        serve += ["--runtime", "emulator"]
    else:
        serve += ["--worker", address.worker]
    if address.run_joint:
        serve += ["--run-joint", address.run_joint]
    return [*serve, *(part for name, value in address.options for part in ("--option", f"{name}={value}"))]


def environment(address: EmulatorAddress | SshAddress) -> dict[str, str]:
    """Ours; for the emulated board with its faults as the drop-in commands take them, so that those run on the same
    board."""
    options = dict(address.options) if isinstance(address, EmulatorAddress) else {}
    if not options:
        return dict(os.environ)
    fault = quote(options.pop("fault", ""), safe=",")
    return {**os.environ, FAULT_VARIABLE: "&".join(filter(None, (fault, urlencode(options))))}


def _reached(
    address: EmulatorAddress | SshAddress, process: "subprocess.Popen[bytes]", errors: IO[bytes]
) -> GrpcAddress:
    assert process.stdout is not None
    lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    stdout = process.stdout
    threading.Thread(target=lambda: lines.put(stdout.readline(_MAX_LINE)), daemon=True).start()
    try:
        line = lines.get(timeout=START_SECONDS)
    except queue.Empty:
        said, step = _last_words(errors)
        raise BoardError(
            f"{address.url}: the agent said nothing for {START_SECONDS:.0f} s{said}", next_step=step
        ) from None
    if not line:
        code = process.wait()
        kind = HostError if code == SETTINGS_REFUSED else BoardError
        said, step = _last_words(errors)
        raise kind(f"{address.url} the agent ended with status {code}{said}", next_step=step)
    try:
        document = json.loads(line)
        return GrpcAddress(address.url, f"127.0.0.1:{int(document['port'])}", token=str(document["token"]))
    except (ValueError, KeyError, TypeError) as error:
        raise BoardError(
            f"{address.url}: the agent's first line makes no sense: {line[:200]!r}{_last_words(errors)[0]}"
        ) from error


def _last_words(errors: IO[bytes]) -> tuple[str, str]:
    """What the agent said last, to be put behind a sentence, and what it said to do next."""
    errors.seek(0)
    lines = errors.read(_MAX_LINE).decode("utf-8", "replace").strip().splitlines()
    at = next((place for place, line in enumerate(lines) if place and line.startswith("  next: ")), len(lines))
    step = " ".join(line.strip() for line in lines[at:]).removeprefix("next: ")
    return (f": {lines[at - 1]}" if lines else ""), step


def _stop(process: "subprocess.Popen[bytes]") -> None:
    if process.stdin is not None:
        process.stdin.close()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()
