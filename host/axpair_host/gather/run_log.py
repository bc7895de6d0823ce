"""The log of a finished run, from its file; what its lines mean says `axpair_proto.run_logs`."""

from pathlib import Path
from typing import NamedTuple

from axpair_proto.description import ModelDescription, TensorDescription
from axpair_proto.joint import toolchain_of
from axpair_proto.regular import read_regular
from axpair_proto.run_logs import LoggedTensor, RunLog, read_run_log
from axpair_proto.text import decoded

from axpair_host.errors import UsageError

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


def logged_description(path: Path) -> ModelDescription | None:
    """The model's inputs and outputs as run_joint lists them; None where the log doesn't hold them all."""
    return description_in(read_run_log(read_log(path).lines))


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
