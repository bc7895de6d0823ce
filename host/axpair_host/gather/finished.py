"""A board's leg from a run that took place before: its output folder and its log, or its log alone where it failed."""

from axpair_proto.advice import AND, UNKNOWN, Next, calling
from axpair_proto.description import ModelDescription
from axpair_proto.filekinds import kind_of
from axpair_proto.gt.tensors import Array, stems_in
from axpair_proto.joint import toolchain_of
from axpair_proto.names import find_name, match_stems
from axpair_proto.run_logs import SHOWN_LINES, TOOLS, RunLog, read_run_log

from axpair_host.digests import bytes_sha256
from axpair_host.errors import UsageError
from axpair_host.evidence.record import Failure, Round, RoundOutput
from axpair_host.files import existing_folder, refuse_other_kind
from axpair_host.gather.board_leg import BoardLeg, BoardRound
from axpair_host.gather.gathering import differences
from axpair_host.gather.request import FinishedRun
from axpair_host.gather.run_log import description_in, log_lines
from axpair_host.gather.simulate import read_leg

_ONCE = "the board ran once, before: neither repetition nor stale or unwritten outputs could be checked"


def finished_leg(finished: FinishedRun, description: ModelDescription) -> BoardLeg:
    """Read B and the log; a run that failed is judged by its log, and what lies in its folder is another run's then.

    Raises UsageError when the folder isn't there, when neither it nor the log says anything of this model's run, or
    when the log says that this folder can't be the run's.
    """
    existing_folder("--board-out", finished.folder)
    if finished.log is not None and finished.log.is_file():
        refuse_other_kind("--board-log", finished.log, kind_of(finished.log))
    lines = log_lines(finished.log) if finished.log else ()
    log = read_run_log(lines)
    if (log.failure is not None and not log.written) or (not stems_in(finished.folder) and finished.log is not None):
        return _failed_leg(finished, description, lines, log)
    outputs = read_leg(finished.folder, description, as_it_lies=True, names=finished.names)
    unwritten = {find_name(name, list(outputs)) for name in log.outputs_not_written} - {None}
    outputs = {name: array for name, array in outputs.items() if name not in unwritten}
    if not outputs:
        raise _not_written(finished, log)
    facts = Round(
        kind="case",
        number=1,
        outputs=tuple(
            RoundOutput(name, bytes_sha256(array.tobytes()), array.nbytes) for name, array in outputs.items()
        ),
        log_lines=lines,
    )
    notes = [_ONCE, *_left_over(finished, description)]
    if unwritten:
        names = ", ".join(sorted(filter(None, unwritten)))
        notes.append(f"{finished.folder}: not read, as the log says that it wasn't written: {names}")
    if log.earlier_runs:
        notes.append(f"{finished.log} holds {log.earlier_runs + 1} runs: the last one is read")
    if log.failure is not None:
        notes.append(f"the log says of what came after the outputs were written: {log.failure.message}")
    return _leg(finished, description, log, tuple(notes), rounds=(facts,), outputs=outputs)


def _failed_leg(finished: FinishedRun, description: ModelDescription, lines: tuple[str, ...], log: RunLog) -> BoardLeg:
    """Of a run that left nothing: what the log says of the failure.

    Raises UsageError where it says that nothing failed, or that the run never began.
    """
    if not log.known_lines:
        raise UsageError(
            f"--board-out {finished.folder}: there is no output in it, and nothing in {finished.log} is known: no line "
            f"is one of {', '.join(TOOLS)}",
            next_step="give the folder that the run wrote, or the run's own log",
        )
    found = log.failure
    if found is None and log.not_written:
        raise _not_written(finished, log)
    if found is None and log.finished:
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
    notes = (f"{finished.folder}: not read: the log says that this run failed",) if stems_in(finished.folder) else ()
    shown = "; ".join(line.strip() for line in lines[-SHOWN_LINES:] if line.strip()) or "nothing"
    message = found.message if found is not None else f"it left no output; its last lines: {shown}"
    kind = "exit" if found is None else "crash" if found.signal else "error"
    failure = Failure(kind=kind, message=message, code=found.code if found else 0, signal=found.signal if found else "")
    if found is not None and found.phase == "loading":
        return _leg(finished, description, log, notes, load_failure=failure, lines=lines)
    return _leg(finished, description, log, notes, rounds=(Round("case", 1, failure=failure, log_lines=lines),))


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
    log: RunLog,
    notes: tuple[str, ...],
    *,
    rounds: tuple[Round, ...] = (),
    outputs: dict[str, Array] | None = None,
    load_failure: Failure | None = None,
    lines: tuple[str, ...] = (),
) -> BoardLeg:
    logged = description_in(log)
    return BoardLeg(
        url=f"finished run in {finished.folder}, {_described(finished, log)}",
        rounds=tuple(BoardRound(one, outputs) for one in rounds),
        versions=log.versions,
        tools_version=str(toolchain_of(log.toolchain)),
        load_failure=load_failure,
        log_lines=lines,
        notes=notes,
        model_differences=differences(description, logged) if logged else (),
    )


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
    found = stems_in(finished.folder)
    used = set(match_stems([tensor.name for tensor in description.outputs], found).values()) | set(finished.names)
    rest = sorted(set(found) - used) if used else []
    return (f"{finished.folder}: not read, as no output is named so: {', '.join(rest)}",) if rest else ()
