"""gRPC's errors as ours: the only place that knows both."""

from collections.abc import Iterator
from contextlib import contextmanager

import grpc
from axpair_proto.reasons import METADATA_KEY, Reason

from axpair_host.boards.url import TOKEN_VARIABLE
from axpair_host.errors import AgentRefused, AgentSilent, BoardError, ConnectionLost, HostError, UsageError

_NEXT_STEPS = {
    Reason.PROTOCOL_VERSION: "install the same axpair release on both sides",
    Reason.TOKEN: f"set {TOKEN_VARIABLE}, or token_file in axpair.toml, to the agent's token",
    Reason.QUOTA: "free space on the board, or start the agent with a larger quota",
    Reason.WORKERS: "end other sessions with this agent, or start it again",
    Reason.DIGEST_MISMATCH: "call again; if it stays, the board's disk or memory is damaged",
}

_LOST = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)
"""How a call ends whose connection broke, or whose agent is ending."""

_TLS = {
    "CERTIFICATE_VERIFY_FAILED": (
        "nobody known here vouches for the agent's certificate",
        "name the CA, or the certificate itself, in the address: grpcs://HOST:PORT?ca=FILE",
    ),
    "Hostname Verification": (
        "the agent's certificate is for another name than the address has",
        "use a name or address that stands in the certificate",
    ),
    "Failed to create security handshaker": (
        "the file of ?ca= holds no certificate",
        "give a certificate in PEM form: -----BEGIN CERTIFICATE-----",
    ),
    "WRONG_VERSION_NUMBER": ("what listens there doesn't speak TLS", "write grpc:// in place of grpcs://"),
}
"""By what gRPC 1.85 says of a connection: what is wrong with how it was asked for, and what mends it. Where another
version says it otherwise, the agent just can't be reached."""


@contextmanager
def board_errors(url: str, doing: str) -> Iterator[None]:
    """Turn a failing call into a BoardError (exit 3); a HostError (exit 2) where a case or option is refused."""
    try:
        yield
    except grpc.RpcError as error:
        raise translated(error, url, doing) from error
    except ValueError as error:
        if "closed channel" not in str(error).lower():
            raise
        raise BoardError(f"{url}: the connection was closed while {doing}") from error


def translated(error: grpc.RpcError, url: str, doing: str) -> HostError:
    """The error that people see for a failed call."""
    code = error.code() if isinstance(error, grpc.Call) else grpc.StatusCode.UNKNOWN
    details = (error.details() if isinstance(error, grpc.Call) else str(error)) or "no details"
    reason = reason_of(error)
    if reason is not None:
        what, _, step = details.partition("\n  next: ")
        step = step or _NEXT_STEPS.get(reason, "")
        if reason is Reason.CASE:
            return HostError(f"{url}: the agent refused the case while {doing}: {what}", next_step=step)
        if reason in (Reason.OPTION, Reason.COMMAND, Reason.COMMANDS):
            return HostError(f"{url}: {what}", next_step=step)
        if reason is Reason.ENDING:
            return ConnectionLost(f"{url}: {what}", next_step="start the agent again, and call the same command again")
        return AgentRefused(f"{url}: {what}", next_step=step, reason=reason)
    if asked := next((one for words, one in _TLS.items() if words in details), None):
        return UsageError(f"{url}: {asked[0]} ({details})", next_step=asked[1])
    if code in _LOST or (code is grpc.StatusCode.UNKNOWN and "Stream removed" in details):
        return ConnectionLost(
            f"{url}: the agent can't be reached or went away while {doing}: {details}",
            next_step="check that axpair-agent runs there and that the address is right; where it speaks TLS: grpcs://"
            if "Socket closed" in details
            else "check that axpair-agent runs there and that the address is right",
        )
    if code is grpc.StatusCode.UNIMPLEMENTED:
        return BoardError(
            f"{url}: what listens there is no axpair agent, or one of another release ({details})",
            next_step="check the address, and install the same axpair release on both sides",
        )
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return no_answer(url, doing)
    return BoardError(f"{url}: the agent failed while {doing}: {code.name}: {details}")


def no_answer(url: str, doing: str, seconds: float | None = None) -> AgentSilent:
    """The error for an agent that is there and doesn't answer."""
    within = f" within {seconds:.0f} s" if seconds is not None else " in time"
    return AgentSilent(f"{url}: no answer{within} while {doing}", next_step="check the board and the network")


def reason_of(error: grpc.RpcError) -> Reason | None:
    """The reason in the trailing metadata; None for failures that carry none."""
    metadata: dict[str, str | bytes] = {}
    if isinstance(error, grpc.Call):
        metadata.update(error.trailing_metadata() or ())
    return Reason.__members__.get(str(metadata.get(METADATA_KEY, "")))
