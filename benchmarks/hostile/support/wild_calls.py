"""Calls that no host of ours makes: each with its name, what it does, and the ends that are right."""

import random
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from axpair_proto.v1 import blobs_pb2, commands_pb2, models_pb2, runs_pb2
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2

from benchmarks.hostile.support.caller import FIND, LOAD, RUN, UNLOAD, UPLOAD, Caller, outcome, sha256_of
from benchmarks.hostile.support.served import METHODS

Wild = tuple[str, Callable[[Caller], str], tuple[str, ...]]
COMMAND = "/axpair.v1.Commands/Run"
REFLECTION = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
LONG = "l" * 1_000_000
BAD, GONE, FULL = "INVALID_ARGUMENT/", "NOT_FOUND/", "RESOURCE_EXHAUSTED"
DIGESTS = {
    "empty": "",
    "short": "a" * 63,
    "long": "a" * 65,
    "upper case": "A" * 64,
    "a path": "../../../etc/passwd",
    "absolute": "/etc/passwd",
    "with a slash": "a" * 63 + "/",
    "with a null": "a" * 63 + "\0",
    "with a line end": "a" * 64 + "\n",
    "other digits": "٠" * 64,
    "with codes": "\x1b[2J" + "a" * 60,
    "endless": LONG,
}
GARBAGE = {
    "no varint": b"\xff\xff\xff",
    "open groups": b"\x0b" * 10_000,
    "a length beyond its end": b"\x0a\xff\xff\xff\x7f",
    "noise": random.Random(8).randbytes(1_000),
    "a field number of 0": b"\x00\x00",
}


def scenarios() -> Iterator[Wild]:
    """All."""
    for method in METHODS:
        for what, data in GARBAGE.items():
            # A message without fields of its own may take what it doesn't know.
            empty = ("OK",) if method.endswith("/Collect") else ("UNIMPLEMENTED",) if method.endswith("/List") else ()
            yield f"{method}: {what}", _one(method, data), (BAD + "MESSAGE", *empty)
        yield f"{method}: 5 MiB", _one(method, bytes(5 << 20)), (FULL,)
        yield f"{method}: no message", partial(_none, method), (BAD + "MESSAGE", BAD + "DIGEST", "OK")
    for what, digest in DIGESTS.items():
        ends = (BAD + "DIGEST",)
        yield f"find {what}", _one(FIND, blobs_pb2.FindMissingRequest(sha256=[digest])), ends
        yield f"load {what}", _one(LOAD, models_pb2.LoadRequest(sha256=digest)), ends
        yield f"upload {what}", _one(UPLOAD, _start(digest, 1)), ends
        yield f"input {what}", partial(_case, {"inputs": [_by(digest)]}), (BAD + "DIGEST", GONE + "BLOB")
        file = commands_pb2.CommandFile(name="a", sha256=digest)
        yield f"file {what}", partial(_command, [file]), ends
    yield from _uploads()
    yield from _cases()
    yield from _others()


def _uploads() -> Iterator[Wild]:
    digest = sha256_of(b"12345")
    for name, start, pieces, end in (
        ("a size of 2^64-1", _start(digest, 2**64 - 1), [b"1"], BAD + "MESSAGE"),
        ("a size of 2^63", _start(digest, 2**63), [b"1"], BAD + "MESSAGE"),
        ("an offset of 2^64-1", _start(digest, 5, 2**64 - 1), [b"1"], BAD + "MESSAGE"),
        ("a size beyond the quota", _start(digest, 1 << 40), [b"1"], FULL + "/QUOTA"),
        ("an offset beyond the size", _start(digest, 5, 6), [b"1"], "OUT_OF_RANGE/OFFSET"),
        ("a gap", _start(digest, 5, 2), [b"345"], "OUT_OF_RANGE/OFFSET"),
        ("more than announced", _start(digest, 5), [b"123456"], "DATA_LOSS/DIGEST_MISMATCH"),
        ("other bytes", _start(digest, 5), [b"54321"], "DATA_LOSS/DIGEST_MISMATCH"),
        ("nothing announced, much sent", _start(digest, 0), [b"1"], "DATA_LOSS/DIGEST_MISMATCH"),
        ("empty pieces without end", _start(digest, 5), [b""] * 4_000, "OK"),
    ):
        data = [blobs_pb2.UploadRequest(data=piece) for piece in pieces]
        yield f"upload: {name}", _one(UPLOAD, start, *data), (end,)
    yield "upload: two starts", _one(UPLOAD, _start(digest, 5), _start(digest, 5)), (BAD + "DIGEST",)
    yield "upload: data first", _one(UPLOAD, blobs_pb2.UploadRequest(data=b"1")), (BAD + "DIGEST",)
    yield "upload: neither", _one(UPLOAD, blobs_pb2.UploadRequest()), (BAD + "DIGEST",)
    yield "find 30,000 digests", _one(FIND, blobs_pb2.FindMissingRequest(sha256=[digest] * 30_000)), (BAD + "MESSAGE",)
    yield "find 1,000 digests", _one(FIND, blobs_pb2.FindMissingRequest(sha256=[digest] * 1_000)), ("OK",)
    yield "8 uploads of 60 MiB begun at once", _announcing, ("1 of 8",)


