"""What a program's log says of one run of a model; read by `axpair_proto.run_logs`. Standard library alone."""

import itertools
import math
import re
from types import MappingProxyType
from typing import Mapping, NamedTuple, Optional, Sequence, Tuple

_COLORS = ("BGR", "RGB", "GRAY", "NV12", "NV21")
_DTYPES = {"sint8": "int8", "sint16": "int16", "sint32": "int32"}
"""run_joint's words that differ from ours."""
_KNOWN_DTYPES = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "float64")


class LoggedTensor(NamedTuple):
    """One input or output as run_joint lists it."""

    name: str
    dtype: str
    shape: Tuple[int, ...]
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
    inputs: Tuple[LoggedTensor, ...] = ()
    outputs: Tuple[LoggedTensor, ...] = ()
    max_batch: int = 1
    dynamic_batch: bool = False
    not_fed: Tuple[str, ...] = ()
    """Lines with which it went on without the input that it was given."""
    defaulted: Tuple[str, ...] = ()
    """Inputs of which it says that it used the model's own default value."""
    tells_of_inputs: bool = False
    """Whether the program would have said if an input had been missing: run_joint's whole output does."""
    not_written: Tuple[str, ...] = ()
    """Lines that say that an output could not be stored."""
    outputs_not_written: Tuple[str, ...] = ()
    """Names in those lines."""
    written: Tuple[str, ...] = ()
    """Files that it says to have stored outputs in."""
    finished: bool = False
    """Whether the model ran to its end, by what the program prints afterwards."""
    broke_off: bool = False
    """Whether it never says that the run ended, as run_joint does."""
    began: bool = False
    """Whether the program printed more than its version, a usage, or why it can't start."""
    failure: Optional[RunFailure] = None
    lines: Tuple[str, ...] = ()
    """The run's own lines, without what other programs put around them."""


def listed_tensor(name: str, after: Sequence[str]) -> Optional[LoggedTensor]:
    """A tensor from the lines below its name; None where its lines aren't all there, or contradict each other."""
    own = list(itertools.takewhile(lambda line: not re.match(r"\s*(?:In|Out)put\[\d+\]: ", line), after))
    shape = next((found for line in own if (found := re.match(r"\s*Shape \[([\d, ]*)\] (\S+) (\S+)(.*)$", line))), None)
    size = next((found for line in own if (found := re.match(r"\s*Size (\d+)\s*$", line))), None)
    if shape is None:
        return None
    lengths, layout, word, rest = shape.groups()
    dtype = _DTYPES.get(word, word)
    if dtype not in _KNOWN_DTYPES:
        return None
    if not re.fullmatch(r" ?(?:\d+(?:, ?\d+)*)?,? ?", lengths):  # lines of two writers, or of a bad cable
        return None
    dims = tuple(map(int, re.findall(r"\d+", lengths)))
    q = re.search(r"\bQ=(\d+)", rest)
    color = next((word for word in rest.split() if word in _COLORS), "")
    size_bytes = math.prod(dims) * int(dtype.lstrip("uintfloa")) // 8
    if size and int(size.group(1)) != size_bytes:
        if not color.startswith("NV"):
            return None
        size_bytes = int(size.group(1))
    return LoggedTensor(
        name=name,
        dtype=dtype,
        shape=dims,
        layout=layout if len(dims) == 4 and layout in ("NHWC", "NCHW") else "",
        color_space=color,
        q=int(q.group(1)) if q else 0,
        size_bytes=size_bytes,
    )
