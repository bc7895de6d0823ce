"""Every reason for which a call of `axpair.v1` fails, with its gRPC status: one table for both sides.

A failing call carries the reason in the trailing metadata `axpair-reason` and a sentence as its details. A model
that doesn't load or run is no failing call: that is data in the reply (RuntimeFailure).
"""

import enum

import grpc

METADATA_KEY = "axpair-reason"

TOKEN_KEY = "authorization"
"""Metadata key of every call to an agent that wants a token; the value is "Bearer " and the token."""


class Reason(enum.Enum):
    """Name on the wire and the gRPC status that goes with it."""

    PROTOCOL_VERSION = grpc.StatusCode.FAILED_PRECONDITION, "host and agent speak different protocols"
    TOKEN = grpc.StatusCode.UNAUTHENTICATED, "no token, or the wrong one"
    DIGEST = grpc.StatusCode.INVALID_ARGUMENT, "not a SHA-256 digest"
    OFFSET = grpc.StatusCode.OUT_OF_RANGE, "an upload must go on where the agent's copy ends"
    DIGEST_MISMATCH = grpc.StatusCode.DATA_LOSS, "bytes don't have the digest that they should"
    QUOTA = grpc.StatusCode.RESOURCE_EXHAUSTED, "quota or disk is full"
    DISK = grpc.StatusCode.INTERNAL, "the agent's disk can't be read or written"
    BLOB = grpc.StatusCode.NOT_FOUND, "the agent doesn't hold the blob"
    HANDLE = grpc.StatusCode.NOT_FOUND, "no such model is loaded"
    WORKERS = grpc.StatusCode.RESOURCE_EXHAUSTED, "too many models are loaded"
    WORKER_START = grpc.StatusCode.UNAVAILABLE, "no worker could be started"
    ENDING = grpc.StatusCode.UNAVAILABLE, "the agent is ending; whatever supervises it may start it again"
    HOST_KEY = grpc.StatusCode.FAILED_PRECONDITION, "the board's SSH host key is unknown or differs"
    OPTION = grpc.StatusCode.INVALID_ARGUMENT, "the runtime doesn't take an option, or not for this model"
    COMMANDS = grpc.StatusCode.PERMISSION_DENIED, "the agent runs no commands"
    COMMAND = grpc.StatusCode.INVALID_ARGUMENT, "the command can't be run"
    MESSAGE = grpc.StatusCode.INVALID_ARGUMENT, "a message or one of its fields makes no sense"
    BUSY = grpc.StatusCode.RESOURCE_EXHAUSTED, "too many calls of one kind are served already"
    CASE = grpc.StatusCode.INVALID_ARGUMENT, "the case is malformed"

    @property
    def status(self) -> grpc.StatusCode:
        """The gRPC status code of a call that fails for this reason."""
        return self.value[0]

    @property
    def meaning(self) -> str:
        """One clause for people."""
        return self.value[1]
