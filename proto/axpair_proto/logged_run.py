"""What a program's log says of one run of a model; read by `axpair_proto.run_logs`. Standard library alone."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class LoggedTensor(NamedTuple):
    """One input or output as run_joint lists it."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    layout: str
    """"NHWC" or "NCHW" of four axes, else ""."""
    color_space: str
    q: int
    size_bytes: int


class RunFailure(NamedTuple):
    """How a run ended that failed."""

    phase: str
    """"starting" (its own arguments), "loading", "running", or "writing" (two outputs have one file name)."""
    message: str
    """Its own words, in one line."""
    signal: str = ""
    """"SIGABRT", ...; "" where the log names none."""
    code: int = 0
    """A code of the vendor's libraries that stands in the log; 0 without one."""


class RunLog(NamedTuple):
    """What was recognized in a log."""

    known_lines: int
    tool: str = ""
    """One of `run_logs.TOOLS`; "" where nothing told."""
    versions: Mapping[str, str] = MappingProxyType({})
    """Keys: runtime, vnpu, and of AX_ENGINE's and AXCL's tools also engine."""
    toolchain: str = ""
    """What built the model, as the program prints it: "release\\ncommit" or "release commit"."""
    inputs: tuple[LoggedTensor, ...] = ()
    outputs: tuple[LoggedTensor, ...] = ()
    max_batch: int = 1
    dynamic_batch: bool = False
    not_fed: tuple[str, ...] = ()
    """Lines with which it went on without the input that it was given."""
    defaulted: tuple[str, ...] = ()
    """Inputs of which it says that it used the model's own default value."""
    tells_of_inputs: bool = False
    """Whether the program would have said if an input had been missing: run_joint's whole output does."""
    not_written: tuple[str, ...] = ()
    """Lines that say that an output could not be stored."""
    outputs_not_written: tuple[str, ...] = ()
    """Names in those lines."""
    written: tuple[str, ...] = ()
    """Files that it says to have stored outputs in."""
    finished: bool = False
    """Whether the model ran to its end, by what the program prints afterwards."""
    began: bool = False
    """Whether the program printed more than its version, a usage, or why it can't start."""
    failure: RunFailure | None = None
    lines: tuple[str, ...] = ()
    """The run's own lines, without what other programs put around them."""
