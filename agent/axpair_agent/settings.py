"""What the agent is started with, and which of it may not be."""

import ipaddress
import os
import socket
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from axpair_proto import MIN_TOKEN_LETTERS
from axpair_proto.advice import INTO, UNKNOWN, again, calling
from axpair_proto.cache import cache_folder
from axpair_proto.regular import read_regular

from axpair_agent.errors import SettingsError
from axpair_agent.launch import SshPlace, WorkerSpec

DEFAULT_PORT = 18620
DEFAULT_QUOTA_BYTES = 4 << 30
DEFAULT_DEADLINE_MS = 60_000
MAX_TOKEN_BYTES = 4096
MAX_PEM_BYTES = 1 << 20
SSH_KEYS = ("python", "runtime", "known_hosts", "identity")


@dataclass(frozen=True)
class Settings:
    """All that `axpair-agent serve` decides on."""

    host: str
    port: int
    worker: WorkerSpec
    place: SshPlace | None
    """None: workers are processes of this machine."""
    blobs: Path
    quota_bytes: int
    deadline_seconds: float
    tls: "tuple[bytes, bytes] | None" = field(default=None, repr=False)
    """Certificate chain and private key, PEM."""
    token: str = field(default="", repr=False)
    owned: bool = False
    commands: bool = False
    """Whether whoever may call may also run programs."""
    run_joint: str = ""
    """The program of the runtime "run_joint" where a caller asks for that; "" = wherever workers find it."""


def listening_address(text: str) -> tuple[str, int]:
    """Host and port of "HOST:PORT", "[IPV6]:PORT" or ":PORT". Raises SettingsError."""
    host, separator, port = text.rpartition(":")
    host = host.strip("[]") or "127.0.0.1"
    if not separator or not port.isdecimal() or int(port) > 65535:
        raise SettingsError(
            f"--listen {text!r} is no address", next_step=f"write HOST:PORT, such as 127.0.0.1:{DEFAULT_PORT}"
        )
    return host, int(port)


def is_loopback(host: str) -> bool:
    """Whether nobody else on the network can reach that address; names count by all their addresses."""
    try:
        found = {str(entry[4][0]) for entry in socket.getaddrinfo(host, None)}
    except OSError as error:
        raise SettingsError(f"--listen: {host!r} is no address of this machine: {error}") from error
    return all(ipaddress.ip_address(address.partition("%")[0]).is_loopback for address in found)


def check_exposure(host: str, tls: bool, token: bool) -> None:
    """Raise SettingsError where others could reach the agent and TLS or token is missing."""
    lacking = [flag for flag, given in (("--tls-cert and --tls-key", tls), ("--token-file", token)) if not given]
    if lacking and not is_loopback(host):
        raise SettingsError(
            f"--listen {host}: beyond this machine the agent needs TLS and a token; lacking: {', '.join(lacking)}",
            next_step="listen on 127.0.0.1 and reach it through `ssh -L`, or give both",
        )


def check_commands(commands: bool, token: bool) -> None:
    """Raise SettingsError where programs could be run by anyone who reaches the port, this machine's users included."""
    if commands and not token:
        raise SettingsError(
            "--allow-commands lets callers run programs here, so it wants a token, on loopback as well",
            next_step=again("leave --allow-commands out, or with a token:", "--token-file", UNKNOWN["token"]),
        )


def ssh_place(url: str) -> tuple[SshPlace, str]:
    """The place of `ssh://[user@]host[:port][?python=..&runtime=..&known_hosts=..&identity=..]`, and the runtime.

    Raises SettingsError, also for a password in it: others could read it in the list of processes.
    """
    try:
        parts = urlsplit(url)
        given = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
        port = parts.port or 0
    except ValueError as error:
        raise SettingsError(f"--worker: {error}") from error
    if parts.password is not None:
        raise SettingsError(
            "--worker: a password in the address would show in the list of processes",
            next_step="use a key (ssh-copy-id), or put the password into the environment variable AXPAIR_SSH_PASSWORD",
        )
    unknown = [key for key in given if key not in SSH_KEYS]
    if parts.scheme != "ssh" or not parts.hostname or parts.path.strip("/") or unknown:
        what = f"unknown option {unknown[0]!r}" if unknown else f"{url!r} is neither 'local' nor an ssh address"
        raise SettingsError(
            f"--worker: {what}", next_step=f"write ssh://user@host[:port][?KEY=...], KEY one of {', '.join(SSH_KEYS)}"
        )
    runtime = given.pop("runtime", "")
    return SshPlace(parts.hostname, parts.username or "", port, **given), runtime


def runtime_options(pairs: Sequence[str]) -> dict[str, str]:
    """Options of `--option key=value`. Raises SettingsError."""
    options: dict[str, str] = {}
    for pair in pairs:
        key, separator, value = pair.partition("=")
        if not separator or not key:
            raise SettingsError(f"--option {pair!r} is not of the form key=value")
        options[key] = value
    return options


def read_secret(flag: str, path: Path, most: int) -> bytes:
    """A file's content of at most so many bytes. Raises SettingsError where it can't be read, is empty or larger, or is
    no regular file: others may have no end, or not even a beginning."""
    try:
        data = read_regular(path, most)
    except OSError as error:
        raise SettingsError(f"{flag} {path}: {error.strerror}", next_step="name a file on a disk") from error
    if len(data) > most:
        raise SettingsError(f"{flag} {path} is larger than {most} bytes", next_step=f"name the file for {flag}")
    if not data.strip():
        raise SettingsError(f"{flag} {path} is empty")
    return data


def read_key(path: Path) -> bytes:
    """The private key of TLS; a group may read it, as servers' groups do. Raises SettingsError."""
    key = read_secret("--tls-key", path, MAX_PEM_BYTES)
    _refuse_open(f"--tls-key {path}", path, 0o037)
    return key


def _refuse_open(named: str, path: Path, closed: int) -> None:
    """Raise SettingsError where a secret's file has any of the permissions `closed`."""
    mode = stat.S_IMODE(path.stat().st_mode)
    if os.name == "posix" and mode & closed:
        raise SettingsError(
            f"{named}: others than its owner can read or change it (mode {mode:o})",
            next_step=calling("chmod", "600", path),
        )


def read_token(path: Path) -> str:
    """The token that a file of its owner's alone holds, on one line. Raises SettingsError."""
    token = read_secret("--token-file", path, MAX_TOKEN_BYTES).decode("utf-8", "replace").strip()
    _refuse_open(f"--token-file {path}", path, 0o077)
    if not token.isascii() or not token.isprintable():
        raise SettingsError(
            f"--token-file {path}: the token has letters that can't be sent: one line of printable ASCII, without a "
            "byte order mark",
            next_step=calling("openssl", "rand", "-hex", "32", INTO, path),
        )
    if len(token) < MIN_TOKEN_LETTERS:
        raise SettingsError(
            f"--token-file {path}: the token has {len(token)} letters; it takes {MIN_TOKEN_LETTERS} or more, "
            "so that nobody guesses it",
            next_step=calling("openssl", "rand", "-hex", "32", INTO, path),
        )
    return token


def default_blobs() -> Path:
    """In the user's own cache folder."""
    return cache_folder() / "blobs"
