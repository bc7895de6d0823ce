"""Loading: what comes back, what is refused, and by whom."""

import json
import os
from pathlib import Path

import grpc
import pytest
from agent_process import AgentProcess, Client, details_of, reason_of, sha256_of, started
from axpair_proto import PROTOCOL_VERSION
from axpair_proto.description import ModelDescription
from axpair_proto.v1 import diagnostics_pb2, handshake_pb2, models_pb2
from axpair_proto.v1.failures_pb2 import RuntimeFailure
from toy_models import LARGE_BYTES, case, data, load, toy_model


def test_a_loaded_model_describes_itself(client: Client) -> None:
    model = toy_model(inputs=[("b/in", "float32", 6), ("a", "uint8", 5)], outputs=(7, 8), mark="0.6.1.14")
    reply = client.load(model)
    description = ModelDescription.from_message(reply.model.description)
    assert [(tensor.name, tensor.dtype, tensor.shape, tensor.size_bytes) for tensor in description.inputs] == [
        ("b/in", "float32", (1, 6), 24),
        ("a", "uint8", (1, 5), 5),
    ]
    assert [tensor.name for tensor in description.outputs] == ["out/0", "out/1"]
    assert description.tools_version == "0.6.1.14"
    assert reply.model.sha256 == sha256_of(model)
    assert reply.model.versions["runtime"] == "toy 1"
    assert f"loading {sha256_of(model)}" in reply.log_lines


def test_every_load_makes_a_handle_of_its_own(client: Client) -> None:
    first, second = load(client, toy_model()), load(client, toy_model())
    assert first.handle != second.handle
    for model in (first, second, second):
        client.unload(model.handle)


def test_a_model_that_the_runtime_refuses_is_an_answer_with_its_own_code(client: Client) -> None:
    reply = client.load(b"not JSON")
    assert reply.failure.kind == RuntimeFailure.ERROR
    assert reply.failure.code == 0x80061084
    assert reply.failure.message.startswith("malformed topology")
    assert any(line.startswith("loading") for line in reply.log_lines)


def test_an_option_that_does_not_go_with_the_model_is_a_status_and_leaves_no_worker(client: Client) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        client.load(b"no room")
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert reason_of(caught.value) == "OPTION"
    assert (
        details_of(caught.value) == "the runtime 'toy': the option 'tile' is '9', the model has 4\n  next: give 0 to 3"
    )
    assert client.load(toy_model()).WhichOneof("outcome") == "model"


def test_a_worker_that_crashes_while_loading_is_an_answer(client: Client) -> None:
    failure = client.load(b"crash").failure
    assert (failure.kind, failure.signal) == (RuntimeFailure.CRASH, "SIGABRT")


def test_loading_past_its_deadline_is_an_answer(client: Client) -> None:
    failure = client.load(b"hang", deadline_ms=500).failure
    assert failure.kind == RuntimeFailure.HANG
    assert "0.5 s" in failure.message


def test_no_loading_takes_longer_than_a_day(client: Client) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        client.load(toy_model(), deadline_ms=86_400_001)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "86400000 at most" in details_of(caught.value)
    assert client.load(toy_model(), deadline_ms=86_400_000).WhichOneof("outcome") == "model"


def test_a_description_that_is_none_is_an_answer(client: Client) -> None:
    assert client.load(b"undescribed").failure.kind == RuntimeFailure.GARBAGE


def test_a_model_that_was_never_sent_is_not_found(client: Client) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        client.models.Load(models_pb2.LoadRequest(sha256=sha256_of(b"never")), metadata=client.metadata)
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND
    assert reason_of(caught.value) == "BLOB"


def test_answers_that_nobody_reads_do_not_hold_up_unloading(agent: AgentProcess, client: Client) -> None:
    handle = load(client, toy_model(outputs=(LARGE_BYTES,))).handle
    unread = client.runs.Run(iter([case(handle, "unread", data(), repeat=100)]), metadata=client.metadata)
    # The first answer is being handed out, and the windows hold less than all of it.
    assert next(unread).chunk.offset_bytes == 0
    request = models_pb2.UnloadRequest(handle=handle)
    with agent.client() as other:
        other.models.Unload(request, metadata=other.metadata, timeout=60)
    with pytest.raises(grpc.RpcError) as caught:
        list(unread)
    assert reason_of(caught.value) == "HANDLE"
    assert load(client, toy_model())


