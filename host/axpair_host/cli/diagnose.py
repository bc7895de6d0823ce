"""axpair diagnose: judge stored evidence again."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click
from axpair_proto.printing import print_aside, print_document

from axpair_host.cli import case_options, options
from axpair_host.cli.model_defaults import ModelArgument, ModelCommand
from axpair_host.cli.request import taking
from axpair_host.errors import UsageError

if TYPE_CHECKING:
    from axpair_host.compare.lines import Line
    from axpair_host.postprocess.stored import Rejudged


@dataclass(frozen=True, slots=True)
class DiagnoseOptions:
    """What `axpair diagnose` is asked."""

    gt: Path
    cosine: float
    tolerance: case_options.Tolerance
    lines: case_options.Lines
    post: case_options.Postprocess
    other: tuple[str, ...]
    write: bool
    as_json: bool


@click.command("diagnose", cls=ModelCommand)
@click.argument("gt", cls=ModelArgument, key="gt", metavar="[GT]", type=options.PATH)
@click.option(
    "--cosine",
    type=float,
    default=0.98,
    show_default=True,
    metavar="LINE",
    help="Cosine below which conversion has lost accuracy.",
)
@case_options.tolerance_options
@case_options.line_option
@case_options.postprocess_options
@case_options.other_option
@click.option("--write", is_flag=True, help="Write the verdict into the folder's pair.json; else nothing is written.")
@options.json_option
@taking(DiagnoseOptions)
def command(given: DiagnoseOptions) -> str:
    """Judge a gt folder as it lies: no board, no simulator, and no look at a verdict that is stored in it.

    GT is what 'axpair pair' or 'pulsar run --output_gt' wrote, also in a .tar, .tar.gz or .zip; without it
    axpair.toml's. A tensor in it that
    can't be read is named and not judged, the others are; links that lead out of it aren't followed.

    \b
    axpair diagnose gt
    axpair diagnose gt.tar.gz
    axpair diagnose gt --cosine 0.99 --postprocess post:decode --expect cat
    axpair diagnose gt --postprocess 'cmd:./decode {dir}' --observed product.log
    """
    from axpair_proto.gt.listing import claim, list_written, marked

    from axpair_host import render
    from axpair_host.advice.filling import filled
    from axpair_host.advice.known import known_of
    from axpair_host.diagnosis import Settings, diagnose
    from axpair_host.diagnosis.inquiry import Inquiry
    from axpair_host.documents.json_form import json_form
    from axpair_host.evidence.archives import gt_folder, is_archive
    from axpair_host.evidence.named import KIND, is_kept, named_files
    from axpair_host.evidence.record import FILE_NAME
    from axpair_host.evidence.store import write_pair_json

    gt, write = given.gt, given.write
    if write and is_kept(gt):
        raise UsageError(
            f"{gt}: a replay's run keeps it as evidence of a row, which has its verdict", next_step="judge a copy of it"
        )
    _refuse_run_without_cases(gt)
    with gt_folder(gt, write=write) as folder:
        again = _judged_again(folder, given)
        lines = _lines_of(again, given.lines)
        settings = Settings(given.cosine, given.tolerance.atol, given.tolerance.rtol, lines)
        if lines:
            Inquiry(again.evidence, settings).refuse_vacuous_lines()
        verdict = diagnose(again.evidence, settings, asks=again)
        document = filled(verdict.document(), known_of(again.evidence.record, None if is_archive(gt) else gt))
    if write:
        marked(gt, KIND, named_files)
        claim(gt, [FILE_NAME], KIND, is_ours=lambda path: True)  # it was read before
        write_pair_json(gt, again.evidence.record if again.evidence.recorded else None, document, finished=True)
        list_written(gt, [FILE_NAME], KIND)
    if given.as_json:
        print_document(json_form(document))
    else:
        render.verdict(document)
    return verdict.verdict


def _refuse_run_without_cases(folder: Path) -> None:
    """Raise UsageError for a replay's run that keeps no case: what its rows say."""
    from axpair_proto.advice import UNKNOWN, calling

    from axpair_host.evidence.record import LEGS
    from axpair_host.replay.place import is_run
    from axpair_host.replay.store import open_run

    if not folder.is_dir() or not is_run(folder) or any((folder / leg).is_dir() for leg in LEGS):
        return
    with open_run(folder) as run:
        rows = run.rows()
        kept = [row for row in rows if run.kept_folder(row) is not None]
    if kept:
        return
    further = calling("axpair", "replay", UNKNOWN["cases"], "--run", folder, text="to go on with it:")
    if rows and all(row.verdict == "PASS" for row in rows):
        raise UsageError(
            f"{folder}: is a replay's run: all {len(rows)} cases passed and none was kept, so none is to judge",
            next_step=further,
        )
    raise UsageError(
        f"{folder}: is a replay's run of {len(rows)} finished cases, and no case is kept in it that could be judged",
        next_step=further,
    )


def _lines_of(again: "Rejudged", drawn: case_options.Lines) -> "tuple[Line, ...]":
    """What axpair.toml says is of its own conversion: of another one's folder nothing of it is taken."""
    from axpair_host.own_lines import OPTION

    names = {one.name for one in again.evidence.outputs}
    lines = tuple(drawn.values())
    strange = [one for one in lines if one.output not in names and not one.source.startswith(OPTION)]
    if strange:
        print_aside(f"note: {strange[0].source} is of another model: none of those lines are taken")
        return tuple(one for one in lines if one.source.startswith(OPTION))
    return lines


def _judged_again(gt: Path, given: DiagnoseOptions) -> "Rejudged":
    """The stored evidence with what the options say in place of what was recorded."""
    import msgspec

    from axpair_host.evidence.folder import load
    from axpair_host.evidence.other_platform import other_platforms
    from axpair_host.postprocess import load as load_postprocessor
    from axpair_host.postprocess import parse_expected, parse_observed
    from axpair_host.postprocess.stored import rejudged

    evidence = load(gt)
    post, pattern = given.post, given.post.pattern()
    if other := other_platforms(given.other):
        evidence = evidence.with_record(msgspec.structs.replace(evidence.record, other=other))
    return rejudged(
        evidence,
        load_postprocessor(post.postprocess, pattern) if post.postprocess is not None else None,
        parse_expected(post.expect, pattern),
        parse_observed(post.observed, pattern),
    )
