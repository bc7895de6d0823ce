"""Builds a .joint and its .lava_joint from a float ONNX model and a configuration."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import axpair_proto
import msgspec
from axpair_proto.config_files import config_file, read_config, refuse_other_config
from axpair_proto.joint import EMULATED_TOOLS
from axpair_proto.meanings import meanings
from axpair_proto.names import alike_words
from axpair_proto.pulsar import config_pb2 as pb

from axpair_emulator.calibrate.calibration import find_ranges
from axpair_emulator.calibrate.moments import WindowObserver, moments_of
from axpair_emulator.config.backends import allows_cpu
from axpair_emulator.config.build_config import BuildConfig
from axpair_emulator.config.expand import expand
from axpair_emulator.config.flags import BuildFlags, apply_flags
from axpair_emulator.config.resolve import resolve
from axpair_emulator.config.signature import signature_of
from axpair_emulator.errors import ConfigError
from axpair_emulator.float_leg import imported_model
from axpair_emulator.float_model import FloatModel
from axpair_emulator.graph.load import load_onnx
from axpair_emulator.graph.pin import pin_shapes
from axpair_emulator.graph.view import view
from axpair_emulator.plan.assignment import assign_tensors, feature_bits, observed_tensors, unmet_widths
from axpair_emulator.plan.compiler import compile_program
from axpair_emulator.plan.cpu_part import cpu_part
from axpair_emulator.plan.cut import cut
from axpair_emulator.plan.dynamic_q import settle_q
from axpair_emulator.plan.grouping import group
from axpair_emulator.plan.inputs import input_port
from axpair_emulator.plan.placement import check_domains
from axpair_emulator.plan.windows import windows_of
from axpair_emulator.program import CpuPart, Program
from axpair_emulator.reference.builder import build_reference
from axpair_emulator.score import Score, score_layers, score_samples
from axpair_emulator.storage.consistency import require_runnable
from axpair_emulator.storage.files import require_writable, write_whole
from axpair_emulator.storage.joint_file import pack_program, pack_reference, refuse_other_joint

TOOLS_VERSION = f"{EMULATED_TOOLS} {axpair_proto.__version__}"

Progress = Callable[[str, int, int], None]
"""Told (phase, done, total); a total of 0 means unknown."""


@dataclass(frozen=True)
class BuildResult:
    """What a build wrote and found."""

    joint: Path
    lava_joint: Path
    output_config: Path | None
    config: BuildConfig
    program: Program
    samples: int
    """Calibration samples used."""
    scores: tuple[Score, ...]
    """Quantised against float, each output's worst sample of the error measurement, or of the first calibration
    samples."""
    layers: tuple[Score, ...] = ()
    """The same of every layer, where the configuration wants it."""
    warnings: tuple[str, ...] = ()


@dataclass
class _Counter:
    progress: Progress
    total: int
    seen: int = field(default=0)

    def __call__(self, done: int) -> None:
        self.seen = done
        self.progress("calibrate", done, self.total)


def build(
    onnx_path: Path,
    config_path: Path,
    joint: Path,
    *,
    output_config: Path | None = None,
    lava_joint: Path | None = None,
    flags: BuildFlags | None = None,
    amend: Callable[[pb.Config], None] | None = None,
    import_fault: str = "",
    miscompile: Callable[[Program], Program] | None = None,
    progress: Progress | None = None,
) -> BuildResult:
    """Builds `joint` and the .lava_joint, which lies beside it unless said; all files appear whole or not at all.

    Flags beat the file; `amend` changes the configuration as it was read. `import_fault` reads the graph wrongly,
    `miscompile` damages the joint's program, and that alone.
    Raises a subclass of AxpairError for whatever is wrong with model, configuration or calibration set.
    """
    report = progress or _silent
    flags = flags or BuildFlags()
    message, warnings = read_config(config_path)
    if amend:
        amend(message)
    apply_flags(message, flags)
    if not joint.name:
        raise ConfigError(f"--output {str(joint)!r} names no file", next_step="name it, such as --output model.joint")
    lava_joint = lava_joint or joint.with_suffix(".lava_joint")
    for path in (joint, lava_joint):
        require_writable(path)
        refuse_other_joint(path)
    if output_config:
        if same := next((one for one in (joint, lava_joint) if one.resolve() == output_config.resolve()), None):
            raise ConfigError(
                f"{output_config} would hold both the configuration and a model: {same} is written too",
                next_step="give the configuration another name",
            )
        require_writable(output_config)
        refuse_other_config(output_config)
    report("load", 0, 0)
    pinned = pin_shapes(load_onnx(onnx_path), flags.input_shapes)
    simplified = imported_model(pinned, import_fault)
    check_domains(simplified)
    graph = view(simplified)
    config, more = resolve(message, config_path.parent, signature_of(graph))
    config = msgspec.structs.replace(config, import_fault=import_fault)
    floats = [conf.name for conf in config.inputs if conf.dst_dtype == "float32" and conf.src_layout != "NHWC"]
    parts = cut(graph, floats, cpu=allows_cpu(message))
    steps = group(parts.npu)
    fixed = [conf.name for conf in config.outputs if conf.name in parts.cpu_outputs and conf.dtype != "float32"]
    observed = (*observed_tensors(parts.npu, steps, config), *fixed)
    ports = [input_port(conf) for conf in config.inputs]
    counter = _Counter(report, config.calibration.size)
    bits = feature_bits(parts.npu, steps, config)
    said: dict[str, None] = {}  # in order, each once
    for sentence in unmet_widths(steps, bits, config):
        said.setdefault(sentence)
    windows = windows_of(parts.npu, steps, bits)
    closely = {name: WindowObserver(window) for name, window in windows.items()}
    open_model = partial(FloatModel, simplified, config.inputs, ports)
    looking = closely.values()
    ranges = find_ranges(open_model, graph.shapes, observed, bits, config, ports, counter, said.setdefault, looking)
    if config.calibration.size > counter.seen:
        said.setdefault(f"dataset_conf_calibration.size {config.calibration.size}: there are {counter.seen} samples")
    report("compile", 0, len(steps))
    tensors = assign_tensors(parts.npu, steps, ranges, config)
    config = settle_q(config, ranges, tensors, graph.constants)
    cpu = cpu_part(graph, parts, config.outputs)
    compiled = compile_program(parts.npu, steps, tensors, config, TOOLS_VERSION, cpu, moments_of(closely))
    require_runnable(compiled.program)
    reference = build_reference(parts.npu, steps, compiled, config)
    report("score", 0, 0)
    known = meanings(onnx_path, [port.name for port in compiled.program.outputs])
    scores = score_samples(pinned, reference, compiled.program, config, known, said.setdefault)
    layers: tuple[Score, ...] = ()
    if config.measurement.per_layer:
        layers = score_layers(
            simplified,
            reference,
            compiled.program,
            config,
            said.setdefault,
            lambda done, total: report("layers", done, total),
        )
    report("write", 0, 0)
    files = {
        lava_joint: pack_reference(reference, compiled.program, config),
        joint: pack_program(miscompile(compiled.program) if miscompile else compiled.program, config),
    }
    if output_config:
        expanded = expand(config, output_config.parent, onnx_path, joint)
        files[output_config] = config_file(expanded)
    for path, data in files.items():
        write_whole(path, data)
    return BuildResult(
        joint=joint,
        lava_joint=lava_joint,
        output_config=output_config,
        config=config,
        program=compiled.program,
        samples=counter.seen,
        scores=scores,
        layers=layers,
        warnings=(*warnings, *more, *_alike(config), *said, *_on_cpu(cpu)),
    )


def _alike(config: BuildConfig) -> tuple[str, ...]:
    sides = (("input", config.inputs), ("output", config.outputs))
    return tuple(words for side, tensors in sides for words in alike_words(side, [one.name for one in tensors]))


def _on_cpu(cpu: CpuPart | None) -> tuple[str, ...]:
    """What the log says of operators that the NPU doesn't do."""
    if cpu is None:
        return ()
    return (f"on the CPU, in float, as the NPU part ends before: {', '.join(cpu.operators)}",)


def _silent(phase: str, done: int, total: int) -> None:
    """Reports nothing."""