def test_a_worker_that_is_slow_to_start_holds_up_nobody_else(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    hello = handshake_pb2.HelloRequest(protocol_version=PROTOCOL_VERSION)
    starts = json.dumps(["sh", "-c", f"read line < '{gate}'"])
    with started(tmp_path, f"--option=starts={starts}") as agent, agent.client() as client:
        digest = sha256_of(toy_model())
        client.upload(toy_model())
        request = models_pb2.LoadRequest(sha256=digest)
        first = client.models.Load.future(request, metadata=client.metadata, timeout=120)
        gate.write_text("go on\n")
        assert first.result().model.handle
        second = client.models.Load.future(request, metadata=client.metadata, timeout=120)
        with gate.open("w") as open_gate:  # opened once the second worker waits at it
            assert client.handshake.Hello(hello, metadata=client.metadata, timeout=60).runtime == "toy"
            open_gate.write("go on\n")
        assert second.result().model.handle


def test_an_unloaded_model_runs_nothing(client: Client) -> None:
    handle = load(client, toy_model()).handle
    client.unload(handle)
    with pytest.raises(grpc.RpcError) as caught:
        client.run(case(handle, "a", data()))
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND
    assert reason_of(caught.value) == "HANDLE"


def test_unloading_what_was_never_loaded_leaves_the_others(client: Client) -> None:
    handle = load(client, toy_model()).handle
    client.unload("nobody")
    assert client.run(case(handle, "a", data()))


def test_unloading_lets_the_runtime_close_its_model(agent_folder: Path) -> None:
    closed = agent_folder / "closed"
    with started(agent_folder, f"--option=closed={closed}") as agent, agent.client() as client:
        handle = load(client, toy_model()).handle
        client.unload(handle)
        assert closed.read_text() == "closed"


def test_too_many_models_are_refused_until_one_goes(agent_folder: Path) -> None:
    with started(agent_folder) as agent, agent.client() as client:
        handles = [load(client, toy_model()).handle for _ in range(8)]
        with pytest.raises(grpc.RpcError) as caught:
            client.load(toy_model())
        assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert reason_of(caught.value) == "WORKERS"
        client.unload(handles[0])
        load(client, toy_model())


@pytest.mark.parametrize(
    ("runtime", "options", "said"),
    [
        ("nosuch", [], "looked for the runtime 'nosuch' among the entry points 'axpair.runtimes'"),
        ("no_such_module:Class", [], "No module named 'no_such_module'"),
        ("toy_runtime:ToyRuntime", ["--option=start=refused"], "no such device"),
        ("toy_runtime:ToyRuntime", ["--option=start=crash"], "SIGSEGV"),
    ],
)
def test_a_worker_that_does_not_start_says_what_was_in_the_way(
    agent_folder: Path, runtime: str, options: list[str], said: str
) -> None:
    with started(agent_folder, *options, runtime=runtime) as agent, agent.client() as client:
        with pytest.raises(grpc.RpcError) as hello:
            client.handshake.Hello(
                handshake_pb2.HelloRequest(protocol_version=PROTOCOL_VERSION), metadata=client.metadata
            )
        with pytest.raises(grpc.RpcError) as loading:
            client.load(toy_model())
        for caught in (hello, loading):
            assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
            assert reason_of(caught.value) == "WORKER_START"
            assert said in details_of(caught.value)


def test_what_libraries_print_while_they_start_harms_nothing(agent_folder: Path) -> None:
    with started(agent_folder, "--option=start=babble") as agent, agent.client() as client:
        assert "libtoy 1.0 starting" in client.load(toy_model()).log_lines


def test_diagnostics_tell_of_workers_blobs_and_the_board(fresh_agent: AgentProcess) -> None:
    with fresh_agent.client() as client:
        model = toy_model(mark="diagnosed")
        handle = load(client, model).handle
        client.run(case(handle, "a", data(), repeat=3))
        reply = client.diagnostics.Collect(diagnostics_pb2.CollectRequest(), metadata=client.metadata)
        (worker,) = (worker for worker in reply.workers if worker.handle == handle)
        assert (worker.generation, worker.rounds, worker.model_sha256) == (1, 3, sha256_of(model))
        assert worker.pid > 0
        assert reply.blob_count >= 1
        assert 0 < reply.blob_bytes < reply.quota_bytes
        assert reply.disk_free_bytes > 0
        assert reply.board["kernel"]
        assert any("listening" in line for line in reply.log_lines)
        client.unload(handle)
