"""What makes a run this run: the header that is compared when a replay is called again."""

import shlex
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

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
    "atol": "--atol",
    "rtol": "--rtol",
    "postprocess": "--postprocess",
    "post_pattern": "--post-pattern",
    "other": "--other",
}
"""Keys that must stay the same, in the order in which a difference is named. Files stand as their sha256."""

CASE_LIST = "case_list"
"""Digest of the ids when the run was last called; it may change: new cases are simply run."""

WORKERS_LOST = "workers_lost"
"""How many workers ended from outside, or while idle, in all calls."""


def refuse_other(stored: Mapping[str, str], wanted: Mapping[str, str], run: str) -> None:
    """Raise UsageError that names everything in which `wanted` differs from the run's header."""
    differing = [
        f"{word}: {_short(stored.get(key, ''))} there, {_short(wanted.get(key, ''))} now"
        for key, word in WORDS.items()
        if stored.get(key, "") != wanted.get(key, "")
    ]
    if differing:
        raise UsageError(
            f"--run {run} holds a replay with other models or options: {'; '.join(differing)}",
            next_step="call it as before, or give another --run",
        )


def postprocessor_pin(spec: str) -> str:
    """The post-processor that was loaded from `spec`: its name and the digest of its module, or of its program."""
    if spec.startswith(HERE):
        program = Path(shutil.which(shlex.split(spec[len(HERE) :])[0]) or "")
        return f"{spec} (sha256 {file_sha256(program)[:12]})" if program.is_file() else spec
    module = sys.modules.get(spec.partition(":")[0])
    source = getattr(module, "__file__", None)
    return f"{spec} (sha256 {file_sha256(Path(source))[:12]})" if source else spec


def _short(value: str) -> str:
    if not value:
        return "none"
    is_digest = len(value) == 64 and all(letter in "0123456789abcdef" for letter in value)
    return f"sha256 {value[:12]}" if is_digest else value
