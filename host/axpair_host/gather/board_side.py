"""The board of a case: opened when first needed, from whichever thread, and kept until the case is judged."""

import contextlib
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from axpair_host.boards.client import Board
from axpair_host.boards.limits import PATIENCE_SECONDS
from axpair_host.boards.loaded import LoadedModel, LoadRefused
from axpair_host.boards.opening import open_address
from axpair_host.boards.url import Address
from axpair_host.postprocess.commands import Printed
from axpair_host.progress import Progress
from axpair_host.simulators import check_pairing


class BoardSide(contextlib.AbstractContextManager["BoardSide"]):
    """One board with one model. Leaving the block ends the connection, and the agent where it was started for us."""

    def __init__(
        self,
        address: Address,
        joint: Path,
        simulated_by: str,
        progress: Progress,
        *,
        commands: bool = False,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        """`commands`: programs of the user will be run there. `patience`: seconds for which a lost connection is
        tried to be had again."""
        self.address = address
        self.timings: dict[str, float] = {}
        self._joint = joint
        self._simulated_by = simulated_by
        self._progress = progress
        self._commands = commands
        self._patience = patience
        self._lock = threading.Lock()
        self._stack = contextlib.ExitStack()
        self._board: Board | None = None
        self._loaded: LoadedModel | LoadRefused | None = None

    def __exit__(self, error_type: type[BaseException] | None, *unused: object) -> None:
        if error_type is None and isinstance(self._loaded, LoadedModel):
            self._loaded.unload()
        self.abandon()
        with self._lock:
            self._stack.close()

    def board(self) -> Board:
        """Open the board. Raises BoardError, or UsageError where this simulator and this board don't go together."""
        with self._lock:
            if self._board is None:
                started = time.perf_counter()
                self._board = self._stack.enter_context(
                    open_address(
                        self.address, progress=self._progress, commands=self._commands, patience=self._patience
                    )
                )
                self.timings["board_open"] = time.perf_counter() - started
                check_pairing(self._simulated_by, self._board.facts, self._board.url)
            return self._board

    def loaded(self) -> LoadedModel | LoadRefused:
        """Open the board and load the model, once. Raises as `board` and `Board.load` do."""
        board = self.board()
        with self._lock:
            if self._loaded is None:
                started = time.perf_counter()
                self._loaded = board.load(self._joint, progress=self._progress)
                self.timings["board_load"] = time.perf_counter() - started
            return self._loaded

    def load_again(
        self, joint: Path | None = None, *, runtime: str = "", options: Mapping[str, str] | None = None
    ) -> LoadedModel | LoadRefused:
        """The model, or another one, in a worker of its own; the caller unloads it.

        Raises as `board` and `Board.load` do.
        """
        return self.board().load(joint or self._joint, runtime=runtime, options=options)

    def run_command(self, arguments: Sequence[str], files: Mapping[str, bytes], seconds: float) -> Printed:
        """Run a program of the user there. Raises as `board` and `Board.run_command` do."""
        return self.board().run_command(arguments, files, seconds)

    def workers_lost(self) -> int:
        """How many workers ended from outside, or while idle, as far as the agent said."""
        return self._board.connection.lost.workers if self._board is not None else 0

    def abandon(self) -> None:
        """End every call in progress; for use from another thread."""
        if self._board is not None:
            self._board.close()
