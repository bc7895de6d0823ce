"""axpair tune: what the guide recommends against a loss of accuracy, tried and shown in a table."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click
from axpair_proto.advice import UNKNOWN, Again, Next, calling
from axpair_proto.printing import print_document, print_note

from axpair_host.cli import options
from axpair_host.cli.model_defaults import ModelCommand
from axpair_host.cli.request import taking
from axpair_host.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class TuneOptions:
    """What `axpair tune` is asked."""

    onnx: Path
    config: Path
    shapes: Mapping[str, tuple[int, ...]]
    inputs: tuple[Path, ...]
    cases: Path | None
    sizes: tuple[int, ...]
    sets: tuple[Path, ...]
    int16: int
    """How many of the worst layers get 16 bit."""
    write_config: Path | None
    out: Path | None
    simulator: str | None
    as_json: bool


def _sizes(context: click.Context, parameter: click.Parameter, value: str | None) -> tuple[int, ...]:
    if not value:
        return ()
    words = value.split(",")
    if not all(word.strip().isdigit() and int(word) > 0 for word in words):
        raise click.BadParameter(f"{value!r} is not of the form 8,32,128")
    return tuple(dict.fromkeys(int(word) for word in words))


@click.command("tune", cls=ModelCommand)
@options.model_option("--onnx", "The float model.", needed=True)
@options.model_option("--config", "The configuration to start from.", needed=True)
@options.shapes_option
@click.option("--input", "inputs", type=options.PATH, multiple=True, help="A case; of several inputs one file each.")
@click.option("--cases", type=options.PATH, help="A folder of cases, for a model with one input.")
@click.option("--sizes", callback=_sizes, metavar="8,32,128", help="Calibration sizes to try.")
@click.option("--set", "sets", type=options.PATH, multiple=True, help="Another calibration tar to try; repeatable.")
@click.option(
    "--int16",
    type=click.IntRange(0, 100),
    default=1,
    show_default=True,
    metavar="N",
    help="16 bit in the N worst layers.",
)
@click.option("--write-config", type=options.PATH, help="Write the best configuration here.")
@click.option("--out", type=options.PATH, help="Keep every trial's files in this folder.")
@options.simulator_option
@options.json_option
@taking(TuneOptions)
def command(given: TuneOptions) -> None:
    """Try strategy and observer, calibration sizes and sets, and 16 bit in the worst layers; show what each gives.

    Each stage starts from the best so far. What is built and run is the simulator's, not the chip's.

    \b
    axpair tune --onnx m.onnx --config config.prototxt --input badcase.jpg
    axpair tune --onnx m.onnx --config config.prototxt --cases badcases --sizes 8,32,128 --write-config best.prototxt
    """
    from axpair_proto.capabilities import BuildsModels
    from axpair_proto.config_files import refuse_other_config

    from axpair_host.cli.progress import shown
    from axpair_host.documents.json_form import json_form
    from axpair_host.files import existing_file
    from axpair_host.inputs import input_files
    from axpair_host.render.tuned import tuned as show
    from axpair_host.simulators import simulator_that
    from axpair_host.tune.trial import write
    from axpair_host.tune.tuning import Order, tune

    for flag, path in (("--onnx", given.onnx), ("--config", given.config), *(("--set", one) for one in given.sets)):
        existing_file(flag, path)
    paths = _files(given.inputs, given.cases)
    files = click.get_current_context().with_resource(input_files(paths, ()))
    for file in files:
        existing_file("--input", file.path)
    order = Order(
        onnx=given.onnx,
        config=given.config,
        files=files,
        shapes=given.shapes,
        sizes=given.sizes,
        sets=given.sets,
        sixteen=given.int16,
    )
    if given.out is not None:
        _check_out(given.out, paths, given.cases)
    if given.write_config is not None:
        refuse_other_config(given.write_config)
    else:
        print_note("the best settings are shown at the end; with --write-config FILE they are written too")
    simulator = simulator_that(BuildsModels, given.simulator)
    if simulator is None:
        install = calling("pip", "install", "axpair[emulator]")
        raise UsageError("no simulator that builds models is installed", next_step=install)
    with ExitStack() as stack:
        folder = given.out or Path(stack.enter_context(TemporaryDirectory(prefix="axpair-tune-")))
        tuned = tune(order, simulator, folder, stack.enter_context(shown()))
    named = f"{simulator.name} {simulator.version()}"
    document = tuned.document(order, named, simulator.name, given.write_config)
    if given.write_config is not None:
        write(order.config, given.write_config, tuned.trials[tuned.best].change)
    if given.as_json:
        print_document(json_form(document))
        return
    show(document)
    if given.write_config is not None:
        print_note(f"wrote {given.write_config}: build with it, then axpair pair")


def _check_out(out: Path, files: "Sequence[Path]", cases: Path | None) -> None:
    """What is written among the cases would be a case the next time."""
    from axpair_proto.gt.listing import refuse_within_ours

    from axpair_host.files import check_apart

    refuse_within_ours(out)
    check_apart("--out", out, files if cases is None else (cases, *files))
    if cases is not None and cases.resolve() in out.resolve().parents:
        raise UsageError(
            f"--out {out}: lies in --cases {cases}",
            next_step="give a folder apart from the cases, such as --out ../out",
        )


def _files(inputs: tuple[Path, ...], cases: Path | None) -> tuple[Path, ...]:
    from axpair_host.files import existing_folder

    if bool(inputs) == (cases is not None):
        case = str(inputs[0]) if inputs else UNKNOWN["input"]
        with_case = Next("with one:", Again(without=("--cases",), put=(("--input", case),)))
        raise UsageError("give --input or --cases, one of them", next_step=with_case)
    if cases is None:
        return inputs
    existing_folder("--cases", cases)
    found = tuple(one for one in sorted(cases.rglob("*")) if one.is_file() and not one.name.startswith("."))
    if not found:
        raise UsageError(f"--cases {cases}: holds no files", next_step="give a folder of pictures, .bin or .npy")
    return found
