"""What programs that run a model on a board print, in one form: run_joint, ax_run_model, axcl_run_model, samples.

Facts: run_joint 0.5.10 and 0.5.13 (SDK V0.31), ax_run_model 1.0.0 to 2.3.3sp, axcl_run_model's source, the vendor's
sample programs. A log counts by the lines that are recognized: one that holds none says nothing.

Which lines are a run's: from its first line, or the shell's prompt, to the next of either. What beats what: a program
that printed on wasn't ended by the words before; one that says it ran to its end wasn't ended by another's words after
it. Standard library alone, since workers on boards read the same logs.
"""

import re
from typing import Callable, Dict, List, Optional, Sequence, Tuple

import axpair_proto.run_endings as run_endings
from axpair_proto.log_lines import LONGEST_LINE, bare_lines
from axpair_proto.logged_run import LoggedTensor, RunLog, listed_tensor
from axpair_proto.run_failures import Told, Words

RUN_JOINT, AX_RUN_MODEL, AXCL_RUN_MODEL, SAMPLE = "run_joint", "ax_run_model", "axcl_run_model", "a sample program"
TOOLS = (RUN_JOINT, AX_RUN_MODEL, AXCL_RUN_MODEL, SAMPLE)
SHOWN_LINES = 20
"""Of a failed run's log, so many of the last lines are its words."""
_KNOWN = re.compile(
    r"(?:run joint|Run-Joint Runtime) version: \d|(?:\[INFO\]: )?[Vv]irtual npu (?:mode is )?\w+\s*$|[Tt]ools version: "
    r"|Max Batch Size \d+\s*$|Support Dynamic Batch\? |(?:In|Out)put\[\d+\]: |Using (?:batch size|wbt) \d+\s*$"
    r"|dump output\[\d+\] |Run task took |Create handle took |CMM usage: |Quantization Type is |Is FilterMode\? "
    r"|Run AxModel:|(?:axclrt|tool|engine|pulsar2) ver: |total found \{|infer model, total |min =\s*[\d.]+ ms"
    r"|(?:model|image) file : |read file \S+ failed|run_(?:joint|model): \S+:\d+: |\[Engine\]"
)
"""Text that tells what stands before it in a line is a logger's."""
_WHOLE = re.compile(
    r"\s*(?:Max Batch Size \d+|(?:Support Dynamic Batch|Is FilterMode)\? (?:Yes|No)|Using (?:batch size|wbt) \d+"
    r"|Memory (?:Physical|External|Virtual)|Size \d+|[Vv]irtual npu (?:mode is )?(?:\d_\d(?:_\d)?|disable|enable)"
    r"|CMM usage: \d+|Quantization Type is \d+ bit|dump output\[\d+\] .{1,400} as .{1,400} success"
    r"|NPU perf cnt (?:total|of eu\(\d+\)): \d+|Run \w+ took an average of \d+ us \(overhead \d+ us\)"
    r"|Run task took \d+ us \(\d+ rounds for average\)|(?:tool|engine|axclrt) ver: +[\w.]+)(?![\w.])"
)
"""Lines of which the end is known: what stands behind them is a logger's."""
_BEYOND = re.compile(r"[\"'{}<>|\\,;\t]|\s{2,}")
"""What no release or commit holds."""
_COMMIT = re.compile(r"[0-9a-fA-F]{7,40}(?:-dirty)?")
_BEGINNING = re.compile(r"^\s*(?:run joint version: |Run AxModel:|model file : )")
"""The first line that a run prints, of each tool."""
_PROMPT = re.compile(
    r"^\s*(?:\([^()]{1,40}\) ?)?\[?[\w.-]{1,64}@[^\s#$%]{0,264}(?: [^\s#$%]{1,200})?[#$%](?:\s|$)"
    r"|^(?:[~/][\w./~-]{0,200} ?)?[#$](?:\s|$)|^\++ \S|^(?:PS )?[A-Za-z]:\\[^>]{0,200}>"
)
"""A shell's prompt, or what `set -x` prints before each command."""
_MOST_RUNS, _MOST_LINES = 1000, 200_000
"""Of more in one log the last ones are read."""


def read_run_log(lines: Sequence[str]) -> RunLog:
    """Read a log, whatever stands around its lines; of several runs the last one that began.

    Never raises: what isn't recognized is passed over.
    """
    runs = runs_in(lines)
    return next((one for one in reversed(runs) if one.began), runs[-1])


