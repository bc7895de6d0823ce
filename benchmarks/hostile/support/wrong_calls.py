"""Agents whose calls are never answered, or fail."""

import itertools
from collections.abc import Iterator
from typing import Any

import grpc
from axpair_proto.reasons import Reason
from axpair_proto.v1 import blobs_pb2

from benchmarks.hostile.support.scenario import BRIEF, HELLO, JUDGED, LOAD, QUICK, RUN, Scenario
from benchmarks.hostile.support.wrong_agent import Agent, Context, refuse, silent

ESCAPES = "\x1b]0;owned\x07\x1b[2J\x1b[31mred\r\nsecond line\x00\x9b5n\u202egnp.exe"
_CODES: list[grpc.StatusCode] = [code for code in grpc.StatusCode if code is not grpc.StatusCode.OK]


def scenarios() -> Iterator[Scenario]:
    """One a call and way of failing."""
    for command in ("pair", "replay"):
        for call, seconds in (("hello", HELLO), ("missing", BRIEF), ("upload", BRIEF), ("load", LOAD), ("run", RUN)):
            yield Scenario(f"{call} never answered", command, _silent(call), seconds=seconds + QUICK)
        yield Scenario("unload never answered", command, _silent("unload"), seconds=3 * BRIEF + QUICK, codes=JUDGED)
    yield Scenario("collect never answered", "info", _silent("collect"), seconds=BRIEF + QUICK)
    for number, (call, code) in enumerate(itertools.product(("hello", "missing", "load", "run"), _CODES)):
        yield Scenario(f"{call} ends {code.name}", ("pair", "replay")[number % 2], _status(call, code))
    ends = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.INTERNAL)
    for call, code in itertools.product(("upload", "unload"), ends):
        codes = JUDGED if call == "unload" else frozenset((2, 3))
        yield Scenario(f"{call} ends {code.name}", "pair", _status(call, code), codes=codes)
    yield Scenario("collect ends INTERNAL", "info", _status("collect", grpc.StatusCode.INTERNAL))
    for call, reason in itertools.product(("load", "run"), Reason):
        yield Scenario(f"{call} refused for {reason.name}", "replay", _reason(call, reason))
    yield Scenario("upload refused for OFFSET for ever", "pair", _reason("upload", Reason.OFFSET))
    yield Scenario("upload refused for DIGEST_MISMATCH", "pair", _reason("upload", Reason.DIGEST_MISMATCH))
    yield Scenario("upload never complete", "pair", _never_complete)
    yield Scenario("upload never read", "replay", _unread, seconds=BRIEF + QUICK)
    yield Scenario("more committed than there is", "pair", _committed(1 << 40))
    yield Scenario("2^64-1 bytes committed", "replay", _committed((1 << 64) - 1))
    yield Scenario("a million blobs missing", "pair", _many_missing)
    yield Scenario("an exception in every call", "pair", _raises("hello"))
    yield Scenario("an exception in Run", "pair", _raises("run"))


def _lacks(agent: Agent, committed: int = 0) -> None:
    agent.missing = lambda request, context: blobs_pb2.FindMissingReply(
        missing=[blobs_pb2.MissingBlob(sha256=one, committed_bytes=committed) for one in request.sha256]
    )


def _silent(call: str) -> Any:
    def change(agent: Agent) -> None:
        if call == "upload":
            _lacks(agent)
        setattr(agent, call, _silent_stream if call == "run" else silent)

    return change


def _silent_stream(*_: Any) -> Iterator[Any]:
    silent()
    yield


def _status(call: str, code: grpc.StatusCode) -> Any:
    def change(agent: Agent) -> None:
        if call == "upload":
            _lacks(agent)
        setattr(agent, call, lambda request, context: context.abort(code, f"{code.name}: {ESCAPES}"))

    return change


def _reason(call: str, reason: Reason) -> Any:
    def change(agent: Agent) -> None:
        if call == "upload":
            _lacks(agent)
        setattr(agent, call, lambda request, context: refuse(context, reason, f"{ESCAPES}\n  next: {ESCAPES}"))

    return change


def _never_complete(agent: Agent) -> None:
    _lacks(agent)

    def upload(parts: Iterator[Any], context: Context) -> blobs_pb2.UploadReply:
        return blobs_pb2.UploadReply(committed_bytes=sum(len(part.data) for part in parts))

    agent.upload = upload


def _unread(agent: Agent) -> None:
    _lacks(agent)

    def upload(parts: Iterator[Any], context: Context) -> Any:
        next(parts)
        return silent()

    agent.upload = upload


def _committed(count: int) -> Any:
    return lambda agent: _lacks(agent, count)


def _many_missing(agent: Agent) -> None:
    agent.missing = lambda request, context: blobs_pb2.FindMissingReply(
        missing=[blobs_pb2.MissingBlob(sha256="0" * 64)] * 1_000_000
    )


def _raises(call: str) -> Any:
    def answer(*_: Any) -> Any:
        raise RuntimeError(ESCAPES)

    return lambda agent: setattr(agent, call, answer)
