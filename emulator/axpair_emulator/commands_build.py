"""`axpair emulator build`: the flags of `pulsar build` that the emulator honours."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from axpair_proto.advice import UNKNOWN, Next, calling, free_name
from axpair_proto.command_line import Command
from axpair_proto.lines import fitted, paragraph, step_lines
from axpair_proto.printing import print_aside, print_document, print_lines

from axpair_emulator.config.choices import BATCH_OPTIONS, COLORS, HARDWARE, LAYOUTS, STANDARDS, VIRTUAL_NPUS
from axpair_emulator.config.shape_flag import parse_shape

if TYPE_CHECKING:
    from axpair_emulator.build import BuildResult
    from axpair_emulator.score import Score


def _shapes(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, tuple[int, ...]]:
    try:
        return dict(map(parse_shape, values))
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def _faults(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    from axpair_emulator.faults.importing import GRAPH_IMPORT
    from axpair_emulator.faults.toolchain import FAULTS

    before = incomplete[: incomplete.rfind(",") + 1]
    return [one for name in (*FAULTS, GRAPH_IMPORT.name) if (one := before + name).startswith(incomplete)]


_PATH = click.Path(path_type=Path, readable=False)
"""What can't be read is told by what reads it."""


@click.command("build", cls=Command)
@click.option("--input", "onnx", type=_PATH, help="The float ONNX model; else input_path.")
@click.option("--output", "joint", type=_PATH, help="The .joint to write; else output_path.")
@click.option("--config", type=_PATH, required=True, help="config.prototxt.")
@click.option("--output_config", "--output-config", type=_PATH, help="Expanded configuration.")
@click.option("--input-shape", "shapes", multiple=True, callback=_shapes, help="NAME:1x3x480x640, repeatable.")
@click.option("--output_dir", "--output-dir", type=_PATH, help="Folder of relative outputs.")
@click.option("--target_hardware", "--target-hardware", type=click.Choice(HARDWARE))
@click.option("--virtual_npu", "--virtual-npu", type=click.Choice(VIRTUAL_NPUS))
@click.option("--calibration_batch_size", "--calibration-batch-size", type=int)
@click.option("--compile_batch_size", "--compile-batch-size", type=int, multiple=True, help="Repeatable.")
@click.option("--batch_size_option", "--batch-size-option", type=click.Choice(BATCH_OPTIONS))
@click.option("--input_tensor_color", "--input-tensor-color", type=click.Choice(COLORS), help="Of the ONNX inputs.")
@click.option("--output_tensor_color", "--output-tensor-color", type=click.Choice(COLORS), help="Of the joint.")
@click.option("--output_tensor_layout", "--output-tensor-layout", type=click.Choice(LAYOUTS))
@click.option("--color_std", "--color-std", type=click.Choice(STANDARDS), help="How YUV codes colours.")
@click.option("--enable_progress_bar", "--enable-progress-bar", is_flag=True, help="Always on, on a terminal.")
@click.option(
    "--fault",
    "faults",
    default="",
    metavar="NAME[,NAME...]",
    shell_complete=_faults,
    help="Compile wrongly; see 'faults'.",
)
@click.option("--fault-seed", type=click.IntRange(0), default=0, help="Where it does so.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def build_command(
    onnx: Path | None,
    joint: Path | None,
    config: Path,
    output_config: Path | None,
    shapes: dict[str, tuple[int, ...]],
    output_dir: Path | None,
    enable_progress_bar: bool,
    faults: str,
    fault_seed: int,
    as_json: bool,
    **flags: Any,
) -> None:
    """Build a .joint for the emulated board from a float ONNX model and config.prototxt.

    Beside the joint comes a .lava_joint, the quantised model in float. Flags beat the configuration.

    \b
    axpair emulator build --input m.onnx --output m.joint --config config.prototxt --output_config oc.prototxt
    """
    from axpair_emulator.build import build
    from axpair_emulator.build_paths import BuildPaths
    from axpair_emulator.build_progress import shown_progress
    from axpair_emulator.config.flags import BuildFlags
    from axpair_emulator.faults.importing import split
    from axpair_emulator.faults.toolchain import chosen, damaged
    from axpair_emulator.score import below_line

    import_fault, faults = split(faults, fault_seed)
    chosen(faults)
    paths = BuildPaths.of(config, onnx, joint, output_config, output_dir)
    with shown_progress() as progress:
        result = build(
            paths.onnx,
            config,
            paths.joint,
            output_config=paths.output_config,
            flags=BuildFlags(shapes, **flags),
            import_fault=import_fault,
            miscompile=lambda program: damaged(program, faults, fault_seed),
            progress=progress,
        )
    for warning in result.warnings:
        print_aside(f"warning: {warning}")
    steps = _next_steps(result, paths.onnx, config, shapes)
    if as_json:
        print_document({**_document(result), "next_steps": [one.document() for one in steps]})
        return
    print_lines(fitted(_lines(result)))
    if lost := below_line(result.scores):
        print_lines(paragraph(_loss(lost, len(result.scores))))
    for step in steps:
        print_lines(step_lines(step.document(), "  "))


