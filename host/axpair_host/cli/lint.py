"""axpair lint: a configuration against model and calibration set, before anything runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import click
from axpair_proto.printing import print_aside, print_document
from axpair_proto.sentences import in_words, say

from axpair_host.cli import options
from axpair_host.cli.model_defaults import Asked, ModelArgument, ModelCommand
from axpair_host.cli.request import taking


@dataclass(frozen=True, slots=True)
class LintOptions:
    """What `axpair lint` is asked."""

    config: Path
    onnx: Path | None
    shapes: Mapping[str, tuple[int, ...]]
    inputs: tuple[Path, ...]
    train: Path | None
    score: int
    """How many samples; 0 = none."""
    joint: Path | None
    simulator: str | None
    strict: bool
    as_json: bool


def _scores(asked: Asked) -> bool:
    """--joint: what is scored."""
    return asked.given(LintOptions).score > 0


@click.command("lint", cls=ModelCommand)
@click.argument("config", cls=ModelArgument, key="config", metavar="[CONFIG]", type=options.PATH)
@options.model_option("--onnx", "The float model; without it only what the configuration itself says.")
@options.shapes_option
@click.option("--input", "inputs", type=options.PATH, multiple=True, help="A case to hold the calibration set against.")
@click.option("--train", type=options.PATH, help="Folder or tar of the data that the model was trained on.")
@click.option("--score", type=click.IntRange(0, 1000), default=0, metavar="N", help="Score N samples of the set.")
@options.model_option("--joint", "With --score: the model as it was built; else it is built for that.", when=_scores)
@options.simulator_option
@click.option("--strict", is_flag=True, help="Exit with 1 where anything was said: a hint, or what wasn't looked at.")
@options.json_option
@taking(LintOptions)
def command(given: LintOptions) -> int:
    """Hold a configuration against the model and the calibration set before anything is built.

    CONFIG is pulsar's config.prototxt or pulsar2's JSON, told apart by content; without it axpair.toml's. Every hint
    names what would prove it; none is a verdict. The exit code is 0 unless --strict is given.

    \b
    axpair lint config.prototxt
    axpair lint config.json --onnx m.onnx --strict
    axpair lint config.prototxt --onnx m.onnx --input badcase.jpg --train train/ --score 8
    """
    from axpair_proto.capabilities import InspectsModels

    from axpair_host.cli.progress import shown
    from axpair_host.documents.json_form import json_form
    from axpair_host.files import existing_file, existing_set
    from axpair_host.inputs import input_files
    from axpair_host.lint.linting import lint
    from axpair_host.lint.order import Order
    from axpair_host.render.hints import hints
    from axpair_host.simulators import simulator_that

    for flag, path in (("--onnx", given.onnx), ("--joint", given.joint)):
        if path is not None:
            existing_file(flag, path)
    simulator = simulator_that(InspectsModels, given.simulator)
    files = click.get_current_context().with_resource(input_files(given.inputs, ()))
    for file in files:
        existing_file("--input", file.path)
    order = Order(
        config=existing_file("CONFIG", given.config),
        onnx=given.onnx,
        shapes=given.shapes,
        inputs=files,
        train=existing_set("--train", given.train) if given.train is not None else None,
        score=given.score,
        joint=given.joint,
    )
    with shown() as progress:
        linted = lint(order, simulator, progress)
    document = linted.document(order, f"{simulator.name} {simulator.version()}" if simulator else "")
    for warning in linted.warnings:
        print_aside(say("warning: {warning}", warning=in_words(warning)))
    if given.as_json:
        print_document(json_form(document))
    else:
        hints(document)
    return 1 if given.strict and linted.said else 0
