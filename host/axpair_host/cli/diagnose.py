"""axpair diagnose: judge stored evidence again."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from axpair_host.cli import options

if TYPE_CHECKING:
    from axpair_host.evidence.folder import Evidence


@click.command("diagnose")
@click.argument("gt", type=options.PATH)
@click.option(
    "--cosine",
    type=float,
    default=0.98,
    show_default=True,
    metavar="LINE",
    help="Cosine below which conversion has lost accuracy.",
)
@options.tolerance_options
@options.postprocess_options
@click.option("--write", is_flag=True, help="Write the verdict into the folder's pair.json; else nothing is written.")
@options.json_option
def command(gt: Path, cosine: float, write: bool, as_json: bool, **given: Any) -> str:
    """Judge a gt folder as it lies: no board, no simulator, and no look at a verdict that is stored in it.

    GT is what 'axpair pair' or 'pulsar run --output_gt' wrote.

    \b
    axpair diagnose gt
    axpair diagnose gt --cosine 0.99 --postprocess post:decode --expect '"cat"'
    """
    from axpair_host import render
    from axpair_host.diagnosis import Settings, diagnose
    from axpair_host.evidence.folder import load
    from axpair_host.evidence.store import write_pair_json

    settings = Settings(cosine, given["atol"], given["rtol"])
    evidence = _with_decisions(load(gt), given)
    verdict = diagnose(evidence, settings)
    document = verdict.document()
    if write:
        write_pair_json(gt, evidence.record if evidence.recorded else None, document)
    if as_json:
        click.echo(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False))
    else:
        render.verdict(document)
    return verdict.verdict


def _with_decisions(evidence: "Evidence", given: dict[str, Any]) -> "Evidence":
    """The evidence with what the options say in place of what was recorded."""
    import msgspec

    from axpair_host import postprocess

    changes: dict[str, Any] = {}
    if given["postprocess"] is not None:
        changes["postprocess"] = postprocess.apply(postprocess.load(given["postprocess"]), evidence.legs)
    if given["expect"] is not None:
        changes |= {"expect": postprocess.parse_expect(given["expect"]), "has_expect": True}
    if given["observed"] is not None:
        changes |= {"observed": postprocess.parse_expect(given["observed"]), "has_observed": True}
    return evidence.with_record(msgspec.structs.replace(evidence.record, **changes)) if changes else evidence
