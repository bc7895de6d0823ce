"""Agents that answer cases with more, less or other than was asked."""

import functools
import itertools
import time
from collections.abc import Callable, Iterator
from typing import Any

from axpair_proto.reasons import Reason
from axpair_proto.v1 import failures_pb2, runs_pb2

from benchmarks.hostile.support.scenario import JUDGED, QUICK, REFUSED, RUN, Scenario
from benchmarks.hostile.support.wrong_agent import Agent, Context, refuse, silent
from benchmarks.hostile.support.wrong_calls import ESCAPES

Replies = Iterator[runs_pb2.RunReply]
Answer = Callable[[Agent, runs_pb2.RunRequest], Replies]
_PIECE = 1 << 20


def scenarios() -> Iterator[Scenario]:
    """One a wrong stream."""
    for name, answer in _ENDLESS.items():
        for command in ("pair", "replay"):
            yield Scenario(name, command, _answers(answer))
    for number, (name, answer) in enumerate(_WRONG.items()):
        yield Scenario(name, ("pair", "replay")[number % 2], _answers(answer))
    for number, (name, change) in enumerate(_OUTCOMES.items()):
        codes = JUDGED if "workers lost" in name else REFUSED
        answer = functools.partial(_changed, change)
        yield Scenario(name, ("pair", "replay")[number % 2], _answers(answer), codes=codes)
    for kind in failures_pb2.RuntimeFailure.Kind.values():
        name = failures_pb2.RuntimeFailure.Kind.Name(kind)
        codes = REFUSED if name == "LOST" else JUDGED
        for command in ("pair", "replay"):
            yield Scenario(f"a case fails as {name}", command, _answers(functools.partial(_fails, kind)), codes=codes)
    yield Scenario("a case fails as 99", "pair", _answers(functools.partial(_fails, 99)), codes=JUDGED)
    for command in ("pair", "replay"):
        yield Scenario("one round and then nothing", command, _answers(_then_nothing), seconds=RUN + QUICK)
        yield Scenario("the stream never ends", command, _never_ends, seconds=3 * 60 + QUICK, codes=JUDGED)
    yield Scenario("half an output and then nothing", "pair", _answers(_half), seconds=RUN + QUICK)
    yield Scenario("more replies behind the last", "pair", _more_behind, codes=JUDGED)
    yield Scenario("the stream ends at once", "pair", lambda agent: setattr(agent, "run", lambda *_: iter(())))
    yield Scenario("the stream ends after one round", "replay", _ends_early)
    for reason in (Reason.HANDLE, Reason.BLOB, Reason.WORKER_START):
        yield Scenario(f"{reason.name} after each round, for ever", "replay", _refuses_behind(reason))
    yield Scenario("another description at the next loading", "replay", _other_description)


_KINDS = (runs_pb2.RunReply.KIND_UNSPECIFIED, 99)


def _answers(answer: Answer) -> Any:
    def change(agent: Agent) -> None:
        agent.run = lambda requests, context: (reply for request in requests for reply in answer(agent, request))

    return change


def _endless(number: int, agent: Agent, request: runs_pb2.RunRequest) -> Replies:
    reply = agent.round(request, number)
    return itertools.repeat(reply)


def _rising(agent: Agent, request: runs_pb2.RunRequest) -> Replies:
    return (agent.round(request, number) for number in itertools.count())


def _attempts(agent: Agent, request: runs_pb2.RunRequest) -> Replies:
    return (agent.round(request, 0, attempt=number) for number in itertools.count())


def _empty_chunks(agent: Agent, request: runs_pb2.RunRequest) -> Replies:
    return itertools.repeat(agent.reply(request, 0, chunk=runs_pb2.OutputChunk()))


def _large_chunks(agent: Agent, request: runs_pb2.RunRequest) -> Replies:
    data = bytes(_PIECE)
    for number in itertools.count():
        yield agent.reply(request, 0, chunk=runs_pb2.OutputChunk(offset_bytes=number * _PIECE, data=data))


def _drip(agent: Agent, request: runs_pb2.RunRequest) -> Replies:
    for number in itertools.count():
        time.sleep(0.05)
        yield agent.reply(request, 0, chunk=runs_pb2.OutputChunk(offset_bytes=number, data=b"x"))


def _logs_for_ever(agent: Agent, request: runs_pb2.RunRequest) -> Replies:
    outcome = agent.outcome(request)
    outcome.log_lines.extend(["x" * 1000] * 1000)
    return itertools.repeat(agent.reply(request, 0, outcome=outcome))


