"""What an agent asks, read once: typed and within bounds. A header that makes no sense goes no further than here."""

import re
from typing import Any, Dict, List, NamedTuple, Union

from axpair_agent.worker.frames import Frame, FrameError, Kind, split

MAX_ROUNDS = 4096
MAX_PARTS = 1024
"""So many inputs a model may have."""
MAX_SIZE = 1 << 62
MAX_DEADLINE_MS = 24 * 3600 * 1000
"""A day; also of what hosts may ask for."""

_NONCE = re.compile("[0-9a-z]{1,64}")
_SHA256 = re.compile("[0-9a-f]{64}")


class Have(NamedTuple):
    """Whether the cache holds a model."""

    sha256: str


class Put(NamedTuple):
    """A piece of a model."""

    sha256: str
    offset: int
    size: int
    """Of the whole model, in bytes."""
    data: bytes


class Load(NamedTuple):
    """A model to be loaded: a file, or where `path` is "" one of the cache."""

    path: str
    sha256: str


class Run(NamedTuple):
    """Rounds to be run: "case" each, the first may be "probe" or "before"."""

    rounds: List[str]
    inputs: List[bytes]
    before: List[bytes]
    """Inputs of a round "before"; as many as the model has, or none."""


class Request(NamedTuple):
    """One request; its answers carry the nonce, a dash and their number."""

    nonce: str
    deadline_ms: int
    what: Union[Have, Put, Load, Run]


def read_request(frame: Frame) -> Request:
    """The request of a frame. Raises FrameError, which names what makes no sense."""
    header = frame.header
    return Request(
        _text(header, "nonce", _NONCE),
        _number(header, "deadline_ms", MAX_DEADLINE_MS) if "deadline_ms" in header else 0,
        _what(frame.kind, header, frame),
    )


def _what(kind: Kind, header: Dict[str, Any], frame: Frame) -> Union[Have, Put, Load, Run]:
    if kind is Kind.RUN:
        return _run(header, frame.payload)
    if kind is Kind.PUT:
        return Put(
            _text(header, "sha256", _SHA256),
            _number(header, "offset", MAX_SIZE),
            _number(header, "size", MAX_SIZE),
            bytes(frame.payload),
        )
    if frame.payload:
        raise FrameError(f"request {kind.name} with {len(frame.payload)} bytes behind it")
    if kind is Kind.HAVE:
        return Have(_text(header, "sha256", _SHA256))
    if kind is Kind.LOAD:
        return Load(_path(header), "") if "path" in header else Load("", _text(header, "sha256", _SHA256))
    raise FrameError(f"no request: {kind.name}")


def _run(header: Dict[str, Any], payload: bytearray) -> Run:
    rounds = _list(header, "rounds", MAX_ROUNDS)
    if not rounds or rounds[0] not in ("case", "probe", "before") or any(kind != "case" for kind in rounds[1:]):
        raise FrameError("request RUN: rounds are not 'case' each, the first 'probe' or 'before' at most")
    sizes = _sizes(header, "sizes")
    before = _sizes(header, "before_sizes") if rounds[0] == "before" else []
    parts = split(payload, sizes + before)
    return Run(rounds, parts[: len(sizes)], parts[len(sizes) :])


def _sizes(header: Dict[str, Any], key: str) -> List[int]:
    sizes = _list(header, key, MAX_PARTS)
    if not all(type(size) is int and 0 <= size <= MAX_SIZE for size in sizes):
        raise FrameError(f"{key} are not all whole numbers from 0 to {MAX_SIZE}")
    return sizes


def _list(header: Dict[str, Any], key: str, most: int) -> List[Any]:
    value = header.get(key)
    if not isinstance(value, list) or len(value) > most:
        raise FrameError(f"{key} is no list of at most {most}")
    return value


def _text(header: Dict[str, Any], key: str, form: "re.Pattern[str]") -> str:
    value = header.get(key)
    if not isinstance(value, str) or not form.fullmatch(value):
        raise FrameError(f"{key} is not of the form {form.pattern}")
    return value


def _path(header: Dict[str, Any]) -> str:
    value = header["path"]
    if not isinstance(value, str) or not value or "\0" in value or len(value) > 4096:
        raise FrameError("path is no path")
    return value


def _number(header: Dict[str, Any], key: str, most: int) -> int:
    value = header.get(key)
    if type(value) is not int or not 0 <= value <= most:
        raise FrameError(f"{key} is no whole number from 0 to {most}")
    return value
