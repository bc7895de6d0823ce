"""What a worker answers, read once: typed and within bounds. A header that makes no sense goes no further than here."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from axpair_proto.description import MAX_TENSORS, ModelDescription
from axpair_proto.errors import ContractError
from axpair_proto.fields import Fields, checked_list, checked_number

from axpair_agent.worker.frames import Frame, FrameError, Kind
from axpair_agent.worker.poison import MAX_RANGES

MAX_TEXT = 8192
"""Characters of a message; workers cut their own at half of that."""
MAX_PID = (1 << 31) - 1
FAULTS = ("ERROR", "INPUT", "OPTION", "LOST")

_SHA256 = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class Hello:
    """What a worker says of itself when it is ready."""

    runtime: str
    versions: Mapping[str, str]
    pid: int


@dataclass(frozen=True)
class NoRuntime:
    """Why it isn't ready and ends; `bad_option`: a runtime is there and refuses an option."""

    message: str
    bad_option: bool


@dataclass(frozen=True)
class Held:
    """Whether the board's cache has the whole model."""

    held: bool


@dataclass(frozen=True)
class LoadFacts:
    """A model was loaded."""

    description: ModelDescription
    sha256: str
    """The worker's own digest of the file."""
    load_us: int
    versions: Mapping[str, str]


@dataclass(frozen=True)
class Delivered:
    """One input as the runtime got it."""

    sha256: str
    size_bytes: int


@dataclass(frozen=True)
class Output:
    """One output as the worker read it."""

    sha256: str
    size_bytes: int
    poisoned: bool
    survivors: tuple[tuple[int, int], ...]
    """(offset, length) in bytes, rising, within the output."""


@dataclass(frozen=True)
class RoundFacts:
    """A round ran; as many outputs and inputs as the model has, outputs together as long as the payload."""

    round: int
    outputs: tuple[Output, ...]
    delivered: tuple[Delivered, ...]
    run_us: int
    worker_us: int


@dataclass(frozen=True)
class Fault:
    """A round or a loading failed, and how the runtime puts it; `kind` is one of FAULTS."""

    round: int
    kind: str
    message: str
    code: int


Facts = Hello | NoRuntime | Held | LoadFacts | RoundFacts | Fault


def read_answer(frame: Frame, model: ModelDescription | None = None) -> Facts:
    """The facts of a frame; those of a round are held against the loaded model.

    Raises FrameError, which names what makes no sense.
    """
    try:
        return _facts(frame, model)
    except ContractError as error:
        raise FrameError(error.message) from error


def _facts(frame: Frame, model: ModelDescription | None) -> Facts:
    fields = Fields(frame.header, frame.kind.name)
    if frame.payload and frame.kind is not Kind.ROUND:
        raise ContractError(f"{frame.kind.name} with {len(frame.payload)} bytes behind it")
    if frame.kind is Kind.HELLO:
        return Hello(fields.text("runtime", MAX_TEXT), _versions(fields), fields.number("pid", 0, MAX_PID))
    if frame.kind is Kind.NO_RUNTIME:
        return NoRuntime(fields.text("message", MAX_TEXT), fields.flag("bad_option"))
    if frame.kind is Kind.HELD:
        return Held(fields.flag("held"))
    if frame.kind is Kind.LOADED:
        return LoadFacts(
            description=ModelDescription.from_json(fields.document("description")),
            sha256=_sha256(fields),
            load_us=fields.number("load_us"),
            versions=_versions(fields),
        )
    if frame.kind is Kind.ROUND:
        if model is None:
            raise ContractError("ROUND though no model is loaded")
        return _round(fields, model, len(frame.payload))
    if frame.kind is Kind.FAULT:
        kind = fields.text("kind", MAX_TEXT)
        if kind not in FAULTS:
            raise ContractError(f"FAULT: kind is {kind[:40]!a}, not one of {', '.join(FAULTS)}")
        return Fault(
            fields.number("round", 0, MAX_PID),
            kind,
            fields.text("message", MAX_TEXT),
            fields.number("code", -(1 << 63)),
        )
    raise ContractError(f"{frame.kind.name} is a request, no answer")


def _round(fields: Fields, model: ModelDescription, payload_bytes: int) -> RoundFacts:
    found = RoundFacts(
        round=fields.number("round", 0, MAX_PID),
        outputs=tuple(map(_output, fields.objects("outputs", MAX_TENSORS))),
        delivered=tuple(
            Delivered(_sha256(one), one.number("size_bytes")) for one in fields.objects("delivered", MAX_TENSORS)
        ),
        run_us=fields.number("run_us"),
        worker_us=fields.number("worker_us"),
    )
    for name, count, expected in (
        ("outputs", len(found.outputs), len(model.outputs)),
        ("delivered inputs", len(found.delivered), len(model.inputs)),
    ):
        if count != expected:
            raise ContractError(f"ROUND: {count} {name}, the model has {expected}")
    together = sum(output.size_bytes for output in found.outputs)
    if together != payload_bytes:
        raise ContractError(f"ROUND: outputs of {together} bytes together, {payload_bytes} came")
    return found


def _output(fields: Fields) -> Output:
    size, poisoned = fields.number("size_bytes"), fields.flag("poisoned")
    survivors = []
    end = 0
    for pair in fields.items("survivors", MAX_RANGES):
        offset, length = _range(pair)
        if offset < end or length < 1 or offset + length > size or not poisoned:
            raise ContractError(
                f"ROUND: survivors {offset}+{length} after {end} of {size} bytes{'' if poisoned else ' without poison'}"
            )
        survivors.append((offset, length))
        end = offset + length
    return Output(_sha256(fields), size, poisoned, tuple(survivors))


def _range(pair: Any) -> tuple[int, int]:
    both = checked_list(pair, "ROUND: a survivor", 2)
    if len(both) != 2:
        raise ContractError("ROUND: a survivor without length")
    offset, length = (checked_number(one, "ROUND: a survivor's offset or length") for one in both)
    return offset, length


def _sha256(fields: Fields) -> str:
    text = fields.text("sha256", 64)
    if not _SHA256.fullmatch(text):
        raise ContractError(f"sha256 is {text!a}, no digest")
    return text


def _versions(fields: Fields) -> dict[str, str]:
    return fields.texts("versions", 64, 128, MAX_TEXT)