def _failing_probes(agent: Agent, request: runs_pb2.RunRequest) -> Replies:
    failure = failures_pb2.RuntimeFailure(kind=failures_pb2.RuntimeFailure.ERROR)
    return itertools.repeat(agent.reply(request, 0, outcome=runs_pb2.RunOutcome(failure=failure)))


_ENDLESS: dict[str, Answer] = {
    "probe rounds for ever": functools.partial(_endless, 0),
    "round 1 for ever": functools.partial(_endless, 1),
    "rounds rising for ever": _rising,
    "attempts rising for ever": _attempts,
    "empty chunks for ever": _empty_chunks,
    "chunks beyond the size for ever": _large_chunks,
    "a byte at a time for ever": _drip,
    "log lines for ever": _logs_for_ever,
    "failing probes for ever": _failing_probes,
}


def _first(number: int, attempt: int, agent: Agent, request: runs_pb2.RunRequest) -> Replies:
    yield agent.round(request, number, attempt=attempt)
    yield from agent.case(request)


def _reversed(agent: Agent, request: runs_pb2.RunRequest) -> Replies:
    return iter(list(agent.case(request))[::-1])


def _falling(agent: Agent, request: runs_pb2.RunRequest) -> Replies:
    yield agent.round(request, 0, attempt=1)
    yield agent.round(request, 1, attempt=0)


def _generations(agent: Agent, request: runs_pb2.RunRequest) -> Replies:
    for generation, reply in enumerate(agent.case(request), start=1):
        reply.outcome.worker_generation = generation
        yield reply


def _probe_of_another(agent: Agent, request: runs_pb2.RunRequest) -> Replies:
    yield agent.round(request, 0, generation=1)
    for number in range(1, max(1, request.repeat) + 1):
        yield agent.round(request, number, generation=2)


def _no_probe(agent: Agent, request: runs_pb2.RunRequest) -> Replies:
    """A right agent runs what `before` names; where nothing is named, a probe is due after a fresh loading alone."""
    for number in range(1, max(1, request.repeat) + 1):
        yield agent.round(request, number)
    yield agent.round(request, 0)


def _with(change: Callable[[Any], None], agent: Agent, request: runs_pb2.RunRequest) -> Replies:
    for reply in agent.case(request):
        change(reply)
        yield reply


def _set(**fields: Any) -> Answer:
    def change(reply: Any) -> None:
        for name, value in fields.items():
            setattr(reply, name, value)

    return functools.partial(_with, change)


def _chunk(agent: Agent, request: runs_pb2.RunRequest, **fields: Any) -> Replies:
    yield agent.reply(request, 0, chunk=runs_pb2.OutputChunk(**fields))
    yield from agent.case(request)


def _gap(agent: Agent, request: runs_pb2.RunRequest) -> Replies:
    yield agent.reply(request, 0, chunk=runs_pb2.OutputChunk(data=b"x"))
    yield agent.reply(request, 0, chunk=runs_pb2.OutputChunk(offset_bytes=5, data=b"x"))


_WRONG: dict[str, Answer] = {
    "round 2 before round 1": functools.partial(_first, 2, 0),
    "round 2^32-1": functools.partial(_first, 2**32 - 1, 0),
    "attempt 2^32-1": functools.partial(_first, 0, 2**32 - 1),
    "an attempt before the first": _falling,
    "the rounds backwards": _reversed,
    "each round of another worker": _generations,
    "the probe of another worker": _probe_of_another,
    "the probe behind the rounds": _no_probe,
    "another case's id": _set(case_id="other"),
    "a case's id of escapes": _set(case_id=ESCAPES),
    "a case's id of 60 MiB": _set(case_id="c" * (60 << 20)),
    "a reply of no kind": _set(kind=_KINDS[0]),
    "a reply of kind 99": _set(kind=_KINDS[1]),
    "a reply with nothing in it": lambda agent, request: iter([agent.reply(request, 0)]),
    "a chunk of output 4,000,000,000": functools.partial(_chunk, output=4_000_000_000, data=b"x"),
    "a chunk at 2^63": functools.partial(_chunk, offset_bytes=1 << 63, data=b"x"),
    "a chunk of 60 MiB": functools.partial(_chunk, data=bytes(60 << 20)),
    "a gap between chunks": _gap,
}


def _changed(change: Callable[[Any], None], agent: Agent, request: runs_pb2.RunRequest) -> Replies:
    for reply in agent.case(request):
        change(reply.outcome)
        yield reply


