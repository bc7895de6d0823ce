"""Runs what prepares the product's input: a Python function, or a program here."""

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from axpair_proto.gt.tensors import UnreadableTensor, read_foreign
from axpair_proto.programs import handed_folder

from axpair_host.errors import PostprocessError
from axpair_host.postprocess.commands import FOLDER, run_program
from axpair_host.postprocess.ending import told_status
from axpair_host.postprocess.failing import NoDecision
from axpair_host.postprocess.loading import HERE
from axpair_host.postprocess.process import PythonProcess

Array = np.ndarray[Any, Any]
OPTION = "--preprocess"
FILE = "{in}"
"""Stands for the input file in a program's arguments."""
SECONDS = 60.0
"""For one file."""
_MOST_BYTES = 256 << 20
_MOST_TIMES = 16
"""float64 for bytes, with rows twice as far apart; or `_MOST_BYTES`, where that is more."""
_FORM = f"write 'cmd:PROGRAM {FILE} {FOLDER}': the input file, and a folder for what is made of it, one .bin or .npy"


class NothingPrepared(PostprocessError):
    """It failed on a file, or made nothing of it."""


@dataclass(frozen=True)
class Preprocessor:
    """`module:function`, which gets the file's path and returns an array or bytes; or `cmd:PROGRAM {in} {dir}`."""

    spec: str
    process: PythonProcess | None
    """None for a program."""

    def prepared(self, path: Path, size: int) -> Array:
        """What it makes of the file of one input, which takes `size` bytes. Raises NothingPrepared where it fails, or
        makes nothing, or far more than that."""
        most = max(_MOST_BYTES, _MOST_TIMES * size)
        try:
            if self.process is not None:
                return self.process.prepare(str(path), SECONDS, most)
            return self._by_program(path, most)
        except NoDecision as error:
            raise NothingPrepared(
                f"{OPTION} {self.spec}: on {path}: {error}",
                next_step="let it take the file that --input names, and return the bytes that the board is handed",
            ) from error

    @property
    def sources(self) -> str:
        """sha256 over the source files of a Python function; "" for a program."""
        return self.process.sources if self.process is not None else ""

    def close(self) -> None:
        """End its process."""
        if self.process is not None:
            self.process.close()

    def _by_program(self, path: Path, most: int) -> Array:
        with handed_folder("axpair-pre-") as folder:
            words = shlex.split(self.spec.removeprefix(HERE))
            command = [word.replace(FOLDER, str(folder)).replace(FILE, str(path)) for word in words]
            printed = run_program(command, SECONDS, OPTION)
            if printed.ended:
                raise NoDecision(f"{words[0]} was ended: too long, or too much printed")
            if printed.status != 0:
                last = printed.errors.decode("utf-8", "replace").strip().splitlines()[-1:] or ["nothing on stderr"]
                raise NoDecision(f"{words[0]} ended with {told_status(printed.status)}: {last[0][:200]}")
            return _only_file(folder, most)


def load(spec: str) -> Preprocessor:
    """Raises PostprocessError where there is no such thing, or importing it fails."""
    if spec.startswith(HERE):
        try:
            words = shlex.split(spec.removeprefix(HERE))
        except ValueError as error:
            raise PostprocessError(f"{OPTION} {spec}: {error}") from error
        lacking = [one for one in (FILE, FOLDER) if not any(one in word for word in words[1:])]
        if lacking:
            raise PostprocessError(f"{OPTION} {spec}: {lacking[0]} isn't among its arguments", next_step=_FORM)
        return Preprocessor(spec, None)
    process = PythonProcess(spec, OPTION)
    process.start()
    return Preprocessor(spec, process)


def _only_file(folder: Path, most: int) -> Array:
    """The one .npy or .bin in it; of the same name, the .npy."""
    if folder.is_symlink():
        raise NoDecision(f"it put a link in the place of {FOLDER}")
    try:
        left = sorted(folder.iterdir())
    except OSError as error:
        raise NoDecision(f"{FOLDER} can't be read after it: {error.strerror or error}") from error
    found = {path.stem: path for suffix in (".bin", ".npy") for path in left if path.suffix == suffix}
    if len(found) != 1:
        raise NoDecision(f"it left {len(found)} files that end in .bin or .npy in {FOLDER}; one was expected")
    (path,) = found.values()
    try:
        return read_foreign(path, most)
    except UnreadableTensor as error:
        raise NoDecision(f"of what it left in {FOLDER}, {error.message}") from error