def runs_in(lines: Sequence[str]) -> Tuple[RunLog, ...]:
    """Every run in a log, in their order; one of no known line where there is none."""
    bare = bare_lines(lines[-_MOST_LINES:], _KNOWN, _WHOLE)
    cuts = [index for index, line in enumerate(bare) if _BEGINNING.search(line) or _PROMPT.search(line)]
    edges = sorted({0, *cuts[-_MOST_RUNS:], len(bare)})
    readings = [_read(bare[start : edges[place + 1]]) for place, start in enumerate(edges[:-1])]
    # A word such as "Aborted" alone is some program's: it counts where nothing in the log is a known program's own.
    own = [one for one in readings if one.is_program] or [one for one in readings if one.telling][-1:]
    return tuple(one.result() for one in own) or (_read(bare).result(),)


def _read(lines: Sequence[str]) -> "_Reading":
    reading = _Reading(lines)
    for index, line in enumerate(lines):
        line = line[:LONGEST_LINE].rstrip()
        if not line:
            continue
        for pattern, take in _PATTERNS:
            found = pattern.search(line)
            if found:
                reading.take(index, take, found, _after(lines, index))
                break
    return reading


def _after(lines: Sequence[str], index: int) -> List[str]:
    """The next lines that aren't empty, as far as they may belong to what this one says."""
    following = (line[:LONGEST_LINE] for line in lines[index + 1 : index + 9] if line.strip())
    return list(following)[:4]


class _Reading:
    """What was taken so far."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = lines
        self.at = 0
        """The line that is read."""
        self.known = self.own = 0
        self.last_own = -1
        """Lines that only a known program prints while nothing failed: how many, and the last one."""
        self.is_program = False
        """Whether anything is a known program's own, failures too."""
        self.telling = False
        """Whether any line was more than of a form that other texts have too."""
        self.tools: List[str] = []
        self.named = ""
        """The tool by its name in an assertion, or in a shell's word for its end."""
        self.versions: Dict[str, str] = {}
        self.toolchain = ""
        self.toolchain_at = 0
        self.lists_ended = False
        """Whether anything was printed behind the last tensor's lines: a log may break off between two."""
        self.sides: Dict[str, List[Optional[LoggedTensor]]] = {"Input": [], "Output": []}
        self.max_batch = 1
        self.dynamic_batch: Optional[bool] = None
        """None where no line says."""
        self.ran = self.finished = False
        self.written: List[str] = []
        self.outputs_not_written: List[str] = []
        self.not_fed: List[str] = []
        self.defaulted: List[str] = []
        self.batch = 0
        self.not_written: List[str] = []
        self.told = Told()

    def take(self, at: int, take: "_Take", found: "re.Match[str]", after: Sequence[str]) -> None:
        """Take what a known line says."""
        self.at, failures = at, self.told.count()
        take(self, found, after)
        self.known += 1
        if take not in (_seen, _listed):
            self.telling = True
            if self.told.count() == failures:
                self.own, self.is_program = self.own + 1, True
        if take is not _listed and self.told.count() == failures:
            self.lists_ended = take is not _tensor_of
        if self.is_program and self.told.count() == failures:
            self.last_own = at

    def result(self) -> RunLog:
        whole = (
            self.lists_ended and all(self.sides.values()) and None not in (*self.sides["Input"], *self.sides["Output"])
        )
        inputs, outputs = (
            tuple(self._as_run(one) for one in self.sides[side] if one is not None) if whole else ()
            for side in ("Input", "Output")
        )
        # AXCL's tool prints the same header as AX_ENGINE's, with a line of its own.
        tool = AXCL_RUN_MODEL if AXCL_RUN_MODEL in self.tools else (self.tools[0] if self.tools else self.named)
        failure = self.told.failure(
            self.lines, printed=self.own > 0, last_own=self.last_own, ran=self.ran, finished=self.finished
        )
        return RunLog(
            known_lines=self.known if self.telling else 0,
            tool=tool,
            versions={
                **({"runtime": tool} if tool in TOOLS[:3] else {}),
                **{key: value.replace("TOOL", tool) for key, value in self.versions.items()},
            },
            toolchain=self._toolchain(),
            inputs=inputs,
            outputs=outputs,
            max_batch=self.max_batch,
            dynamic_batch=bool(self.dynamic_batch),
            not_fed=tuple(self.not_fed),
            defaulted=tuple(self.defaulted),
            tells_of_inputs=tool == RUN_JOINT and self.ran,
            not_written=tuple(self.not_written),
            outputs_not_written=tuple(self.outputs_not_written),
            written=tuple(self.written),
            finished=self.finished,
            broke_off=tool == RUN_JOINT and not self.finished,
            began=self.own > len(self.tools) or self.ran or (failure is not None and failure.phase != "starting"),
            failure=failure,
            lines=tuple(self.lines),
        )

    def _toolchain(self) -> str:
        """What built the model; "" where the log may break off inside that line: only what the program printed behind
        it, such as a commit of which any part tells, shows that the release is whole."""
        words = self.toolchain.split()
        with_commit = len(words) > 1 and _COMMIT.fullmatch(words[-1]) is not None
        return self.toolchain if with_commit or self.last_own > self.toolchain_at else ""

    def _as_run(self, one: LoggedTensor) -> LoggedTensor:
        """With as many items as the program took: the model's list has the most that it can take."""
        if not self.batch or not one.shape or not one.shape[0] or self.dynamic_batch is False:
            return one
        if self.dynamic_batch is None and not self.batch <= self.max_batch == one.shape[0]:
            return one
        size = one.size_bytes // one.shape[0] * self.batch
        return one._replace(shape=(self.batch, *one.shape[1:]), size_bytes=size)


