"""The log of a finished run, from its file; what its lines mean says `axpair_proto.run_logs`."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from axpair_proto.description import ModelDescription, TensorDescription
from axpair_proto.filekinds import FileKind, kind_of
from axpair_proto.joint import toolchain_of
from axpair_proto.logged_run import LoggedTensor, RunLog
from axpair_proto.regular import read_regular
from axpair_proto.run_logs import runs_in
from axpair_proto.text import decoded

from axpair_host.errors import UsageError
from axpair_host.files import refuse_other_kind, sure_kind

MAX_LOG_BYTES = 16 << 20


class Log(NamedTuple):
    """A log as it was read."""

    lines: tuple[str, ...]
    said: str = ""
    """Of its encoding, where that isn't UTF-8."""


def read_log(path: Path) -> Log:
    """Raises UsageError when it can't be read or is larger than 16 MiB."""
    try:
        data = read_regular(path, MAX_LOG_BYTES)
    except OSError as error:
        next_step = "give the run's output as a file"
        raise UsageError(f"--board-log {path}: can't be read: {error.strerror}", next_step=next_step) from error
    if len(data) > MAX_LOG_BYTES:
        raise UsageError(f"--board-log {path}: larger than {MAX_LOG_BYTES} bytes: no log of one run")
    text = decoded(data)
    return Log(tuple(text.text.splitlines()), text.said)


def wrote(log: RunLog, stems: Collection[str]) -> bool:
    """Whether the run says that it stored any of these files."""
    return any(PurePosixPath(path.strip()).stem in stems for path in log.written)


@dataclass(frozen=True)
class LoggedRun:
    """One run of a log."""

    log: RunLog
    count: int = 1
    """How many runs the log holds."""
    after: tuple[RunLog, ...] = ()
    """Those that began after it."""
    said: str = ""
    """Of the file's encoding, where that isn't UTF-8."""


def run_of(path: Path, stems: Collection[str]) -> LoggedRun:
    """The run that a folder with these files is of: the last that says that it stored them, else the last that came to
    its end. Of an empty folder, and where none says so, the last that began.

    Raises UsageError as `read_log` does, and for what is no log by its content.
    """
    kind = kind_of(path) if path.exists() else FileKind.RUN_LOG
    refuse_other_kind("--board-log", path, kind)
    read = read_log(path)
    runs = runs_in(read.lines)
    if kind in (FileKind.JSON, FileKind.UNKNOWN) and not any(one.known_lines for one in runs):
        sure_kind("--board-log", path)
    begun = [one for one in runs if one.began] or list(runs)
    stored, ended = [one for one in begun if wrote(one, stems)], [one for one in begun if one.finished]
    place = begun.index((stored or ended or begun)[-1] if stems else begun[-1])
    return LoggedRun(begun[place], len(runs), tuple(begun[place + 1 :]), read.said)


def description_in(log: RunLog) -> ModelDescription | None:
    """The same of a log that was read before."""
    if not log.inputs or not log.outputs:
        return None
    return ModelDescription(
        inputs=tuple(map(_tensor, log.inputs)),
        outputs=tuple(map(_tensor, log.outputs)),
        tools_version=str(toolchain_of(log.toolchain)),
        max_batch=log.max_batch,
        dynamic_batch=log.dynamic_batch,
    )


def _tensor(one: LoggedTensor) -> TensorDescription:
    return TensorDescription(**one._asdict())
