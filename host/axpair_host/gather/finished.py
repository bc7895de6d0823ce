"""A board's leg from a run that took place before: its output folder and its log, or its log alone where it failed."""

from dataclasses import replace
from pathlib import PurePosixPath

from axpair_proto.advice import AND, UNKNOWN, Next, calling
from axpair_proto.description import ModelDescription
from axpair_proto.gt.tensors import Array, bin_size, other_files, stems_below
from axpair_proto.joint import JointArchive, toolchain_of
from axpair_proto.logged_run import RunLog
from axpair_proto.names import find_name
from axpair_proto.run_logs import RUN_JOINT, TOOLS
from axpair_proto.sentences import say
from axpair_proto.text import first_names

from axpair_host.digests import bytes_sha256
from axpair_host.errors import UsageError
from axpair_host.evidence.record import FINISHED, NOT_STORED, UNTOLD, Failure, Round, RoundOutput
from axpair_host.files import existing_folder
from axpair_host.gather.board_leg import BoardLeg, BoardRound
from axpair_host.gather.gathering import differences
from axpair_host.gather.request import FinishedRun
from axpair_host.gather.run_log import LoggedRun, description_in, run_of
from axpair_host.gather.simulate import files_of, read_leg

_ONCE = say("the board ran once, before: neither repetition nor stale or unwritten outputs could be checked")


def finished_leg(finished: FinishedRun, description: ModelDescription, joint: JointArchive | None = None) -> BoardLeg:
    """Read B and the log; a run that failed is judged by its log, and what lies in its folder is another run's then.
    `joint` helps to tell which of a log's runs is meant.

    Raises UsageError when the folder isn't there, when neither it nor the log says anything of this model's run, or
    when the log says that this folder can't be the run's.
    """
    existing_folder("--board-out", finished.folder)
    stems = stems_below(finished.folder, [tensor.name for tensor in description.outputs])
    run = run_of(finished, joint)
    if finished.log is None:
        return _read_leg(finished, description, run)
    if not stems:
        return _failed_leg(finished, description, run)
    belied = _belied(finished, run.log)
    if belied is None or run.log.outputs_not_written:
        leg = _read_leg(finished, description, run)
    else:
        leg = _failed_leg(finished, description, run)
        if not files_of([tensor.name for tensor in description.outputs], stems, finished.names):
            return leg
    return leg if belied is None else replace(leg, where_equal=_read_leg(finished, description, run, belied))


def _belied(finished: FinishedRun, log: RunLog) -> Failure | None:
    """What the log says against files of which all are right; None where nothing."""
    if log.failure is not None and not log.written:
        said = say(
            "{log} says that the run failed, and its bytes are right: {message}; are they left over from an earlier "
            "run?",
            log=finished.log,
            message=log.failure.message,
        )
        return Failure("crash" if log.failure.signal else "error", said, log.failure.code, log.failure.signal)
    if log.not_written:
        said = say(
            "{log} says that not every output was stored, and all are right: {line}; are they left over from an "
            "earlier run?",
            log=finished.log,
            line=log.not_written[0],
        )
        return Failure(NOT_STORED, said)
    if _stored_nothing(log):
        said = say(
            "{log} says that the run went well and stored no outputs, and all are right: are they left over from an "
            "earlier run?",
            log=finished.log,
        )
        return Failure(NOT_STORED, said)
    return None


def _stored_nothing(log: RunLog) -> bool:
    """Whether the run came to its end, and its program, which names each file that it stores, names none."""
    return log.failure is None and log.tool == RUN_JOINT and log.finished and not (log.written or log.not_written)


