"""axpair compare: two gt folders, tensors or archives."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click
from axpair_proto.advice import Again, Next, again
from axpair_proto.command_line import Command
from axpair_proto.printing import print_document
from axpair_proto.sentences import say

from axpair_host.cli import case_options, options
from axpair_host.cli.request import taking
from axpair_host.errors import UsageError

if TYPE_CHECKING:
    from axpair_host.compare import Comparison
    from axpair_host.documents.compared import Codes, ComparedDocument, ComparedTensor
    from axpair_host.evidence.collection import Array
    from axpair_host.evidence.matching import Matched
    from axpair_host.evidence.record import OutputFacts

EMPTY = say("no elements on either side: that proves nothing")
"""Of what a program without a detection writes, as an NMS does."""
_DTYPES = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "float16", "float32", "float64", "int64")


@dataclass(frozen=True, slots=True)
class CompareOptions:
    """What `axpair compare` is asked."""

    first: Path
    second: Path
    tolerance: case_options.Tolerance
    lines: case_options.Lines
    asked: str | None
    """What the tensors must be to each other, in small letters; None = as the tolerance has it."""
    dtypes: tuple[str, ...]
    """[NAME=]DTYPE each."""
    names: Mapping[str, str]
    as_json: bool


@click.command("compare", cls=Command)
@click.argument("first", metavar="A", type=options.PATH)
@click.argument("second", metavar="B", type=options.PATH)
@case_options.tolerance_options
@case_options.plain_line_option
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
@taking(CompareOptions)
def command(given: CompareOptions) -> str:
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
    from axpair_host.documents.json_form import json_form
    from axpair_host.evidence.collection import collected
    from axpair_host.evidence.matching import declared_by, dtype_of, matched, named_as, renamed
    from axpair_host.own_lines import refuse_unknown

    first, second, tolerance = given.first, given.second, given.tolerance
    if wrong := refused(tolerance.atol, tolerance.rtol):
        raise UsageError(wrong)
    tolerated = tolerance.atol is not None or tolerance.rtol is not None
    asked = (given.asked or ("equivalent" if tolerated else "identical")).upper()
    lines = list(given.lines.values())
    declared = {**declared_by(second), **declared_by(first)}
    dtypes = _dtypes(given.dtypes)
    with collected(first) as ours, collected(second) as theirs:
        pairs = matched(ours, renamed(theirs, given.names, ours))
        dtypes = named_as("--dtype", dtypes, dict.fromkeys(pair.name for pair in pairs))
        refuse_unknown(lines, [pair.label for pair in pairs])
        tensors = [_compared(pair, declared, dtype_of(pair, dtypes), given, asked) for pair in pairs]
    if all(one.relation == "IDENTICAL" and not one.elements for one in tensors):
        raise UsageError(
            f"AX004: {first} and {second}: no tensor of them has an element, so nothing can be compared",
            next_step="give what an input left of which the program finds something",
        )
    document = _document(tensors, asked)
    if given.as_json:
        print_document(json_form(document))
    else:
        render.comparisons(document)
    return document.verdict


def _document(tensors: "list[ComparedTensor]", asked: str) -> "ComparedDocument":
    from axpair_host.documents.compared import SCHEMA_VERSION, ComparedDocument

    word: Literal["PASS", "FAULT"] = "PASS" if all(one.as_asked for one in tensors) else "FAULT"
    return ComparedDocument(SCHEMA_VERSION, word, asked, tuple(tensors))


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
    pair: "Matched", declared: "Mapping[str, OutputFacts]", dtype: str | None, given: CompareOptions, asked: str
) -> "ComparedTensor":
    from msgspec import UNSET
    from msgspec.structs import asdict

    from axpair_host.compare import Relation
    from axpair_host.documents.compared import ComparedTensor

    result, codes, notes = _result(pair, declared, dtype, given)
    lines = [one for one in given.lines.values() if one.output == pair.label]
    if lines:
        from axpair_host.own_lines import refuse_vacuous

        refuse_vacuous(lines, {pair.label: result})
    held = tuple(one.held(result) for one in lines)
    return ComparedTensor(
        **{**asdict(result.document()), "name": pair.label},
        codes=codes or UNSET,
        note="; ".join(notes) or UNSET,
        lines=held or UNSET,
        as_asked=all(one.holds for one in held) if held else result.relation.at_least(Relation(asked)),
    )


def _result(
    pair: "Matched", declared: "Mapping[str, OutputFacts]", dtype: str | None, given: CompareOptions
) -> "tuple[Comparison, Codes | None, list[str]]":
    """What a comparison found, how codes were read, and what else is said of the pair."""
    import dataclasses

    from axpair_proto.gt.tensors import UnreadableTensor

    from axpair_host.compare import GUIDE_LINE, Relation, compare, invalid
    from axpair_host.compare.lines import shortfalls
    from axpair_host.evidence.matching import read_both, step_in

    notes = [f"AX001: {' and '.join(pair.twins)} are one name in a joint"] if pair.twins else []
    if pair.passed_over:
        notes = [f"in B and not compared: {', '.join(pair.passed_over)}, the same name in a joint"]
    try:
        reference, candidate, typed = read_both(pair, dtype, declared)
    except UnreadableTensor as error:
        return invalid(error.message), None, []
    if reference is None or candidate is None:
        if pair.twins and pair.second is None:
            return invalid(f"none of B can be said to be this one: {notes[0]}"), None, []
        return invalid(f"missing in {'A' if reference is None else 'B'}"), None, notes
    if typed:
        reference, candidate, form = _in_one_form(reference, candidate)
        notes += [form] if form else []
    if (codes := _codes(reference, candidate, given)) is not None:
        return codes
    if (reason := _of_another_type(pair, reference, candidate)) and dtype is None:
        return invalid(reason), None, notes
    result = compare(
        reference,
        candidate,
        step=step_in(pair, declared, reference),
        atol=given.tolerance.atol,
        rtol=given.tolerance.rtol,
        layout=declared[pair.name].layout if pair.name in declared else "",
    )
    if not reference.size and not candidate.size and result.relation is Relation.IDENTICAL:
        return result, None, [*notes, EMPTY]
    if result.toothless:
        raise UsageError(
            f"AX004: {pair.label}: {result.toothless}",
            next_step=_tolerated(result.passing_atol),
        )
    if not typed and not result.bytes_equal:
        if any(one.output == pair.label for one in given.lines.values()):
            raise UsageError(
                f"--line {pair.label}: nothing says the tensor's dtype",
                next_step=again("", "--dtype", f"{pair.label}=float32"),
            )
        notes.append("compared as bytes: nothing says their dtype; give --dtype to compare values")
        return (
            dataclasses.replace(
                invalid(""), relation=Relation.DIFFERENT, elements=result.elements, differing=result.differing
            ),
            None,
            notes,
        )
    if result.relation is Relation.SIMILAR and (short := shortfalls(result, GUIDE_LINE, {})):
        notes.append(f"the cosine alone is above its line: {short[0].words}")
    return result, None, notes


def _of_another_type(pair: "Matched", reference: "Array", candidate: "Array") -> str:
    """Why a lone .bin can't be compared with a tensor of as many elements in another number of bytes, and what types
    it; "" for anything else."""
    from axpair_proto.dtypes import ITEM_BYTES

    sides = (("A", pair.first, reference, candidate), ("B", pair.second, candidate, reference))
    for side, stored, array, other in sides:
        is_bytes = stored is not None and not stored.typed and array.dtype.name == "uint8" and array.ndim == 1
        if not is_bytes or not other.size or array.nbytes == other.nbytes or array.nbytes % other.size:
            continue
        width, kind = array.nbytes // other.size, {"i": "int", "u": "uint", "f": "float"}.get(other.dtype.kind, "")
        if (dtype := f"{kind}{8 * width}") in ITEM_BYTES:
            return say(
                "{side} is a .bin of {size} bytes, and the other {other} {shape}; where it is {dtype}: --dtype "
                "{name}={dtype}",
                side=side,
                size=array.nbytes,
                other=other.dtype.name,
                shape=list(other.shape),
                dtype=dtype,
                name=pair.name,
            )
    return ""


def _in_one_form(reference: "Array", candidate: "Array") -> "tuple[Array, Array, str]":
    """Both in the narrower one's form, and which of them was in another, where that loses nothing."""
    from axpair_host.evidence.arranged import as_dumped

    arranged, form = as_dumped(candidate, reference.dtype.name, reference.shape, reference)
    if form:
        return reference, arranged, f"B is {form}, and was compared in A's form"
    arranged, form = as_dumped(reference, candidate.dtype.name, candidate.shape, candidate)
    return arranged, candidate, f"A is {form}, and was compared in B's form" if form else ""


