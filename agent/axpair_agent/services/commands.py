"""Commands: a user's program beside the workers, where the agent was started with that permission."""

import base64
import json
import logging
import os

import grpc
from axpair_proto.reasons import Reason
from axpair_proto.v1 import commands_pb2, commands_pb2_grpc

from axpair_agent.blobs import BlobStore
from axpair_agent.errors import CallError
from axpair_agent.launch import Launcher

DEFAULT_SECONDS = 60.0
MAX_SECONDS = 600.0
MAX_INLINE_BYTES = 1 << 20
MAX_FILES_BYTES = 64 << 20
"""Of all files of a command: they are held in memory on their way."""
MAX_NAME_BYTES = 255
"""What file systems take."""

log = logging.getLogger(__name__)


class Commands(commands_pb2_grpc.CommandsServicer):
    """Runs one program for each call, or refuses every one."""

    def __init__(self, launcher: Launcher, blobs: BlobStore, allowed: bool) -> None:
        self._launcher = launcher
        self._blobs = blobs
        self._allowed = allowed

    def Run(
        self, request: commands_pb2.RunCommandRequest, context: grpc.ServicerContext
    ) -> commands_pb2.RunCommandReply:
        """Written to the log before it runs."""
        if not self._allowed:
            raise CallError(
                Reason.COMMANDS,
                "this agent runs no commands of its users",
                next_step="start it with --allow-commands if whoever holds its token may run programs there",
            )
        seconds = request.deadline_ms / 1000 or DEFAULT_SECONDS
        if seconds > MAX_SECONDS:
            raise CallError(
                Reason.COMMAND, f"a deadline of {request.deadline_ms} ms; a command may take {MAX_SECONDS * 1000:g}"
            )
        sizes = [self._size(file) for file in request.files]
        if sum(sizes) > MAX_FILES_BYTES:
            raise CallError(
                Reason.COMMAND, f"{sum(sizes)} bytes of files are too many for a command; at most {MAX_FILES_BYTES}"
            )
        log.info("running a user's command: %s", " ".join(map(repr, request.arguments)))
        header = {
            "arguments": list(request.arguments),
            "files": [[file.name, size] for file, size in zip(request.files, sizes, strict=True)],
            "seconds": seconds,
        }
        data = b"".join([json.dumps(header).encode(), b"\n", *map(self._content, request.files)])
        return _reply(self._launcher.command(data, seconds))

    def _size(self, file: commands_pb2.CommandFile) -> int:
        if len(os.fsencode(file.name)) > MAX_NAME_BYTES:
            raise CallError(
                Reason.COMMAND, f"a file name of {len(file.name)} letters; it takes {MAX_NAME_BYTES} bytes at most"
            )
        source = file.WhichOneof("source")
        if source == "data" and len(file.data) > MAX_INLINE_BYTES:
            raise CallError(
                Reason.COMMAND,
                f"the file {file.name!r} has {len(file.data)} bytes inline; above {MAX_INLINE_BYTES} it goes by digest",
            )
        return self._blobs.size_of(file.sha256) if source == "sha256" else len(file.data)

    def _content(self, file: commands_pb2.CommandFile) -> bytes:
        if file.WhichOneof("source") != "sha256":
            return file.data
        with self._blobs.in_use(file.sha256) as path:
            return path.read_bytes()


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
