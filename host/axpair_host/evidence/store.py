"""Writing and reading pair.json: the gathered half under "gathered", the judged half beside it.

Only the gathered half is ever read back: a verdict that lies in the file is an output, not evidence.
"""

import codecs
from collections import Counter
from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
from axpair_proto.errors import ContractError
from axpair_proto.gt.replacing import write_whole_file
from axpair_proto.gt.tensors import leads_out
from axpair_proto.sentences import for_documents, recalled, remember
from axpair_proto.text import json_text, printable

from axpair_host.documents.json_form import json_form
from axpair_host.documents.pair import PairDocument
from axpair_host.documents.steps import NextStep
from axpair_host.errors import EvidenceError
from axpair_host.evidence.record import FILE_NAME, ROUND_KINDS, SCHEMA_VERSION, Record, Round

MAX_BYTES = 256 << 20
"""A larger pair.json is refused before it is read."""


def write_pair_json(
    folder: Path, record: Record | None, judged: PairDocument[NextStep] | None, *, finished: bool = False
) -> None:
    """Write pair.json whole or not at all. `judged` is what `--json` prints; None before anything was judged. It is in
    English, unless another language was asked for by name.

    `finished` is true where the folder is nobody's to sync any more: pair.json then outlives a power cut by itself.
    Raises EvidenceError when the folder can't be written.
    """
    document: dict[str, Any] = {"schema_version": SCHEMA_VERSION}
    if judged is not None:
        document.update(for_documents(json_form(judged)))
    if record is not None:
        sentences = dict(record.sentences)
        gathered = msgspec.to_builtins(record, enc_hook=partial(remember, sentences))
        document["gathered"] = {**gathered, "sentences": sentences}
    text = msgspec.json.format(json_text(document, indent=None), indent=2)  # json itself is slow with an indent
    try:
        write_whole_file(folder / FILE_NAME, text.encode("utf-8") + b"\n", sync_bytes=finished, sync_name=finished)
    except ContractError as error:
        raise EvidenceError(error.message, next_step=error.next_step) from error


def stored_verdict(folder: Path) -> str:
    """The verdict in a pair.json that `read_record` takes, to be held against a row's; "" where nothing was judged."""
    verdict = msgspec.json.decode((folder / FILE_NAME).read_bytes()).get("verdict")
    return verdict if isinstance(verdict, str) else ""


def read_record(folder: Path) -> Record | None:
    """The gathered half; None when there is no pair.json or it holds no gathered half.

    Raises EvidenceError when pair.json can't be read, isn't JSON, is of another schema, or contradicts itself.
    """
    path = folder / FILE_NAME
    try:
        if not path.is_file():
            return None
        if path.is_symlink() and leads_out(path, folder):
            raise EvidenceError(
                f"{path}: a link that leads out of the gt folder, which isn't followed",
                next_step="put the file itself there, or delete it to have the tensors judged without it",
            )
        if path.stat().st_size > MAX_BYTES:
            raise EvidenceError(f"{path}: {path.stat().st_size} bytes; more than {MAX_BYTES} are refused")
        document = msgspec.json.decode(path.read_bytes().removeprefix(codecs.BOM_UTF8))
    except OSError as error:
        raise EvidenceError(f"{path}: can't be read: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise EvidenceError(
            f"{path}: not JSON: {error}", next_step="delete it to have the tensors judged without it"
        ) from error
    if not isinstance(document, dict):
        raise EvidenceError(f"{path}: holds {type(document).__name__}, not an object")
    version = document.get("schema_version")
    if version != SCHEMA_VERSION:
        raise EvidenceError(
            f"{path}: schema_version {version!r}; this axpair reads {SCHEMA_VERSION}",
            next_step="judge it with the axpair that gathered it, or gather it again",
        )
    if "gathered" not in document:
        return None
    try:
        record = _record(document["gathered"])
    except msgspec.ValidationError as error:
        raise EvidenceError(f"{path}: its gathered half doesn't fit: {error}") from error
    if wrong := _contradiction(record):
        raise EvidenceError(f"{path}: its gathered half contradicts itself: {wrong}", next_step="gather the case again")
    return record


def _record(gathered: Any) -> Record:
    record = msgspec.convert(gathered, Record)
    if not record.sentences:
        return record
    worded = recalled({key: value for key, value in gathered.items() if key != "sentences"}, record.sentences)
    return msgspec.structs.replace(msgspec.convert(worded, Record), sentences=record.sentences)


def _contradiction(record: Record) -> str:
    """In what a record says two things at once, or what can't be, in words; "" where it doesn't."""
    board, second = record.board, record.second_opinion
    return (
        _twice("input", [one.name for one in record.inputs])
        or _twice("input file", [one.file for one in record.inputs])
        or _twice("output", [one.name for one in record.outputs])
        or _twice("output file", [one.file for one in record.outputs])
        or (_of_rounds(board.rounds) or _of_workers(board.rounds) if board else "")
        or (_of_rounds(second.rounds) if second else "")
    )


def _of_rounds(rounds: Sequence[Round]) -> str:
    for one in rounds:
        if one.kind not in ROUND_KINDS or (one.kind == "probe") != (one.number == 0) or one.number < 0:
            return f"a round of kind {printable(one.kind)!r} with number {one.number}"
        if wrong := _twice(f"in {one.kind} round {one.number} output", [output.name for output in one.outputs]):
            return wrong
    # Rounds in a fresh worker, which were asked for later, may have a probe of their own.
    return _twice("round", [f"{one.kind} {one.number}" for one in rounds if one.kind == "case"])


def _of_workers(rounds: Sequence[Round]) -> str:
    """Rounds go on in the same worker, or are added in one that comes behind all others; behind a failure in any."""
    highest = 0
    for before, one in pairwise(rounds):
        new, old = one.worker_generation, before.worker_generation
        highest = max(highest, old)
        if before.failure is None and new not in (old, highest + 1):
            return f"{one.kind} round {one.number} of worker {new} behind {before.kind} round {before.number} of {old}"
    return ""


def _twice(what: str, names: Sequence[str]) -> str:
    found = next((name for name, count in Counter(names).items() if count > 1), None)
    return "" if found is None else f"{what} {printable(found)!r} is there twice"
