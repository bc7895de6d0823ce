"""`pulsar run`: simulate models on one input, keep what came out, compare."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from axpair_emulator.build_log import score_table
from axpair_emulator.config.differences import config_differences
from axpair_emulator.errors import EmulatorError, InputError
from axpair_emulator.prepare import prepare_files
from axpair_emulator.program import Port
from axpair_emulator.tools.pulsar import log as source
from axpair_emulator.tools.pulsar.compare import compare
from axpair_emulator.tools.pulsar.gt import bin_files, input_files, output_files
from axpair_emulator.tools.pulsar.kept import write_beside
from axpair_emulator.tools.pulsar.legs import Simulated, edges_of, open_leg, simulated
from axpair_emulator.tools.pulsar.log import Log

Array = np.ndarray[Any, Any]
_YUV = ("NV12", "NV21")


def simulate(given: Namespace, log: Log) -> None:
    """Run the models of a command line. Raises a subclass of AxpairError for bad input, before anything is written.

    Where the joint takes NV12 or NV21 the ONNX model is skipped, as the toolchain skips it: it fails to load it there
    (0.6.1.14, reported by users).
    """
    models = simulated(given.model)
    _check_stages(models, given.output_gt)
    edges = edges_of(models, given.config)
    for difference in config_differences(given.config, edges.config) if given.config else ():
        log.warn(f"{given.config} isn't what the joint was built with: {difference}")
    files = _files(edges.inputs, given.input, given.layer)
    dynamic = edges.config.dynamic_batch
    paths = {name: [Path(file) for file in of_one] for name, of_one in files.items()}
    prepared = prepare_files(edges.inputs, paths, dynamic=dynamic)
    for note in prepared.notes:
        log.warn(note)
    skips = any(port.color_space in _YUV for port in edges.inputs)
    legs = []
    for model in models:
        if skips and model.stage == "onnx":
            log.say(source.SIMULATED, f"ERR failed loading {model.path}, skipping")
        else:
            legs.append((model, open_leg(model, edges, given.config, given.use_onnx_ir)))
    results = [(model, leg(prepared.data)) for model, leg in legs]
    log.say(source.SIMULATED, "=" * 25 + "\n")
    if given.output_gt:
        content = dict(input_files(edges.inputs, prepared.data, files))
        for model, outputs in results:
            content |= output_files(model.stage, outputs)
        write_beside(Path(given.output_gt), content)
        _say_written(Path(given.output_gt), results, log)
    for model, outputs in results[1:]:
        first, reference = results[0]
        log.say(source.COMPARING, f"###### Comparing {first.shown} and {model.shown} ######")
        log.say(source.TABLE, f"Score compare table:\n{score_table(compare(reference, outputs))}")


def _say_written(folder: Path, results: Sequence[tuple[Simulated, Mapping[str, Array]]], log: Log) -> None:
    for model, outputs in results:
        for name, path in bin_files(model.stage, list(outputs)).items():
            log.say(source.DUMPED, f"dumpped '{name}' to '{(folder / path).as_posix()}'.")
    written = {model.stage for model, _ in results}
    for stage in ("onnx", "lava_joint", "joint"):
        if stage not in written and (folder / stage).is_dir():
            log.warn(f"{folder / stage} is left from an earlier run: it may belong to another input")


def _check_stages(models: Sequence[Simulated], output_gt: str | None) -> None:
    stages = [model.stage for model in models]
    for stage in stages:
        if output_gt and stages.count(stage) > 1:
            raise EmulatorError(
                f"several models are .{stage}: their outputs would lie in the same folder of {output_gt}",
                next_step="call `pulsar run` once for each, with an --output_gt of its own",
            )


def _files(ports: Sequence[Port], files: Sequence[str], layers: Sequence[str]) -> dict[str, list[str]]:
    """Which files are for which input: as --layer says, else in the inputs' order.

    Of a batch an input may be named once for each item; all files are the only input's, where there is one.
    """
    names = list(layers) or [port.name for port in ports[: len(files)]]
    batch = max((port.items for port in ports), default=1)
    if not layers and len(ports) == 1 and batch > 1:
        names = [ports[0].name] * len(files)
    if len(files) != len(names):
        raise InputError(
            f"--input names {len(files)} files, --layer {len(layers)} inputs"
            if layers
            else f"--input names {len(files)} files, the model has {len(ports)} inputs",
            next_step="give one file for each input, and --layer names in the same order",
        )
    if len(set(names)) < len(names) and batch == 1:
        raise InputError("--layer names an input twice", next_step="name each input once")
    found: dict[str, list[str]] = {}
    for name, file in zip(names, files, strict=True):
        found.setdefault(name, []).append(file)
    return found
