"""The agent's command line: `axpair-agent serve`."""

import argparse
import contextlib
import json
import logging
import os
import secrets
import signal
import socket
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from axpair_proto import __version__, starting
from axpair_proto.printing import full_output, print_error
from axpair_proto.streams import replace_closed

from axpair_agent.errors import SettingsError
from axpair_agent.launch import WorkerSpec
from axpair_agent.settings import (
    DEFAULT_DEADLINE_MS,
    DEFAULT_PORT,
    DEFAULT_QUOTA_BYTES,
    MAX_PEM_BYTES,
    Settings,
    check_commands,
    check_exposure,
    default_blobs,
    listening_address,
    read_key,
    read_secret,
    read_token,
    runtime_options,
    ssh_place,
)
from axpair_agent.worker.requests import MAX_DEADLINE_MS

ENDING_SECONDS = 8.0
"""After so long an agent that was told to end does so without waiting for anything; its keepers end its workers."""

FILES = 4096
"""Open files that the agent asks for."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; 0 after a clean end, 2 on bad usage."""
    replace_closed()
    try:
        parsed = _parser().parse_args(arguments)
    except SystemExit as stop:  # --help and --version
        return _told(int(stop.code or 0))
    if parsed.owned:
        starting.stand_alone()
    try:
        return _serve(_settings(parsed))
    except SettingsError as error:
        call = () if parsed.owned else ("axpair-agent", *(sys.argv[1:] if arguments is None else arguments))
        print_error(error, program="axpair-agent", call=call)
        return 2


def _told(code: int) -> int:
    """The exit code once what was said has gone to stdout, or can't go there."""
    try:
        sys.stdout.flush()
    except OSError as error:
        # The interpreter flushes once more on its way out: let that go nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        print_error(full_output(error), program="axpair-agent")
        return 2
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="axpair-agent", description="Runs models beside an NPU for axpair hosts, over gRPC."
    )
    parser.add_argument("--version", action="version", version=f"axpair-agent {__version__}")
    serve = parser.add_subparsers(required=True, metavar="COMMAND").add_parser(
        "serve", help="listen and serve until Ctrl-C", description="Listen and serve until Ctrl-C or SIGTERM."
    )
    add = serve.add_argument
    add("--listen", default=f"127.0.0.1:{DEFAULT_PORT}", metavar="HOST:PORT", help="port 0 takes any (%(default)s)")
    add("--runtime", default="", metavar="NAME", help="of axpair.runtimes, or module:Class (the first that loads)")
    add("--option", action="append", default=[], metavar="KEY=VALUE", help="for the runtime; may be repeated")
    add("--worker", default="local", metavar="WHERE", help="local, or ssh://user@host[:port][?python=..] (local)")
    add("--blobs", type=Path, metavar="DIR", help="where models are kept (the user's cache folder)")
    add("--quota", type=int, default=DEFAULT_QUOTA_BYTES, metavar="BYTES", help="of the blobs (%(default)s)")
    add("--deadline-ms", type=int, default=DEFAULT_DEADLINE_MS, metavar="MS", help="of one round (%(default)s)")
    add("--tls-cert", type=Path, metavar="FILE", help="certificate chain, PEM")
    add("--tls-key", type=Path, metavar="FILE", help="private key, PEM")
    add("--token-file", type=Path, metavar="FILE", help="holds the token that every call must carry")
    add("--allow-commands", action="store_true", help="callers may run programs of their own here (off)")
    add("--run-joint", default="", metavar="PROGRAM", help="the vendor's command for second opinions (run_joint)")
    add("--owned", action="store_true", help="report port and a fresh token on stdout, end when stdin closes")
    return parser


