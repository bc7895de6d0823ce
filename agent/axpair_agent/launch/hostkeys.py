"""Whether the far side is who it should be: its host key against known_hosts, and what to do when it isn't."""

import base64
import hashlib
import shlex
from pathlib import Path

import paramiko
from axpair_proto.reasons import Reason

from axpair_agent.errors import CallError


class RefuseUnknown(paramiko.MissingHostKeyPolicy):
    """Never accepts a host by itself: says which key it shows and how to accept it."""

    def __init__(self, host: str, port: int, known_hosts: Path) -> None:
        self._host, self._port, self._known_hosts = host, port, known_hosts

    def missing_host_key(self, client: paramiko.SSHClient, hostname: str, key: paramiko.PKey) -> None:
        """Raise CallError HOST_KEY."""
        raise CallError(
            Reason.HOST_KEY,
            f"the SSH host key of {hostname} is unknown: {key.get_name()} {fingerprint(key)}",
            next_step=f"compare the fingerprint with the board's own, then run: {self._accepting(key)}",
        )

    def changed(self, hostname: str, shown: paramiko.PKey, known: paramiko.PKey) -> CallError:
        """The error for a host that shows another key than the known one."""
        return CallError(
            Reason.HOST_KEY,
            f"the SSH host key of {hostname} has changed: it shows {shown.get_name()} {fingerprint(shown)}, "
            f"{self._known_hosts} has {known.get_name()} {fingerprint(known)}",
            next_step="someone may be in between, or the board was set up anew. Only if you know that it was, run: "
            f"{self._forgetting()} && {self._accepting(shown)}",
        )

    def _accepting(self, key: paramiko.PKey) -> str:
        kind = key.get_name().split("-")[1] if key.get_name().startswith("ssh-") else key.get_name().split("-")[0]
        port = "" if self._port == 22 else f"-p {self._port} "
        return (
            f"ssh-keyscan {port}-t {shlex.quote(kind)} {shlex.quote(self._host)} "
            f">> {shlex.quote(str(self._known_hosts))}"
        )

    def _forgetting(self) -> str:
        name = self._host if self._port == 22 else f"[{self._host}]:{self._port}"
        return f"ssh-keygen -R {shlex.quote(name)} -f {shlex.quote(str(self._known_hosts))}"


def fingerprint(key: paramiko.PKey) -> str:
    """As ssh-keygen shows it: SHA256: and base64 without padding."""
    digest = hashlib.sha256(key.asbytes()).digest()
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")