def _survivors(*ranges: tuple[int, int]) -> Callable[[Any], None]:
    def change(outcome: Any) -> None:
        for start, length in ranges:
            outcome.outputs[0].survivors.add(offset_bytes=start, length_bytes=length)

    return change


def _many_survivors(outcome: Any) -> None:
    outcome.outputs[0].survivors.extend([runs_pb2.ByteRange(length_bytes=16)] * 1_000_000)


def _output(**fields: Any) -> Callable[[Any], None]:
    def change(outcome: Any) -> None:
        for name, value in fields.items():
            setattr(outcome.outputs[0], name, value)

    return change


def _delivered(**fields: Any) -> Callable[[Any], None]:
    def change(outcome: Any) -> None:
        for given in outcome.delivered:
            for name, value in fields.items():
                setattr(given, name, value)

    return change


_OUTCOMES: dict[str, Callable[[Any], None]] = {
    "a million survivors": _many_survivors,
    "survivors beyond the output": _survivors((1 << 40, 16)),
    "survivors that overlap": _survivors((0, 64), (32, 64)),
    "survivors that go back": _survivors((64, 16), (0, 16)),
    "survivors of 2^64-1 bytes": _survivors((16, 2**64 - 1)),
    "100 MB of log lines": lambda outcome: outcome.log_lines.extend(["x" * 1000] * 100_000),
    "a million log lines": lambda outcome: outcome.log_lines.extend([""] * 1_000_000),
    "a million outputs": lambda outcome: outcome.outputs.extend([runs_pb2.RunOutput()] * 1_000_000),
    "no outputs": lambda outcome: outcome.ClearField("outputs"),
    "an output of another name": _output(name="other"),
    "an output of 2^64-1 bytes without data": _output(size_bytes=2**64 - 1, data=b""),
    "an output of 60 MiB": _output(data=bytes(60 << 20), size_bytes=60 << 20),
    "an output of 3 MiB inline": _output(data=bytes(3 << 20), size_bytes=3 << 20),
    "an output whose digest is none": _output(sha256="no digest " + ESCAPES),
    "an output whose digest has 1e6 letters": _output(sha256="a" * 1_000_000),
    "a million inputs delivered": lambda outcome: outcome.delivered.extend([runs_pb2.DeliveredInput()] * 1_000_000),
    "an input delivered under another name": _delivered(name="other " + ESCAPES),
    "an input whose digest has 1e6 letters": _delivered(sha256="a" * 1_000_000),
    "4,000,000,000 workers lost in each round": lambda outcome: setattr(outcome, "workers_lost", 4_000_000_000),
}


def _fails(kind: Any, agent: Agent, request: runs_pb2.RunRequest) -> Replies:
    failure = failures_pb2.RuntimeFailure(kind=kind, message=ESCAPES * 1000, signal=ESCAPES, code=2**63 - 1)
    yield agent.reply(request, 1, outcome=runs_pb2.RunOutcome(failure=failure, log_lines=[ESCAPES]))


def _then_nothing(agent: Agent, request: runs_pb2.RunRequest) -> Replies:
    yield next(agent.case(request))
    silent()


def _half(agent: Agent, request: runs_pb2.RunRequest) -> Replies:
    yield agent.reply(request, 0, chunk=runs_pb2.OutputChunk(data=b"x"))
    silent()


def _never_ends(agent: Agent) -> None:
    def run(requests: Iterator[runs_pb2.RunRequest], context: Context) -> Replies:
        for request in requests:
            yield from agent.case(request)
        silent()

    agent.run = run


def _more_behind(agent: Agent) -> None:
    def run(requests: Iterator[runs_pb2.RunRequest], context: Context) -> Replies:
        for request in requests:
            yield from agent.case(request)
        yield from itertools.repeat(agent.round(request, 1))

    agent.run = run


def _ends_early(agent: Agent) -> None:
    def run(requests: Iterator[runs_pb2.RunRequest], context: Context) -> Replies:
        yield next(agent.case(next(requests)))

    agent.run = run


def _refuses_behind(reason: Reason) -> Any:
    def change(agent: Agent) -> None:
        def run(requests: Iterator[runs_pb2.RunRequest], context: Context) -> Replies:
            yield next(agent.case(next(requests)))
            refuse(context, reason)

        agent.run = run

    return change


def _other_description(agent: Agent) -> None:
    def load(request: Any, context: Context) -> Any:
        reply = agent.loaded(request.sha256)
        reply.model.description.outputs[0].size_bytes += agent.calls["load"]
        return reply

    agent.load = load
    _refuses_behind(Reason.HANDLE)(agent)
