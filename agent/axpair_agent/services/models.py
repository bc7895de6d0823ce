"""Models: load and unload."""

from collections.abc import Mapping

import grpc
from axpair_proto.reasons import Reason
from axpair_proto.v1 import models_pb2, models_pb2_grpc

from axpair_agent.errors import CallError
from axpair_agent.loading import LoadRefused
from axpair_agent.supervisor import Supervisor
from axpair_agent.worker.requests import MAX_DEADLINE_MS
from axpair_agent.worker.run_joint import SWITCHES

OFFERED = ("", "run_joint")
"""Runtimes that a caller may ask for. Which program that is the board's owner decides: it is no option here."""
OPTIONS = (*SWITCHES, "manual_alloc")


class Models(models_pb2_grpc.ModelsServicer):
    """Keeps models resident, each in a worker of its own."""

    def __init__(self, supervisor: Supervisor, run_joint: str = "") -> None:
        """`run_joint`: the program that stands for the runtime of that name."""
        self._supervisor = supervisor
        self._run_joint = run_joint

    def Load(self, request: models_pb2.LoadRequest, context: grpc.ServicerContext) -> models_pb2.LoadReply:
        """A model that the runtime refuses is an answer; only agent and worker failing is a status."""
        try:
            options = dict(request.runtime_options)
            _check_runtime(request.runtime, options)
            if request.runtime and self._run_joint:
                options["command"] = self._run_joint
            if request.deadline_ms > MAX_DEADLINE_MS:
                raise CallError(
                    Reason.MESSAGE,
                    f"a deadline of {request.deadline_ms} ms to load {request.sha256}; {MAX_DEADLINE_MS} at most",
                )
            seconds = request.deadline_ms / 1000
            model, loaded = self._supervisor.load(request.sha256, seconds, request.runtime, options)
        except LoadRefused as refused:
            return models_pb2.LoadReply(
                failure=refused.failure, log_lines=refused.log_lines, workers_lost=refused.workers_lost
            )
        if not context.is_active():
            self._supervisor.unload(model.handle)  # its host is gone, and doesn't know the handle
        return models_pb2.LoadReply(
            model=models_pb2.LoadedModel(
                handle=model.handle,
                description=loaded.description.to_message(),
                sha256=loaded.sha256,
                load_us=loaded.load_us,
                versions=dict(loaded.versions),
            ),
            log_lines=loaded.log_lines,
            workers_lost=model.take_lost(),
        )

    def Unload(self, request: models_pb2.UnloadRequest, context: grpc.ServicerContext) -> models_pb2.UnloadReply:
        """Waits for the present case of the handle."""
        self._supervisor.unload(request.handle)
        return models_pb2.UnloadReply()


def _check_runtime(runtime: str, options: Mapping[str, str]) -> None:
    """Raise CallError OPTION for a runtime that may not be asked for, or an option that isn't one of its switches."""
    if runtime not in OFFERED:
        raise CallError(Reason.OPTION, f"the runtime {runtime!r} can't be asked for by a caller")
    unknown = [key for key in options if not runtime or key not in OPTIONS]
    if unknown:
        raise CallError(Reason.OPTION, f"there is no option {unknown[0]!r} for a caller to give")
