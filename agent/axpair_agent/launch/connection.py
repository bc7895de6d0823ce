"""One SSH connection to a board: where it is, who logs in, and whether it is the right one."""

import getpass
import os
from pathlib import Path
from typing import Any

import paramiko
from axpair_proto.reasons import Reason

from axpair_agent.errors import CallError
from axpair_agent.launch import SshPlace
from axpair_agent.launch.hostkeys import RefuseUnknown

CONNECT_SECONDS = 20.0
KEEPALIVE_SECONDS = 15
PASSWORD_VARIABLE = "AXPAIR_SSH_PASSWORD"
"""Environment variable for boards that know nothing but passwords."""


def connect(place: SshPlace) -> paramiko.SSHClient:
    """Log in with the agent's or the user's keys, as ~/.ssh/config says where paramiko can follow it.

    Raises CallError: HOST_KEY for an unknown or changed host key, WORKER_START for anything else.
    """
    config = _user_config(place.host)
    host = config.get("hostname", place.host)
    port = place.port or int(config.get("port", 22))
    user = place.user or config.get("user") or getpass.getuser()
    known_hosts = Path(
        place.known_hosts or _first(config.get("userknownhostsfile")) or "~/.ssh/known_hosts"
    ).expanduser()
    policy = RefuseUnknown(host, port, known_hosts)
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(policy)
    where = f"{user}@{host}:{port}"
    try:
        if not place.known_hosts:
            client.load_system_host_keys()
        if known_hosts.is_file():
            client.load_host_keys(str(known_hosts))
        client.connect(
            host,
            port=port,
            username=user,
            password=os.environ.get(PASSWORD_VARIABLE) or None,
            timeout=CONNECT_SECONDS,
            banner_timeout=CONNECT_SECONDS,
            auth_timeout=CONNECT_SECONDS,
            **_keys(place, config),
        )
    except CallError:
        client.close()
        raise
    except paramiko.BadHostKeyException as error:
        client.close()
        raise policy.changed(error.hostname, error.key, error.expected_key) from error
    except paramiko.AuthenticationException as error:
        client.close()
        raise CallError(
            Reason.WORKER_START,
            f"{where} refuses to log us in: {error}",
            next_step=f"try `ssh -p {port} {user}@{host}`; `ssh-copy-id` puts a key there, {PASSWORD_VARIABLE} may "
            "hold a password",
        ) from error
    except (OSError, EOFError, paramiko.SSHException) as error:
        client.close()
        raise CallError(Reason.WORKER_START, f"{where} can't be reached over SSH: {error}") from error
    transport = client.get_transport()
    if transport is not None:
        transport.set_keepalive(KEEPALIVE_SECONDS)
    return client


def _user_config(host: str) -> dict[str, Any]:
    path = Path("~/.ssh/config").expanduser()
    try:
        return dict(paramiko.SSHConfig.from_path(str(path)).lookup(host))
    except (OSError, paramiko.SSHException):
        return {}


def _keys(place: SshPlace, config: dict[str, Any]) -> dict[str, Any]:
    if place.identity:
        return {
            "key_filename": [str(Path(place.identity).expanduser())],
            "allow_agent": False,
            "look_for_keys": False,
        }
    options: dict[str, Any] = {"key_filename": config.get("identityfile")}
    if "proxycommand" in config:
        options["sock"] = paramiko.ProxyCommand(config["proxycommand"])
    return options


def _first(text: str | None) -> str:
    return text.split()[0] if text else ""
