"""The command lines of `pulsar` (0.6.1.x)."""

from __future__ import annotations

import argparse
from pathlib import Path

from axpair_emulator.config.choices import BATCH_OPTIONS, COLORS, HARDWARE, LAYOUTS, STANDARDS, VIRTUAL_NPUS
from axpair_emulator.config.shape_flag import parse_shape
from axpair_emulator.text_table import STYLES


def parser() -> argparse.ArgumentParser:
    """The parser; the result's `command` is "build", "run", "info", "version" or "debug"."""
    top = argparse.ArgumentParser(prog="pulsar", description="The toolchain, for the emulated board.")
    commands = top.add_subparsers(dest="command", required=True)
    debug = commands.add_parser("debug", help="not part of the emulated toolchain; see: axpair layers", add_help=False)
    debug.add_argument("rest", nargs=argparse.REMAINDER)
    _add_build(commands.add_parser("build", help="from onnx to joint"))
    commands.add_parser("version", help="version info")
    _add_info(commands.add_parser("info", help="brief model"))
    _add_run(commands.add_parser("run", help="simulate models"))
    return top


def _add_build(build: argparse.ArgumentParser) -> None:
    build.add_argument("--config", type=Path, help="config.prototxt; flags beat it")
    build.add_argument("--output_config", type=Path, help="where to write the expanded configuration")
    build.add_argument("--input", type=Path, nargs="+", help="the float ONNX model; else input_path")
    build.add_argument("--output", type=Path, nargs="+", help="the joint to write; else output_path")
    build.add_argument("--calibration_batch_size", type=int)
    build.add_argument("--compile_batch_size", type=int, nargs="+", action="extend")
    build.add_argument("--batch_size_option", choices=BATCH_OPTIONS)
    build.add_argument("--output_dir", type=Path, help="folder of relative outputs")
    build.add_argument("--virtual_npu", choices=VIRTUAL_NPUS)
    build.add_argument("--input_tensor_color", choices=COLORS, help="colour space of the ONNX model's input")
    build.add_argument("--output_tensor_color", choices=COLORS, help="colour space of the joint's input")
    build.add_argument("--output_tensor_layout", choices=LAYOUTS, help="of the joint's outputs")
    build.add_argument("--color_std", choices=STANDARDS)
    build.add_argument("--target_hardware", choices=HARDWARE)
    build.add_argument("--enable_progress_bar", action="store_true")
    build.add_argument(
        "--input-shape",
        type=_shape,
        action="append",
        default=[],
        metavar="NAME:1x3x224x224",
        help="the emulator's own flag, for models that declare no usable shape; repeatable",
    )


def _shape(text: str) -> tuple[str, tuple[int, ...]]:
    try:
        return parse_shape(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _add_run(run: argparse.ArgumentParser) -> None:
    run.add_argument("model", type=Path, nargs="+", help=".onnx, .lava_joint or .joint; the first is compared with")
    run.add_argument("--use_onnx_ir", action="store_true", help="run the ONNX model as the build imported it")
    for flag, shown, text in (
        ("--input", "FILE", "image, .bin or .npy, one per input; repeatable"),
        ("--layer", "NAME", "which input each file is for; repeatable"),
    ):
        run.add_argument(flag, nargs="+", action="extend", default=[], metavar=shown, help=text)
    run.add_argument("--output_gt", metavar="DIR", help="where to write inputs and outputs")
    run.add_argument(
        "--config",
        type=Path,
        metavar="output_config.prototxt",
        help="what `pulsar build --output_config FILE` wrote; else what the joint was built with",
    )


def _add_info(info: argparse.ArgumentParser) -> None:
    info.add_argument("model", type=Path)
    info.add_argument("--output", type=Path, metavar="FILE", help="write the text there")
    info.add_argument("--output_json", type=Path, metavar="FILE", help="write everything as JSON")
    info.add_argument("--layer_mapping", action="store_true", help="which ONNX nodes became which operator")
    info.add_argument("--performance", action="store_true", help="multiplications and bytes of each operator")
    info.add_argument("--part_info", action="store_true", help="what the joint is made of")
    info.add_argument("--tablefmt", choices=STYLES, default="simple")
