"""axpair reduce: the least that still shows what is wrong."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click
from axpair_proto.advice import UNKNOWN, Again, Next, again
from axpair_proto.printing import print_document

from axpair_host.cli import options
from axpair_host.cli.model_defaults import Asked, ModelCommand
from axpair_host.cli.request import taking
from axpair_host.errors import UsageError

if TYPE_CHECKING:
    from axpair_host.documents.reduced import ReducedCase, ReducedRun


@dataclass(frozen=True, slots=True)
class ReduceOptions:
    """What `axpair reduce` is asked."""

    path: Path
    """A replay's run, or a gt folder."""
    out: Path
    joint: Path | None
    onnx: Path | None
    lava_joint: Path | None
    config: Path | None
    board: str | None
    simulator: str | None
    repeat: int
    deadline_ms: int
    as_json: bool


def _of_a_case(asked: Asked) -> bool:
    """A GT's models; what is copied of a run is asked for."""
    from axpair_host.replay.place import is_run

    return not is_run(asked.given(ReduceOptions).path)


@click.command("reduce", cls=ModelCommand)
@click.argument("path", type=options.PATH, metavar="RUN|GT")
@click.option("--out", type=options.PATH, required=True, help="Folder for what is left; of a GT also the log.")
@options.model_option("--joint", "The compiled model. A GT needs it; of a RUN it is copied.", when=_of_a_case)
@options.model_option("--onnx", "The float model; its part, or a copy, is put beside.", when=_of_a_case)
@options.model_option("--lava-joint", "The quantised model; its part, or a copy, is put beside.", when=_of_a_case)
@options.model_option(
    "--config", "The build's output_config.prototxt; else the one beside the joint counts.", when=_of_a_case
)
@click.option(
    "--board",
    metavar="URL",
    shell_complete=options.board_names,
    help="Where parts of a GT's model are run; there is no default.",
)
@options.simulator_option
@options.repeat_option
@options.deadline_option
@options.json_option
@taking(ReduceOptions)
def command(given: ReduceOptions) -> str:
    """Find the least that still shows what is wrong: what to send to AX engineers.

    Of a RUN ('axpair replay') it is the fewest cases that show every distinct finding, with their gt folders and a
    manifest; RUN stays as it is. Of a GT ('axpair pair') with AX306 it is the smallest part of the model that the
    board still computes otherwise, with its input, the expected and the given bytes. A search that was cut short
    goes on where its log ends.

    Exit codes: 1 with a fault; 3 where it doesn't repeat, shows in the whole model alone, or is inconclusive;
    0 where there is nothing to reduce.

    \b
    axpair reduce run --out least
    axpair reduce gt --joint m.joint --board ssh://root@192.168.233.1 --out least
    """
    from axpair_host.documents.json_form import json_form
    from axpair_host.documents.reduced import ReducedRun
    from axpair_host.render import reduced
    from axpair_host.replay.place import is_run

    document: ReducedCase | ReducedRun = _of_run(given) if is_run(given.path) else _of_case(given)
    if given.as_json:
        print_document(json_form(document))
    elif isinstance(document, ReducedRun):
        reduced.cases(document)
    else:
        reduced.part(document)
    return document.verdict


def _of_run(given: ReduceOptions) -> "ReducedRun":
    from axpair_host.files import existing_file
    from axpair_host.reduce.run_folder import reduce_run

    if given.board is not None:
        raise UsageError(
            f"{given.path} is a run: its cases are chosen by what was found, no board is asked",
            next_step=Next("without it:", Again(without=("--board",))),
        )
    named = {
        "joint": ("--joint", given.joint),
        "onnx": ("--onnx", given.onnx),
        "lava_joint": ("--lava-joint", given.lava_joint),
        "config": ("--config", given.config),
    }
    models = {key: existing_file(flag, path) for key, (flag, path) in named.items() if path is not None}
    return reduce_run(given.path, given.out, models)


def _recorded(gt: Path, with_board: bool) -> list[str]:
    """The joint, and the board, that a case was gathered with, as options."""
    from axpair_host.advice.known import DEFAULT_BOARD, known_of
    from axpair_host.evidence.store import read_record

    record = read_record(gt)
    known = known_of(record, gt) if record is not None else None
    joint = known.joint if known is not None else None
    board = (known.board or DEFAULT_BOARD) if known is not None else UNKNOWN["url"]
    return ["--joint", str(joint) if joint else UNKNOWN["joint"], *(["--board", board] if with_board else [])]


def _of_case(given: ReduceOptions) -> "ReducedCase":
    from axpair_host.cli.progress import shown
    from axpair_host.files import existing_folder, given_models
    from axpair_host.reduce.case import CaseOrder, reduce_case

    existing_folder("", given.path)
    if given.joint is None:
        raise UsageError(
            f"{given.path} is no run: of a gt folder the model is reduced, which takes it",
            next_step=again("with that:", *_recorded(given.path, given.board is None)),
        )
    order = CaseOrder(
        gt=given.path,
        out=given.out,
        models=given_models(given.joint, given.onnx, given.lava_joint, given.config),
        board=given.board,
        simulator=given.simulator,
        repeat=given.repeat,
        deadline_ms=given.deadline_ms,
    )
    with shown() as progress:
        return reduce_case(order, progress)