def _codes(
    reference: "Array", candidate: "Array", given: CompareOptions
) -> "tuple[Comparison, Codes, list[str]] | None":
    """Floats on one side and their codes on the other, compared as the values that the codes stand for."""
    import dataclasses

    from axpair_host.compare import Relation, compare
    from axpair_host.compare.affine import affine_codes
    from axpair_host.documents.compared import Codes

    swapped = candidate.dtype.kind == "f"
    found = affine_codes(candidate, reference) if swapped else affine_codes(reference, candidate)
    if found is None:
        return None
    pairs = (found.values, candidate) if swapped else (reference, found.values)
    result = compare(*pairs, step=found.scale, atol=given.tolerance.atol, rtol=given.tolerance.rtol)
    if not found.off:  # every code is the one for its value
        result = dataclasses.replace(result, relation=Relation.EQUIVALENT, bytes_equal=False)
    codes, floats = ("A", "B") if swapped else ("B", "A")
    note = f"{codes} holds {floats} as {found.dtype} codes: {found.words}; --at-least equivalent takes that"
    return result, Codes(codes, found.dtype, found.scale, found.zero_point), [note]


def _tolerated(passing: float | None) -> Next:
    if not passing:
        return Next("without a tolerance:", Again(without=("--atol", "--rtol")))
    return Next("with a tolerance that would pass:", Again(put=(("--atol", f"{passing:.6g}"),), without=("--rtol",)))
