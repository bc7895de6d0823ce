"""Who is there, and who gets in."""

import platform
from collections.abc import Callable

import grpc
import pytest
from agent_process import AgentProcess, Client, details_of, reason_of
from axpair_proto import PROTOCOL_VERSION, __version__
from axpair_proto.reasons import TOKEN_KEY, Reason
from axpair_proto.v1 import handshake_pb2, models_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc


def hello(version: int = PROTOCOL_VERSION) -> handshake_pb2.HelloRequest:
    return handshake_pb2.HelloRequest(protocol_version=version, host_version="9.9")


def test_the_agent_says_who_it_is_and_what_it_runs_models_with(client: Client) -> None:
    reply = client.handshake.Hello(hello(), metadata=client.metadata)
    assert reply.protocol_version == PROTOCOL_VERSION
    assert reply.agent_version == __version__
    assert (reply.runtime, reply.worker) == ("toy", "local")
    assert dict(reply.versions) == {"runtime": "toy 1", "chip": "none", "python": platform.python_version()}
    assert {"poison", "probe"} <= set(reply.capabilities)
    assert reply.instance == client.handshake.Hello(hello(), metadata=client.metadata).instance


def test_another_protocol_is_refused_with_both_versions(client: Client) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        client.handshake.Hello(hello(PROTOCOL_VERSION + 1), metadata=client.metadata)
    assert caught.value.code() is Reason.PROTOCOL_VERSION.status
    assert reason_of(caught.value) == "PROTOCOL_VERSION"
    assert f"speaks protocol {PROTOCOL_VERSION + 1}" in details_of(caught.value)
    assert f"speaks {PROTOCOL_VERSION}" in details_of(caught.value)


@pytest.mark.parametrize("metadata", [(), ((TOKEN_KEY, "Bearer wrong"),), ((TOKEN_KEY, ""),)])
def test_without_the_token_no_service_answers(agent: AgentProcess, metadata: tuple[tuple[str, str], ...]) -> None:
    with agent.client() as client:
        calls: list[Callable[[], object]] = [
            lambda: client.handshake.Hello(hello(), metadata=metadata),
            lambda: client.models.Load(models_pb2.LoadRequest(), metadata=metadata),
            lambda: client.blobs.Upload(iter(()), metadata=metadata),
            lambda: list(client.runs.Run(iter(()), metadata=metadata)),
        ]
        for call in calls:
            with pytest.raises(grpc.RpcError) as caught:
                call()
            assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
            assert reason_of(caught.value) == "TOKEN"


def test_health_says_serving(client: Client) -> None:
    stub = health_pb2_grpc.HealthStub(client.channel)
    reply = stub.Check(health_pb2.HealthCheckRequest(service="axpair.v1.Runs"), metadata=client.metadata)
    assert reply.status == health_pb2.HealthCheckResponse.SERVING


def test_reflection_lists_every_service(client: Client) -> None:
    stub = reflection_pb2_grpc.ServerReflectionStub(client.channel)
    request = reflection_pb2.ServerReflectionRequest(list_services="")
    (reply,) = stub.ServerReflectionInfo(iter([request]), metadata=client.metadata)
    listed = {service.name for service in reply.list_services_response.service}
    assert {f"axpair.v1.{name}" for name in ("Handshake", "Blobs", "Models", "Runs", "Diagnostics")} <= listed
