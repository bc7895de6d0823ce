"""What programs that run a model on a board print, in one form: run_joint, ax_run_model, axcl_run_model, samples.

Facts: run_joint 0.5.10 and 0.5.13 (SDK V0.31), ax_run_model 1.0.0 to 2.3.3sp, axcl_run_model's source, the vendor's
sample programs. A log counts by the lines that are recognized: one that holds none says nothing. Standard library
alone, since workers on boards read the same logs.
"""

import math
import re
from types import MappingProxyType
from typing import Callable, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

RUN_JOINT, AX_RUN_MODEL, AXCL_RUN_MODEL, SAMPLE = "run_joint", "ax_run_model", "axcl_run_model", "a sample program"
TOOLS = (RUN_JOINT, AX_RUN_MODEL, AXCL_RUN_MODEL, SAMPLE)
SHOWN_LINES = 20
"""Of a failed run's log, so many of the last lines are its words."""
_COLORS = ("BGR", "RGB", "GRAY", "NV12", "NV21")
_DTYPES = {"sint8": "int8", "sint16": "int16", "sint32": "int32"}
"""run_joint's words that differ from ours."""
_KNOWN_DTYPES = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "float64")
_LOADING = re.compile(
    r"CreateHandle|ModelType|Adv_Init|SYS_Init|ENGINE_Init|CreateExecutionContext|CreateContext|GetIOInfo"
)
_AROUND = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|^\[?\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?\]?:?(?: \|)? "
)
"""What other programs put around a line: colors, and the time before it."""
_BEGINNING = re.compile(r"^run joint version: |^\s*Run AxModel:|^\s*model file : ")
"""The first line that a run prints, of each tool."""
_CODE = re.compile(r"\b0x8[0-9a-fA-F]{7}\b")


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
    """"starting" (its own arguments), "loading", "running", or "writing"."""
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
    """One of the four above; "" where nothing told."""
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
    earlier_runs: int = 0
    """Runs that stand before this one in the log, and aren't read."""
    failure: Optional[RunFailure] = None


def bare_lines(lines: Sequence[str]) -> List[str]:
    """Lines without what other programs put around them: colors, and the time or the host's name before it."""
    return [_AROUND.sub("", line) for line in lines]


def read_run_log(lines: Sequence[str]) -> RunLog:
    """Read a log, whatever stands around its lines; of several runs, one below the other, the last one.

    Never raises: what isn't recognized is passed over.
    """
    lines = _dedented(bare_lines(lines))
    begins = [index for index, line in enumerate(lines) if _BEGINNING.search(line)]
    if len(begins) > 1:
        return read_run_log(lines[begins[-1] :])._replace(earlier_runs=len(begins) - 1)
    reading = _Reading()
    for index, line in enumerate(lines):
        for pattern, take in _PATTERNS:
            found = pattern.search(line)
            if found:
                take(reading, found, lines[index + 1 : index + 4])
                reading.known += 1
                reading.telling = reading.telling or take is not _seen
                break
    return reading.result(lines)


def _dedented(lines: Sequence[str]) -> Sequence[str]:
    """Without the blanks that begin every line, as in a quotation."""
    most = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    return [line[most:] for line in lines] if most else lines


