"""What an answer works with."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from axpair_proto.simulator import Simulator

from axpair_host.evidence.record import Record
from axpair_host.gather.board_side import BoardSide
from axpair_host.gather.prepare import PreparedCase
from axpair_host.gather.request import GatherRequest
from axpair_host.postprocess import Postprocessor
from axpair_host.progress import Progress


@dataclass(frozen=True)
class Session:
    """One gathered case with everything that is still at hand."""

    folder: Path
    """The gt folder that is being filled."""
    request: GatherRequest
    prepared: PreparedCase
    simulator: Simulator | None
    board: BoardSide | None
    progress: Progress
    postprocess: Postprocessor | None = None
    other_board: BoardSide | None = None
    """A second board of the kind, for the table of switches."""


Answer = Callable[[Session, Record], Record | None]
"""Fetches one thing; the record is the one with all that was fetched before."""
