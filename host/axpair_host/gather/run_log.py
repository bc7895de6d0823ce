"""The log of a finished run, from its file; what its lines mean says `axpair_proto.run_logs`."""

import itertools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from axpair_proto.advice import INTO, calling, free_name
from axpair_proto.description import ModelDescription, TensorDescription
from axpair_proto.errors import ContractError
from axpair_proto.filekinds import FileKind, kind_of
from axpair_proto.gt.tensors import stems_below
from axpair_proto.joint import JointArchive, toolchain_of
from axpair_proto.logged_run import LoggedTensor, RunLog
from axpair_proto.names import find_name, match_stems
from axpair_proto.regular import read_regular
from axpair_proto.run_logs import read_run_log, runs_in
from axpair_proto.sentences import say
from axpair_proto.text import decoded

from axpair_host.errors import UsageError
from axpair_host.files import refuse_other_kind, sure_kind
from axpair_host.gather.described import unlike
from axpair_host.gather.request import FinishedRun

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
        raise UsageError(
            f"--board-log {path}: larger than {MAX_LOG_BYTES} bytes: no log of one run",
            next_step=calling(
                *("tail", "-c", str(MAX_LOG_BYTES), path, INTO, free_name(Path("last-run.log"))),
                text="give the run's own part of it; the last one's alone, where that is it:",
            ),
        )
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
    doubt: str = ""
    """Why another run of the log may be meant; "" where none may."""
    passed_over: bool = False
    """Whether a later one says as much of these files, and fits the folder or the joint less."""


def run_of(finished: FinishedRun, joint: JointArchive | None = None) -> LoggedRun:
    """The run of its log that the folder is of: the last that says that it stored its files, else the last that came to
    its end. Of an empty folder, and where none says so, the last that began.

    Of several such runs those count that name the folder, that left files of these sizes, that are of `joint`: a script
    may run two models one after the other, and their outputs may have the same names.
    Raises UsageError as `read_log` does, and for what is no log by its content.
    """
    if finished.log is None:
        return LoggedRun(read_run_log(()))
    kind = kind_of(finished.log) if finished.log.exists() else FileKind.RUN_LOG
    refuse_other_kind("--board-log", finished.log, kind)
    read = read_log(finished.log)
    runs = runs_in(read.lines)
    if kind in (FileKind.JSON, FileKind.UNKNOWN) and not any(one.known_lines for one in runs):
        sure_kind("--board-log", finished.log)
    stems = stems_below(finished.folder)
    begun = [one for one in runs if one.began] or list(runs)
    stored, ended = [one for one in begun if wrote(one, stems)], [one for one in begun if one.finished]
    alike = stored or ended or begun
    fitting, doubt = _narrowed(alike, finished.folder, stems, joint) if stems else (begun, "")
    place = max(index for index, one in enumerate(begun) if one is fitting[-1])
    passed_over = bool(stems) and fitting[-1] is not alike[-1]
    return LoggedRun(begun[place], len(runs), tuple(begun[place + 1 :]), read.said, doubt, passed_over)


def _narrowed(
    runs: Sequence[RunLog], folder: Path, stems: Mapping[str, Path], joint: JointArchive | None
) -> tuple[Sequence[RunLog], str]:
    """Those that may have left what lies in the folder, in their order, and what leaves that in doubt."""
    named = [_named(one, folder) for one in runs]
    there = [one for one, parts in zip(runs, named, strict=True) if parts == max(named)]
    there = [one for one in there if _left(one, stems)] or there
    fitting = [one for one in there if joint is None or _is_of(one, joint)] or there
    other = next((one for one in reversed(there) if one not in fitting), None)
    if other is not None:
        if both := set(other.written) & set(fitting[-1].written):
            return (fitting, "") if there[-1] is not other else ([other], _stored_over(both))
        release = toolchain_of(other.toolchain)
        return fitting, say("one of another joint ({release}) may have stored them too", release=release)
    if not max(named) and len({_folder(one) for one in fitting}) > 1:
        fed = [one for one in fitting if not one.not_fed]
        if fed and (strange := next((one for one in fitting if one.not_fed), None)):
            return fed, say("one that says {line!r} may have stored them too", line=strange.not_fed[0])
    return fitting, ""


def _stored_over(paths: Collection[str]) -> str:
    """What a later run of another joint that names the same files leaves in doubt: where they were."""
    if all(PurePosixPath(path.strip()).is_absolute() for path in paths):
        return ""
    return say(
        "the last one, of another joint, stored {path} over that of an earlier one of this joint, unless they "
        "ran in two folders",
        path=min(paths).strip(),
    )


def _folder(log: RunLog) -> PurePosixPath | None:
    return PurePosixPath(log.written[0].strip()).parent if log.written else None


def _named(log: RunLog, folder: Path) -> int:
    """How many parts of the folder's path, from its end on, those of a file have that the run stored."""
    ours = folder.absolute().parts[::-1]
    most = 0
    for path in log.written[:8]:
        parts = PurePosixPath(path.strip()).parts[-2::-1]
        for start in range(len(parts)):
            pairs = zip(parts[start:], ours, strict=False)
            most = max(most, len(list(itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))))
    return most


def _left(log: RunLog, stems: Mapping[str, Path]) -> bool:
    """Whether the files may be its outputs by their sizes; those of which either isn't known may."""
    sizes = {one.name: one.size_bytes for one in log.outputs}
    try:
        matched = match_stems(sizes, stems)
    except ContractError:
        return True
    files = {name: stems[stem].with_name(f"{stems[stem].name}.bin") for name, stem in matched.items()}
    return all(path.stat().st_size == sizes[name] for name, path in files.items() if path.is_file())


def _is_of(log: RunLog, joint: JointArchive) -> bool:
    logged = description_in(log)
    if logged is not None:
        if unlike(logged, joint.inputs(), joint.outputs(), is_whole=True):
            return False
        colors = {one.name: one.color_space for one in logged.inputs}
        for one in joint.inputs():
            name = find_name(one.name, colors)
            if name is not None and one.color_space and colors[name] not in ("", one.color_space):
                return False
    return not toolchain_of(log.toolchain).differs_from(joint.toolchain)


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
