"""A real sshd on loopback with keys, configuration and known_hosts of its own; it ends with its `with` block."""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

CONFIG = """\
ListenAddress 127.0.0.1
Port {port}
HostKey {host_key}
AuthorizedKeysFile {authorized}
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
SetEnv XDG_CACHE_HOME={cache}
"""


@dataclass(frozen=True)
class Sshd:
    """Where it listens and what a client needs."""

    user: str
    port: int
    identity: Path
    known_hosts: Path
    host_key: Path
    """Its private host key; beside it, with ".pub", the public one."""
    cache: Path
    """XDG_CACHE_HOME of the sessions."""

    def url(self, **options: str) -> str:
        """An address for `--worker` and `--board`, with further options such as python=PATH."""
        given = {"identity": str(self.identity), "known_hosts": str(self.known_hosts), **options}
        return f"ssh://{self.user}@127.0.0.1:{self.port}?" + "&".join(f"{key}={value}" for key, value in given.items())


def program() -> str:
    """Path of sshd; skips the test where there is none, fails it under CI."""
    found = shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:/sbin")
    if found:
        return found
    reason = "no sshd on this machine (Debian: apt-get install openssh-server)"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def generate_key(path: Path) -> Path:
    """A fresh ed25519 key pair at `path` and `path`.pub."""
    for stale in (path, path.with_name(path.name + ".pub")):
        stale.unlink(missing_ok=True)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True, timeout=60)
    return path


def known_hosts_line(port: int, host_key: Path) -> str:
    """The line of known_hosts that makes this server known."""
    kind, key = host_key.with_name(host_key.name + ".pub").read_text().split()[:2]
    return f"[127.0.0.1]:{port} {kind} {key}\n"


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Sshd]:
    """Start sshd as the present user; within, it serves, and `known_hosts` knows it."""
    path = program()
    folder.mkdir(parents=True, exist_ok=True)
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    host_key, identity = generate_key(folder / "host_key"), generate_key(folder / "user_key")
    authorized = folder / "authorized_keys"
    authorized.write_text((folder / "user_key.pub").read_text())
    cache = folder / "far-cache"
    process, port = _start(path, folder, host_key=host_key, authorized=authorized, cache=cache)
    try:
        known_hosts = folder / "known_hosts"
        known_hosts.write_text(known_hosts_line(port, host_key))
        yield Sshd(getpass.getuser(), port, identity, known_hosts, host_key, cache)
    finally:
        process.kill()
        process.communicate()


def _start(path: str, folder: Path, **values: Path) -> tuple[subprocess.Popen[str], int]:
    said = ""
    for _ in range(5):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        config = folder / "sshd_config"
        config.write_text(CONFIG.format(port=port, **values))
        process = subprocess.Popen(
            [path, "-D", "-e", "-f", str(config)], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        assert process.stderr is not None
        for line in process.stderr:
            said += line
            if "Server listening" in line:
                return process, port
        process.communicate()
    pytest.fail(f"sshd did not start: {said}")
