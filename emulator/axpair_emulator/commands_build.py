"""`axpair emulator build`: the flags of `pulsar build` that the emulator honours."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from axpair_emulator.build import BuildResult

_SHAPE = re.compile(r"(?P<name>.+):(?P<shape>[0-9]+(?:[xX,][0-9]+)*)")


def parse_shape(text: str) -> tuple[str, tuple[int, ...]]:
    """NAME:1x3x480x640 as name and lengths. The name may hold colons. Raises ValueError on anything else."""
    found = _SHAPE.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} is not of the form NAME:1x3x480x640")
    return found["name"], tuple(int(length) for length in re.split("[xX,]", found["shape"]))


def _shapes(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, tuple[int, ...]]:
    try:
        return dict(map(parse_shape, values))
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@click.command("build")
@click.option("--input", "onnx", type=click.Path(path_type=Path), help="The float ONNX model; else input_path.")
@click.option("--output", "joint", type=click.Path(path_type=Path), help="The .joint to write; else output_path.")
@click.option("--config", type=click.Path(path_type=Path), required=True, help="config.prototxt.")
@click.option("--output_config", "--output-config", type=click.Path(path_type=Path), help="Expanded configuration.")
@click.option("--input-shape", "shapes", multiple=True, callback=_shapes, help="NAME:1x3x480x640, repeatable.")
@click.option("--output_dir", "--output-dir", type=click.Path(path_type=Path), help="Folder of relative outputs.")
@click.option("--target_hardware", "--target-hardware", type=click.Choice(["AX630", "AX620", "AX170"]))
@click.option("--virtual_npu", "--virtual-npu", type=click.Choice(["0", "311", "312", "221", "222", "111", "112"]))
@click.option("--fault", "faults", default="", hidden=True, help="Compile wrongly: NAME[,NAME...].")
@click.option("--fault-seed", type=int, default=0, hidden=True, help="Where the compiler goes wrong.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def build_command(
    onnx: Path | None,
    joint: Path | None,
    config: Path,
    output_config: Path | None,
    shapes: dict[str, tuple[int, ...]],
    output_dir: Path | None,
    target_hardware: str | None,
    virtual_npu: str | None,
    faults: str,
    fault_seed: int,
    as_json: bool,
) -> None:
    """Build a .joint for the emulated board from a float ONNX model and config.prototxt.

    Beside the joint comes a .lava_joint, the quantised model in float. Flags beat the configuration.

    Example: axpair emulator build --input m.onnx --output m.joint --config config.prototxt --output_config oc.prototxt
    """
    from axpair_emulator.build import build
    from axpair_emulator.build_paths import BuildPaths
    from axpair_emulator.build_progress import shown_progress
    from axpair_emulator.config.signature import BuildFlags
    from axpair_emulator.faults.toolchain import chosen, damage_joint

    chosen(faults)
    paths = BuildPaths.of(config, onnx, joint, output_config, output_dir)
    flags = BuildFlags(shapes, target_hardware, virtual_npu)
    with shown_progress() as progress:
        result = build(
            paths.onnx, config, paths.joint, output_config=paths.output_config, flags=flags, progress=progress
        )
    if faults:
        damage_joint(result.joint, faults, fault_seed)
    for warning in result.warnings:
        click.echo(f"warning: {warning}", err=True)
    click.echo(json.dumps(_document(result)) if as_json else _text(result))


def _document(result: BuildResult) -> dict[str, object]:
    return {
        "schema_version": 1,
        "joint": str(result.joint),
        "lava_joint": str(result.lava_joint),
        "output_config": str(result.output_config) if result.output_config else None,
        "inputs": {conf.name: list(conf.joint_shape) for conf in result.config.inputs},
        "outputs": {conf.name: list(conf.joint_shape) for conf in result.config.outputs},
        "operators": len(result.program.ops),
        "calibration_samples": result.samples,
        "scores": [
            {"output": one.name, "cosine": one.cosine, "relative_error": one.relative_error} for one in result.scores
        ],
        "warnings": list(result.warnings),
    }


def _text(result: BuildResult) -> str:
    width = max(len(score.name) for score in result.scores)
    lines = [
        f"{len(result.program.ops)} operators, calibrated on {result.samples} samples.",
        "Quantised against float, worst of the first calibration samples:",
        *(
            f"  {score.name:<{width}}  2-norm RE: {score.relative_error:8.2%}  cosine-sim: {score.cosine:.4f}"
            for score in result.scores
        ),
        f"Wrote {result.joint} and {result.lava_joint}"
        + (f" and {result.output_config}" if result.output_config else ""),
    ]
    return "\n".join(lines)
