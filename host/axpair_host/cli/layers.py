"""axpair layers: where accuracy is lost, and from which layer on a board computes something else."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click
from axpair_proto.advice import UNKNOWN, again, free_name
from axpair_proto.printing import print_aside, print_document, print_note

from axpair_host.cli import options
from axpair_host.cli.model_defaults import Asked, ModelCommand
from axpair_host.cli.request import taking
from axpair_host.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection

    from axpair_proto.simulator import Models, Simulator

    from axpair_host.documents.layers import BisectionDocument, LayersDocument
    from axpair_host.gather.prepare import PreparedCase
    from axpair_host.progress import Progress


@dataclass(frozen=True, slots=True)
class LayersOptions:
    """What `axpair layers` is asked."""

    joint: Path | None
    onnx: Path | None
    lava_joint: Path | None
    config: Path | None
    case: options.Inputs
    simulator: str | None
    cosine: float
    every: bool
    sixteen: bool
    build_log: Path | None
    write_config: Path | None
    bisect: bool
    board: str
    repeat: int
    deadline_ms: int
    out: Path | None
    as_json: bool

    @property
    def document_name(self) -> str:
        """The name of the file in --out."""
        return "bisection.json" if self.bisect and self.build_log is None else "layers.json"


def _runs(asked: Asked) -> bool:
    """The models of a run: neither a log's table nor a change of the configuration needs one."""
    given = asked.given(LayersOptions)
    return given.build_log is None and given.write_config is None


def _reads(asked: Asked) -> bool:
    """--config: no log's table needs one."""
    return asked.given(LayersOptions).build_log is None


@click.command("layers", cls=ModelCommand)
@options.model_option("--joint", "The compiled model.", when=_runs)
@options.model_option("--onnx", "The float model: what every layer is held against.", when=_runs)
@options.model_option("--lava-joint", "The quantised model.", when=_runs)
@options.model_option("--config", "The build's configuration; else the one beside the joint counts.", when=_reads)
@options.input_options
@options.simulator_option
@click.option("--cosine", type=options.Within(0, 1, min_open=True), default=0.98, show_default=True, help="The line.")
@click.option("--all", "every", is_flag=True, help="Every layer in order, not only the worst.")
@click.option(
    "--try-int16", "sixteen", is_flag=True, help="Build again with the layer where the loss enters in 16 bit."
)
@click.option(
    "--build-log",
    type=options.PATH,
    help="Read the table of layers out of a log of 'pulsar build' or 'pulsar2 build', or out of the latter's "
    "precision_analysis_table.txt.",
)
@click.option("--write-config", type=options.PATH, help="Write --config here with that table turned on.")
@click.option("--bisect", is_flag=True, help="Find the first layer that the board computes otherwise, on parts.")
@options.board_option
@options.repeat_option
@options.deadline_option
@click.option("--out", type=options.PATH, help="Folder for the document; with --bisect also its log, to go on from.")
@options.json_option
@taking(LayersOptions)
def command(given: LayersOptions) -> "str | None":
    """Score every layer of a conversion, own error and inherited error apart.

    \b
    axpair layers --onnx m.onnx --joint m.joint --lava-joint m.lava_joint --input x.jpg
    axpair layers --joint m.joint --input x.jpg --board ssh://root@192.168.233.1 --bisect --out parts
    axpair layers --build-log build.log
    axpair layers --config config.prototxt --write-config measured.prototxt
    """
    if given.write_config is not None:
        _write_config(given, given.write_config)
        return None
    if given.out is not None:
        _check_out(given.out, given.document_name, given.case.inputs)
    if given.build_log is not None:
        document: BisectionDocument | LayersDocument = _from_log(given.build_log, given.cosine)
    elif given.bisect:
        document = _bisect(given)
    else:
        document = _dump(given)
    _keep(given.out, given.document_name, document)
    _show(document, given.as_json, given.every)
    return document.verdict


def _write_config(given: LayersOptions, to: Path) -> None:
    from axpair_host.files import existing_file
    from axpair_host.layers.configuration import measure_layers

    if given.config is None:
        with_one = again("with one:", "--config", UNKNOWN["config"])
        raise UsageError("--write-config changes a configuration, and none was given", next_step=with_one)
    warnings = measure_layers(existing_file("--config", given.config), to)
    for warning in warnings:
        print_aside(f"warning: left out: {warning}")
    print_note(f"wrote {to}: build with it, and give the log with --build-log")


