"""axpair board: what stands at the other end."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click
from axpair_proto.command_line import Group
from axpair_proto.lines import aligned, plain
from axpair_proto.printing import print_document, print_lines

from axpair_host.cli import options
from axpair_host.cli.request import taking

if TYPE_CHECKING:
    from axpair_proto.v1 import diagnostics_pb2

    from axpair_host.boards.client import Board


@dataclass(frozen=True, slots=True)
class BoardInfoOptions:
    """What `axpair board info` is asked."""

    board: str
    as_json: bool


@click.group("board", cls=Group)
def command() -> None:
    """Boards and their agents."""


@command.command("info")
@options.board_option
@options.json_option
@taking(BoardInfoOptions)
def info(given: BoardInfoOptions) -> None:
    """Reach a board, shake hands, and show what its agent knows of it."""
    from axpair_host.boards.opening import open_board
    from axpair_host.cli.progress import shown

    with shown() as progress, open_board(given.board, progress=progress) as opened:
        state = opened.diagnostics()
    if given.as_json:
        print_document(_document(opened, state))
    else:
        print_lines(aligned(_rows(opened, state)))


def _document(board: "Board", state: "diagnostics_pb2.CollectReply") -> dict[str, Any]:
    from google.protobuf.json_format import MessageToDict

    collected = MessageToDict(state, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)
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


def _rows(board: "Board", state: "diagnostics_pb2.CollectReply") -> list[tuple[str, str]]:
    facts = board.facts
    rows = [
        ("board", board.url),
        ("agent", f"{facts.agent_version}, up {state.uptime_ms / 1000:.0f} s"),
        ("workers", f"{facts.worker}, runtime {facts.runtime}"),
        *facts.versions.items(),
        ("capabilities", ", ".join(facts.capabilities) or "none"),
        ("models held", f"{state.blob_count} blobs, {state.blob_bytes} of {state.quota_bytes} bytes"),
        ("disk free", f"{state.disk_free_bytes} bytes"),
        *state.board.items(),
    ]
    for worker in state.workers:
        rows.append(("loaded", f"{worker.model_sha256[:12]}, worker {worker.pid}, {worker.rounds} rounds"))
    rows += [("not known", text) for text in state.lacking]
    return [(plain(key), plain(line)) for key, text in rows for line in (text.splitlines() or [""])]
