"""What a fault may do, stage by stage; each one overrides the stage where it would really happen."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from axpair_emulator.faults.only import Only
from axpair_emulator.program import Port

if TYPE_CHECKING:
    from axpair_emulator.cmodel.execute import Executor
    from axpair_emulator.device.accounts import Accounts

Array = np.ndarray[Any, Any]
Value = int | str


@dataclass(frozen=True)
class Parameter:
    """A parameter's default, whose type is the parameter's, and what it means."""

    default: Value
    meaning: str
    least: int = 0
    """Of a whole number."""
    most: int = 0xFFFFFFFF
    choices: tuple[str, ...] = ()
    """Of a text that is one of a few."""


@dataclass(frozen=True)
class Written:
    """An output on its way from the NPU to the CPU."""

    index: int
    port: Port
    answer: bytes
    """What the NPU computed."""
    memory: bytes
    """What the output's buffer held before."""
    previous: bytes | None
    """What the NPU computed for this output in the run before; None in the first run."""


class Fault:
    """A healthy board: every stage does what it should. Subclasses override one of them.

    The same seed gives the same bytes, run after run, except where the fault is a race.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    """One sentence: what the board does wrong."""
    code: ClassVar[str]
    """The code of the fault book that has to be found; "" where nothing is wrong with the answers."""
    parameters: ClassVar[Mapping[str, Parameter]] = {}
    only: Only | None = None
    """The inputs that it strikes; None for all."""

    def __init__(self, values: Mapping[str, Value], seed: int) -> None:
        self._values = values
        self._seed = seed

    def number(self, parameter: str) -> int:
        """A parameter that is a whole number."""
        return int(self._values[parameter])

    def text(self, parameter: str) -> str:
        """A parameter that is a text."""
        return str(self._values[parameter])

    def random(self) -> np.random.Generator:
        """A generator that starts anew at every call, so that every run goes wrong in the same place."""
        return np.random.default_rng([self._seed, zlib.crc32(self.name.encode())])

    def check(self) -> None:
        """Before anything runs: raises FaultError where the parameters alone already make it no fault."""

    def versions(self, found: Mapping[str, str]) -> Mapping[str, str]:
        """What the board says of its releases and modes; `found` is what a healthy one does."""
        return found

    def opened(self, cmm: Accounts) -> None:
        """A model is about to get its memory. `cmm` lives as long as the model does."""

    def loaded(self, executor: Executor) -> Executor:
        """What executes the copy of the model that lies in the device's memory."""
        return executor

    def on_submit(self) -> None:
        """A run is about to start. May raise RuntimeFault, or worse."""

    def delivered(self, data: bytes, held: bytes) -> bytes:
        """What an input buffer holds after `data` was handed over; `held` is what it held before."""
        return data

    def fetched(self, port: Port, content: bytes) -> bytes:
        """What the NPU's front end makes of an input buffer; `content` is what the buffer holds."""
        return content

    def activation(self, tensor: str, codes: Array) -> Array:
        """What stands in the NPU's memory after an operator. `codes` must not be changed in place."""
        return codes

    def written(self, output: Written, content: bytes) -> bytes:
        """What an output's memory holds after the DMA; `content` is what the faults before have made of it."""
        return content

    def read(self, output: Written, content: bytes) -> bytes:
        """What the CPU sees of an output's memory, through its cache."""
        return content

    def order(self, ports: Sequence[Port]) -> Sequence[int]:
        """Which output's buffer is handed out at each place."""
        return range(len(ports))

    def hands_out_previous(self) -> bool:
        """Whether the driver hands out the ring's previous set of buffers."""
        return False
