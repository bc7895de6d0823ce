"""A board's leg from a run that took place before: run_joint's output folder and its log."""

from axpair_proto.description import ModelDescription
from axpair_proto.gt.tensors import stems_in
from axpair_proto.names import match_stems

from axpair_host.digests import bytes_sha256
from axpair_host.errors import UsageError
from axpair_host.evidence.record import Round, RoundOutput
from axpair_host.gather.board_leg import BoardLeg, BoardRound
from axpair_host.gather.gathering import differences
from axpair_host.gather.request import FinishedRun
from axpair_host.gather.run_joint_log import description_in, read_log, tools_version_in, versions_in
from axpair_host.gather.simulate import read_leg


def finished_leg(finished: FinishedRun, description: ModelDescription) -> BoardLeg:
    """Read B and the log. Raises UsageError when the folder isn't there or nothing in it belongs to the model."""
    if not finished.folder.is_dir():
        raise UsageError(f"--board-out {finished.folder}: no such folder")
    lines = read_log(finished.log) if finished.log else ()
    outputs = read_leg(finished.folder, description, as_it_lies=True)
    facts = Round(
        kind="case",
        number=1,
        outputs=tuple(
            RoundOutput(name, bytes_sha256(array.tobytes()), array.nbytes) for name, array in outputs.items()
        ),
        log_lines=lines,
    )
    return BoardLeg(
        url=f"finished run in {finished.folder}",
        rounds=(BoardRound(facts, outputs),),
        versions=versions_in(lines),
        tools_version=tools_version_in(lines),
        notes=(*_notes(finished, lines), *_left_over(finished, description)),
        model_differences=differences(description, logged) if (logged := description_in(lines)) else (),
    )


def _notes(finished: FinishedRun, lines: tuple[str, ...]) -> tuple[str, ...]:
    notes = ["the board ran once, before: neither repetition nor stale or unwritten outputs could be checked"]
    if not finished.log:
        notes.append("no --board-log: whether the board was handed this input isn't known")
    elif not lines:
        notes.append(f"{finished.log} is empty: a run that aborts loses its buffered lines")
    return tuple(notes)


def _left_over(finished: FinishedRun, description: ModelDescription) -> tuple[str, ...]:
    found = stems_in(finished.folder)
    used = set(match_stems([tensor.name for tensor in description.outputs], found).values())
    rest = sorted(set(found) - used) if used else []
    return (f"{finished.folder}: not read, as no output is named so: {', '.join(rest)}",) if rest else ()
