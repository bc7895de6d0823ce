"""A function of the user's in a process of its own, so that neither its end nor its endlessness is axpair's: a
post-processor, or what prepares the product's input.

The process is started once, imports the user's module once, and is started anew only where it ended on a leg.
"""

import atexit
import contextlib
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from axpair_host.errors import PostprocessError
from axpair_host.postprocess.ending import end, start_python, told_status
from axpair_host.postprocess.failing import Hung, NoDecision
from axpair_host.postprocess.frames import Array, receive, send

IMPORT_SECONDS = 300.0
"""For starting it and importing the user's module."""
_PARTING_SECONDS = 1.0
_START = (
    "import sys; sys.path[:] = sys.argv[1:]; from axpair_proto.keeper import keep; keep(1.0); "
    "from axpair_host.postprocess.child import main; main()"
)
Answer = dict[str, Any]


class PythonProcess:
    """Runs `module:function` there. One call at a time; from any thread."""

    def __init__(self, spec: str, option: str = "--postprocess") -> None:
        self._spec = spec
        self._option = option
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._watch: threading.Thread | None = None
        self.sources = ""
        """sha256 over the user's source files that were imported when it was last started."""

    def start(self) -> None:
        """Import the function, where that wasn't done yet. Raises PostprocessError where there is none, or importing
        it fails."""
        with self._lock:
            self._started()

    def decide(self, tensors: Mapping[str, Array], seconds: float, *, quiet: bool = False) -> Any:
        """What the function makes of them, as a JSON value; `quiet`: nothing of what it prints shows.

        Raises NoDecision where it raised or ended its process, Hung where it didn't end in time, and PostprocessError
        for a result that no JSON can hold.
        """
        answer, _ = self._called({"quiet": quiet}, tensors, seconds)
        return answer["decision"]

    def prepare(self, path: str, seconds: float, most: int) -> Array:
        """What the function makes of a file, as an array of at most `most` bytes. Raises as `decide` does, for what is
        larger, or no array of numbers."""
        _, tensors = self._called({"file": path, "most": most}, {}, seconds)
        return tensors["prepared"]

    def _called(self, request: Answer, tensors: Mapping[str, Array], seconds: float) -> tuple[Answer, dict[str, Array]]:
        with self._lock:
            answered = self._asked(self._started(), request, tensors, seconds)
        if answered is None:
            raise Hung(f"it ran for {seconds:g} s and was ended")
        answer, given = answered
        if "gone" in answer:
            raise NoDecision(f"it ended its own process with {answer['gone']} and gave no result")
        if "raised" in answer:
            raise NoDecision(answer["raised"])
        _refuse_unusable(answer)
        return answer, given

    def close(self) -> None:
        """Let it end, and see to it that it does."""
        process, watch = self._process, self._watch
        if process is None or watch is None:
            return
        assert process.stdin is not None
        with contextlib.suppress(OSError):
            process.stdin.close()
        watch.join(_PARTING_SECONDS)
        self._end(process)

    def _started(self) -> "subprocess.Popen[bytes]":
        if self._process is not None and self._process.poll() is None:
            return self._process
        if self._process is not None:
            self._end(self._process)
        process = start_python(["-c", _START, *(path or str(Path.cwd()) for path in sys.path)])
        self._process = process
        # What it leaves behind would hold the pipe open, and nobody would see that it ended.
        self._watch = threading.Thread(target=_clear_up, args=(process,), daemon=True)
        self._watch.start()
        answered = self._asked(process, {"spec": self._spec, "option": self._option}, {}, IMPORT_SECONDS)
        named = f"{self._option} {self._spec}"
        if answered is None:
            raise PostprocessError(f"{named}: importing it takes more than {IMPORT_SECONDS:g} s")
        answer, _ = answered
        if "gone" in answer:
            raise PostprocessError(f"{named}: importing it ended the process with {answer['gone']}")
        try:
            _refuse_unusable(answer)
        except PostprocessError:
            self._end(process)
            raise
        if self.sources not in ("", answer["sources"]):
            self._end(process)
            raise PostprocessError(
                f"{named}: its source files changed since it was first imported",
                next_step="put them back and call again, or begin anew with the new ones",
            )
        self.sources = answer["sources"]
        return process

    def _asked(
        self, process: "subprocess.Popen[bytes]", request: Answer, tensors: Mapping[str, Array], seconds: float
    ) -> tuple[Answer, dict[str, Array]] | None:
        """The answer and its tensors; {"gone": how} where the process ended over it; None where its time was over."""
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            with _limited(process, seconds) as over:
                with contextlib.suppress(BrokenPipeError):
                    send(process.stdin, request, tensors)
                received = receive(process.stdout)
        except BaseException:  # also that axpair was told to end
            self._end(process)
            raise
        if received is not None:
            return received
        if self._watch is not None:
            self._watch.join(_PARTING_SECONDS)
        self._end(process)
        return None if over.is_set() else ({"gone": told_status(process.returncode)}, {})

    def _end(self, process: "subprocess.Popen[bytes]") -> None:
        if self._watch is None or self._watch.is_alive():
            end(process)
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        self._process = None


_last: tuple[tuple[str, ...], PythonProcess] | None = None


def process_of(spec: str) -> PythonProcess:
    """The process of this function, started and kept for the next who asks for it; it ends with axpair.

    Raises PostprocessError as `PythonProcess.start` does.
    """
    global _last
    key = (spec, str(Path.cwd()), *sys.path)
    if _last is None or _last[0] != key:
        close_all()
        _last = key, PythonProcess(spec)
    _last[1].start()
    return _last[1]


def close_all() -> None:
    """End what is kept."""
    global _last
    if _last is not None:
        _last[1].close()
        _last = None


atexit.register(close_all)


@contextlib.contextmanager
def _limited(process: "subprocess.Popen[bytes]", seconds: float) -> Iterator[threading.Event]:
    """Ends the process when the time is over; the event tells that it was."""
    over = threading.Event()

    def stop() -> None:
        over.set()
        end(process)

    timer = threading.Timer(seconds, stop)
    timer.daemon = True
    timer.start()
    try:
        yield over
    finally:
        timer.cancel()
        timer.join()


def _clear_up(process: "subprocess.Popen[bytes]") -> None:
    process.wait()
    end(process)


def _refuse_unusable(answer: Answer) -> None:
    if "unusable" in answer:
        raise PostprocessError(answer["unusable"], next_step=answer["next_step"])
