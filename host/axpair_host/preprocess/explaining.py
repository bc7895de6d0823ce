"""What the product's own preparation makes of the case's file, against gt/input, and which misreading explains it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from axpair_proto.capabilities import FitsPictures, Fitting
from axpair_proto.dtypes import ITEM_BYTES
from axpair_proto.sentences import say
from axpair_proto.simulator import Models, Simulator

from axpair_host.evidence.record import InputFacts, PreparedOtherwise, PreprocessFacts, PreprocessHit, Record
from axpair_host.gather.prepare import PreparedCase
from axpair_host.input_trials.transforms import misreads, unpadded_rows
from axpair_host.preprocess.running import Preprocessor

Array = np.ndarray[Any, Any]
_FITTINGS: Mapping[Fitting, str] = {
    "stretch": say("the whole picture, stretched"),
    "letterbox": say("the whole picture between gray bars"),
    "crop": say("the picture cut to its middle"),
}
_NEAR = 16.0
"""Mean difference of bytes within which two pieces of code decode and scale the same picture: measured on a photo, 2 to
4 with another filter, 3 to 15 without any, the more the smaller the result."""
_CLEARLY = 3.0
"""A misreading has to be so many times nearer than the input as it is."""
_RIVAL = 2.0
"""One that is within so many times of the nearest is named beside it."""


@dataclass(frozen=True)
class Suspect:
    """What is needed to ask it."""

    preprocessor: Preprocessor
    simulator: Simulator | None
    models: Models
    fitting: Fitting


def with_preprocess(record: Record, suspect: Suspect | None, prepared: PreparedCase) -> Record:
    """The record with what the product's preparation makes of the case; as it is where there is none.

    Raises NothingPrepared where it fails on a file.
    """
    if suspect is None:
        return record
    return msgspec.structs.replace(record, preprocess=preprocess_facts(suspect, prepared, record.inputs))


def preprocess_facts(suspect: Suspect, prepared: PreparedCase, inputs: Sequence[InputFacts]) -> PreprocessFacts:
    """Run it on each input's file. Raises NothingPrepared where it fails on one."""
    files = {one.name: prepared.files[one.name] for one in inputs}
    theirs = {name: suspect.preprocessor.prepared(path, len(prepared.data[name])) for name, path in files.items()}
    given = {name: np.ascontiguousarray(array).tobytes() for name, array in theirs.items()}
    facts = {one.name: _apart(one, prepared.data[one.name], theirs[one.name]) for one in inputs}
    if all(given[name] == prepared.data[name] for name in given):
        return PreprocessFacts(suspect.preprocessor.spec, facts)
    ways = list(_ways(suspect, prepared, inputs, files))
    padded = _padded(inputs, prepared.data, given)
    hits = [one for one in padded if not one.distance] or _exact(ways, given, prepared.data)
    pictures = all(one.dtype == "uint8" for one in inputs) and all(
        one.dtype.name in ITEM_BYTES for one in theirs.values()
    )
    if not hits and pictures:
        hits = padded
    if not hits and pictures and _same_sizes(given, prepared.data):
        hits = _nearest(ways, given, prepared.data)
    return PreprocessFacts(suspect.preprocessor.spec, facts, tuple(hits), len(ways))


@dataclass(frozen=True)
class _Way:
    name: str
    codes: tuple[str, ...]
    inputs: Mapping[str, bytes]


def _ways(
    suspect: Suspect, prepared: PreparedCase, inputs: Sequence[InputFacts], files: Mapping[str, Path]
) -> Iterator[_Way]:
    """Each misreading of gt/input; the files fitted otherwise, also with the channels swapped."""
    for one in misreads(inputs, prepared.data):
        yield _Way(one.name, (one.code,), one.inputs)
    if not isinstance(suspect.simulator, FitsPictures):
        return
    for fitting, words in _FITTINGS.items():
        if fitting == suspect.fitting:
            continue
        data = suspect.simulator.prepare_fitted(suspect.models, files, fitting).data
        if data == dict(prepared.data):
            continue
        yield _Way(words, ("AX106",), data)
        for one in misreads(inputs, data):
            if one.code == "AX103":
                both = say("{fitted}, and {changed}", fitted=words, changed=one.name)
                yield _Way(both, ("AX103", "AX106"), one.inputs)


