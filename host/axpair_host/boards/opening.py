"""From an address to a board that answered the handshake."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from axpair_host.boards.client import Board, connect
from axpair_host.boards.connection import Patience
from axpair_host.boards.limits import PATIENCE_SECONDS
from axpair_host.boards.owned import owned_agent
from axpair_host.boards.url import Address, GrpcAddress, parse
from axpair_host.config_file import named_boards
from axpair_host.progress import Progress, Silent


@contextmanager
def open_board(url: str, *, progress: Progress | None = None, patience: float = PATIENCE_SECONDS) -> Iterator[Board]:
    """Open a board by its address or its name in axpair.toml; an agent started for it ends with the block.

    A connection that is lost is tried to be had again for `patience` seconds.
    Raises UsageError for a bad address, BoardError when nothing there answers or speaks another protocol.
    """
    with open_address(address_of(url), progress=progress, patience=patience) as board:
        yield board


def address_of(url: str) -> Address:
    """Read --board, with the names of the nearest axpair.toml. Raises UsageError; starts nothing."""
    return parse(url, named_boards(Path.cwd()))


@contextmanager
def open_address(
    address: Address,
    *,
    progress: Progress | None = None,
    commands: bool = False,
    patience: float = PATIENCE_SECONDS,
) -> Iterator[Board]:
    """The same for an address that was read before. `commands`: an agent started for it may run programs for us."""
    progress = progress or Silent()
    if isinstance(address, GrpcAddress):
        with connect(address, Patience(patience, progress.note)) as board:
            yield board
        return
    with progress.task("board: start an agent"):
        agent = owned_agent(address, commands=commands)
        reached = agent.__enter__()
    try:
        with connect(reached.address, Patience(patience, progress.note, reached.ended)) as board:
            yield board
    finally:
        agent.__exit__(None, None, None)
