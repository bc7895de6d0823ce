"""Writing and reading pair.json: the gathered half under "gathered", the judged half beside it.

Only the gathered half is ever read back: a verdict that lies in the file is an output, not evidence.
"""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from axpair_proto.errors import ContractError
from axpair_proto.gt.replacing import write_whole_file
from axpair_proto.gt.tensors import leads_out
from axpair_proto.sentences import for_documents, recalled, remember
from axpair_proto.text import json_text

from axpair_host.errors import EvidenceError
from axpair_host.evidence.record import FILE_NAME, SCHEMA_VERSION, Record

MAX_BYTES = 256 << 20
"""A larger pair.json is refused before it is read."""


def write_pair_json(
    folder: Path, record: Record | None, judged: Mapping[str, Any] | None, *, finished: bool = False
) -> None:
    """Write pair.json whole or not at all. `judged` is `Verdict.document()`; None before anything was judged. It is in
    English, unless another language was asked for by name.

    `finished` is true where the folder is nobody's to sync any more: pair.json then outlives a power cut by itself.
    Raises EvidenceError when the folder can't be written.
    """
    document: dict[str, Any] = {"schema_version": SCHEMA_VERSION}
    if judged is not None:
        document.update(for_documents(judged))
    if record is not None:
        sentences = dict(record.sentences)
        gathered = msgspec.to_builtins(record, enc_hook=partial(remember, sentences))
        document["gathered"] = {**gathered, "sentences": sentences}
    text = msgspec.json.format(json_text(document, indent=None), indent=2)  # json itself is slow with an indent
    try:
        write_whole_file(folder / FILE_NAME, text.encode("utf-8") + b"\n", sync_bytes=finished, sync_name=finished)
    except ContractError as error:
        raise EvidenceError(error.message, next_step=error.next_step) from error


def builtins_of(value: Any) -> Any:
    """As `msgspec.to_builtins`, for a document that is shown: its sentences can still be had in another language."""
    table: dict[str, Any] = {}
    return recalled(msgspec.to_builtins(value, enc_hook=partial(remember, table)), table)


def read_record(folder: Path) -> Record | None:
    """The gathered half; None when there is no pair.json or it holds no gathered half.

    Raises EvidenceError when pair.json can't be read, isn't JSON, or is of another schema.
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
        document = msgspec.json.decode(path.read_bytes())
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
        return _record(document["gathered"])
    except msgspec.ValidationError as error:
        raise EvidenceError(f"{path}: its gathered half doesn't fit: {error}") from error


def _record(gathered: Any) -> Record:
    record = msgspec.convert(gathered, Record)
    if not record.sentences:
        return record
    worded = recalled({key: value for key, value in gathered.items() if key != "sentences"}, record.sentences)
    return msgspec.structs.replace(msgspec.convert(worded, Record), sentences=record.sentences)
