"""No orphans: however agent, host, worker, keeper or command end, nothing that they started is left after five seconds.

Every descendant is one that hides: deaf to signals, in a session of its own, forked twice, without environment,
stopped, or another process each moment. One count is one end; the longest wait of each is a figure.
"""

import contextlib
import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable
from typing import Any

import grpc

from benchmarks.hostile.attack import Setting, Tally
from benchmarks.hostile.support import breeding
from benchmarks.hostile.support.breeding_agent import KEPT, SECRETS, Agent, Below
from benchmarks.hostile.support.descendants import MARK, PROMISED, parent_of, wait_for

USUAL = 96
SHORT = 7

Way = Callable[[Setting, Tally, "Below"], None]


def attack(setting: Setting, tally: Tally) -> None:
    """Each way in turn."""
    for number in range(setting.count):
        way = WAYS[number % len(WAYS)]
        folder = setting.folder / str(number)
        folder.mkdir()
        below = Below(setting, folder)
        try:
            way(setting, tally, below)
        except (grpc.RpcError, OSError, ValueError, subprocess.SubprocessError) as error:
            tally.check(False, f"{way.__name__}: {type(error).__name__}: {str(error)[:300]}")
        finally:
            below.end()


def owner_goes_while_idle(setting: Setting, tally: Tally, below: Below) -> None:
    """An owned agent's stdin closes; its worker is idle."""
    with below.agent() as agent:
        agent.load()
        assert agent.process.stdin is not None
        agent.process.stdin.close()
        _ended_in_time(agent, tally, "owner gone, worker idle")
        _gone(below, tally, "owner gone, worker idle")


def agent_killed_in_a_run(setting: Setting, tally: Tally, below: Below) -> None:
    """kill -9 of an agent whose worker holds Python's lock within a run."""
    with below.agent(owned=False) as agent:
        call = agent.run(agent.load())
        wait_for(below.register.with_name("running"))
        agent.process.kill()
        _gone(below, tally, "agent killed in a run")
        call.cancel()


def agent_told_to_end_in_a_run(setting: Setting, tally: Tally, below: Below) -> None:
    """SIGTERM to an agent whose worker holds Python's lock within a run."""
    with below.agent() as agent:
        call = agent.run(agent.load())
        wait_for(below.register.with_name("running"))
        agent.process.terminate()
        _ended_in_time(agent, tally, "told to end in a run")
        _gone(below, tally, "told to end in a run")
        call.cancel()


def worker_killed(setting: Setting, tally: Tally, below: Below) -> None:
    """kill -9 of the worker: all that it started goes with it, while its agent goes on."""
    with below.agent() as agent:
        agent.load()
        worker = agent.worker()
        tally.check(len(below.alive()) > len(breeding.KINDS), "worker killed: its descendants weren't there before")
        os.kill(worker, signal.SIGKILL)
        _gone(below, tally, "worker killed", besides={agent.process.pid})


def keeper_killed(setting: Setting, tally: Tally, below: Below) -> None:
    """kill -9 of whatever stands over the worker; the agent ends then."""
    with below.agent() as agent:
        agent.load()
        worker = agent.worker()
        keeper = parent_of(worker)
        os.kill(worker if keeper == agent.process.pid else keeper, signal.SIGKILL)
        agent.process.terminate()
        _ended_in_time(agent, tally, "keeper killed")
        _gone(below, tally, "keeper killed")


def start_stopped(setting: Setting, tally: Tally, below: Below) -> None:
    """SIGSTOP of a worker at its start; then the agent is told to end."""
    _start_stopped(tally, below, signal.SIGTERM)


def start_stopped_and_agent_killed(setting: Setting, tally: Tally, below: Below) -> None:
    """SIGSTOP of a worker at its start; then kill -9 of the agent."""
    _start_stopped(tally, below, signal.SIGKILL)


def constructor_holds_the_lock(setting: Setting, tally: Tally, below: Below) -> None:
    """A runtime whose constructor never lets go of Python's lock; the agent is told to end."""
    _locked(tally, below, signal.SIGTERM)


def constructor_holds_the_lock_and_agent_killed(setting: Setting, tally: Tally, below: Below) -> None:
    """The same; kill -9 of the agent."""
    _locked(tally, below, signal.SIGKILL)


def command_ends(setting: Setting, tally: Tally, below: Below) -> None:
    """A command on the board ends by itself and leaves descendants: they go with the call; no secret got there."""
    with below.agent() as agent:
        reply = agent.command(_program(setting, below, "end"), 15)
        tally.check(reply.status == 0 and not reply.ended, f"command: status {reply.status}, ended {reply.ended!r}")
        _gone(below, tally, "command ended", besides={agent.process.pid}, promised=0.5)
        if reply.output:
            _clean(tally, "command", json.loads(reply.output))


def command_is_late(setting: Setting, tally: Tally, below: Below) -> None:
    """A command on the board doesn't end in its time."""
    with below.agent() as agent:
        reply = agent.command(_program(setting, below, "wait"), 2)
        tally.check(reply.ended == "timeout", f"late command: ended {reply.ended!r}")
        _gone(below, tally, "late command", besides={agent.process.pid}, promised=0.5)


def agent_killed_during_a_command(setting: Setting, tally: Tally, below: Below) -> None:
    """kill -9 of the agent while a command runs."""
    with below.agent() as agent:
        program = _program(setting, below, "wait")
        threading.Thread(target=lambda: _suppressed(agent.command, program, 60.0), daemon=True).start()
        wait_for(below.register.with_name("running"))
        agent.process.kill()
        _gone(below, tally, "agent killed during a command")


