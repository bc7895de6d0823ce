"""`pulsar build`."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from axpair_emulator.build import BuildResult, build
from axpair_emulator.build_log import operator_table, score_table
from axpair_emulator.build_paths import BuildPaths
from axpair_emulator.build_progress import PHASES, shown_progress
from axpair_emulator.config.flags import BuildFlags
from axpair_emulator.errors import ConfigError
from axpair_emulator.tools.pulsar import log as source
from axpair_emulator.tools.pulsar.log import Log
from axpair_emulator.tools.pulsar.report import write_report

LAVA_JOINT = "model.lava_joint"
"""Beside the joint, whatever that is called (quick start, 0.6.1.14)."""


def build_joint(given: Namespace, log: Log, working_directory: Path) -> None:
    """Build a joint, model.lava_joint beside it, and inference_report/ in the working directory.

    Raises a subclass of AxpairError for bad input.
    """
    if given.config is None:
        raise ConfigError("no --config is given", next_step="add --config config.prototxt")
    log.say(source.PLANNING, "planning task task_0")
    onnx, joint = _single(given.input, "--input"), _single(given.output, "--output")
    paths = BuildPaths.of(given.config, onnx, joint, given.output_config, given.output_dir)
    log.say(source.RUNNING, f"{'#' * 36} Running task task_0 {'#' * 36}")
    with _progress(log, given.enable_progress_bar) as progress:
        result = build(
            paths.onnx,
            given.config,
            paths.joint,
            output_config=paths.output_config,
            lava_joint=paths.joint.with_name(LAVA_JOINT),
            flags=_flags(given),
            progress=progress,
        )
    for warning in result.warnings:
        log.warn(warning)
    batch = ", each item of a batch" if result.program.inputs[0].items > 1 else ""
    write_report(result.program, f"{paths.joint.name}, {result.program.tools_version}{batch}", working_directory)
    _say_result(result, log)


def _flags(given: Namespace) -> BuildFlags:
    return BuildFlags(
        input_shapes=dict(given.input_shape),
        target_hardware=given.target_hardware,
        virtual_npu=given.virtual_npu,
        calibration_batch_size=given.calibration_batch_size,
        compile_batch_size=tuple(given.compile_batch_size or ()),
        batch_size_option=given.batch_size_option,
        input_tensor_color=given.input_tensor_color,
        output_tensor_color=given.output_tensor_color,
        output_tensor_layout=given.output_tensor_layout,
        color_std=given.color_std,
    )


def _say_result(result: BuildResult, log: Log) -> None:
    if result.config.debug:
        log.say(source.OURS, f"operators:\n{operator_table(result.program)}")
    if result.layers:
        log.say(source.OURS, f"Score compare table of every layer:\n{score_table(result.layers)}")
    log.say(source.TABLE, f"Score compare table:\n{score_table(result.scores)}")
    for path in (result.lava_joint, result.output_config, result.joint):
        if path is not None:
            log.say(source.SAVED, f"File saved: {path.absolute()}")


@contextmanager
def _progress(log: Log, bar: bool) -> Iterator[Callable[[str, int, int], None]]:
    if bar:
        with shown_progress() as show:
            yield show
        return
    seen: set[str] = set()
    next_told = 1

    def show_line(phase: str, done: int, total: int) -> None:
        nonlocal next_told
        if phase not in seen:
            seen.add(phase)
            log.say(source.OURS, PHASES.get(phase, phase))
        if phase == "calibrate" and done >= next_told:
            next_told = done * 2
            log.say(source.OURS, f"calibrated {done} samples")

    yield show_line


def _single(paths: list[Path] | None, flag: str) -> Path | None:
    if paths and len(paths) > 1:
        raise ConfigError(
            f"{flag} names {len(paths)} files; the emulator builds one joint from one model",
            next_step="call it once for each model",
        )
    return paths[0] if paths else None
