"""A worker that ends from outside changes nothing: all rounds of its case run again; its own faults are evidence."""

import os
import signal
from pathlib import Path

import pytest
import toy_runtime
from agent_process import AgentProcess, Client, Outcome, collected, gone, started
from axpair_proto import PROTOCOL_VERSION
from axpair_proto.v1 import diagnostics_pb2, handshake_pb2, runs_pb2
from axpair_proto.v1.failures_pb2 import RuntimeFailure
from toy_models import SMALL_BYTES, case, data, load, toy_model

HELLO = handshake_pb2.HelloRequest(protocol_version=PROTOCOL_VERSION)
CRASH, ERROR, INPUT, LOST = (
    RuntimeFailure.CRASH,
    RuntimeFailure.ERROR,
    RuntimeFailure.INPUT,
    RuntimeFailure.LOST,
)


def pid_of(client: Client, handle: str) -> int:
    """Of the worker that holds the model."""
    reply = client.diagnostics.Collect(diagnostics_pb2.CollectRequest(), metadata=client.metadata)
    return {worker.handle: worker.pid for worker in reply.workers}[handle]


def hanging(agent: AgentProcess) -> int:
    """The pid of the worker that comes to the toy's hang next: it writes it into a named pipe."""
    return int((agent.log.parent / "hanging").read_text())


def seen(done: Outcome) -> tuple[str, str, int, int, int]:
    """Case, kind, round, generation and workers lost of a round."""
    return done.case_id, done.kind, done.round, done.outcome.worker_generation, done.outcome.workers_lost


def preceded(handle: str, case_id: str, before: bytes, given: bytes, repeat: int = 1) -> runs_pb2.RunRequest:
    """A case with another one's input before it."""
    request = case(handle, case_id, given, repeat=repeat)
    request.before.add(name="in", inline=before)
    return request


def test_what_ran_before_is_round_0_of_the_same_worker(client: Client) -> None:
    handle = load(client, toy_model()).handle
    before, given = data(fill=1), data(fill=2)
    request = preceded(handle, "a", before, given, repeat=2)
    request.want_probe = True
    first, second, third = client.run(request)
    assert [seen(done) for done in (first, second, third)] == [
        ("a", "PROBE", 0, 1, 0),
        ("a", "CASE", 1, 1, 0),
        ("a", "CASE", 2, 1, 0),
    ]
    assert first.outputs == [toy_runtime.expected([before], SMALL_BYTES)]
    assert second.outputs == third.outputs == [toy_runtime.expected([given], SMALL_BYTES)]


@pytest.mark.parametrize("misdeed", [toy_runtime.SEGFAULT, toy_runtime.ERROR])
def test_where_what_ran_before_fails_the_case_runs_alone_in_a_fresh_worker(client: Client, misdeed: int) -> None:
    handle = load(client, toy_model()).handle
    failed, alone, after = client.run(
        preceded(handle, "a", data(misdeed), data()), preceded(handle, "b", data(), data(fill=3))
    )[:3]
    assert [seen(done) for done in (failed, alone)] == [("a", "PROBE", 0, 1, 0), ("a", "CASE", 1, 2, 0)]
    assert failed.outcome.failure.kind == (CRASH if misdeed == toy_runtime.SEGFAULT else ERROR)
    assert alone.outputs == [toy_runtime.expected([data()], SMALL_BYTES)]
    assert seen(after) == ("b", "PROBE", 0, 2, 0)


def test_inputs_before_that_do_not_fit_cost_no_worker(client: Client) -> None:
    handle = load(client, toy_model()).handle
    unfit, alone = client.run(preceded(handle, "a", b"short", data()))
    assert (unfit.round, unfit.outcome.failure.kind) == (0, INPUT)
    assert seen(alone) == ("a", "CASE", 1, 1, 0)


def test_a_worker_that_is_killed_while_idle_is_replaced_and_counted(client: Client) -> None:
    handle = load(client, toy_model()).handle
    pid = pid_of(client, handle)
    os.kill(pid, signal.SIGKILL)
    assert gone(pid)
    first, second = client.run(case(handle, "a", data()), case(handle, "b", data()))
    assert [seen(done) for done in (first, second)] == [("a", "CASE", 1, 2, 1), ("b", "CASE", 1, 2, 0)]