def host_and_agent_killed(setting: Setting, tally: Tally, below: Below) -> None:
    """`axpair board info` and its agent are killed in the same moment, while the worker starts."""
    process = setting.axpair("board", "info", "--board=emulator:", cwd=None, **below.variables())
    try:
        agent = below.first("axpair_agent serve")
        below.first("axpair_agent.worker")
        os.kill(process.pid, signal.SIGKILL)
        os.kill(agent, signal.SIGKILL)
        process.wait()
        _gone(below, tally, "host and agent killed")
    finally:
        process.kill()
        process.wait()


def host_killed_with_its_agent_stopped(setting: Setting, tally: Tally, below: Below) -> None:
    """The agent of `axpair board info` is stopped, then its host is killed: nobody is there to continue it."""
    process = setting.axpair("board", "info", "--board=emulator:", cwd=None, **below.variables())
    try:
        agent = below.first("axpair_agent serve")
        below.first("axpair_agent.worker")
        below.stop(agent)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        _gone(below, tally, "host killed, agent stopped")
    finally:
        process.kill()
        process.wait()


def post_processors_end(setting: Setting, tally: Tally, below: Below) -> None:
    """A command and a Python function on the host: what they leave goes with the call, or with axpair."""
    command = f"cmd:{setting.python} {breeding.__file__} {below.register} end {{dir}}"
    for name, spec in (("cmd: post-processor", command), ("Python post-processor", "breeding:decide")):
        process = _judging(below, spec, "end")
        try:
            output, errors = process.communicate(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            output, errors = b"", b"it didn't end"
        tally.check(process.returncode == 0, f"{name}: {errors.decode()[-300:]}")
        _gone(below, tally, f"{name} ended")
        if process.returncode == 0:
            _clean(tally, name, json.loads(output))


def host_killed_in_a_post_processor(setting: Setting, tally: Tally, below: Below) -> None:
    """kill -9 of the host while a post-processor runs: a command, then a Python function."""
    command = f"cmd:{setting.python} {breeding.__file__} {below.register} wait {{dir}}"
    for spec in (command, "breeding:decide"):
        running = below.register.with_name("running")
        running.unlink(missing_ok=True)
        process = _judging(below, spec, "wait")
        wait_for(running)
        process.kill()
        process.wait()
        _gone(below, tally, f"host killed in {spec.partition(':')[0]}")


WAYS: tuple[Way, ...] = (
    agent_killed_in_a_run,
    start_stopped_and_agent_killed,
    constructor_holds_the_lock,
    command_ends,
    worker_killed,
    post_processors_end,
    keeper_killed,
    host_and_agent_killed,
    host_killed_in_a_post_processor,
    owner_goes_while_idle,
    agent_told_to_end_in_a_run,
    start_stopped,
    constructor_holds_the_lock_and_agent_killed,
    command_is_late,
    agent_killed_during_a_command,
    host_killed_with_its_agent_stopped,
)


def _start_stopped(tally: Tally, below: Below, number: int) -> None:
    what = f"worker stopped at its start, agent {signal.Signals(number).name}"
    with below.agent() as agent:
        threading.Thread(target=lambda: _suppressed(agent.load), daemon=True).start()
        below.stop(below.first("axpair_agent.worker"))
        agent.process.send_signal(number)
        _ended_in_time(agent, tally, what)
        _gone(below, tally, what)


def _locked(tally: Tally, below: Below, number: int) -> None:
    what = f"constructor holds the lock, agent {signal.Signals(number).name}"
    with below.agent(locked=True) as agent:
        threading.Thread(target=lambda: _suppressed(agent.load), daemon=True).start()
        wait_for(below.register.with_name("locked"))
        agent.process.send_signal(number)
        _ended_in_time(agent, tally, what)
        _gone(below, tally, what)


def _program(setting: Setting, below: Below, then: str) -> list[str]:
    return [setting.python, breeding.__file__, str(below.register), then]


def _judging(below: Below, spec: str, then: str) -> "subprocess.Popen[bytes]":
    program = (
        "import json, sys; import numpy as np; from axpair_host.postprocess import apply, load\n"
        "legs = {'board': {'x': np.zeros(1, np.float32)}}\n"
        "print(json.dumps(apply(load(sys.argv[1]), legs).decisions['board']))\n"
    )
    variables = {**below.variables(), "BREEDING_REGISTER": str(below.register), "BREEDING_THEN": then}
    return subprocess.Popen(
        [below.python, "-c", program, spec],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=variables,
        cwd=below.register.parent,
    )


def _clean(tally: Tally, what: str, said: "dict[str, Any]") -> None:
    variables = said.get("said", said)
    leaked = sorted(name for name, secret in SECRETS.items() if secret in variables.values() or name in variables)
    tally.check(not leaked, f"{what}: it got {', '.join(leaked)}")
    lacking = [name for name in (KEPT, "PATH", MARK) if name not in variables]
    tally.check(not lacking, f"{what}: it lacks {', '.join(lacking)}")


def _ended_in_time(agent: Agent, tally: Tally, what: str) -> None:
    try:
        agent.process.wait(10)
    except subprocess.TimeoutExpired:
        tally.check(False, f"{what}: the agent didn't end within 10 s")
        agent.process.kill()
        agent.process.wait()


def _gone(below: Below, tally: Tally, what: str, besides: "set[int] | None" = None, promised: float = PROMISED) -> None:
    seconds, left = below.seconds_until_gone(besides or set())
    tally.highest("longest s", seconds)
    tally.count("left", len(left))
    tally.check(
        seconds <= promised, f"{what}: {len(left)} left after {seconds:.1f} s: {'; '.join(sorted(left.values()))[:200]}"
    )


def _suppressed(call: Callable[..., object], *arguments: object) -> None:
    with contextlib.suppress(grpc.RpcError, ValueError):
        call(*arguments)
