"""Nobody who keeps the agent waiting, or has no token, keeps it from others."""

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from agent_process import AgentProcess, Client, details_of, reason_of, started
from axpair_agent.logbook import OWN_LINES
from axpair_agent.places import MAX_WAITING
from axpair_proto import PROTOCOL_VERSION
from axpair_proto.v1 import (
    blobs_pb2,
    commands_pb2,
    diagnostics_pb2,
    handshake_pb2,
    models_pb2,
    runs_pb2,
)
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2

HELLO = handshake_pb2.HelloRequest(protocol_version=PROTOCOL_VERSION)
METHODS = [
    f"/{service.full_name}/{method.name}"
    for module in (
        blobs_pb2,
        commands_pb2,
        diagnostics_pb2,
        handshake_pb2,
        health_pb2,
        models_pb2,
        reflection_pb2,
        runs_pb2,
    )
    for service in module.DESCRIPTOR.services_by_name.values()
    for method in service.methods
]


def raw(client: Client, path: str) -> Any:
    """A unary call of bytes."""
    return client.channel.unary_unary(path)


@contextlib.contextmanager
def alone(agent: AgentProcess) -> Iterator[Client]:
    """A client on a connection of its own; others share one."""
    options = [("grpc.use_local_subchannel_pool", 1)]
    with grpc.insecure_channel(f"127.0.0.1:{agent.port}", options=options) as channel:
        yield Client(channel, agent.token)


@contextlib.contextmanager
def silent_calls(client: Client, paths: list[str]) -> Iterator[list[Any]]:
    """Calls that are opened and never send their message."""
    over = threading.Event()

    def nothing() -> Iterator[bytes]:
        over.wait()
        yield from ()

    try:
        opened: list[Any] = [client.channel.stream_unary(path) for path in paths]
        yield [path.future(nothing(), metadata=client.metadata) for path in opened]
    finally:
        over.set()


def test_without_the_token_no_message_is_waited_for(agent: AgentProcess) -> None:
    with alone(agent) as stranger:
        stranger.metadata = ()
        with silent_calls(stranger, METHODS) as calls:
            for call in calls:
                with pytest.raises(grpc.RpcError) as caught:
                    call.result(timeout=60)
                assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
                assert reason_of(caught.value) == "TOKEN"


def test_a_method_that_there_isnt_is_refused_without_the_token_too(agent: AgentProcess) -> None:
    with agent.client() as stranger, pytest.raises(grpc.RpcError) as caught:
        raw(stranger, "/axpair.v1.Runs/Nothing")(b"", timeout=60)
    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
    with agent.client() as known, pytest.raises(grpc.RpcError) as caught:
        raw(known, "/axpair.v1.Runs/Nothing")(b"", metadata=known.metadata, timeout=60)
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize("path", METHODS)
def test_silent_calls_of_any_method_hold_up_nobody(agent: AgentProcess, client: Client, path: str) -> None:
    with alone(agent) as silent, silent_calls(silent, [path] * (MAX_WAITING // 2)):
        assert client.handshake.Hello(HELLO, metadata=client.metadata, timeout=60).runtime == "toy"
        assert client.missing() == {}


def test_of_too_many_silent_calls_those_of_the_connections_with_the_most_are_ended(agent: AgentProcess) -> None:
    ended = threading.Semaphore(0)
    each = MAX_WAITING - 8
    with contextlib.ExitStack() as held:
        few, many, more = (held.enter_context(alone(agent)) for _ in range(3))
        (kept,) = held.enter_context(silent_calls(few, ["/axpair.v1.Runs/Run"]))
        for client in (many, more):
            for call in held.enter_context(silent_calls(client, ["/axpair.v1.Models/Unload"] * each)):
                call.add_done_callback(lambda _: ended.release())
        for _ in range(1 + 2 * each - MAX_WAITING):
            assert ended.acquire(timeout=60)
        assert not kept.done()


@pytest.mark.parametrize("path", [path for path in METHODS if "Collect" not in path])
def test_what_is_no_message_is_said_in_one_line(fresh_agent: AgentProcess, path: str) -> None:
    with fresh_agent.client() as client, pytest.raises(grpc.RpcError) as caught:
        raw(client, path)(b"\xff\xff\xff", metadata=client.metadata, timeout=60)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert reason_of(caught.value) == "MESSAGE"
    assert f"3 bytes that came for {path} are no message of it" in details_of(caught.value)
    log = fresh_agent.log.read_text()
    assert log.count(f"3 bytes that came for {path} are") == 1
    assert "Traceback" not in log


def test_many_refusals_for_one_reason_leave_room_for_those_for_another(agent_folder: Path) -> None:
    with started(agent_folder) as agent:
        with agent.client() as client:
            for _ in range(OWN_LINES + 1):
                with pytest.raises(grpc.RpcError):
                    raw(client, "/axpair.v1.Runs/Run")(b"\xff", metadata=client.metadata, timeout=60)
            with pytest.raises(grpc.RpcError):
                client.handshake.Hello(handshake_pb2.HelloRequest(), metadata=client.metadata, timeout=60)
        log = agent.log.read_text()
    assert log.count("call refused, MESSAGE: ") == OWN_LINES
    assert log.count("call refused, PROTOCOL_VERSION: ") == 1


def test_a_call_that_is_over_without_a_message_is_refused(client: Client) -> None:
    hello: Any = client.channel.stream_unary("/axpair.v1.Handshake/Hello")
    with pytest.raises(grpc.RpcError) as caught:
        hello(iter(()), metadata=client.metadata, timeout=60)
    assert reason_of(caught.value) == "MESSAGE"
    assert "takes a message, and none came" in details_of(caught.value)


def test_large_messages_are_refused_by_every_method(client: Client) -> None:
    for path in METHODS:
        with pytest.raises(grpc.RpcError) as caught:
            raw(client, path)(bytes(5 << 20), metadata=client.metadata, timeout=60)
        assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