def _cases() -> Iterator[Wild]:
    case, good = BAD + "CASE", _inline(1000)
    for name, fields, ends in (
        ("no id", {"case_id": "", "inputs": [good]}, (case,)),
        ("an endless id", {"case_id": LONG, "inputs": [good]}, (case,)),
        ("2^32-1 repeats", {"repeat": 2**32 - 1, "inputs": [good]}, (case,)),
        ("an input twice", {"inputs": [good, good]}, (case,)),
        ("no inputs", {}, ("INPUT",)),
        ("an input from nowhere", {"inputs": [runs_pb2.RunInput(name="in")]}, (case,)),
        ("2 MiB inline", {"inputs": [_inline(2 << 20)]}, (case,)),
        ("999 bytes", {"inputs": [_inline(999)]}, ("INPUT",)),
        ("an unknown input", {"inputs": [_inline(1000, "other")]}, ("INPUT",)),
        ("an endless name", {"inputs": [_inline(1000, LONG)]}, (case,)),
        ("a name of codes", {"inputs": [_inline(1000, "\x1b[2J\u202e")]}, ("INPUT",)),
        ("10,000 inputs", {"inputs": [_inline(1, str(number)) for number in range(10_000)]}, ("INPUT",)),
        ("a blob that isn't there", {"inputs": [_by(sha256_of(b"nowhere"))]}, (GONE + "BLOB",)),
        ("an unknown handle", {"handle": "0" * 16, "inputs": [good]}, (GONE + "HANDLE",)),
        ("an endless handle", {"handle": LONG, "inputs": [good]}, (GONE + "HANDLE",)),
        ("no time at all", {"deadline_ms": 1, "inputs": [good]}, ("OK", "HANG")),
        ("a crash asked for", {"inputs": [_inline(1000, first=1)]}, ("CRASH",)),
        ("an exit asked for", {"inputs": [_inline(1000, first=2)]}, ("EXIT",)),
        ("garbage asked for", {"inputs": [_inline(1000, first=4)]}, ("GARBAGE",)),
        ("much printing asked for", {"inputs": [_inline(1000, first=14)]}, ("OK",)),
    ):
        yield f"case: {name}", partial(_case, fields), ends
    yield "case: 60 inputs that name one blob of 30 MiB", _one_blob_often, ("INPUT",)
    yield "case: an input of 30 MiB for one of 1000 bytes", _large_blob, ("INPUT",)
    yield "answers that nobody reads, then unloading", _unread, ("OK",)
    yield "16 silent streams with models", _silent_streams, ("OK",)


def _others() -> Iterator[Wild]:
    for name in ("", ".", "..", "../a", "a/b", "a\\b", "a\0b", "n" * 1_000, LONG):
        file = commands_pb2.CommandFile(name=name, data=b"x")
        yield f"command: a file {name[:20]!r}", partial(_command, [file]), (BAD + "COMMAND",)
    for what, arguments in (
        ("no program", []),
        ("an empty program", [""]),
        ("a program that isn't there", ["/nowhere/at/all"]),
        ("a folder", ["/"]),
        ("a null", ["a\0b"]),
        ("an endless program", [LONG]),
    ):
        request = commands_pb2.RunCommandRequest(arguments=arguments)
        yield f"command: {what}", _one(COMMAND, request), (BAD + "COMMAND",)
    large = commands_pb2.CommandFile(name="a", data=bytes(2 << 20))
    yield "command: a file of 2 MiB inline", partial(_command, [large]), (BAD + "COMMAND",)
    yield "command: one that prints without end", _printing, ("OK",)
    for handle in ("", "0" * 16, "\0", LONG):
        yield f"unload {handle[:20]!r}", _one(UNLOAD, models_pb2.UnloadRequest(handle=handle)), ("OK",)
    for runtime in ("toy", "module:Class", "../x", LONG):
        load = models_pb2.LoadRequest(sha256=sha256_of(b"x"), runtime=runtime)
        yield f"load with the runtime {runtime[:20]!r}", _one(LOAD, load), (BAD + "OPTION",)
    for options in ({"command": "/bin/sh"}, {LONG: "x"}, {"cache-mode": LONG}):
        load = models_pb2.LoadRequest(sha256=sha256_of(b"x"), runtime="run_joint", runtime_options=options)
        first = str(options)[:24]
        yield f"load with options {first}", _one(LOAD, load), (BAD + "OPTION", GONE + "BLOB")
    for model in (b"", b"not JSON", b"[" * 100_000, b'{"inputs": [["in", "' + LONG.encode() + b'", 1]]}'):
        yield f"load {model[:12]!r}", partial(_load, model), ("OK",)
    for symbol in ("", "axpair.v1.Runs", "nothing", LONG):
        question = reflection_pb2.ServerReflectionRequest(file_containing_symbol=symbol)
        yield f"reflection of {symbol[:20]!r}", _one(REFLECTION, question), ("OK",)
    yield "1000 questions of reflection", _questions, ("OK",)
    for service in ("nothing", LONG):
        check = health_pb2.HealthCheckRequest(service=service)
        yield f"health of {service[:20]!r}", _one("/grpc.health.v1.Health/Check", check), ("NOT_FOUND",)
    yield "20 watchers of health", _watchers, ("OK",)


