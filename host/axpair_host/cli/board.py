"""axpair board: what stands at the other end."""

from typing import TYPE_CHECKING, Any

import click
from axpair_proto.command_line import Group
from axpair_proto.lines import aligned, plain
from axpair_proto.printing import print_document, print_lines

from axpair_host.cli import options

if TYPE_CHECKING:
    from axpair_host.boards.client import Board


@click.group("board", cls=Group)
def command() -> None:
    """Boards and their agents."""


@command.command("info")
@options.board_option
@options.json_option
def info(board: str, as_json: bool) -> None:
    """Reach a board, shake hands, and show what its agent knows of it."""
    from axpair_host.boards.opening import open_board
    from axpair_host.cli.progress import shown

    with shown() as progress, open_board(board, progress=progress) as opened:
        document = _document(opened)
    if as_json:
        print_document(document)
    else:
        print_lines(aligned(_rows(document)))


def _document(board: "Board") -> dict[str, Any]:
    from google.protobuf.json_format import MessageToDict

    collected = MessageToDict(
        board.diagnostics(), preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
    for name in ("blob_count", "blob_bytes", "quota_bytes", "disk_free_bytes", "uptime_ms"):
        collected[name] = int(collected[name])  # JSON's protobuf form of 64-bit numbers is text
    return {
        "schema_version": 1,
        "url": board.url,
        "agent_version": board.facts.agent_version,
        "runtime": board.facts.runtime,
        "worker": board.facts.worker,
        "versions": dict(board.facts.versions),
        "capabilities": list(board.facts.capabilities),
        "diagnostics": collected,
    }


def _rows(document: dict[str, Any]) -> list[tuple[str, str]]:
    found = document["diagnostics"]
    rows = [
        ("board", document["url"]),
        ("agent", f"{document['agent_version']}, up {found['uptime_ms'] / 1000:.0f} s"),
        ("workers", f"{document['worker']}, runtime {document['runtime']}"),
        *((name, text) for name, text in document["versions"].items()),
        ("capabilities", ", ".join(document["capabilities"]) or "none"),
        ("models held", f"{found['blob_count']} blobs, {found['blob_bytes']} of {found['quota_bytes']} bytes"),
        ("disk free", f"{found['disk_free_bytes']} bytes"),
        *((name, text) for name, text in found["board"].items()),
    ]
    for worker in found["workers"]:
        rows.append(("loaded", f"{worker['model_sha256'][:12]}, worker {worker['pid']}, {worker['rounds']} rounds"))
    rows += [("not known", text) for text in found["lacking"]]
    return [(plain(key), plain(line)) for key, text in rows for line in (str(text).splitlines() or [""])]
