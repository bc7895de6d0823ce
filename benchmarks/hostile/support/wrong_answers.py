"""Agents whose handshake or whose description of the model is wrong."""

import functools
from collections.abc import Callable, Iterator
from typing import Any

from axpair_proto.v1 import diagnostics_pb2, failures_pb2, models_pb2

from benchmarks.hostile.support.scenario import JUDGED, REFUSED, Scenario
from benchmarks.hostile.support.wrong_agent import Agent
from benchmarks.hostile.support.wrong_calls import ESCAPES

_MANY = 100_000
ANY = REFUSED | JUDGED
SHOWN = frozenset((0, 2, 3))
"""Exit codes where what came is only shown."""
Described = Callable[[Any], None]


def scenarios() -> Iterator[Scenario]:
    """One a wrong answer."""
    for version in (0, 1, 3, 2**32 - 1):
        yield Scenario(f"protocol {version}", "pair", functools.partial(_hello, protocol_version=version))
    yield Scenario("an agent version of 60 MiB", "pair", functools.partial(_hello, agent_version="v" * (60 << 20)))
    yield Scenario(
        "an agent version of escapes", "pair", functools.partial(_hello, protocol_version=9, agent_version=ESCAPES)
    )
    yield Scenario("another runtime, with escapes", "pair", functools.partial(_hello, runtime=ESCAPES))
    yield Scenario("a million capabilities", "replay", functools.partial(_hello, capabilities=["x"] * 1_000_000))
    yield Scenario("100,000 versions", "pair", _many_versions)
    yield Scenario("loaded with no outcome", "pair", functools.partial(_load, models_pb2.LoadReply()))
    for kind in failures_pb2.RuntimeFailure.Kind.values():
        failure = failures_pb2.RuntimeFailure(kind=kind, message=ESCAPES, signal=ESCAPES, code=-(2**63))
        name = failures_pb2.RuntimeFailure.Kind.Name(kind)
        codes = REFUSED if name == "LOST" else JUDGED
        reply = models_pb2.LoadReply(failure=failure)
        yield Scenario(f"loading fails as {name}", "replay", functools.partial(_load, reply), codes=codes)
    yield Scenario("loading prints 100 MB", "pair", functools.partial(_log, ["x" * 1000] * _MANY))
    yield Scenario("loading prints a million lines", "replay", functools.partial(_log, [""] * 1_000_000))
    yield Scenario("a failure of 60 MiB", "pair", functools.partial(_load, _large_failure()))
    yield Scenario("a handle of 60 MiB", "pair", _large_handle)
    for name, change in _DESCRIPTIONS.items():
        command = "replay" if "output" in name else "pair"
        codes = ANY if name in _DIFFERING else REFUSED
        yield Scenario(f"described with {name}", command, _described(change), codes=codes)
    escapes = diagnostics_pb2.CollectReply(log_lines=[ESCAPES], board={ESCAPES: ESCAPES}, lacking=[ESCAPES])
    yield Scenario("diagnostics of escapes", "info", _collect(escapes), codes=SHOWN)
    large = diagnostics_pb2.CollectReply(log_lines=["x" * 1000] * _MANY)
    yield Scenario("diagnostics of 100 MB", "info", _collect(large), codes=SHOWN)


def _hello(agent: Agent, **other: Any) -> None:
    def answer(request: Any, context: Any) -> Any:
        reply = agent.greeting(request.protocol_version)
        for name, value in other.items():
            if isinstance(value, list):
                getattr(reply, name).extend(value)
            else:
                setattr(reply, name, value)
        return reply

    agent.hello = answer


def _many_versions(agent: Agent) -> None:
    def answer(request: Any, context: Any) -> Any:
        reply = agent.greeting(request.protocol_version)
        reply.versions.update({f"key {number}": "x" * 100 for number in range(_MANY)})
        return reply

    agent.hello = answer


def _load(reply: models_pb2.LoadReply, agent: Agent) -> None:
    agent.load = lambda request, context: reply


def _log(lines: list[str], agent: Agent) -> None:
    def answer(request: Any, context: Any) -> models_pb2.LoadReply:
        reply = agent.loaded(request.sha256)
        reply.log_lines.extend(lines)
        return reply

    agent.load = answer


def _large_failure() -> models_pb2.LoadReply:
    kind = failures_pb2.RuntimeFailure.ERROR
    return models_pb2.LoadReply(failure=failures_pb2.RuntimeFailure(kind=kind, message="m" * (60 << 20)))


def _large_handle(agent: Agent) -> None:
    agent.load = lambda request, context: agent.loaded(request.sha256, handle="h" * (60 << 20))


def _described(change: Described) -> Any:
    def wrong(agent: Agent) -> None:
        change(agent.description)

    return wrong


def _collect(reply: diagnostics_pb2.CollectReply) -> Any:
    return lambda agent: setattr(agent, "collect", lambda request, context: reply)


def _all_outputs(**fields: Any) -> Described:
    def change(description: Any) -> None:
        for tensor in description.outputs:
            for name, value in fields.items():
                setattr(tensor, name, value)

    return change


def _first_output(**fields: Any) -> Described:
    def change(description: Any) -> None:
        for name, value in fields.items():
            setattr(description.outputs[0], name, value)

    return change


def _shape(*lengths: int) -> Described:
    def change(description: Any) -> None:
        description.outputs[0].ClearField("shape")
        description.outputs[0].shape.extend(lengths)

    return change


def _many(description: Any) -> None:
    for number in range(_MANY):
        description.outputs.add().CopyFrom(description.outputs[0])
        description.outputs[-1].name = f"output {number}"


def _none(description: Any) -> None:
    description.ClearField("outputs")
    description.ClearField("inputs")


_DIFFERING = (
    "an output named ../../x",
    "an output named /abs",
    "an output named with escapes",
    "an output of an unknown dtype",
    "an output of enormous lengths",
)
"""Models that can be, and differ from the simulator's: that is evidence."""
_DESCRIPTIONS: dict[str, Described] = {
    "nothing at all": _none,
    "100,000 outputs": _many,
    "an output's name of 1e6 letters": _first_output(name="n" * 1_000_000),
    "an output's dtype of 1e6 letters": _first_output(dtype="d" * 1_000_000),
    "an output without a name": _first_output(name=""),
    "an output named ../../x": _first_output(name="../../../../../../tmp/axpair-attack"),
    "an output named /abs": _first_output(name="/tmp/axpair-attack"),
    "an output named NUL": _first_output(name="a\0b"),
    "an output named with escapes": _first_output(name=ESCAPES),
    "outputs of one name": _all_outputs(name="same"),
    "an output of an unknown dtype": _first_output(dtype="complex1024"),
    "an output of negative lengths": _shape(-1, -4, 12, 10),
    "an output of enormous lengths": _shape(2**62, 2**62),
    "an output of 1000 axes": _shape(*[1] * 1000),
    "an output of 2^64-1 bytes": _first_output(size_bytes=2**64 - 1),
    "an output of 1 TiB": _first_output(size_bytes=1 << 40),
    "an output's step NaN": _first_output(step=float("nan")),
    "an output's step infinite": _first_output(step=float("inf")),
    "tools of 60 MiB": lambda description: setattr(description, "tools_version", "t" * (60 << 20)),
}