def _one(path: str, *requests: Any) -> Callable[[Caller], str]:
    return lambda caller: caller.outcome(path, *requests)


def _none(path: str, caller: Caller) -> str:
    return caller.outcome(path)


def _start(sha256: str, size: int, offset: int = 0) -> blobs_pb2.UploadRequest:
    return blobs_pb2.UploadRequest(start=blobs_pb2.UploadStart(sha256=sha256, size_bytes=size, offset_bytes=offset))


def _by(sha256: str, name: str = "in") -> runs_pb2.RunInput:
    return runs_pb2.RunInput(name=name, sha256=sha256)


def _inline(size: int, name: str = "in", first: int = 0) -> runs_pb2.RunInput:
    return runs_pb2.RunInput(name=name, inline=bytes([first]) + bytes(size - 1))


def _case(fields: dict[str, Any], caller: Caller) -> str:
    handle = caller.load()
    ended = caller.failure(runs_pb2.RunRequest(**{"handle": handle, "case_id": "wild", **fields}))
    caller.outcome(UNLOAD, models_pb2.UnloadRequest(handle=handle))
    return ended


def _one_blob_often(caller: Caller) -> str:
    blob = caller.upload(bytes(30 << 20))
    return _case({"inputs": [_by(blob, f"in{number}") for number in range(60)]}, caller)


def _large_blob(caller: Caller) -> str:
    return _case({"inputs": [_by(caller.upload(bytes(30 << 20)))]}, caller)


def _command(files: list[commands_pb2.CommandFile], caller: Caller) -> str:
    return caller.outcome(COMMAND, commands_pb2.RunCommandRequest(arguments=["/bin/true"], files=files))


def _printing(caller: Caller) -> str:
    return caller.outcome(COMMAND, commands_pb2.RunCommandRequest(arguments=["yes"], deadline_ms=5_000))


def _load(model: bytes, caller: Caller) -> str:
    return caller.outcome(LOAD, models_pb2.LoadRequest(sha256=caller.upload(model)))


def _questions(caller: Caller) -> str:
    return caller.outcome(REFLECTION, *[reflection_pb2.ServerReflectionRequest(list_services="")] * 1_000)


def _watchers(caller: Caller) -> str:
    request = health_pb2.HealthCheckRequest()
    calls = [caller.replies("/grpc.health.v1.Health/Watch", request) for _ in range(20)]
    first = [next(call) for call in calls[:4]]
    for call in calls:
        call.cancel()
    return "OK" if len(first) == 4 else "?"


def _announcing(caller: Caller) -> str:
    """How many of eight uploads, none of which sends more than a byte, are let in."""
    over = threading.Event()

    def parts(number: int) -> Iterator[blobs_pb2.UploadRequest]:
        yield _start(sha256_of(f"announced {number}".encode()), 60 << 20)
        yield blobs_pb2.UploadRequest(data=b"x")
        over.wait()

    calls = [caller.stream(UPLOAD, parts(number)) for number in range(8)]
    refused = 0
    for call in calls:
        ended = threading.Event()
        if not call.add_callback(ended.set) or ended.wait(1.0):
            refused += outcome(call) == FULL + "/QUOTA"
    for call in calls:
        call.cancel()
    over.set()
    return f"{8 - refused} of 8"


def _unread(caller: Caller) -> str:
    handle = caller.load(output_bytes=3 << 20)
    request = runs_pb2.RunRequest(handle=handle, case_id="unread", inputs=[_inline(1000)], repeat=1000)
    call = caller.replies(RUN, request)
    next(call)
    ended = caller.outcome(UNLOAD, models_pb2.UnloadRequest(handle=handle))
    call.cancel()
    return ended


def _silent_streams(caller: Caller) -> str:
    """Streams that hold a model each way open, more than there are places; the next one gets in all the same."""
    handle = caller.load()
    request = runs_pb2.RunRequest(handle=handle, case_id="first", inputs=[_inline(1000)])
    over = threading.Event()

    def silent() -> Iterator[runs_pb2.RunRequest]:
        yield request
        over.wait()

    calls = [caller.stream(RUN, silent()) for _ in range(16)]
    for call in calls:
        next(call)
    ended = caller.failure(request)
    for call in calls:
        call.cancel()
    over.set()
    return ended
