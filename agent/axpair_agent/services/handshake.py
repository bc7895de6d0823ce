"""Handshake: who the agent is."""

import secrets

import grpc
from axpair_proto import PROTOCOL_VERSION, __version__
from axpair_proto.reasons import Reason
from axpair_proto.v1 import handshake_pb2, handshake_pb2_grpc

from axpair_agent.errors import CallError
from axpair_agent.supervisor import Supervisor

CAPABILITIES = ("poison", "probe")


class Handshake(handshake_pb2_grpc.HandshakeServicer):
    """Answers the first call of a connection; the very first one starts a worker to ask it."""

    def __init__(self, supervisor: Supervisor, commands: bool = False) -> None:
        self._supervisor = supervisor
        self._capabilities = (*CAPABILITIES, "commands") if commands else CAPABILITIES
        self._instance = secrets.token_hex(8)

    def Hello(self, request: handshake_pb2.HelloRequest, context: grpc.ServicerContext) -> handshake_pb2.HelloReply:
        """Refuses hosts of another protocol before anything else."""
        if request.protocol_version != PROTOCOL_VERSION:
            raise CallError(
                Reason.PROTOCOL_VERSION,
                f"the host {request.host_version or 'of unknown release'} speaks protocol "
                f"{request.protocol_version}, this agent {__version__} speaks {PROTOCOL_VERSION}",
                next_step="install the same release of axpair on both sides",
            )
        hello = self._supervisor.hello()
        return handshake_pb2.HelloReply(
            protocol_version=PROTOCOL_VERSION,
            agent_version=__version__,
            instance=self._instance,
            runtime=hello.runtime,
            versions=dict(hello.versions),
            capabilities=self._capabilities,
            worker=self._supervisor.launcher.where,
        )
