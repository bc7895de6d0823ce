"""How a worker's end reads on the wire."""

from axpair_proto.text import printable
from axpair_proto.v1.failures_pb2 import RuntimeFailure

from axpair_agent.answers import Fault
from axpair_agent.errors import MAX_MESSAGE
from axpair_agent.launch import Exit


def hung(what: str, seconds: float, stopped: bool = False) -> RuntimeFailure:
    """It gave no `what` ("answer", "start") in time; `stopped`: because somebody had stopped it."""
    why = ": it was stopped (SIGSTOP or a debugger)" if stopped else ""
    return RuntimeFailure(
        kind=RuntimeFailure.HANG, message=f"the worker gave no {what} within {seconds:g} s{why} and was killed"
    )


def ended(how: Exit) -> RuntimeFailure:
    """It ended before its answer: on a signal, or with an exit status."""
    if not how.signal:
        message = f"the worker ended by itself with exit status {how.code}"
        return RuntimeFailure(kind=RuntimeFailure.EXIT, code=how.code, message=message)
    return RuntimeFailure(kind=RuntimeFailure.CRASH, signal=how.signal, message=f"the worker was ended by {how.signal}")


def lost(how: str, attempts: int) -> RuntimeFailure:
    """It was ended from outside each time, at last as `how` says: nothing is known of what it was asked."""
    return RuntimeFailure(
        kind=RuntimeFailure.LOST,
        message=f"the worker was ended from outside at each of {attempts} attempts, at last: {how}",
    )


def garbage(found: str) -> RuntimeFailure:
    """What it sent is no answer."""
    return RuntimeFailure(
        kind=RuntimeFailure.GARBAGE, message=f"the worker's frames made no sense, it was killed; found: {found}"
    )


def unfit(why: str) -> RuntimeFailure:
    """The inputs don't fit the model; no worker was asked."""
    return RuntimeFailure(kind=RuntimeFailure.INPUT, message=printable(why, MAX_MESSAGE))


def fault(said: Fault) -> RuntimeFailure:
    """What the runtime itself reported."""
    kind = RuntimeFailure.INPUT if said.kind == "INPUT" else RuntimeFailure.ERROR
    return RuntimeFailure(kind=kind, code=said.code, message=said.message)