class _Reading:
    """What was taken so far."""

    def __init__(self) -> None:
        self.known = 0
        self.telling = False
        """Whether any line was more than of a form that other texts have too."""
        self.tools: List[str] = []
        self.versions: Dict[str, str] = {}
        self.toolchain = ""
        self.sides: Dict[str, List[Optional[LoggedTensor]]] = {"Input": [], "Output": []}
        self.max_batch, self.dynamic_batch = 1, False
        self.ran = self.finished = False
        self.written: List[str] = []
        self.outputs_not_written: List[str] = []
        self.not_fed: List[str] = []
        self.not_written: List[str] = []
        self.assertions: List[Tuple[str, str]] = []
        self.refused: List[Tuple[str, str]] = []
        self.signal = ""

    def result(self, lines: Sequence[str]) -> RunLog:
        whole = all(self.sides.values()) and None not in (*self.sides["Input"], *self.sides["Output"])
        inputs, outputs = (tuple(filter(None, self.sides[side])) if whole else () for side in ("Input", "Output"))
        # AXCL's tool prints the same header as AX_ENGINE's, with a line of its own.
        tool = AXCL_RUN_MODEL if AXCL_RUN_MODEL in self.tools else (self.tools[0] if self.tools else "")
        return RunLog(
            known_lines=self.known if self.telling else 0,
            tool=tool,
            versions={key: value.replace("TOOL", tool) for key, value in self.versions.items()},
            toolchain=self.toolchain,
            inputs=inputs,
            outputs=outputs,
            max_batch=self.max_batch,
            dynamic_batch=self.dynamic_batch,
            not_fed=tuple(self.not_fed),
            tells_of_inputs=tool == RUN_JOINT and self.ran,
            not_written=tuple(self.not_written),
            outputs_not_written=tuple(self.outputs_not_written),
            written=tuple(self.written),
            finished=self.finished,
            failure=self._failure(lines),
        )

    def _failure(self, lines: Sequence[str]) -> Optional[RunFailure]:
        codes = [int(code, 16) for line in lines for code in _CODE.findall(line)]
        code = codes[0] if codes else 0
        if self.assertions:
            text, where = self.assertions[0]
            call = re.search(r"AX_\w+", f"{text} {where}")
            phase = "loading" if _LOADING.search(f"{text} {where}") else "running" if call else "writing"
            said = f"it asserted {text!r} in {where}, which failed"
            return RunFailure(phase, said, self.signal or "SIGABRT", code)
        if self.refused:
            phase, said = self.refused[0]
            return RunFailure(phase, said, self.signal, code)
        if self.signal:
            return RunFailure("running" if self.ran else "loading", f"it was ended by {self.signal}", self.signal, code)
        return None


def _tool(name: str, version: str = "") -> "Callable[[_Reading, re.Match[str], Sequence[str]], None]":
    def take(reading: _Reading, found: "re.Match[str]", after: Sequence[str]) -> None:
        reading.tools.append(name)
        if version:
            reading.versions[version] = f"TOOL {found.group(1).strip()}"

    return take


def _vnpu(reading: _Reading, found: "re.Match[str]", after: Sequence[str]) -> None:
    reading.versions["vnpu"] = found.group(1).strip().rstrip("!").lower()


def _engine(reading: _Reading, found: "re.Match[str]", after: Sequence[str]) -> None:
    reading.versions["engine"] = found.group(1).strip()


def _built_by(reading: _Reading, found: "re.Match[str]", after: Sequence[str]) -> None:
    commit = after[0].strip() if after else ""
    reading.toolchain = found.group(1).strip()
    if re.fullmatch(r"[0-9a-fA-F]{7,40}(?:-dirty)?", commit):
        reading.toolchain += f"\n{commit}"


def _tensor_of(reading: _Reading, found: "re.Match[str]", after: Sequence[str]) -> None:
    side, number, name = found.groups()
    in_order = int(number) == len(reading.sides[side])
    reading.sides[side].append(_tensor(name, after) if in_order else None)


def _tensor(name: str, after: Sequence[str]) -> Optional[LoggedTensor]:
    shape = re.match(r"\s+Shape \[([\d, ]*)\] (\S+) (\S+)(.*)$", after[0]) if after else None
    size = next((match for match in (re.match(r"\s+Size (\d+)$", line) for line in after) if match), None)
    if shape is None:
        return None
    lengths, layout, word, rest = shape.groups()
    dtype = _DTYPES.get(word, word)
    if dtype not in _KNOWN_DTYPES:
        return None
    dims = tuple(int(length) for length in lengths.split(",") if length.strip())
    q = re.search(r"\bQ=(\d+)", rest)
    return LoggedTensor(
        name=name,
        dtype=dtype,
        shape=dims,
        layout=layout if len(dims) == 4 and layout in ("NHWC", "NCHW") else "",
        color_space=next((word for word in rest.split() if word in _COLORS), ""),
        q=int(q.group(1)) if q else 0,
        size_bytes=int(size.group(1)) if size else math.prod(dims) * int(dtype.lstrip("uintfloa")) // 8,
    )


def _batch(reading: _Reading, found: "re.Match[str]", after: Sequence[str]) -> None:
    reading.max_batch = int(found.group(1)) or 1


def _dynamic(reading: _Reading, found: "re.Match[str]", after: Sequence[str]) -> None:
    reading.dynamic_batch = found.group(1) == "Yes"


def _ran(reading: _Reading, found: "re.Match[str]", after: Sequence[str]) -> None:
    reading.ran = True


def _finished(reading: _Reading, found: "re.Match[str]", after: Sequence[str]) -> None:
    reading.ran = reading.finished = True


def _output(reading: _Reading, found: "re.Match[str]", after: Sequence[str]) -> None:
    reading.ran = reading.finished = True
    reading.written.append(found.group(1))