def _loss(lost: Sequence[Score], outputs: int) -> str:
    from axpair_emulator.score import GUIDE_LINE

    counted = f"{len(lost)} of {outputs} outputs {'is' if len(lost) == 1 else 'are'} below"
    worst = min((one for one in lost if one.agreement is None), key=lambda one: one.cosine, default=None)
    if worst is not None:
        below = f"{GUIDE_LINE:g}, the worst at {worst.cosine:.4f} ({worst.name})"
    else:
        least = min(lost, key=lambda one: one.agreement or 0.0)
        below = f"{least.line:g} of equal names, the worst at {least.agreement or 0.0:.4f} ({least.name})"
    return f"{counted} {below}: quantisation loses accuracy."


def _next_steps(result: BuildResult, onnx: Path, config: Path, shapes: Mapping[str, tuple[int, ...]]) -> list[Next]:
    """Where accuracy is lost, and what other settings bring; nothing where none is."""
    from axpair_emulator.score import below_line

    if not below_line(result.scores):
        return []
    flags = [f"{name}:{'x'.join(map(str, shape))}" for name, shape in shapes.items()]
    shaped = [word for flag in flags for word in ("--input-shape", flag)]
    inputs = [word for _ in result.program.inputs for word in ("--input", UNKNOWN["input"])]
    models: list[str | Path] = ["--joint", result.joint, "--onnx", onnx, "--lava-joint", result.lava_joint]
    if result.output_config is not None:
        models += ["--config", result.output_config]
    settings: list[str | Path] = [
        "--onnx",
        onnx,
        "--config",
        config,
        "--write-config",
        free_name(Path("best.prototxt")),
    ]
    return [
        calling("axpair", "layers", *models, *inputs, text="In which layer it enters:"),
        calling("axpair", "tune", *settings, *shaped, *inputs, text="What other settings bring:"),
    ]


def _document(result: BuildResult) -> dict[str, object]:
    return {
        "schema_version": 1,
        "joint": str(result.joint),
        "lava_joint": str(result.lava_joint),
        "output_config": str(result.output_config) if result.output_config else None,
        "inputs": {port.name: list(port.shape) for port in result.program.inputs},
        "outputs": {port.name: list(port.shape) for port in result.program.outputs},
        "max_batch": result.program.max_batch,
        "dynamic_batch": result.program.dynamic_batch,
        "operators": len(result.program.ops),
        "calibration_samples": result.samples,
        "scores": [
            {"output": one.name, "cosine": one.cosine, "relative_error": _number(one.relative_error)}
            | ({} if one.agreement is None else {"agreement": one.agreement})
            for one in result.scores
        ],
        "layers": [
            {"layer": one.name, "cosine": one.cosine, "relative_error": _number(one.relative_error)}
            for one in result.layers
        ],
        "warnings": list(result.warnings),
    }


def _number(value: float) -> float | None:
    """JSON has no infinity."""
    return value if math.isfinite(value) else None


def _lines(result: BuildResult) -> list[str]:
    from axpair_emulator.build_log import operator_table, score_table

    batch = result.program.max_batch
    lines = [f"{len(result.program.ops)} operators, calibrated on {result.samples} samples."]
    if batch > 1:
        lines.append(f"Takes {'up to ' if result.program.dynamic_batch else ''}{batch} items at once.")
    if result.config.debug:
        lines += ["Operators:", *operator_table(result.program).split("\n")]
    if result.layers:
        lines += ["Score compare table of every layer:", *score_table(result.layers).split("\n")]
    measured = "the error measurement" if result.config.measurement.paths else "the first calibration samples"
    lines += [f"Quantised against float, worst sample of {measured}:", *score_table(result.scores).split("\n")]
    lines += [
        f"{one.name} names something in each place: {one.agreement:.2%} of them are the same. Its cosine says nothing."
        for one in result.scores
        if one.agreement is not None
    ]
    lines.append(
        f"Wrote {result.joint} and {result.lava_joint}"
        + (f" and {result.output_config}" if result.output_config else "")
    )
    return lines
