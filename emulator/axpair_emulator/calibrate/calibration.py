"""Runs the samples through the float model and turns what was seen into ranges."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from axpair_emulator.calibrate.moments import WindowObserver
from axpair_emulator.calibrate.observer import Observer
from axpair_emulator.calibrate.pairing import Warn, dataset_inputs
from axpair_emulator.calibrate.ranges import extremes, mse_clipped
from axpair_emulator.config.build_config import BuildConfig
from axpair_emulator.errors import DatasetError
from axpair_emulator.float_model import FloatModel
from axpair_emulator.program import Port


def find_ranges(
    model: FloatModel,
    names: Sequence[str],
    bits: Mapping[str, int],
    config: BuildConfig,
    ports: Sequence[Port],
    progress: Callable[[int], None],
    warn: Warn,
    closely: Collection[WindowObserver] = (),
) -> dict[str, tuple[float, float]]:
    """The range of every named tensor over all samples; `progress` is told how many are done, `warn` what is odd.

    `closely` are fed with what they look at, in the same pass.
    Raises DatasetError when a tensor was never finite.
    """
    clipping = config.calibration.mse_clipping
    observers = {name: Observer(histogram=clipping) for name in names}
    done = 0
    for _, data in dataset_inputs(config.calibration.paths, config.calibration.size, ports, warn):
        values = model.values(data)
        for name, observer in observers.items():
            observer.see(values[name])
        for looking in closely:
            looking.see(values[looking.source])
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
