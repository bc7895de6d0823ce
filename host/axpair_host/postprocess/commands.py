"""A post-processor that is a program: it gets a folder with the outputs, and what it prints is its decision.

No shell takes part. Time and output are bounded; what the program started ends with it.
"""

import io
import shlex
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Protocol

import numpy as np
from axpair_proto import programs
from axpair_proto.failures import naming
from axpair_proto.names import file_stems
from axpair_proto.text import decoded

from axpair_host.errors import PostprocessError
from axpair_host.postprocess.ending import close, end, start_program, told_status
from axpair_host.postprocess.failing import Hung, NoDecision, NothingMatched
from axpair_host.postprocess.text import Unmatched, Unreadable, read_text

if TYPE_CHECKING:
    import re

FOLDER = "{dir}"
"""Stands for the folder, anywhere in the program's arguments."""
MAX_PRINTED = 1 << 20
"""Bytes on stdout; a program that prints more is ended."""
_MAX_ERRORS = 1 << 16
"""Of what it prints on stderr, so much of the end is kept."""


@dataclass(frozen=True)
class Printed:
    """How a program ended and what it printed."""

    status: int
    """Its exit status; negative where a signal ended it."""
    output: bytes
    errors: bytes
    """The end of what it printed on stderr."""
    ended: str = ""
    """Why it was ended: "timeout", "output"; "" where it ended by itself."""


class RunsCommands(Protocol):
    """A board on which a user's program can be run."""

    def run_command(self, arguments: Sequence[str], files: Mapping[str, bytes], seconds: float) -> Printed:
        """Run it with the files in a fresh folder, FOLDER in the arguments replaced. Raises BoardError."""
        ...


class NoBoardYet:
    """Stands for the board while only the words of a command are looked at."""

    def run_command(self, arguments: Sequence[str], files: Mapping[str, bytes], seconds: float) -> Printed:
        """Never called."""
        raise AssertionError("a command was run before there was a board")


Run = Callable[[Sequence[str], Mapping[str, bytes], float], Printed]


def command_of(
    spec: str, text: str, pattern: "re.Pattern[str] | None", seconds: float, run: Run
) -> Callable[[Mapping[str, "np.ndarray[Any, Any]"]], Any]:
    """The function that hands outputs to the program and reads what it prints. Raises PostprocessError for a command
    line that can't be split or has no FOLDER in it."""
    try:
        arguments = shlex.split(text)
    except ValueError as error:
        raise PostprocessError(f"--postprocess {spec}: {error}") from error
    if len(arguments) < 2 or not any(FOLDER in argument for argument in arguments[1:]):
        raise PostprocessError(
            f"--postprocess {spec}: {FOLDER} isn't among the program's arguments",
            next_step=f"write 'cmd:PROGRAM {FOLDER}': it stands for the folder with the outputs",
        )

    def decide(outputs: Mapping[str, "np.ndarray[Any, Any]"]) -> Any:
        printed = run(arguments, files_of(outputs), seconds)
        if printed.ended == "output":
            raise NoDecision(f"{arguments[0]} printed more than {MAX_PRINTED} bytes and was ended")
        if printed.ended:
            raise Hung(f"{arguments[0]} ran for {seconds:g} s and was ended")
        if printed.status != 0:
            last = printed.errors.decode("utf-8", "replace").strip().splitlines()[-1:] or ["it said nothing on stderr"]
            raise NoDecision(f"{arguments[0]} ended with {told_status(printed.status)}: {last[0][:200]}")
        try:
            return read_text(decoded(printed.output).text, pattern)
        except Unmatched as error:
            raise NothingMatched(str(error)) from error
        except Unreadable as error:
            raise NoDecision(f"what {arguments[0]} printed can't be read: {error}") from error

    return decide


def files_of(outputs: Mapping[str, "np.ndarray[Any, Any]"]) -> dict[str, bytes]:
    """Each output as STEM.bin and STEM.npy, STEM as in a gt folder."""
    stems = file_stems(outputs)
    files: dict[str, bytes] = {}
    for name, tensor in outputs.items():
        array = np.ascontiguousarray(tensor)
        npy = io.BytesIO()
        np.lib.format.write_array(npy, array, allow_pickle=False)
        files[f"{stems[name]}.bin"] = array.tobytes()
        files[f"{stems[name]}.npy"] = npy.getvalue()
    return files


def run_here(arguments: Sequence[str], files: Mapping[str, bytes], seconds: float) -> Printed:
    """Run a program of this machine in the working directory. Raises PostprocessError where it can't be started."""
    with programs.handed_folder("axpair-post-") as folder:
        for name, data in files.items():
            with naming(folder / name):
                (folder / name).write_bytes(data)
        return run_program([argument.replace(FOLDER, str(folder)) for argument in arguments], seconds)


def run_program(command: Sequence[str], seconds: float, option: str = "--postprocess") -> Printed:
    """Run a program of this machine in the working directory, as `option` gave it. Raises PostprocessError where it
    can't be started."""
    try:
        process = start_program(command)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise PostprocessError(
            f"{option}: {command[0]} can't be run: {reason}",
            next_step="give a program's path, or its name if it is on PATH; no shell takes part",
        ) from error
    assert process.stderr is not None
    errors = programs.Printed(process.stderr, first=0, last=_MAX_ERRORS)
    try:
        output, ended = _watched(process, seconds)
    finally:
        close(process)
    return Printed(process.returncode, output, errors.kept(), ended)


def _watched(process: "subprocess.Popen[bytes]", seconds: float) -> tuple[bytes, str]:
    """What it printed, and why it was ended. A descendant that holds the pipe open is ended with it."""
    assert process.stdout is not None
    timed_out = threading.Event()

    def stop() -> None:
        timed_out.set()
        end(process)

    timer = threading.Timer(seconds, stop)
    timer.daemon = True
    timer.start()
    try:
        output = _read(process.stdout)
        if len(output) > MAX_PRINTED:
            return output[:MAX_PRINTED], "output"
        process.wait()
    finally:
        timer.cancel()
    return output, "timeout" if timed_out.is_set() else ""


def _read(stream: IO[bytes]) -> bytes:
    return stream.read(MAX_PRINTED + 1)