def _no_input(reading: _Reading, found: "re.Match[str]", after: Sequence[str]) -> None:
    reading.not_fed.append(found.string.strip())


def _no_output(reading: _Reading, found: "re.Match[str]", after: Sequence[str]) -> None:
    reading.not_written.append(found.string.strip())
    reading.outputs_not_written.append(found.group(1))


def _asserted(reading: _Reading, found: "re.Match[str]", after: Sequence[str]) -> None:
    reading.assertions.append((found.group(2), found.group(1)))


def _refused(phase: str) -> "Callable[[_Reading, re.Match[str], Sequence[str]], None]":
    def take(reading: _Reading, found: "re.Match[str]", after: Sequence[str]) -> None:
        reading.refused.append((phase, found.string.strip()))

    return take


def _ended(reading: _Reading, found: "re.Match[str]", after: Sequence[str]) -> None:
    word = found.group(1).lower()
    reading.signal = "SIGABRT" if word == "aborted" else "SIGSEGV" if word.startswith("segm") else "SIGKILL"


def _seen(reading: _Reading, found: "re.Match[str]", after: Sequence[str]) -> None:
    """Known, and nothing more is taken from it."""


_PATTERNS = tuple(
    (re.compile(pattern), take)
    for pattern, take in (
        (r"^run joint version: (.*)$", _tool(RUN_JOINT, "runtime")),
        (r"^Run-Joint Runtime version: (.*)$", _tool(SAMPLE, "runtime")),
        (r"^\s*(?:model|image) file : ", _tool(SAMPLE)),
        (r"^\s*axclrt ver:\s+(.*)$", _tool(AXCL_RUN_MODEL, "runtime")),
        (r"^\s*tool ver:\s+(.*)$", _tool(AX_RUN_MODEL, "runtime")),
        (r"^\s*Run AxModel:", _tool(AX_RUN_MODEL)),
        (r"^\s*total found \{\d+\} input drive folders", _tool(AX_RUN_MODEL)),
        (r"^\s*engine ver:\s+(.*)$", _engine),
        (r"^\s*pulsar2 ver:\s+(.*)$", _built_by),
        (r"^[Tt]ools version: (.*)$", _built_by),
        (r"^(?:\[INFO\]: )?[Vv]irtual npu (?:mode is )?(\S+)\s*$", _vnpu),
        (r"^\s*vnpu:\s+(\S+)\s*$", _vnpu),
        (r"^(Input|Output)\[(\d+)\]: (.*)$", _tensor_of),
        (r"^Max Batch Size (\d+)", _batch),
        (r"^Support Dynamic Batch\? (\w+)", _dynamic),
        (r"^(?:read file .* for )?input\[\d+\] .*(?:using random data|using default value)\s*$", _no_input),
        (r"^\[ERROR\] (?:Stimulus file|Size of stimulus file)\{", _refused("starting")),
        (r"^dump output\[\d+\] (.*) as .* failed\s*$", _no_output),
        (r"^output name \(.*\) conflicts!", _refused("writing")),
        (r"^dump output\[\d+\] .* as (.*) success\s*$", _output),
        (r"^Using batch size \d+", _ran),
        (r"^\s*(?:min|max|avg) =\s*[\d.]+ ms|^Run task took |^\s*infer model, total \d+/\d+\. Done", _finished),
        (r"^(?:read file .* failed|must specify joint file|undefined option: .*)\s*$", _refused("starting")),
        (r":\d+: (.*): Assertion [`'](.*)' failed", _asserted),
        (r"\[Engine\].*failed|get (?:joint )?model type.*failed|load model.*failed", _refused("loading")),
        (r"^(?:\S*sh: )?(?:line \d+: )?\s*(?:\d+ )?(Aborted|Segmentation fault|Killed)\b", _ended),
        (
            r"^\S*sh: .*run_(?:joint|model)\b.*: (?:command )?not found|error while loading shared libraries"
            r"|^\S*sh: .*run_(?:joint|model)\b.*: (?:Permission denied|No such file)",
            _refused("starting"),
        ),
        (
            r"^Using wbt \d+|^Is FilterMode\?|^Quantization Type is|^CMM usage: |^Create handle took ",
            _seen,
        ),
        (r"^\s*(?:type|affinity|warmup|repeat|sleep|batch|parallel|shape groups|cmm size|model):\s+\S", _seen),
        (r"^\s+Shape \[|^\s+Memory \w+|^\s+Size \d+$|NPU perf cnt|^\[AX_SYS_LOG\]", _seen),
    )
)
"""Line by line, the first that fits."""
