"""Models: load and unload."""

import grpc
from axpair_proto.v1 import models_pb2, models_pb2_grpc

from axpair_agent.loading import LoadRefused
from axpair_agent.services.statuses import reasons_as_statuses
from axpair_agent.supervisor import Supervisor


class Models(models_pb2_grpc.ModelsServicer):
    """Keeps models resident, each in a worker of its own."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor

    def Load(self, request: models_pb2.LoadRequest, context: grpc.ServicerContext) -> models_pb2.LoadReply:
        """A model that the runtime refuses is an answer; only agent and worker failing is a status."""
        with reasons_as_statuses(context):
            try:
                model, loaded = self._supervisor.load(request.sha256, request.deadline_ms / 1000)
            except LoadRefused as refused:
                return models_pb2.LoadReply(failure=refused.failure, log_lines=refused.log_lines)
            return models_pb2.LoadReply(
                model=models_pb2.LoadedModel(
                    handle=model.handle,
                    description=loaded.description.to_message(),
                    sha256=loaded.sha256,
                    load_us=loaded.load_us,
                    versions=dict(loaded.versions),
                ),
                log_lines=loaded.log_lines,
            )
        raise AssertionError("abort returned")

    def Unload(self, request: models_pb2.UnloadRequest, context: grpc.ServicerContext) -> models_pb2.UnloadReply:
        """Waits for the present case of the handle."""
        self._supervisor.unload(request.handle)
        return models_pb2.UnloadReply()
