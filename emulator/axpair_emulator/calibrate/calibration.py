"""Runs the samples through the float model and turns what was seen into ranges."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence

from axpair_emulator.calibrate.dataset import Warn
from axpair_emulator.calibrate.moments import WindowObserver
from axpair_emulator.calibrate.observer import Observer
from axpair_emulator.calibrate.pairing import dataset_inputs
from axpair_emulator.calibrate.ranges import extremes, mse_clipped
from axpair_emulator.config.build_config import BuildConfig
from axpair_emulator.errors import DatasetError
from axpair_emulator.float_model import FloatModel
from axpair_emulator.program import Port

HELD_BYTES = 1 << 29
"""Of observed tensors alive at once."""


def find_ranges(
    open_model: Callable[[Sequence[str]], FloatModel],
    shapes: Mapping[str, Sequence[int]],
    names: Sequence[str],
    bits: Mapping[str, int],
    config: BuildConfig,
    ports: Sequence[Port],
    progress: Callable[[int], None],
    warn: Warn,
    closely: Collection[WindowObserver] = (),
    held_bytes: int = HELD_BYTES,
) -> dict[str, tuple[float, float]]:
    """The range of every named tensor over all samples; `progress` is told how many are done, `warn` what is odd.

    `open_model` gives the float model with some inner tensors among its outputs; `closely` are fed with what they look
    at. Of a large model all samples pass several times, so that the tensors alive together stay under `held_bytes`.
    Raises DatasetError when a tensor was never finite; some such values are said.
    """
    clipping = config.calibration.mse_clipping
    observers = {name: Observer(histogram=clipping) for name in names}
    done = 0
    for held in _passes((*names, *(looking.source for looking in closely)), shapes, held_bytes):
        model, done = open_model(held), 0
        for _, data in dataset_inputs(config.calibration.paths, config.calibration.size, ports, warn):
            values = model.values(data)
            for name in held:
                if name in observers:
                    observers[name].see(values[name])
            for looking in closely:
                if looking.source in held:
                    looking.see(values[looking.source])
            del values  # before the next sample's are made
            done += 1
            progress(done)
        del model  # and with it the memory of every tensor that was observed
    _check_finite(observers, done, config, warn)
    if clipping:
        return {name: mse_clipped(observer, bits.get(name, 8)) for name, observer in observers.items()}
    return {name: extremes(observer) for name, observer in observers.items()}


def _check_finite(observers: Mapping[str, Observer], samples: int, config: BuildConfig, warn: Warn) -> None:
    paths = config.calibration.paths
    for name, observer in observers.items():
        if observer.low > observer.high:
            archive = f", read from {paths[name]}," if name in paths else ""
            raise DatasetError(
                f"tensor {name!r}{archive} is NaN or infinite for all {samples} calibration samples",
                next_step="look into the archive's files: whatever packed them made no numbers"
                if archive
                else "check mean/std and the colour order of the configuration, then the float model itself",
            )
    odd = [name for name, observer in observers.items() if observer.bad]
    if odd:
        archive = f" (read from {paths[odd[0]]})" if odd[0] in paths else ""
        more = f", as do {len(odd) - 1} other tensors" if len(odd) > 1 else ""
        warn(
            f"tensor {odd[0]!r}{archive} has {observers[odd[0]].bad} NaN or infinite values over the {samples} "
            f"calibration samples{more}: ranges are those of the other values"
        )


def _passes(names: Sequence[str], shapes: Mapping[str, Sequence[int]], held_bytes: int) -> list[list[str]]:
    """The names, each once, in parts whose tensors fit into so many bytes; one part even where there are none."""
    parts: list[list[str]] = [[]]
    held = 0
    for name in dict.fromkeys(names):
        size = 4 * math.prod(shapes[name])
        if parts[-1] and held + size > held_bytes:
            parts.append([])
            held = 0
        parts[-1].append(name)
        held += size
    return parts
