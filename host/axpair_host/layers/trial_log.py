"""The log of a bisection: one line of JSON for each trial, on disk before the next one begins.

A run that was killed, by whatever means, goes on where its log ends. A last line that was cut short doesn't count.
"""

import json
import os
from pathlib import Path
from typing import Any

import msgspec
from axpair_proto.advice import in_other_folder
from axpair_proto.gt.listing import claim
from axpair_proto.gt.replacing import write_whole_file
from axpair_proto.regular import read_text_bytes

from axpair_host.documents.layers import Trial
from axpair_host.errors import UsageError

FILE_NAME = "bisection.jsonl"
_BEGINNING = b'{"joint_sha256":"'
KIND = "results"
"""What the mark of a folder of results says that it is."""
SCHEMA_VERSION = 1


class Header(msgspec.Struct, frozen=True):
    """What a log belongs to; trials of anything else say nothing here."""

    joint_sha256: str
    inputs: dict[str, str]
    """Input name to sha256."""
    board: str
    simulator: str
    repeat: int
    schema_version: int = SCHEMA_VERSION


class TrialLog:
    """Trials by their key, those of earlier runs included."""

    def __init__(self, folder: Path, header: Header) -> None:
        """Open or start the log in `folder`, which is made. Raises UsageError where it is another bisection's."""
        self.path = folder / FILE_NAME
        self.trials: dict[str, Trial] = {}
        self.resumed = 0
        self.damaged = 0
        """Lines that make no sense: those trials are made again."""
        if self.path.is_file() and not _is_log(self.path):
            raise UsageError(f"{self.path} is no log of a bisection", next_step=in_other_folder("--out", folder))
        claim(folder, [FILE_NAME], KIND, is_ours=_is_log)
        try:
            lines = self._whole_lines()
        except OSError as error:
            why = f"--out {folder}: {error.strerror or error}"
            raise UsageError(why, next_step=in_other_folder("--out", folder)) from error
        if lines:
            self._take(lines, header)
        else:
            write_whole_file(self.path, msgspec.json.encode(header) + b"\n")

    def add(self, trial: Trial) -> None:
        """Keep a trial; it is on disk when this returns."""
        self.trials[trial.key] = trial
        with self.path.open("ab") as stream:
            stream.write(msgspec.json.encode(trial, enc_hook=str) + b"\n")
            stream.flush()
            os.fsync(stream.fileno())

    def _whole_lines(self) -> list[bytes]:
        """The lines that were written to their end; what comes after them is cut off."""
        if not self.path.exists():
            return []
        data = read_text_bytes(self.path)
        whole = data[: data.rfind(b"\n") + 1]
        if whole != data:
            write_whole_file(self.path, whole)
        return whole.splitlines()

    def _take(self, lines: list[bytes], header: Header) -> None:
        try:
            found = msgspec.json.decode(lines[0], type=Header)
        except (msgspec.MsgspecError, ValueError) as error:
            raise UsageError(
                f"{self.path} is no log of a bisection: {error}", next_step=in_other_folder("--out", self.path.parent)
            ) from error
        if found != header:
            theirs, ours = (json.loads(msgspec.json.encode(one)) for one in (found, header))
            unlike = [
                f"{key} {_short(theirs[key])} against {_short(ours[key])}" for key in ours if theirs[key] != ours[key]
            ]
            raise UsageError(
                f"{self.path} is of another bisection: {'; '.join(unlike)}",
                next_step=in_other_folder("--out", self.path.parent),
            )
        trials = [trial for line in lines[1:] if (trial := _trial(line)) is not None]
        self.trials = {trial.key: trial for trial in trials}
        self.resumed = len(trials)
        self.damaged = len(lines) - 1 - len(trials)


def _trial(line: bytes) -> Trial | None:
    try:
        return msgspec.json.decode(line, type=Trial)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def _is_log(path: Path) -> bool:
    """Whether it begins as a log does, be it cut short within its first line; so does an empty file."""
    try:
        with path.open("rb") as stream:
            line = stream.readline(1 << 20)
        if line.endswith(b"\n"):
            msgspec.json.decode(line, type=Header)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    return line[: len(_BEGINNING)] == _BEGINNING[: len(line)]


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
