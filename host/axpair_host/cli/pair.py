"""axpair pair: one case from files to a verdict."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click
from axpair_proto.advice import UNKNOWN, Again, Next, again
from axpair_proto.lines import fitted
from axpair_proto.printing import print_document, print_lines
from axpair_proto.sentences import tr

from axpair_host.cli import case_options, options
from axpair_host.cli.model_defaults import Asked, ModelCommand, bearing_options
from axpair_host.cli.request import taking
from axpair_host.errors import UsageError

if TYPE_CHECKING:
    from axpair_host.gather.request import FinishedRun, GatherRequest


@dataclass(frozen=True, slots=True)
class PairOptions(case_options.CaseOptions):
    """What `axpair pair` is asked."""

    case: options.Inputs
    case_id: str
    """"" = named after the first input."""
    gt: Path | None
    board_out: Path | None
    board_log: Path | None
    names: Mapping[str, str]
    out: Path
    overwrite: bool
    suspects: case_options.Suspects


def _no_input(asked: Asked) -> bool:
    """--gt: an input on the command line is another case."""
    case = asked.given(PairOptions).case
    return not case.inputs and not case.layers


def _of_gt(asked: Asked) -> bool:
    """--golden: of one case, which is that of [model]'s gt."""
    from axpair_host.gather.golden import is_of_one_case

    return "gt" in asked.taken and (is_of_one_case(asked.path) or not asked.path.exists())


@click.command("pair", cls=ModelCommand)
@options.model_options
@options.input_options
@options.model_option("--gt", "Take input and simulated outputs from this folder of 'pulsar run'.", when=_no_input)
@click.option("--board-out", type=options.PATH, help="Take the board's outputs from a finished run of run_joint.")
@click.option("--board-log", type=options.PATH, help="What that run printed.")
@options.map_option
@options.model_option(
    "--golden",
    "Your own float results for this case: a folder or .npz with one tensor an output.",
    when=_of_gt,
)
@options.resize_option
@options.board_option
@options.simulator_option
@click.option("--out", type=options.PATH, default=Path("gt"), show_default=True, help="The gt folder to write.")
@click.option("--overwrite", is_flag=True, help="Replace another case of axpair's in --out.")
@options.repeat_option
@options.deadline_option
@options.patience_option
@case_options.tolerance_options
@case_options.line_option
@case_options.preprocess_option
@case_options.postprocess_options
@case_options.other_option
@case_options.canary_options
@case_options.suspect_options
@click.option("--id", "case_id", default="", help="What to call the case; default: after the first input.")
@options.json_option
@taking(PairOptions)
def command(given: PairOptions) -> str:
    """Run one case on simulator and board, gather its gt folder, compare, and say where it goes wrong.

    \b
    axpair pair --onnx m.onnx --joint m.joint --lava-joint m.lava_joint --input x.jpg
    axpair pair --joint m.joint --gt gt --board ssh://root@192.168.233.1
    axpair pair --joint m.joint --gt gt --board-out out --board-log run_joint.log
    """
    from axpair_host import render
    from axpair_host.boards.opening import address_of
    from axpair_host.boards.url import with_run_joint
    from axpair_host.cli.progress import shown
    from axpair_host.documents.json_form import json_form
    from axpair_host.pairing import Suspicion, pair

    request = _request(given)
    judging, suspects = given.judging(), given.suspects
    with shown() as progress:
        paired = pair(
            request,
            given.out,
            address=with_run_joint(address_of(given.board), suspects.second_opinion),
            simulator_name=given.simulator,
            judging=judging,
            overwrite=given.overwrite,
            progress=progress,
            patience=given.patience,
            canary=given.known_good(),
            suspicion=Suspicion(
                second_opinion=suspects.second_opinion != "none",
                switches=suspects.switches,
                other_board=address_of(suspects.other_board) if suspects.other_board else None,
            ),
        )
    if given.as_json:
        print_document(json_form(paired.document))
    else:
        render.verdict(paired.document)
        print_lines(fitted([tr("gt folder: {path}", path=paired.folder)]))
    return paired.document.verdict


def _request(given: PairOptions) -> "GatherRequest":
    from axpair_host.evidence.other_platform import other_platforms
    from axpair_host.gather.request import GatherRequest
    from axpair_host.postprocess import parse_expected, parse_observed

    models = given.models.checked()
    _check_together(given)
    pattern = given.post.pattern()
    context = click.get_current_context()
    return GatherRequest(
        models=models,
        expected=parse_expected(given.post.expect, pattern),
        files=context.with_resource(given.case.opened()),
        fitting=given.fitting,
        case_id=given.case_id,
        gt=given.gt,
        finished=_finished(given),
        golden=given.golden,
        repeat=given.repeat,
        deadline_ms=given.deadline_ms,
        observed=parse_observed(given.post.observed, pattern),
        other=other_platforms(given.other),
        board=given.board,
        options=bearing_options(context),
    )


def _check_together(given: PairOptions) -> None:
    """Flags that need or exclude each other."""
    if given.gt is None and not given.case.inputs:
        with_input = again("with one:", "--input", UNKNOWN["input"])
        raise UsageError("neither --input nor --gt was given", next_step=with_input)
    if given.gt is not None:
        if given.case.inputs or given.case.layers:
            raise UsageError("--gt holds its input already: --input and --layer don't go with it")
        if given.fitting != "stretch":
            raise UsageError("--gt holds its input already: --resize doesn't go with it")
        if given.preprocess is not None:
            raise UsageError(
                "--preprocess is run on the file that the input is made of, and --gt has none",
                next_step=Next("with that file:", Again(without=("--gt",), more=("--input", UNKNOWN["input"]))),
            )
        from axpair_host.files import existing_folder

        existing_folder("--gt", given.gt)
    with_folder = again("with its folder (its --bin-out-dir):", "--board-out", UNKNOWN["board_out"])
    with_postprocess = again("with that:", "--postprocess", UNKNOWN["postprocess"])
    if given.names and given.board_out is None:
        raise UsageError("--map names files of a finished run", next_step=with_folder)
    if given.board_log is not None and given.board_out is None:
        raise UsageError("--board-log belongs to a finished run", next_step=with_folder)
    if given.post.expect == "F" and given.post.postprocess is None:
        raise UsageError(
            "--expect F is what the post-processor makes of the float outputs, and none was given",
            next_step=with_postprocess,
        )
    if given.post.expect is not None and given.post.postprocess is None and given.post.observed is None:
        raise UsageError(
            "--expect says what a post-processor should make of the outputs, and none was given",
            next_step=with_postprocess,
        )


def _finished(given: PairOptions) -> "FinishedRun | None":
    """Raises UsageError where the folder is none, or is what the simulator wrote."""
    from axpair_host.files import existing_folder
    from axpair_host.gather.request import FinishedRun

    folder, gt = given.board_out, given.gt
    if folder is None:
        return None
    existing_folder("--board-out", folder)
    board = folder / "board"
    next_step = "give the folder that the run on the board wrote (run_joint: --bin-out-dir)"
    if gt is not None and folder.resolve().parent == gt.resolve() and folder.name in _SIMULATED:
        raise UsageError(f"--board-out {folder}: is the gt folder's own, not what a board gave", next_step=next_step)
    if gt is not None and folder.resolve() == gt.resolve():
        if board.is_dir():
            next_step = f"give its outputs of the board: --board-out {shlex.quote(str(board))}"
        raise UsageError(f"--board-out {folder}: is the gt folder itself", next_step=next_step)
    return FinishedRun(folder, given.board_log, given.names)


_SIMULATED = ("input", "onnx", "lava_joint", "joint")
