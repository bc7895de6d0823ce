"""What makes a run this run: the header that is compared when a replay is called again."""

import sys
from collections.abc import Mapping
from pathlib import Path

from axpair_host.digests import file_sha256
from axpair_host.errors import UsageError

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
}
"""Keys that must stay the same, in the order in which a difference is named. Files stand as their sha256."""

CASE_LIST = "case_list"
"""Digest of the ids when the run was last called; it may change: new cases are simply run."""


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
    """The post-processor that was loaded from `spec`: its name and, for a Python function, its module's digest."""
    module = sys.modules.get(spec.partition(":")[0])
    source = getattr(module, "__file__", None)
    return f"{spec} (sha256 {file_sha256(Path(source))[:12]})" if source else spec


def _short(value: str) -> str:
    if not value:
        return "none"
    is_digest = len(value) == 64 and all(letter in "0123456789abcdef" for letter in value)
    return f"sha256 {value[:12]}" if is_digest else value