_Take = Callable[[_Reading, "re.Match[str]", Sequence[str]], None]
"""Takes what a known line says, given the lines after it."""


def _tool(name: str, version: str = "") -> _Take:
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
    release, commit = (
        _BEYOND.split(line.strip(), maxsplit=1)[0].strip() for line in (found.group(1), *after[:1], "")[:2]
    )
    reading.toolchain = release
    reading.toolchain_at = reading.at
    if _COMMIT.fullmatch(commit):
        reading.toolchain += f"\n{commit}"


def _tensor_of(reading: _Reading, found: "re.Match[str]", after: Sequence[str]) -> None:
    side, number, name = found.groups()
    in_order = int(number) == len(reading.sides[side])
    reading.sides[side].append(listed_tensor(name, after) if in_order else None)


def _batch(reading: _Reading, found: "re.Match[str]", after: Sequence[str]) -> None:
    reading.max_batch = int(found.group(1)) or 1


def _dynamic(reading: _Reading, found: "re.Match[str]", after: Sequence[str]) -> None:
    reading.dynamic_batch = found.group(1) == "Yes"


def _ran(reading: _Reading, found: "re.Match[str]", after: Sequence[str]) -> None:
    reading.ran = True
    reading.batch = int(found.group(1))


def _finished(reading: _Reading, found: "re.Match[str]", after: Sequence[str]) -> None:
    reading.ran = reading.finished = True


def _output(reading: _Reading, found: "re.Match[str]", after: Sequence[str]) -> None:
    reading.ran = reading.finished = True
    reading.written.append(found.group(2))


def _no_input(reading: _Reading, found: "re.Match[str]", after: Sequence[str]) -> None:
    reading.not_fed.append(found.string.strip())


def _default(reading: _Reading, found: "re.Match[str]", after: Sequence[str]) -> None:
    reading.defaulted.append(found.group(1))


def _no_output(reading: _Reading, found: "re.Match[str]", after: Sequence[str]) -> None:
    reading.not_written.append(found.string.strip())
    reading.outputs_not_written.append(found.group(2))


def _not_verified(reading: _Reading, found: "re.Match[str]", after: Sequence[str]) -> None:
    """ax_run_model compared the outputs, and stores none then."""
    reading.ran = reading.finished = True
    reading.not_written.append(found.string.strip())


def _asserted(reading: _Reading, found: "re.Match[str]", after: Sequence[str]) -> None:
    is_own = bool(run_endings.OWN_ASSERTION.search(found.string))
    where = re.split(r":\d+: ", found["where"])[-1].strip()
    reading.told.assertions.append(Words(reading.at, where, found["what"], is_own))
    reading.is_program = reading.is_program or is_own
    if is_own:
        _name(reading, found)


def _name(reading: _Reading, found: "re.Match[str]") -> None:
    named = run_endings.PROGRAM.search(found.string)
    if named and not reading.named:
        reading.named = {"run_model": AX_RUN_MODEL}.get(named["tool"], named["tool"])


def _refused(phase: str, *, is_own: bool = False) -> _Take:
    """`is_own`: only a known program says so, or its name is in it."""

    def take(reading: _Reading, found: "re.Match[str]", after: Sequence[str]) -> None:
        reading.told.refused.append(Words(reading.at, phase, found.string.strip(), is_own))
        reading.is_program = reading.is_program or is_own

    return take


def _failed_call(reading: _Reading, found: "re.Match[str]", after: Sequence[str]) -> None:
    phase = "loading" if run_endings.LOADING.search(found.string) else "running"
    reading.told.refused.append(Words(reading.at, phase, found.string.strip(), is_own=False))