def _padded(inputs: Sequence[InputFacts], data: Mapping[str, bytes], given: Mapping[str, bytes]) -> list[PreprocessHit]:
    """Whether the input is there, or one that comes as near as other code does, with the rows of each further apart
    than they are long, by one number of bytes."""
    off: dict[int, list[float]] = {}
    for one in inputs:
        ours, theirs = data[one.name], given[one.name]
        plain = _off(ours, theirs)
        for extra, rows in unpadded_rows(one, len(ours), theirs):
            distance = _off(ours, rows)
            # With a gap longer than the rows it is rather a larger picture.
            if not distance or (distance <= min(_NEAR, plain / _CLEARLY) and 2 * len(ours) >= len(theirs)):
                off.setdefault(extra, []).append(distance)
    found = {extra: sum(some) / len(some) for extra, some in off.items() if len(some) == len(inputs)}
    if not found:
        return []
    extra = min(found, key=lambda one: found[one])
    words = say("rows that lie {count} bytes further apart than they are long", count=extra)
    return [PreprocessHit(words, ("AX107",), found[extra])]


def _off(one: bytes, other: bytes) -> float:
    """Mean difference of bytes, as far as both go."""
    common = min(len(one), len(other))
    return float(np.abs(_wide(one[:common]) - _wide(other[:common])).mean()) if common else 0.0


def _exact(ways: Sequence[_Way], given: Mapping[str, bytes], data: Mapping[str, bytes]) -> list[PreprocessHit]:
    """Ways that give just these bytes, as far as the input takes them."""
    taken = {name: given[name][: len(data[name])].ljust(len(data[name]), b"\0") for name in given}
    return [PreprocessHit(way.name, way.codes) for way in ways if way.inputs == taken]


def _nearest(ways: Sequence[_Way], given: Mapping[str, bytes], data: Mapping[str, bytes]) -> list[PreprocessHit]:
    """Ways that come as near as other code for decoding and scaling does, where the input as it is doesn't."""
    plain = _distance(data, given)
    near = sorted(((_distance(way.inputs, given), way) for way in ways), key=lambda one: one[0])
    limit = min(_NEAR, plain / _CLEARLY)
    if not near or near[0][0] > limit:
        return []
    best = near[0][0]
    return [
        PreprocessHit(way.name, way.codes, distance)
        for distance, way in near
        if distance <= min(limit, max(best * _RIVAL, best + 0.5))
    ]


def _same_sizes(given: Mapping[str, bytes], data: Mapping[str, bytes]) -> bool:
    return all(len(given[name]) == len(data[name]) for name in given)


def _distance(one: Mapping[str, bytes], other: Mapping[str, bytes]) -> float:
    """Mean difference of bytes over all inputs."""
    total = sum(float(np.abs(_wide(one[name]) - _wide(other[name])).sum()) for name in other)
    return total / max(1, sum(map(len, other.values())))


def _wide(content: bytes) -> Array:
    return np.frombuffer(content, np.uint8).astype(np.int16)


def _apart(one: InputFacts, data: bytes, theirs: Array) -> PreparedOtherwise:
    given = np.ascontiguousarray(theirs).tobytes()
    plain = {"dtype": theirs.dtype.name, "shape": theirs.shape, "size_bytes": len(given)}
    if len(given) != len(data):
        return PreparedOtherwise(**plain)
    ours = np.frombuffer(data, one.dtype).astype(np.float64)
    other = np.frombuffer(given, one.dtype).astype(np.float64)
    off = np.abs(ours - other)
    finite = off[np.isfinite(off)]
    return PreparedOtherwise(
        **plain,
        differing=int(np.count_nonzero(np.frombuffer(data, np.uint8) != np.frombuffer(given, np.uint8))),
        largest=float(finite.max(initial=0.0)),
        mean=float(finite.mean()) if finite.size else 0.0,
        correlation=_correlation(ours, other),
    )


def _correlation(one: Array, other: Array) -> float:
    """Between -1 and 1; 0 where one doesn't vary, or isn't finite."""
    a, b = one - one.mean(), other - other.mean()
    with np.errstate(all="ignore"):
        size = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / size if np.isfinite(size) and size > 0 else 0.0
