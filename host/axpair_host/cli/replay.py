"""axpair replay: a folder or list of BadCases, resumable."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click
from axpair_proto.advice import Next, again
from axpair_proto.errors import AxpairError
from axpair_proto.printing import print_aside, print_document

from axpair_host.cli import case_options, options
from axpair_host.cli.model_defaults import Asked, ModelCommand, bearing_options
from axpair_host.cli.request import taking
from axpair_host.errors import BoardError, UsageError

if TYPE_CHECKING:
    from axpair_host.documents.replayed import ReplayDocument
    from axpair_host.replay.session import Order, Replayed


@dataclass(frozen=True, slots=True)
class ReplayOptions(case_options.CaseOptions):
    """What `axpair replay` is asked."""

    cases: Path
    run: Path


def _of_cases(asked: Asked) -> bool:
    """--golden: a folder with one folder a case."""
    from axpair_host.gather.golden import is_of_one_case

    return not is_of_one_case(asked.path)


@click.command("replay", cls=ModelCommand)
@click.argument("cases", type=options.PATH)
@click.option("--run", type=options.PATH, required=True, help="Where rows and failing cases are kept; made if new.")
@options.model_options
@options.model_option("--golden", "A folder with your float results: below it one folder a case id.", when=_of_cases)
@options.resize_option
@options.board_option
@options.simulator_option
@options.repeat_option
@options.deadline_option
@options.patience_option
@case_options.tolerance_options
@case_options.lines_over_cases_option
@case_options.preprocess_option
@case_options.postprocess_options
@case_options.other_option
@case_options.canary_options
@options.json_option
@taking(ReplayOptions)
def command(given: ReplayOptions) -> int:
    """Run every BadCase through one model on one board, judge each, and go on where it stopped when called again.

    CASES is a folder (images, .bin, .npy, at any depth; for a model with several inputs one sub-folder a case, its
    files named by the inputs), an archive of such a folder, a text file with one path a line, or a CSV file: columns
    path (or one named by each input) and id. --expect and --observed take a JSON object from
    case id to result.

    Verdicts and metrics go into RUN/run.sqlite, gt folders of cases that didn't pass into RUN/cases. A row there that
    was damaged is named, and its case runs again.

    With --canary the cases of one call are judged only where the board did the known-good case before and after them.
    Those that weren't judged (AX005) run again when the same command is called again.

    Exit codes: 1 with any fault; else 3 with any inconclusive case; else 2 with any case that couldn't be used; else 0.

    \b
    axpair replay badcases --run run --onnx m.onnx --joint m.joint --lava-joint m.lava_joint
    """
    from axpair_host.cli.progress import shown
    from axpair_host.documents.json_form import json_form
    from axpair_host.replay.ended import of_disk, so_far
    from axpair_host.replay.report import print_report
    from axpair_host.replay.session import carry_out

    order = _order(given)
    try:
        with shown() as progress:
            replayed = carry_out(order, progress)
    except BoardError as error:
        own = error.next_step if "call the same command again" in error.next_step.text else Next()
        raise BoardError(
            f"{error.message}; {so_far(order.run)}",
            next_step=own or again("see to the board, and call the same command again:"),
        ) from error
    except (AxpairError, OSError) as error:
        refused = of_disk(error)
        if refused is None:
            raise
        raise UsageError(f"{refused.message}; {so_far(order.run)}", next_step=refused.next_step) from error
    except KeyboardInterrupt:
        print_aside(f"axpair: {so_far(order.run)}; call the same command again to go on")
        raise
    if given.as_json:
        print_document(json_form(_document(order, replayed)))
    else:
        print_report(order.run, replayed)
    return replayed.summary.exit_code()


def _order(given: ReplayOptions) -> "Order":
    from axpair_host.evidence.other_platform import other_platforms
    from axpair_host.replay.session import Order

    return Order(
        cases=given.cases,
        run=given.run,
        models=given.models.checked(),
        board=given.board,
        simulator=given.simulator,
        fitting=given.fitting,
        judging=given.judging(),
        repeat=given.repeat,
        deadline_ms=given.deadline_ms,
        patience=given.patience,
        expect=given.post.expect,
        observed=given.post.observed,
        golden=given.golden,
        canary=given.known_good(),
        other=other_platforms(given.other),
        options=bearing_options(click.get_current_context(), without=("golden", "expect", "observed")),
    )


def _document(order: "Order", replayed: "Replayed") -> "ReplayDocument":
    from axpair_host.documents.replayed import SCHEMA_VERSION, DamagedCase, ReplayDocument
    from axpair_host.replay.report import told

    return ReplayDocument(
        SCHEMA_VERSION,
        tuple(told(row, order, replayed.found) for row in replayed.rows),
        replayed.summary.row,
        tuple(DamagedCase(id_, why) for id_, why in replayed.damaged.items()),
        replayed.workers_lost,
    )
