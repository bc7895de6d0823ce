"""The process of a function of the user's: imports it once and runs it on what comes in.

Whatever it prints goes to stderr; the pipes to axpair are out of its reach. It ends when axpair does.
"""

import contextlib
import faulthandler
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from queue import SimpleQueue
from typing import Any, BinaryIO

import numpy as np
from axpair_proto.gt.tensors import NUMBERS

from axpair_host.errors import PostprocessError
from axpair_host.postprocess.decisions import as_json
from axpair_host.postprocess.failing import told_failure
from axpair_host.postprocess.frames import MAX_MESSAGE, Array, TooLong, receive, send
from axpair_host.postprocess.python import function_of, sources_sha256

_LAST_SECONDS = 1.0
"""That a running function gets when axpair has gone."""
Request = tuple[dict[str, Any], dict[str, Array]]


def main() -> None:
    """Serve requests on stdin until it ends: first {"spec": ..., "option": ...}, then {"quiet": ...} with tensors, or
    {"file": ..., "most": ...} of which the function makes an input."""
    requests, replies = _pipes_of_our_own()
    sys.argv = ["axpair"]
    faulthandler.enable(all_threads=False)
    waiting: SimpleQueue[Request | None] = SimpleQueue()
    ended = threading.Event()
    threading.Thread(target=_listen, args=(requests, waiting, ended), daemon=True).start()
    function: Callable[..., Any] | None = None
    while (request := waiting.get()) is not None:
        message, tensors = request
        if function is None:
            function = _loaded(message["spec"], message["option"], replies)
        elif "file" in message:
            _answer(replies, *_prepared(function, message["file"], message["most"]))
        else:
            _answer(replies, _decided(function, tensors, quiet=message["quiet"]))
    ended.set()


def _pipes_of_our_own() -> tuple[BinaryIO, BinaryIO]:
    """stdin and stdout as they are, and in their places nothing to read, and stderr."""
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return requests, replies


def _listen(requests: BinaryIO, waiting: "SimpleQueue[Request | None]", ended: threading.Event) -> None:
    """Hand on what comes in; after the end of it nobody waits for an answer any more."""
    with contextlib.suppress(OSError, ValueError):
        while (request := receive(requests)) is not None:
            waiting.put(request)
    waiting.put(None)
    if not ended.wait(_LAST_SECONDS):
        if hasattr(os, "killpg"):
            os.killpg(0, signal.SIGKILL)
        os._exit(1)


def _loaded(spec: str, option: str, replies: BinaryIO) -> Callable[..., Any] | None:
    before = set(sys.modules)
    try:
        function = function_of(spec, option)
    except PostprocessError as error:
        _answer(replies, _unusable(error))
        return None
    _answer(replies, {"sources": sources_sha256(before)})
    return function


def _decided(function: Callable[..., Any], tensors: Mapping[str, Array], *, quiet: bool) -> dict[str, Any]:
    with _silence() if quiet else contextlib.nullcontext():
        try:
            return {"decision": as_json(function(tensors))}
        except PostprocessError as error:
            return _unusable(error)
        except BaseException as error:
            return {"raised": told_failure(error, ours=__file__)}


def _prepared(function: Callable[..., Any], file: str, most: int) -> tuple[dict[str, Any], dict[str, Array]]:
    try:
        given = function(file)
        array = np.frombuffer(given, np.uint8) if isinstance(given, bytes | bytearray) else np.asarray(given)
        if array.dtype.kind not in NUMBERS:
            raise TypeError(f"it returned what is neither an array of numbers nor bytes: {type(given).__name__}")
        if array.nbytes > most:
            raise ValueError(f"it returned {array.nbytes} bytes; more than {most} aren't taken")
    except BaseException as error:
        return {"raised": told_failure(error, ours=__file__)}, {}
    return {}, {"prepared": array}


def _unusable(error: PostprocessError) -> dict[str, Any]:
    return {"unusable": error.message, "next_step": str(error.next_step)}


def _answer(replies: BinaryIO, answer: dict[str, Any], tensors: Mapping[str, Array] | None = None) -> None:
    _flush()
    try:
        send(replies, answer, tensors)
    except TooLong as error:
        told = f"the post-processor's result is too long: {error} as JSON, of at most {MAX_MESSAGE}"
        send(replies, {"unusable": told, "next_step": "return what was decided, not the tensors"})


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Nothing of what is printed or warned of shows."""
    _flush()
    kept, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    os.close(nothing)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        _flush()
        os.dup2(kept, 1)
        os.dup2(kept, 2)
        os.close(kept)


def _flush() -> None:
    """Whatever the user's function made of the streams."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
