"""Models and cases for the toy runtime."""

from __future__ import annotations

import json

from agent_process import Client
from axpair_proto.v1 import models_pb2, runs_pb2

INPUT_BYTES = 1000
SMALL_BYTES = 500
LARGE_BYTES = (3 << 20) + 5


def toy_model(
    *,
    inputs: list[tuple[str, str, int]] | None = None,
    outputs: tuple[int, ...] = (SMALL_BYTES,),
    mark: str = "",
    size: int = 0,
) -> bytes:
    """A model file of at least `size` bytes; `mark` makes it another file of the same kind."""
    described = inputs or [("in", "uint8", INPUT_BYTES)]
    return json.dumps({"inputs": described, "output_bytes": outputs, "tools_version": mark}).ljust(size).encode()


def load(client: Client, model: bytes) -> models_pb2.LoadedModel:
    """Load, or fail with the runtime's words."""
    reply = client.load(model)
    assert reply.WhichOneof("outcome") == "model", reply
    return reply.model


def data(misdeed: int = 0, fill: int = 7, size: int = INPUT_BYTES) -> bytes:
    """Input bytes; the first asks the toy runtime for a misdeed."""
    return bytes([misdeed]) + bytes((fill + 13 * index) % 251 for index in range(size - 1))


def case(
    handle: str,
    case_id: str,
    inline: bytes,
    *,
    name: str = "in",
    repeat: int = 1,
    deadline_ms: int = 0,
    probe: bool = False,
) -> runs_pb2.RunRequest:
    """A case with one input inline."""
    return runs_pb2.RunRequest(
        handle=handle,
        case_id=case_id,
        inputs=[runs_pb2.RunInput(name=name, inline=inline)],
        repeat=repeat,
        deadline_ms=deadline_ms,
        want_probe=probe,
    )