def test_a_crash_while_idle_is_replaced_and_counted_too(fresh_agent: AgentProcess) -> None:
    with fresh_agent.client() as client:
        handle = load(client, toy_model()).handle
        pid = pid_of(client, handle)
        os.kill(pid, signal.SIGSEGV)
        assert gone(pid)
        (done,) = client.run(case(handle, "a", data()))
        assert seen(done) == ("a", "CASE", 1, 2, 1)
    assert "while nothing was asked of it, the worker was ended by SIGSEGV" in fresh_agent.log.read_text()


def test_a_kill_inside_a_case_runs_all_its_rounds_again(agent: AgentProcess, client: Client) -> None:
    handle = load(client, toy_model()).handle
    (agent.log.parent / "once").touch()
    request = preceded(handle, "a", data(fill=1), data(toy_runtime.HANG_ONCE))
    replies = client.runs.Run(iter([request, case(handle, "b", data())]), metadata=client.metadata, timeout=60)
    os.kill(hanging(agent), signal.SIGKILL)
    messages = list(replies)
    assert [(reply.attempt, reply.round) for reply in messages] == [(0, 0), (1, 0), (1, 1), (0, 1)]
    assert [seen(done) for done in collected(messages)] == [
        ("a", "PROBE", 0, 1, 0),
        ("a", "PROBE", 0, 2, 1),
        ("a", "CASE", 1, 2, 0),
        ("b", "CASE", 1, 2, 0),
    ]
    assert not any(reply.outcome.HasField("failure") for reply in messages)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_case_whose_worker_ends_from_outside_three_times_stays_open(
    agent: AgentProcess, client: Client, number: signal.Signals
) -> None:
    handle = load(client, toy_model()).handle
    replies = client.runs.Run(
        iter([case(handle, "a", data(toy_runtime.HANG), deadline_ms=1500), case(handle, "b", data())]),
        metadata=client.metadata,
        timeout=60,
    )
    for _ in range(3):
        os.kill(hanging(agent), number)
    lost, after = collected(replies)
    assert seen(lost) == ("a", "CASE", 1, 3, 3)
    assert lost.outcome.failure.kind == LOST
    assert "ended from outside at each of 3 attempts" in lost.outcome.failure.message
    assert seen(after) == ("b", "CASE", 1, 4, 0)


def test_an_agent_that_was_stopped_itself_runs_the_case_again(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "hanging")
    with started(tmp_path, f"--option=hanging={tmp_path / 'hanging'}") as agent, agent.client() as client:
        handle = load(client, toy_model()).handle
        replies = client.runs.Run(
            iter([case(handle, "a", data(toy_runtime.HANG_IN_C), deadline_ms=500)]), metadata=client.metadata
        )
        pid = hanging(agent)
        agent.process.send_signal(signal.SIGSTOP)
        # Its own timer ends the worker, seconds after the deadline.
        assert gone(pid)
        agent.process.send_signal(signal.SIGCONT)
        hanging(agent)
        (done,) = collected(replies)
        assert seen(done) == ("a", "CASE", 1, 2, 1)
        assert done.outcome.failure.kind == RuntimeFailure.HANG


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGTERM])
def test_any_other_signal_is_evidence_at_the_first_time(
    agent: AgentProcess, client: Client, number: signal.Signals
) -> None:
    handle = load(client, toy_model()).handle
    replies = client.runs.Run(iter([case(handle, "a", data(toy_runtime.HANG))]), metadata=client.metadata, timeout=60)
    os.kill(hanging(agent), number)
    (done,) = collected(replies)
    assert (done.outcome.failure.kind, done.outcome.failure.signal) == (CRASH, number.name)
    assert seen(done) == ("a", "CASE", 1, 1, 0)


def test_a_kill_while_loading_loads_again_and_three_are_no_evidence(agent: AgentProcess, client: Client) -> None:
    (agent.log.parent / "once").touch()
    for mark, kills, outcome in (("hangs once", 1, "model"), ("hangs", 3, "failure")):
        reply = client.loading(toy_model(mark=mark))
        for _ in range(kills):
            os.kill(hanging(agent), signal.SIGKILL)
        loaded = reply.result()
        assert (loaded.WhichOneof("outcome"), loaded.workers_lost) == (outcome, kills)
        client.unload(loaded.model.handle)
    assert loaded.failure.kind == LOST


def test_a_waiting_worker_that_was_killed_is_counted_by_the_model_that_comes(tmp_path: Path) -> None:
    said = tmp_path / "started"
    with started(tmp_path, f"--option=started={said}") as agent, agent.client() as client:
        client.handshake.Hello(HELLO, metadata=client.metadata)
        pid = int(said.read_text())
        os.kill(pid, signal.SIGKILL)
        assert gone(pid)
        assert client.load(toy_model()).workers_lost == 1