def _read_leg(
    finished: FinishedRun, description: ModelDescription, run: LoggedRun, belied: Failure | None = None
) -> BoardLeg:
    """Of a run that left outputs: what lies in its folder; where all of it is right, whatever the log says, which is
    `belied` then. Raises UsageError where that isn't this model's."""
    log = run.log
    outputs = read_leg(finished.folder, description, as_it_lies=True, names=finished.names)
    failed = () if belied else log.outputs_not_written
    unwritten = {find_name(name, list(outputs)) for name in failed} - {None}
    outputs = {name: array for name, array in outputs.items() if name not in unwritten}
    if not outputs:
        raise _not_written(finished, log)
    facts = Round(
        kind="case",
        number=1,
        outputs=tuple(
            RoundOutput(name, bytes_sha256(array.tobytes()), array.nbytes) for name, array in outputs.items()
        ),
        log_lines=log.lines,
    )
    beside = belied
    if log.failure is not None and belied is None:
        said = say("the log says of what came after the outputs were written: {message}", message=log.failure.message)
        beside = Failure("crash" if log.failure.signal else "error", said, log.failure.code, log.failure.signal)
    notes = [_ONCE, *_left_over(finished, description)]
    if run.said:
        notes.append(say("{log}: {said}", log=finished.log, said=run.said))
    if unwritten:
        names = ", ".join(sorted(filter(None, unwritten)))
        notes.append(f"{finished.folder}: not read, as the log says that it wasn't written: {names}")
    leg = _leg(finished, description, run, tuple(notes), rounds=(facts,), outputs=outputs)
    return replace(leg, beside=beside, written=_written(finished, description, log))


def _written(finished: FinishedRun, description: ModelDescription, log: RunLog) -> tuple[str, ...]:
    """Outputs whose .bin has the name of a file that the run says to have stored, and the declared size: run_joint
    writes no other form, so that whoever turned such a file did so elsewhere. An .npy is somebody else's."""
    names = [tensor.name for tensor in description.outputs]
    stems = stems_below(finished.folder, names)
    stored = {PurePosixPath(path.strip()).name for path in log.written}
    found = []
    for name, stem in files_of(names, stems, finished.names).items():
        raw, npy = (stems[stem].with_name(f"{stems[stem].name}{suffix}") for suffix in (".bin", ".npy"))
        size = next(tensor.size_bytes for tensor in description.outputs if tensor.name == name)
        if raw.name in stored and not npy.exists() and raw.is_file() and bin_size(raw) == size:
            found.append(name)
    return tuple(found)


def _failed_leg(finished: FinishedRun, description: ModelDescription, run: LoggedRun) -> BoardLeg:
    """Of a run that left nothing: what the log says of the failure.

    Raises UsageError where it says that nothing failed, or that the run never began.
    """
    log = run.log
    if not log.known_lines:
        raise UsageError(
            f"--board-out {finished.folder}: there is no output in it, and nothing in {finished.log} is known: no line "
            f"is one of {', '.join(TOOLS)}",
            next_step="give the folder that the run wrote, or the run's own log",
        )
    found = log.failure
    if found is None and log.not_written:
        raise _not_written(finished, log)
    if _stored_nothing(log) and stems_below(finished.folder):
        said = say(
            "{log} says that the run went well and stored no outputs: what lies in {folder} isn't its",
            log=finished.log,
            folder=finished.folder,
        )
        return _leg(finished, description, run, (), rounds=(_failed_round(Failure(UNTOLD, said), log),))
    if log.written or (found is None and log.finished):
        if others := other_files(finished.folder):
            raise UsageError(
                f"--board-out {finished.folder}: no .bin or .npy is in it, but {first_names(others)}",
                next_step="rename files of raw bytes to NAME.bin, or save .npy",
            )
        where = f" and stored its outputs as {', '.join(log.written[:4])}" if log.written else " and stored no outputs"
        raise UsageError(
            f"--board-out {finished.folder}: there is no output in it, and {finished.log} says that the run went well"
            f"{where}",
            next_step="give the folder that the run wrote" if log.written else _run_again(finished),
        )
    if found is not None and found.phase == "starting":
        raise UsageError(
            f"{finished.log}: the run never began: {found.message}",
            next_step="mend its command or its files, and run it again",
        )
    notes = (f"{finished.folder}: not read: the log says that this run failed",) if stems_below(finished.folder) else ()
    if found is None:
        failure = Failure(UNTOLD, _breaks_off(finished, log))
    else:
        kind = NOT_STORED if found.phase == "writing" else "crash" if found.signal else "error"
        failure = Failure(kind, found.message, found.code, found.signal)
    if found is not None and found.phase == "loading":
        return _leg(finished, description, run, notes, load_failure=failure)
    return _leg(finished, description, run, notes, rounds=(_failed_round(failure, log),))


