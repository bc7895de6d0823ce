"""An agent that the host started for itself ends with it, whatever happened to either."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from agent_process import gone
from command_line import environment

HOST = (
    "import sys\n"
    "from axpair_host.boards.owned import owned_agent\n"
    "from axpair_host.boards.url import EmulatorAddress\n"
    "with owned_agent(EmulatorAddress('emulator:')):\n"
    "    print('up', flush=True)\n"
    "    sys.stdin.read()\n"
)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="its group needs Python 3.11")
@pytest.mark.parametrize("stopped", [False, True])
def test_an_agent_ends_with_its_host_also_where_it_was_stopped(stopped: bool) -> None:
    host = subprocess.Popen(
        [sys.executable, "-c", HOST], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment()
    )
    try:
        assert host.stdout is not None
        assert host.stdout.readline() == b"up\n"
        (agent,) = children(host.pid)
        if stopped:
            os.kill(agent, signal.SIGSTOP)
            while threads(agent) != {"T"}:  # the kernel counts it as stopped once its last thread is
                pass
        host.kill()
        assert gone(agent)
    finally:
        host.kill()
        host.communicate()


def children(pid: int) -> list[int]:
    found = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
    return [child for child in found if fields(child)[1:2] == [str(pid)]]


def threads(pid: int) -> set[str]:
    """The states of its threads."""
    return {fields(int(path.name))[0] for path in Path(f"/proc/{pid}/task").iterdir()}


def fields(pid: int) -> list[str]:
    """What the kernel says of a process behind its name: state, parent, ...; empty once it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
