"""A worker that fails in any way is an answer that says which, and the next case runs."""

import threading
from collections.abc import Iterator

import grpc
import pytest
import toy_runtime
from agent_process import AgentProcess, Client, gone, reason_of
from axpair_proto.v1 import diagnostics_pb2, runs_pb2
from axpair_proto.v1.failures_pb2 import RuntimeFailure
from toy_models import SMALL_BYTES, case, data, load, toy_model

CRASH, EXIT, HANG, GARBAGE, ERROR = (
    RuntimeFailure.CRASH,
    RuntimeFailure.EXIT,
    RuntimeFailure.HANG,
    RuntimeFailure.GARBAGE,
    RuntimeFailure.ERROR,
)


def worker_pids(client: Client) -> dict[str, int]:
    """Of every loaded model, by handle."""
    reply = client.diagnostics.Collect(diagnostics_pb2.CollectRequest(), metadata=client.metadata)
    return {worker.handle: worker.pid for worker in reply.workers}


def wait_until_unloaded(client: Client, handle: str) -> None:
    """The agent itself says when it has let the model go."""
    while handle in worker_pids(client):
        pass


@pytest.mark.parametrize(
    ("misdeed", "kind", "code", "signal_name", "said"),
    [
        (toy_runtime.SEGFAULT, CRASH, 0, "SIGSEGV", "ended by SIGSEGV"),
        (toy_runtime.EXIT, EXIT, 42, "", "exit status 42"),
        (toy_runtime.HANG, HANG, 0, "", "no answer within 0.7 s"),
        (toy_runtime.HANG_IN_C, HANG, 0, "", "no answer within 0.7 s"),
        (toy_runtime.GARBAGE, GARBAGE, 0, "", "npu.c:77"),
        (toy_runtime.STALE_FRAME, GARBAGE, 0, "", "an answer to another request: ROUND"),
        (toy_runtime.ERROR, ERROR, 0x80061086, "", "run failed"),
        (toy_runtime.RAISING, ERROR, 0, "", "toy: ZeroDivisionError: a defect of the runtime"),
        (toy_runtime.TOO_MANY_OUTPUTS, ERROR, 0, "", "returned 2 outputs, the model has 1"),
    ],
)
def test_a_failure_says_which_and_the_next_case_runs_in_a_fresh_worker(
    client: Client, misdeed: int, kind: int, code: int, signal_name: str, said: str
) -> None:
    handle = load(client, toy_model()).handle
    failed, after = client.run(
        case(handle, "fails", data(misdeed), repeat=2, deadline_ms=700), case(handle, "after", data())
    )
    failure = failed.outcome.failure
    assert (failed.case_id, failed.round, list(failed.outcome.outputs)) == ("fails", 1, [])
    assert (failure.kind, failure.code, failure.signal) == (kind, code, signal_name)
    assert said in failure.message
    assert failed.outcome.worker_generation == 1
    assert (after.case_id, after.outcome.worker_generation) == ("after", 2)
    assert after.outputs == [toy_runtime.expected([data()], SMALL_BYTES)]
    client.unload(handle)


def test_a_crash_brings_the_lines_that_were_printed_before_it(client: Client) -> None:
    handle = load(client, toy_model()).handle
    (failed,) = client.run(case(handle, "crash", data(toy_runtime.SEGFAULT)))
    assert "Fatal Python error: Segmentation fault" in failed.outcome.log_lines
    assert any("toy_runtime.py" in line for line in failed.outcome.log_lines)


def test_children_of_a_worker_end_with_it(client: Client) -> None:
    handle = load(client, toy_model()).handle
    hung, started = client.run(
        case(handle, "hung", data(toy_runtime.HANG_WITH_CHILD), deadline_ms=1500),
        case(handle, "started", data(toy_runtime.CHILD)),
    )
    client.unload(handle)
    for done in (hung, started):
        (line,) = (line for line in done.outcome.log_lines if line.startswith("child "))
        assert gone(int(line.split()[1]))


def test_a_model_that_does_not_load_again_fails_the_case_only(client: Client, agent: AgentProcess) -> None:
    handle = load(client, toy_model(mark="gone")).handle
    for stored in (agent.log.parent / "blobs" / "whole").iterdir():
        if b'"gone"' in stored.read_bytes():
            stored.unlink()
    replies = client.runs.Run(
        iter([case(handle, "crash", data(toy_runtime.SEGFAULT)), case(handle, "after", data())]),
        metadata=client.metadata,
    )
    with pytest.raises(grpc.RpcError) as caught:
        list(replies)
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


def test_a_host_that_cancels_leaves_no_worker_behind(agent: AgentProcess, client: Client) -> None:
    with agent.client() as doomed:
        handle = load(doomed, toy_model()).handle
        pid = worker_pids(client)[handle]
        requests = iter([case(handle, "running", data(toy_runtime.HANG), deadline_ms=1000)])
        call = doomed.runs.Run(requests, metadata=doomed.metadata)
        wait_until_hanging(agent, pid)
        call.cancel()
    assert gone(pid)
    wait_until_unloaded(client, handle)
    with pytest.raises(grpc.RpcError) as caught:
        client.run(case(handle, "after", data()))
    assert reason_of(caught.value) == "HANDLE"


def test_a_host_that_goes_away_between_cases_leaves_no_worker_behind(agent: AgentProcess, client: Client) -> None:
    with agent.client() as doomed:
        handle = load(doomed, toy_model()).handle
        pid = worker_pids(client)[handle]
        ended = threading.Event()

        def requests() -> Iterator[runs_pb2.RunRequest]:
            yield case(handle, "one", data())
            ended.wait(60)

        next(doomed.runs.Run(requests(), metadata=doomed.metadata))
    ended.set()
    assert gone(pid)
    wait_until_unloaded(client, handle)


def wait_until_hanging(agent: AgentProcess, pid: int) -> None:
    """Wait until that worker has come to the toy's hang: it then writes its pid into a named pipe."""
    assert (agent.log.parent / "hanging").read_text() == str(pid)