def _failed_round(failure: Failure, log: RunLog) -> Round:
    return Round("case", 1, failure=failure, log_lines=log.lines)


def _breaks_off(finished: FinishedRun, log: RunLog) -> str:
    last = next((line.strip() for line in reversed(log.lines) if line.strip()), "")
    return say("{log} breaks off at {line!r}: how the run ended isn't known", log=finished.log, line=last)


def _run_again(finished: FinishedRun) -> Next:
    """run_joint doesn't make the folder that it is given, and ends with 0 all the same."""
    return calling(
        *("mkdir", "-p", finished.folder, AND, "run_joint", UNKNOWN["joint"], "--data", UNKNOWN["data"]),
        *("--bin-out-dir", finished.folder),
        text="run it again, with a folder that is there (ax_run_model: -i, -o and -l):",
    )


def _not_written(finished: FinishedRun, log: RunLog) -> UsageError:
    return UsageError(
        f"--board-out {finished.folder}: no output of this run is in it; the log says: {log.not_written[0]}",
        next_step=_run_again(finished),
    )


def _leg(
    finished: FinishedRun,
    description: ModelDescription,
    run: LoggedRun,
    notes: tuple[str, ...],
    *,
    rounds: tuple[Round, ...] = (),
    outputs: dict[str, Array] | None = None,
    load_failure: Failure | None = None,
) -> BoardLeg:
    log = run.log
    logged = description_in(log)
    if logged is not None and log.defaulted:
        ours = [one.name for one in description.inputs]
        fed = tuple(one for one in logged.inputs if one.name not in log.defaulted or find_name(one.name, ours))
        logged = replace(logged, inputs=fed)
    if run.count > 1:
        notes += (f"{finished.log} holds {run.count} runs: {_which(run)}",)
    doubt = ""
    if run.doubt:
        doubt = say(
            "which of the runs in {log} left these files can't be told: {doubt}", log=finished.log, doubt=run.doubt
        )
        notes += (doubt,)
    return BoardLeg(
        url=f"{FINISHED}{finished.folder}, {_described(finished, log)}",
        rounds=tuple(BoardRound(one, outputs) for one in rounds),
        versions=log.versions,
        tools_version=str(toolchain_of(log.toolchain)),
        load_failure=load_failure,
        log_lines=log.lines if load_failure is not None else (),
        notes=notes,
        model_differences=differences(description, logged) if logged else (),
        doubt=doubt,
    )


def _which(run: LoggedRun) -> str:
    if not run.after:
        return "the last one is read"
    failures = [one.failure.message for one in run.after if one.failure is not None]
    failed = f"; one after it failed: {failures[-1]}" if failures else ""
    if run.passed_over:
        return f"the last one that fits this folder and this joint is read{failed}"
    return f"the last one that {'says that it stored these outputs' if run.log.written else 'ended'} is read{failed}"


def _described(finished: FinishedRun, log: RunLog) -> str:
    """What the log is, as far as it was recognized."""
    if finished.log is None:
        return "no log"
    if not log.known_lines:
        return "nothing in its log is known"
    said = {"": log.versions.get("runtime", log.tool), "vNPU ": log.versions.get("vnpu", "")}
    said["toolchain "] = str(toolchain_of(log.toolchain))
    words = ", ".join(f"{what}{value}" for what, value in said.items() if value)
    return f"log of {words or 'an unknown program'} ({log.known_lines} lines known)"


def _left_over(finished: FinishedRun, description: ModelDescription) -> tuple[str, ...]:
    names = [tensor.name for tensor in description.outputs]
    found = stems_below(finished.folder, names)
    used = set(files_of(names, found, finished.names).values())
    rest = sorted(set(found) - used) if used else []
    unread = say("{folder}: not read, as no output is named so: {names}", folder=finished.folder, names=", ".join(rest))
    return (unread,) if rest else ()
