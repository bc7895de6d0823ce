"""Runs the samples through the float model and turns what was seen into ranges."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path

from axpair_emulator.calibrate.dataset import samples
from axpair_emulator.calibrate.observer import Observer
from axpair_emulator.calibrate.ranges import extremes, mse_clipped
from axpair_emulator.config.build_config import BuildConfig
from axpair_emulator.errors import DatasetError, InputError
from axpair_emulator.float_model import FloatModel
from axpair_emulator.prepare import prepare_data
from axpair_emulator.program import Port


def calibration_inputs(config: BuildConfig, ports: Sequence[Port]) -> Iterator[tuple[str, dict[str, bytes]]]:
    """Every sample's name and input bytes, one alive at a time.

    Each input has an archive of its own; they are read in step, and the files' stems must agree. Raises
    DatasetError when they don't, or when a member can't be prepared.
    """
    limit = config.calibration.size
    with ExitStack() as stack:
        streams = [
            (port, stack.enter_context(closing(samples(Path(config.calibration.paths[port.name]), limit))))
            for port in ports
        ]
        for first in streams[0][1]:
            together = [first, *(next(stream, None) for _, stream in streams[1:])]
            stems = {Path(sample.name).stem if sample else "(nothing)" for sample in together}
            if len(stems) > 1:
                raise DatasetError(
                    f"the calibration archives don't pair up: {', '.join(sorted(stems))} come together",
                    next_step="pack the same file names in the same order for every input",
                )
            data: dict[str, bytes] = {}
            for (port, _), sample in zip(streams, together, strict=True):
                assert sample is not None
                try:
                    data[port.name], _ = prepare_data(port, sample.data, sample.name)
                except InputError as error:
                    archive = config.calibration.paths[port.name]
                    raise DatasetError(f"{archive}: {error.message}", next_step=error.next_step) from error
            yield first.name, data


def find_ranges(
    model: FloatModel,
    names: Sequence[str],
    bits: Mapping[str, int],
    config: BuildConfig,
    ports: Sequence[Port],
    progress: Callable[[int], None],
) -> dict[str, tuple[float, float]]:
    """The range of every named tensor over all samples; `progress` is told how many are done.

    Raises DatasetError when a tensor was never finite.
    """
    clipping = config.calibration.mse_clipping
    observers = {name: Observer(histogram=clipping) for name in names}
    done = 0
    for _, data in calibration_inputs(config, ports):
        values = model.values(data)
        for name, observer in observers.items():
            observer.see(values[name])
        done += 1
        progress(done)
    for name, observer in observers.items():
        if observer.low > observer.high:
            raise DatasetError(
                f"tensor {name!r} is NaN or infinite for all {done} calibration samples",
                next_step="check mean/std and the colour order of the configuration, then the float model itself",
            )
    if clipping:
        return {name: mse_clipped(observer, bits.get(name, 8)) for name, observer in observers.items()}
    return {name: extremes(observer) for name, observer in observers.items()}