def _ended(reading: _Reading, found: "re.Match[str]", after: Sequence[str]) -> None:
    reading.told.signals.append(Words(reading.at, run_endings.signal_of(found), "", "run_" in found.string))
    _name(reading, found)


def _gave_up(reading: _Reading, found: "re.Match[str]", after: Sequence[str]) -> None:
    reading.told.signals.append(Words(reading.at, "SIGABRT", found.string.strip(), "run_" in found.string))


def _seen(reading: _Reading, found: "re.Match[str]", after: Sequence[str]) -> None:
    """Known, and nothing more is taken from it."""


def _listed(reading: _Reading, found: "re.Match[str]", after: Sequence[str]) -> None:
    """Of a tensor in a list, taken with its first line."""


_PATTERNS = tuple(
    (re.compile(pattern), take)
    for pattern, take in (
        (r"^\s*run joint version: (.*)$", _tool(RUN_JOINT, "runtime")),
        (r"^\s*Run-Joint Runtime version: (.*)$", _tool(SAMPLE, "runtime")),
        (r"^\s*(?:model|image) file : ", _tool(SAMPLE)),
        (r"^\s*axclrt ver:\s+(.*)$", _tool(AXCL_RUN_MODEL, "runtime")),
        (r"^\s*tool ver:\s+(.*)$", _tool(AX_RUN_MODEL, "runtime")),
        (r"^\s*Run AxModel:", _tool(AX_RUN_MODEL)),
        (r"^\s*total found \{\d+\} input drive folders", _tool(AX_RUN_MODEL)),
        (r"^\s*engine ver:\s+(.*)$", _engine),
        (r"^\s*pulsar2 ver:\s+(.*)$", _built_by),
        (r"^\s*[Tt]ools version: (.*)$", _built_by),
        (r"^\s*(?:\[INFO\]: )?[Vv]irtual npu (?:mode is )?(\S+)\s*$", _vnpu),
        (r"^\s*vnpu:\s+(\S+)\s*$", _vnpu),
        (r"^\s*(Input|Output)\[(\d+)\]: (.*)$", _tensor_of),
        (r"^\s*Max Batch Size (\d+)", _batch),
        (r"^\s*Support Dynamic Batch\? (\w+)", _dynamic),
        (r"^\s*input\[\d+\] (.*) data not provided, using default value\s*$", _default),
        (
            r"^\s*(?:read file (?=(.*? for input\[))\1|input\[)\d+\] .*(?:using random data|using default value)\s*$",
            _no_input,
        ),
        (r"^\s*\[ERROR\] (?:Stimulus file|Size of stimulus file)\{", _refused("starting", is_own=True)),
        (r"^\s*dump output\[\d+\] (?=((.*?) as ))\1.* failed\s*$", _no_output),
        (r"^\s*output name \(.*\) conflicts!", _refused("writing", is_own=True)),
        (r"^\s*dump output\[\d+\] (?=(.*? as ))\1(.*?) success(?:\s.*)?$", _output),
        (r"^\s*Using batch size (\d+)", _ran),
        (r"^\s*(?:min|max|avg) =\s*[\d.]+ ms|^\s*Run task took |^\s*infer model, total \d+/\d+\. Done", _finished),
        (
            r"^\s*(?:Repeat \d+ times, avg time|(?:post process|topk) cost time: ?\d|detection num: \d|run over: )",
            _finished,
        ),
        (r"^\s*\[ERROR\] Verify stimulus failed", _not_verified),
        (r"^\s*Input file .* is not exist, please check it", _refused("starting", is_own=True)),
        (
            r"^\s*(?:read file .* failed|must specify joint file|undefined option: .*)\s*$",
            _refused("starting", is_own=True),
        ),
        *((form, _asserted) for form in run_endings.ASSERTIONS),
        (r"^(?=(.*?(?:\[Engine\]|get (?:joint )?model type|load model)))\1.*failed", _refused("loading")),
        (run_endings.SIGNAL, _ended),
        (run_endings.GAVE_UP, _gave_up),
        (run_endings.NEVER_STARTED, _refused("starting", is_own=True)),
        (run_endings.FAILED_CALL, _failed_call),
        (
            r"^\s*(?:Using wbt \d+|Is FilterMode\?|Quantization Type is|CMM usage: |Create handle took )",
            _seen,
        ),
        (r"^\s*(?:type|affinity|warmup|repeat|sleep|batch|parallel|shape groups|cmm size|model):\s+\S", _seen),
        (r"^\s+Shape \[|^\s+Memory \w+|^\s+Size \d+$", _listed),
        (r"NPU perf cnt|^\s*Run \w+ took an average|^\[AX_SYS_LOG\]", _seen),
    )
)
"""Line by line, the first that fits."""
