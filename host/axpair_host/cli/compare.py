"""axpair compare: two gt folders, tensors or archives."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from axpair_proto.advice import Again, Next
from axpair_proto.command_line import Command
from axpair_proto.printing import print_document

from axpair_host.cli import options
from axpair_host.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from axpair_host.evidence.collection import Array
    from axpair_host.evidence.matching import Matched
    from axpair_host.evidence.record import OutputFacts

_DTYPES = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "float16", "float32", "float64", "int64")


@click.command("compare", cls=Command)
@click.argument("first", metavar="A", type=options.PATH)
@click.argument("second", metavar="B", type=options.PATH)
@options.tolerance_options
@click.option(
    "--at-least",
    "asked",
    type=click.Choice(["identical", "equivalent", "similar"]),
    help="What the tensors must be to each other; default: identical, with a tolerance equivalent.",
)
@click.option(
    "--dtype",
    "dtypes",
    multiple=True,
    metavar="[NAME=]DTYPE",
    help="Element type of .bin files that nothing else says it of: of all, or of the tensor NAME. May be repeated.",
)
@options.map_option
@options.json_option
def command(first: Path, second: Path, as_json: bool, **given: Any) -> str:
    """Compare two tensors, folders or archives; A is the reference.

    Takes .npy, .bin, .npz, folders of them (gt folders, run_joint's and pulsar2's output folders), .tar and .zip.
    Exit code 1 when any tensor is missing, can't be read, or isn't what was asked for.

    \b
    axpair compare gt/joint out
    axpair compare old.tar.gz gt --at-least similar
    axpair compare sim out --dtype float32 --dtype ids=int32 --map c_outputs_1=m_outputs_1
    """
    from axpair_host import render
    from axpair_host.compare.tolerance import refused
    from axpair_host.evidence.collection import collected
    from axpair_host.evidence.matching import declared_by, matched, refuse_unknown_names, renamed

    if wrong := refused(given["atol"], given["rtol"]):
        raise UsageError(wrong)
    tolerated = given["atol"] is not None or given["rtol"] is not None
    asked = (given["asked"] or ("equivalent" if tolerated else "identical")).upper()
    declared = {**declared_by(second), **declared_by(first)}
    dtypes = _dtypes(given["dtypes"])
    with collected(first) as ours, collected(second) as theirs:
        pairs = matched(ours, renamed(theirs, given["names"]))
        refuse_unknown_names("--dtype", dtypes, [pair.name for pair in pairs])
        tensors = [_compared(pair, declared, dtypes.get(pair.name) or dtypes.get(""), given) for pair in pairs]
    document = _document(tensors, asked)
    if as_json:
        print_document(document)
    else:
        render.comparisons(document)
    return str(document["verdict"])


def _document(tensors: list[dict[str, Any]], asked: str) -> dict[str, Any]:
    from axpair_host.compare import Relation

    for one in tensors:
        one["as_asked"] = Relation(one["relation"]).at_least(Relation(asked))
    word = "PASS" if all(one["as_asked"] for one in tensors) else "FAULT"
    return {"schema_version": 1, "verdict": word, "asked": asked, "tensors": tensors}


def _dtypes(given: tuple[str, ...]) -> dict[str, str]:
    """Tensor to dtype; "" is all others. Raises UsageError for an unknown dtype."""
    dtypes: dict[str, str] = {}
    for text in given:
        name, _, dtype = text.rpartition("=")
        if dtype not in _DTYPES:
            raise UsageError(f"--dtype {text}: {dtype!r} is none of {', '.join(_DTYPES)}")
        dtypes[name] = dtype
    return dtypes


def _compared(
    pair: "Matched", declared: "Mapping[str, OutputFacts]", dtype: str | None, given: dict[str, Any]
) -> dict[str, Any]:
    import dataclasses

    from axpair_proto.gt.tensors import UnreadableTensor

    from axpair_host.compare import Relation, compare, invalid
    from axpair_host.evidence.matching import read_both, step_in

    note = ""
    try:
        reference, candidate, typed = read_both(pair, dtype, declared)
    except UnreadableTensor as error:
        return {"name": pair.label, **invalid(error.message).document()}
    if reference is None or candidate is None:
        result = invalid(f"missing in {'A' if reference is None else 'B'}")
    elif (codes := _codes(reference, candidate, given, pair)) is not None:
        return codes
    else:
        result = compare(
            reference,
            candidate,
            step=step_in(pair, declared, reference),
            atol=given["atol"],
            rtol=given["rtol"],
            layout=declared[pair.name].layout if pair.name in declared else "",
        )
        if result.toothless:
            raise UsageError(
                f"AX004: {pair.label}: {result.toothless}",
                next_step=_tolerated(result.passing_atol),
            )
        if not typed and not result.bytes_equal:
            note = "compared as bytes: nothing says their dtype; give --dtype to compare values"
            result = dataclasses.replace(
                result, relation=Relation.DIFFERENT, cosine=None, relative_error=None, passing_atol=None, slices=()
            )
    return {"name": pair.label, **result.document(), **({"note": note} if note else {})}


def _codes(reference: "Array", candidate: "Array", given: dict[str, Any], pair: "Matched") -> dict[str, Any] | None:
    """Floats on one side and their codes on the other, compared as the values that the codes stand for."""
    import dataclasses

    from axpair_host.compare import Relation, compare
    from axpair_host.compare.affine import affine_codes

    swapped = candidate.dtype.kind == "f"
    found = affine_codes(candidate, reference) if swapped else affine_codes(reference, candidate)
    if found is None:
        return None
    pairs = (found.values, candidate) if swapped else (reference, found.values)
    result = compare(*pairs, step=found.scale, atol=given["atol"], rtol=given["rtol"])
    if not found.off:  # every code is the one for its value
        result = dataclasses.replace(result, relation=Relation.EQUIVALENT, bytes_equal=False)
    codes, floats = ("A", "B") if swapped else ("B", "A")
    return {
        "name": pair.label,
        **result.document(),
        "codes": {"side": codes, "dtype": found.dtype, "scale": found.scale, "zero_point": found.zero_point},
        "note": f"{codes} holds {floats} as {found.dtype} codes: {found.words}; --at-least equivalent takes that",
    }


def _tolerated(passing: float | None) -> Next:
    if passing is None:
        return Next("without a tolerance:", Again(without=("--atol", "--rtol")))
    return Next("with a tolerance that would pass:", Again(put=(("--atol", f"{passing:.6g}"),), without=("--rtol",)))
