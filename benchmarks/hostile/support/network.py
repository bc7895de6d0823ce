"""Two network namespaces joined by a wire that drops packets or is cut. Needs the right to make them, and iptables."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Network:
    """The host's side, the agent's side, and the wire between them."""

    host: str
    agent: str
    agent_ip: str

    def within(self, name: str) -> tuple[str, ...]:
        """What a command line is begun with so that it runs there."""
        return "ip", "netns", "exec", name

    def drop(self, percent: float) -> None:
        """Lose so many of the packets that reach either side."""
        for name in (self.host, self.agent):
            rule = ["iptables", "-A", "INPUT", "-i", "wire", "-m", "statistic", "--mode", "random"]
            _run(*self.within(name), *rule, "--probability", str(percent / 100), "-j", "DROP")

    def dropped(self) -> tuple[int, int]:
        """How many packets were lost, and how many came, on both sides together."""
        lost = came = 0
        for name in (self.host, self.agent):
            rows = _run(*self.within(name), "iptables", "-nvxL", "INPUT").splitlines()
            lost += sum(int(row.split()[0]) for row in rows if " DROP " in row)
            received = _run(*self.within(name), "cat", "/sys/class/net/wire/statistics/rx_packets")
            came += int(received)
        return lost, came

    def cut(self) -> None:
        """Cut the wire at the agent's side."""
        _run(*self.within(self.agent), "ip", "link", "set", "wire", "down")

    def mend(self) -> None:
        """Join it again."""
        _run(*self.within(self.agent), "ip", "link", "set", "wire", "up")


def why_not() -> str:
    """What is in the way of making one here; "" where nothing is."""
    for program in ("ip", "iptables"):
        if shutil.which(program) is None:
            return f"there is no {program}"
    name = f"axpair-try-{os.getpid()}"
    try:
        _run("ip", "netns", "add", name)
        _run("ip", "netns", "exec", name, "iptables", "-nL", "INPUT")
    except subprocess.CalledProcessError as error:
        return str(error.stderr).strip() or str(error)
    finally:
        subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)
    return ""


@contextmanager
def network(number: int) -> Iterator[Network]:
    """Two namespaces that end with the block; `number` (0 to 63) tells those apart that exist at one time."""
    made = Network(f"axpair-h{os.getpid()}-{number}", f"axpair-a{os.getpid()}-{number}", f"10.213.{number}.2")
    try:
        for name in (made.host, made.agent):
            _run("ip", "netns", "add", name)
            _run(*made.within(name), "ip", "link", "set", "lo", "up")
        peer = ["type", "veth", "peer", "name", "wire", "netns", made.agent]
        _run("ip", "link", "add", "wire", "netns", made.host, *peer)
        for name, address in ((made.host, f"10.213.{number}.1"), (made.agent, made.agent_ip)):
            _run(*made.within(name), "ip", "address", "add", f"{address}/30", "dev", "wire")
            _run(*made.within(name), "ip", "link", "set", "wire", "up")
        yield made
    finally:
        for name in (made.host, made.agent):
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)


def _run(*command: str) -> str:
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return done.stdout
