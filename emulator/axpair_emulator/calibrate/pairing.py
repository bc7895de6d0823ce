"""The samples of a data set as the inputs of one run each: one archive for each input, paired by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path

from axpair_emulator.calibrate.dataset import NamedSamples, Sample, Warn, samples
from axpair_emulator.errors import DatasetError, InputError
from axpair_emulator.prepare import prepare_data
from axpair_emulator.program import Port

SHOWN = 10
"""Names listed in a message; of more, the number is said."""


def dataset_inputs(
    paths: Mapping[str, str], limit: int, ports: Sequence[Port], warn: Warn
) -> Iterator[tuple[str, dict[str, bytes]]]:
    """Each sample's name and the input bytes of one item, one sample alive at a time; `limit` 0 = all.

    Samples of several inputs belong together when their files have the same name, suffix apart. Where no name is
    shared at all they are taken in order (inputs that need no pairing, as the vendor's guide has them), and that is
    said, as are files that no sample of the first input needs. Raises DatasetError when a file's partner is missing,
    or when a member can't be prepared.
    """
    first, *others = ports
    if not others:
        with closing(samples(Path(paths[first.name]), limit, warn)) as stream:
            for sample in stream:
                yield sample.name, {first.name: _prepared(first, sample, paths)}
        return
    with ExitStack() as stack:
        archives = {
            port.name: stack.enter_context(closing(NamedSamples(Path(paths[port.name]), warn))) for port in ports
        }
        for together in _paired(archives, limit, warn):
            read = {name: archives[name].read(stem) for name, stem in together.items()}
            yield read[first.name].name, {port.name: _prepared(port, read[port.name], paths) for port in ports}


def _paired(archives: Mapping[str, NamedSamples], limit: int, warn: Warn) -> Iterator[dict[str, str]]:
    (first, leading), *others = archives.items()
    everything = leading.stems
    known = set(everything)
    wanted = everything[:limit] if limit else everything
    stems = {name: archive.stems for name, archive in archives.items()}
    if not any(known & set(stems[name]) for name, _ in others):
        yield from _in_order(stems, limit, warn)
        return
    for name, _ in others:
        there = set(stems[name])
        missing = [stem for stem in wanted if stem not in there]
        if missing:
            raise DatasetError(
                f"the calibration archives don't pair up: for input {name!r} there is no {_listed(missing)}",
                next_step=f"give each file of input {first!r} a partner of the same name",
            )
        unused = [stem for stem in stems[name] if stem not in known]
        if unused:
            warn(f"samples of input {name!r} without a partner for {first!r} are left out: {_listed(unused)}")
    for stem in wanted:
        yield dict.fromkeys(archives, stem)


def _in_order(stems: Mapping[str, Sequence[str]], limit: int, warn: Warn) -> Iterator[dict[str, str]]:
    counts = {name: len(found) for name, found in stems.items()}
    least = min(counts.values())
    warn(
        "no file name is shared by the archives of the inputs: they are taken in order, unpaired"
        + (f"; the shortest has {least} of {max(counts.values())}" if len(set(counts.values())) > 1 else "")
    )
    for index in range(min(least, limit) if limit else least):
        yield {name: found[index] for name, found in stems.items()}


def _listed(stems: Sequence[str]) -> str:
    more = f" and {len(stems) - SHOWN} more" if len(stems) > SHOWN else ""
    return ", ".join(map(repr, stems[:SHOWN])) + more


def _prepared(port: Port, sample: Sample, paths: Mapping[str, str]) -> bytes:
    try:
        return prepare_data(port, sample.data, sample.name)[0]
    except InputError as error:
        raise DatasetError(f"{paths[port.name]}: {error.message}", next_step=error.next_step) from error
