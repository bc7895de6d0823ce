"""Commands: a user's program beside the workers, where the agent was started with that permission."""

import base64
import json
import logging

import grpc
from axpair_proto.reasons import Reason
from axpair_proto.v1 import commands_pb2, commands_pb2_grpc

from axpair_agent.errors import CallError
from axpair_agent.launch import Launcher
from axpair_agent.services.statuses import reasons_as_statuses

DEFAULT_SECONDS = 60.0
MAX_SECONDS = 600.0

log = logging.getLogger(__name__)


class Commands(commands_pb2_grpc.CommandsServicer):
    """Runs one program for each call, or refuses every one."""

    def __init__(self, launcher: Launcher, allowed: bool) -> None:
        self._launcher = launcher
        self._allowed = allowed

    def Run(
        self, request: commands_pb2.RunCommandRequest, context: grpc.ServicerContext
    ) -> commands_pb2.RunCommandReply:
        """Written to the log before it runs."""
        with reasons_as_statuses(context):
            if not self._allowed:
                raise CallError(
                    Reason.COMMANDS,
                    "this agent runs no commands of its users",
                    next_step="start it with --allow-commands if whoever holds its token may run programs there",
                )
            seconds = min(request.deadline_ms / 1000 or DEFAULT_SECONDS, MAX_SECONDS)
            log.info("running a user's command: %s", " ".join(map(repr, request.arguments)))
            header = {
                "arguments": list(request.arguments),
                "files": [[file.name, len(file.data)] for file in request.files],
                "seconds": seconds,
            }
            data = b"".join([json.dumps(header).encode(), b"\n", *(file.data for file in request.files)])
            return _reply(self._launcher.command(data, seconds))
        raise AssertionError("abort returned")


def _reply(answer: bytes) -> commands_pb2.RunCommandReply:
    try:
        document = json.loads(answer)
        if "refused" in document:
            raise CallError(Reason.COMMAND, str(document["refused"]))
        return commands_pb2.RunCommandReply(
            status=document["status"],
            output=base64.b64decode(document["output"]),
            errors=base64.b64decode(document["errors"]),
            ended=document["ended"],
        )
    except (ValueError, KeyError, TypeError) as error:
        raise CallError(Reason.WORKER_START, f"what runs commands there said {answer[:200]!r}") from error
