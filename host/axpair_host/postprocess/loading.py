"""Finds the user's post-processor: a Python function, a command here, or a command on the board."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from axpair_proto.advice import UNKNOWN, calling

from axpair_host.errors import PostprocessError
from axpair_host.postprocess.commands import RunsCommands, command_of, run_here
from axpair_host.postprocess.failing import Hung, NoDecision
from axpair_host.postprocess.process import process_of

Outputs = Mapping[str, "np.ndarray[Any, Any]"]
HERE = "cmd:"
ON_BOARD = "board:"


@dataclass
class Patience:
    """Whether a post-processor didn't end in time once."""

    over: bool = False


@dataclass(frozen=True)
class Postprocessor:
    """What makes decisions of outputs, with the words it was named by."""

    spec: str
    function: Callable[[dict[str, "np.ndarray[Any, Any]"]], Any] = field(repr=False)
    advice: str = "it gets a dict from output name to numpy array, shaped as 'axpair model info' shows"
    """What to say to a user where it fails on everything."""
    quiet: Callable[[dict[str, "np.ndarray[Any, Any]"]], Any] | None = field(default=None, repr=False)
    """The same function, where it prints and there is one that doesn't."""
    patience: Patience = field(default_factory=Patience, repr=False)
    sources: str = ""
    """sha256 over the source files of a Python function; "" for a command."""

    def __call__(self, outputs: Outputs) -> Any:
        """What it makes of one leg's outputs; it gets copies, so that it can't change evidence.

        Raises Hung where it doesn't end in time, and from then on without running it: one wait is enough.
        """
        if self.patience.over:
            raise NoDecision("it wasn't run, since it didn't end in time before")
        try:
            return self.function({name: tensor.copy() for name, tensor in outputs.items()})
        except Hung:
            self.patience.over = True
            raise


def load(
    spec: str, pattern: "re.Pattern[str] | None" = None, board: RunsCommands | None = None, timeout: float = 60.0
) -> Postprocessor:
    """`module:function`, `cmd:PROGRAM ... {dir}`, or `board:PROGRAM ... {dir}`, which needs a board at hand.

    `pattern` reads what a command prints, where that isn't JSON. Each leg gets at most `timeout` seconds.
    Raises PostprocessError when there is no such thing, or importing it fails.
    """
    if spec.startswith(HERE):
        return Postprocessor(spec, command_of(spec, spec[len(HERE) :], pattern, timeout, run_here), _OF_COMMANDS)
    if spec.startswith(ON_BOARD):
        if board is None:
            raise PostprocessError(
                f"--postprocess {spec}: there is no board to run it on",
                next_step=calling(
                    *("axpair", "pair", "--joint", UNKNOWN["joint"], "--gt", UNKNOWN["gt"], "--board", UNKNOWN["url"]),
                    *("--postprocess", spec),
                    text="a program of this machine is given as cmd:PROGRAM; on a board:",
                ),
            )
        run = board.run_command
        return Postprocessor(spec, command_of(spec, spec[len(ON_BOARD) :], pattern, timeout, run), _OF_COMMANDS)
    process = process_of(spec)
    return Postprocessor(
        spec,
        lambda outputs: process.decide(outputs, timeout),
        quiet=lambda outputs: process.decide(outputs, timeout, quiet=True),
        sources=process.sources,
    )


def wants_board(spec: str | None) -> bool:
    """Whether it runs on the board."""
    return spec is not None and spec.startswith(ON_BOARD)


_OF_COMMANDS = "{dir} is a folder with each output as NAME.bin and NAME.npy; what it prints is its answer"
