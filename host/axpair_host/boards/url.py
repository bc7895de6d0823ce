"""Board addresses as users write them."""

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

from axpair_host.config_file import NamedBoard, checked_token
from axpair_host.errors import UsageError

FORMS = (
    "emulator:[?fault=NAME&...] (the default), host:port, grpc://host:port, grpcs://host:port[?ca=FILE], "
    "ssh://user@host[:port][?python=PATH&runtime=NAME&known_hosts=FILE&identity=FILE], or a name from axpair.toml"
)
TOKEN_VARIABLE = "AXPAIR_TOKEN"
SSH_OPTIONS = ("python", "runtime", "known_hosts", "identity")


@dataclass(frozen=True)
class EmulatorAddress:
    """The emulated board: an agent is started beside the host."""

    url: str
    options: tuple[tuple[str, str], ...] = ()
    """Passed on to the runtime, such as ("fault", "stale-output")."""
    run_joint: str = ""
    """The drop-in command for a second opinion; "" = as the PATH has it."""


@dataclass(frozen=True)
class SshAddress:
    """A board without an agent: one is started beside the host, its worker on the board."""

    url: str
    """Without its options."""
    worker: str
    """As `axpair-agent serve --worker` takes it, with python, runtime, known_hosts and identity."""
    options: tuple[tuple[str, str], ...] = ()
    """All others; passed on to the runtime."""
    run_joint: str = ""
    """The vendor's command on the board; "" = where it is found there."""


@dataclass(frozen=True)
class GrpcAddress:
    """An agent that runs already."""

    url: str
    target: str
    """host:port as gRPC takes it."""
    tls: bool = False
    ca: Path | None = None
    token: str = field(default="", repr=False)


Address = EmulatorAddress | SshAddress | GrpcAddress


def parse(text: str, names: Mapping[str, NamedBoard]) -> Address:
    """Read a board's address. Raises UsageError that names the forms."""
    if text in names:
        named = names[text]
        return _parse_url(named.url, named.token(), named.folder)
    if "://" not in text and ":" not in text:
        known = f"; axpair.toml names {', '.join(sorted(names))}" if names else "; no axpair.toml names any board"
        raise UsageError(f"--board {text!r}: no address and no known name{known}", next_step=f"use one of: {FORMS}")
    return _parse_url(text, "", Path())


def with_run_joint(address: Address, program: str) -> Address:
    """The address with what --second-opinion says: "auto", "none", or the program's path there.

    Raises UsageError for a path where the agent isn't started by us: which program it runs its own start decides.
    """
    if program in ("auto", "none"):
        return address
    if isinstance(address, GrpcAddress):
        raise UsageError(
            f"--second-opinion {program}: the agent at {address.url} runs already",
            next_step="start it with --run-joint and that path, and leave --second-opinion out",
        )
    if isinstance(address, EmulatorAddress):
        program = str(Path(program).absolute())
    return replace(address, run_joint=program)


def _parse_url(text: str, token: str, folder: Path) -> Address:
    try:
        parts = urlsplit(text if "://" in text or text.startswith("emulator:") else f"grpc://{text}")
        options = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
        port = parts.port
        if len(dict(options)) != len(options):
            raise ValueError("an option is given twice")
    except ValueError as error:
        raise _bad(text, str(error)) from error
    if parts.scheme == "emulator":
        if parts.netloc or parts.path.strip("/"):
            raise _bad(text, "emulator: takes options only, after a '?'")
        return EmulatorAddress(text, tuple(options))
    if not parts.hostname or parts.path.strip("/"):
        raise _bad(text, "no host" if not parts.hostname else f"unexpected path {parts.path!r}")
    if parts.password is not None:
        raise _bad(f"{parts.scheme}://...@{parts.hostname}", "passwords in addresses end up in logs; use a key")
    if parts.scheme == "ssh":
        return _ssh(text, parts, options)
    if parts.scheme in ("grpc", "grpcs"):
        if port is None:
            raise _bad(text, "no port")
        return _grpc(text, parts, port, dict(options), token, folder)
    raise _bad(text, f"unknown scheme {parts.scheme!r}")


def _ssh(text: str, parts: SplitResult, options: list[tuple[str, str]]) -> SshAddress:
    url = f"ssh://{parts.netloc}"
    own = [(name, value) for name, value in options if name in SSH_OPTIONS]
    others = tuple((name, value) for name, value in options if name not in SSH_OPTIONS)
    return SshAddress(url, f"{url}?{urlencode(own)}" if own else url, others)


def _grpc(text: str, parts: SplitResult, port: int, options: dict[str, str], token: str, folder: Path) -> GrpcAddress:
    tls = parts.scheme == "grpcs"
    _only(text, options, ("ca",) if tls else ())
    host = parts.hostname or ""
    token = token or checked_token(os.environ.get(TOKEN_VARIABLE, ""), f"{TOKEN_VARIABLE}: the token")
    if token and not tls and not _is_loopback(host):
        raise UsageError(
            f"--board {text}: a token would go over the network in the clear",
            next_step=f"use grpcs://{host}:{port}, or unset {TOKEN_VARIABLE}",
        )
    ca = folder / Path(options["ca"]).expanduser() if "ca" in options else None
    shown = f"[{host}]" if ":" in host else host
    return GrpcAddress(f"{parts.scheme}://{shown}:{port}", f"{shown}:{port}", tls, ca, token)


def _only(text: str, options: dict[str, str], allowed: tuple[str, ...]) -> None:
    for name in options:
        if name not in allowed:
            known = f"known: {', '.join(allowed)}" if allowed else "this form takes none"
            raise _bad(text, f"unknown option {name!r}; {known}")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _bad(text: str, why: str) -> UsageError:
    return UsageError(f"--board {text}: {why}", next_step=f"use one of: {FORMS}")