def _settings(parsed: argparse.Namespace) -> Settings:
    host, port = listening_address(parsed.listen)
    if (parsed.tls_cert is None) != (parsed.tls_key is None):
        raise SettingsError("--tls-cert and --tls-key come together")
    tls = None
    if parsed.tls_cert is not None:
        tls = (
            read_secret("--tls-cert", parsed.tls_cert, MAX_PEM_BYTES),
            read_key(parsed.tls_key),
        )
    token = ""
    if parsed.token_file is not None:
        token = read_token(parsed.token_file)
    elif parsed.owned:
        token = secrets.token_urlsafe(32)
    for flag, value in (("--quota", parsed.quota), ("--deadline-ms", parsed.deadline_ms)):
        if value <= 0:
            raise SettingsError(f"{flag} {value} must be greater than 0")
    if parsed.deadline_ms > MAX_DEADLINE_MS:
        raise SettingsError(f"--deadline-ms {parsed.deadline_ms} must be {MAX_DEADLINE_MS}, a day, at most")
    check_commands(parsed.allow_commands, bool(token))
    check_exposure(host, tls is not None, bool(token))
    place, runtime = (None, "") if parsed.worker == "local" else ssh_place(parsed.worker)
    return Settings(
        host=host,
        port=port,
        worker=WorkerSpec(runtime or parsed.runtime, runtime_options(parsed.option)),
        place=place,
        blobs=parsed.blobs or default_blobs(),
        quota_bytes=parsed.quota,
        deadline_seconds=parsed.deadline_ms / 1000,
        tls=tls,
        token=token,
        owned=parsed.owned,
        commands=parsed.allow_commands,
        run_joint=parsed.run_joint,
    )


def _serve(settings: Settings) -> int:
    # Workers are started by fork and exec from a process with gRPC's threads; its fork handlers only get in the way.
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
    # gRPC's core writes a line of its own to stderr for every handshake that fails: anybody could fill a disk so.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    from axpair_agent.logbook import Logbook
    from axpair_agent.recent import RecentLines
    from axpair_agent.server import start

    _raise_file_limit()
    recent = RecentLines()
    stderr = logging.StreamHandler()
    stderr.setFormatter(logging.Formatter("axpair-agent: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[Logbook([stderr, recent])])
    logging.getLogger("paramiko").setLevel(logging.CRITICAL)
    told, tell = socket.socketpair()
    _tell_on_signals(tell)
    agent = start(settings, recent)
    if settings.owned:
        print(json.dumps({"port": agent.port, "token": settings.token}))
        if code := _told(0):
            agent.close()
            return code
        threading.Thread(target=_tell_when_stdin_closes, args=(tell,), daemon=True).start()
    logging.getLogger(__name__).info("listening on %s:%d", settings.host, agent.port)
    told.recv(1)
    last_resort = threading.Timer(ENDING_SECONDS, os._exit, (1,))
    last_resort.daemon = True
    last_resort.start()
    agent.close()
    # It stays: the interpreter waits for the threads of calls, and one may hang in a disk that doesn't answer.
    return 0


def _raise_file_limit() -> None:
    """Let connections not take the descriptors that blobs and workers need: the usual soft limit is 1024."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _tell_on_signals(tell: socket.socket) -> None:
    """Have signals write to the socket. A handler of Python's own would run only once the main thread wakes, which a
    signal that another thread takes doesn't bring about; and one that sets an event may find its lock taken."""

    def nothing_more(_number: int, _frame: FrameType | None) -> None:
        pass

    tell.setblocking(False)
    signal.set_wakeup_fd(tell.fileno(), warn_on_full_buffer=False)
    if hasattr(signal, "SIGCHLD"):
        # Where our starter ignored it, the kernel would take the exit states of our workers.
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for name in ("SIGINT", "SIGTERM", "SIGBREAK", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), nothing_more)


def _tell_when_stdin_closes(tell: socket.socket) -> None:
    """Whoever started us holds the other end: it closes when they end, however they end."""
    while os.read(0, 1 << 12):
        pass
    tell.send(b"\0")


if __name__ == "__main__":
    sys.exit(main())
