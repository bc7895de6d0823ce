"""What a gt folder's own documents say that axpair wrote there.

So folders without a mark, as of release 0.1.0, are told from a user's."""

from collections.abc import Mapping
from pathlib import Path

from axpair_proto.gt.marks import file_sha256, plain_file

from axpair_host.digests import bytes_sha256
from axpair_host.errors import EvidenceError
from axpair_host.evidence.record import FILE_NAME
from axpair_host.evidence.store import read_record

KIND = "gt"
"""What a gt folder's mark says that it is."""
SOURCES = "filename.txt"
"""In input/: the files that the inputs were made of, a line each."""


def is_kept(folder: Path) -> bool:
    """Whether it lies where a replay's run keeps the evidence of its rows."""
    cases = folder.resolve().parent
    return cases.name == "cases" and plain_file(cases.parent, "run.sqlite") is not None


def named_files(folder: Path) -> Mapping[str, str]:
    """Path below the folder to sha256 of what pair.json names, itself included; nothing without a readable one."""
    try:
        record = read_record(folder) if plain_file(folder, FILE_NAME) else None
    except EvidenceError:
        return {}
    if record is None:
        return {}
    sources = "".join(f"{one.source}\n" for one in record.inputs).encode("utf-8", "surrogateescape")
    return {
        **record.digests,
        f"input/{SOURCES}": bytes_sha256(sources),
        FILE_NAME: file_sha256(folder / FILE_NAME),
    }
