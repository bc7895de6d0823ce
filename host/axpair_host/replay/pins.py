"""What makes a run this run: the header that is compared when a replay is called again."""

import hashlib
import json
import shlex
import shutil
from collections.abc import Mapping
from pathlib import Path

from axpair_proto.advice import in_other_folder
from axpair_proto.text import LONGEST_NAME, printable

from axpair_host.digests import file_sha256
from axpair_host.errors import UsageError
from axpair_host.postprocess.loading import HERE

WORDS = {
    "joint": "the joint",
    "onnx": "the ONNX model",
    "lava_joint": "the lava_joint",
    "config": "the configuration",
    "simulator": "the simulator",
    "board": "the board",
    "repeat": "--repeat",
    "deadline": "--deadline",
    "atol": "--atol",
    "rtol": "--rtol",
    "lines": "--line",
    "postprocess": "--postprocess",
    "post_pattern": "--post-pattern",
    "preprocess": "--preprocess",
    "resize": "--resize",
    "other": "--other",
}
"""Keys that must stay the same, in the order in which a difference is named. Files stand as their sha256."""

_DIGESTS = " (sha256 "

CASE_LIST = "case_list"
"""Digest of the ids when the run was last called; it may change: new cases are simply run."""

WORKERS_LOST = "workers_lost"
"""How many workers ended from outside, or while idle, in all calls."""


DIGEST = "digest"
"""sha256 over what makes the run this run; release 0.1.0 had none."""

_CHANGING = (CASE_LIST, WORKERS_LOST, DIGEST)
_SINCE = ("deadline", "lines", "post_pattern", "preprocess", "resize", "other")
"""Keys that not every release wrote."""


def with_digest(header: Mapping[str, str]) -> dict[str, str]:
    """The header with what shows damage to it."""
    return {**header, DIGEST: _digest(header)}


def refuse_damaged(stored: Mapping[str, str], rows: int, run: str) -> None:
    """Raise UsageError where a run has rows and its header no longer says what they were made with."""
    if not rows:
        return
    lacking = [word for key, word in WORDS.items() if key not in stored and key not in _SINCE]
    if lacking or (DIGEST in stored and stored[DIGEST] != _digest(stored)):
        why = f"it lacks {', '.join(lacking)}" if lacking else "it isn't what was stored"
        raise UsageError(
            f"--run {run}: its header is damaged ({why}): with what models and options its "
            f"{rows} row{' was' if rows == 1 else 's were'} made isn't known",
            next_step=in_other_folder("--run", Path(run)),
        )


def _digest(header: Mapping[str, str]) -> str:
    steady = {key: value for key, value in header.items() if key not in _CHANGING}
    return hashlib.sha256(json.dumps(steady, sort_keys=True).encode()).hexdigest()


def refuse_other(stored: Mapping[str, str], wanted: Mapping[str, str], run: str) -> None:
    """Raise UsageError that names everything in which `wanted` differs from the run's header."""
    differing = [
        f"{word}: {_apart(stored.get(key, ''), wanted.get(key, ''))}"
        for key, word in WORDS.items()
        if not _agree(stored.get(key, ""), wanted.get(key, ""))
    ]
    if differing:
        raise UsageError(
            f"--run {run} holds a replay with other models or options: {'; '.join(differing)}",
            next_step=in_other_folder("--run", Path(run), "call it as before, or with another folder:"),
        )


def spec_pin(spec: str, sources: str) -> str:
    """The post-processor, or what prepares inputs, that was loaded from `spec`: its words, and digests of what it is.

    `sources` is the digest of a Python function's source files. Of a command here these are the program and every file
    among its arguments, such as the script that an interpreter is given.
    """
    digests = [sources, *map(file_sha256, files_of(spec))]
    told = [digest[:12] for digest in digests if digest]
    return f"{spec}{_DIGESTS}{', '.join(told)})" if told else spec


def files_of(spec: str) -> list[Path]:
    """The program and the files among the arguments of a command here; none for anything else."""
    if not spec.startswith(HERE):
        return []
    program, *arguments = shlex.split(spec[len(HERE) :])
    return [path for path in (Path(shutil.which(program) or ""), *map(Path, arguments)) if _is_file(path)]


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False  # a program's text, longer than any name


def _agree(stored: str, wanted: str) -> bool:
    """Equal, or as a release before wrote it, which took fewer digests or none of a function and of scripts."""
    return stored == wanted or wanted.startswith((f"{stored}{_DIGESTS}", f"{stored.removesuffix(')')}, "))


def _apart(there: str, now: str) -> str:
    """Two values that differ, so that it is seen."""
    first = next((at for at, (one, other) in enumerate(zip(there, now, strict=False)) if one != other), len(now))
    shown = _short(there, first), _short(now, first)
    if printable(shown[0].strip()) == printable(shown[1].strip()):
        shown = repr(there), repr(now)
    return "{} there, {} now".format(*(printable(one, LONGEST_NAME) for one in shown))


def _short(value: str, first: int) -> str:
    """As much as shows the place where it differs."""
    if not value:
        return "none"
    is_digest = len(value) == 64 and all(letter in "0123456789abcdef" for letter in value)
    if is_digest:
        return f"sha256 {value[:12] if first < 12 else value}"
    return f"...{value[first - 20 :]}" if first > LONGEST_NAME // 2 else value