def _from_log(log: Path, cosine: float) -> "LayersDocument":
    from axpair_host.files import existing_file
    from axpair_host.layers.build_log import cut_names, layers_of, text_of
    from axpair_host.layers.report import report

    path = existing_file("--build-log", log)
    text = text_of(path)
    scores = layers_of(text.text, path)
    if text.said:
        print_note(f"note: {path}: {text.said}")
    if cut := cut_names(scores):
        print_note(
            f"note: {cut} of {len(scores.layers)} names are cut short in this log; "
            "quant/debug/precision_analysis_table.txt of the build has them whole"
        )
    if scores.cut_off:
        print_note(f"note: the table breaks off after {len(scores.layers)} layers: what follows isn't known")
    return report(scores, cosine, simulator="", source=str(path))


def _dump(given: LayersOptions) -> "LayersDocument":
    from axpair_host.cli.progress import shown
    from axpair_host.layers.outputs import scored_outputs
    from axpair_host.layers.report import report
    from axpair_host.layers.sixteen import try_sixteen
    from axpair_host.scoring.costs import costliest, enters_at
    from axpair_host.scoring.dumping import dumped_scores

    with shown() as progress:
        models, simulator, prepared = _case(given, progress)
        scores = dumped_scores(simulator, models, prepared.data, progress)
        worst = costliest(scores)
        trial = None
        if given.sixteen and worst is not None:
            place = enters_at(scores, worst)
            trial = try_sixteen(simulator, models, prepared.data, scores, place, given.cosine, progress)
        with progress.task("judge the outputs"):
            outputs = scored_outputs(simulator, models, prepared.data, given.cosine)
    named = f"{simulator.name} {simulator.version()}"
    return report(scores, given.cosine, simulator=named, outputs=outputs, sixteen=trial)


def _bisect(given: LayersOptions) -> "BisectionDocument":
    from axpair_host.boards.opening import address_of
    from axpair_host.cli.progress import shown
    from axpair_host.layers.bench import bisect

    if given.out is None:
        with_folder = again("with a folder:", "--out", str(free_name(Path("parts"))))
        raise UsageError("--bisect keeps a log from which a run goes on", next_step=with_folder)
    address = address_of(given.board)
    with shown() as progress:
        models, simulator, prepared = _case(given, progress)
        return bisect(
            simulator,
            models,
            prepared.data,
            address,
            given.out,
            repeat=max(2, given.repeat),
            deadline_ms=given.deadline_ms,
            progress=progress,
        )


def _case(given: LayersOptions, progress: "Progress") -> "tuple[Models, Simulator, PreparedCase]":
    from axpair_host.files import given_models
    from axpair_host.gather.prepare import prepare
    from axpair_host.simulators import simulator_for

    if given.joint is None or not given.case.inputs:
        lacking = [] if given.joint is not None else ["--joint", UNKNOWN["joint"]]
        lacking += [] if given.case.inputs else ["--input", UNKNOWN["input"]]
        raise UsageError("--joint and --input are needed", next_step=again("with what it lacks:", *lacking))
    models = given_models(given.joint, given.onnx, given.lava_joint, given.config)
    files = click.get_current_context().with_resource(given.case.opened())
    simulator = simulator_for(models.joint, given.simulator)
    with progress.task("prepare the input"):
        prepared = prepare(simulator, models, simulator.describe(models.joint), files)
    for note in prepared.notes:
        progress.note(note)
    return models, simulator, prepared


def _keep(out: "Path | None", name: str, document: "BisectionDocument | LayersDocument") -> None:
    if out is None:
        return
    from axpair_proto.gt.listing import write_listed
    from axpair_proto.text import json_text

    from axpair_host.documents.json_form import json_form
    from axpair_host.files import is_document
    from axpair_host.layers.trial_log import KIND

    write_listed(out, name, (json_text(json_form(document)) + "\n").encode(), KIND, is_ours=is_document)


def _check_out(out: Path, name: str, inputs: "Collection[Path]") -> None:
    from axpair_proto.gt.listing import refuse_foreign, refuse_within_ours

    from axpair_host.files import check_apart, is_document
    from axpair_host.layers.trial_log import KIND

    refuse_within_ours(out)
    check_apart("--out", out, inputs)
    refuse_foreign(out, [name], KIND, is_ours=is_document)


def _show(document: "BisectionDocument | LayersDocument", as_json: bool, every: bool) -> None:
    from axpair_host.documents.json_form import json_form
    from axpair_host.documents.layers import BisectionDocument
    from axpair_host.render import layers

    if as_json:
        print_document(json_form(document))
    elif isinstance(document, BisectionDocument):
        layers.bisection(document)
    else:
        layers.layers(document, every=every)
