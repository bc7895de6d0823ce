"""axpair lint: a configuration against model and calibration set, before anything runs."""

from pathlib import Path
from typing import Any

import click
from axpair_proto.printing import print_aside, print_document
from axpair_proto.sentences import in_words, say

from axpair_host.cli import options
from axpair_host.cli.model_defaults import Asked, ModelArgument, ModelCommand


def _scores(asked: Asked) -> bool:
    """--joint: what is scored."""
    return bool(asked.given["score"])


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
def command(config: Path, as_json: bool, **given: Any) -> int:
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
    from axpair_host.files import existing_file, existing_set
    from axpair_host.inputs import input_files
    from axpair_host.lint.linting import lint
    from axpair_host.lint.order import Order
    from axpair_host.render.hints import hints
    from axpair_host.simulators import simulator_that

    for flag, paths in (("--onnx", (given["onnx"],)), ("--joint", (given["joint"],))):
        for path in paths:
            if path is not None:
                existing_file(flag, path)
    simulator = simulator_that(InspectsModels, given["simulator"])
    order = Order(
        config=existing_file("CONFIG", config),
        onnx=given["onnx"],
        shapes=given["shapes"],
        inputs=click.get_current_context().with_resource(input_files(given["inputs"], ())),
        train=existing_set("--train", given["train"]) if given["train"] is not None else None,
        score=given["score"],
        joint=given["joint"],
    )
    with shown() as progress:
        linted = lint(order, simulator, progress)
    document = linted.document(order, f"{simulator.name} {simulator.version()}" if simulator else "")
    for warning in linted.warnings:
        print_aside(say("warning: {warning}", warning=in_words(warning)))
    if as_json:
        print_document(document)
    else:
        hints(document)
    return 1 if given["strict"] and linted.said else 0
