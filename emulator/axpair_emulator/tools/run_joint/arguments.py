"""The command line of `run_joint` (SDK V0.31, version 0.5.13).

The vendor parses with a library for C++ whose messages differ from argparse's: its are given here.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NoReturn

USAGE = """\
usage: ./run_joint [options] ... joint-file
options:
      --mode                   NPU mode, disable for no virtual npu; 1_1 for AX_NPU_VIRTUAL_1_1 (string [=])
  -d, --data                   The format is file0;file1... to specify data files for input vars.
\t'file*' would be directly loaded in binary format to tensor in order (string [=])
      --bin-out-dir            Dump output tensors in binary format (string [=])
      --repeat                 Repeat times for inference (int [=1])
      --warmup                 Repeat times for warmup (int [=0])
      --stride_w               mock input data with extra width stride (int [=0])
      --override_batch_size    override batch size for dynamic batch model (int [=0])
      --wbt_index              select WBT for inference (int [=0])
  -p, --manual_alloc           manually alloc buffer with ax sys api instead of joint api
  -t, --enable_trunc           truncate input data size to model required size when using a larger input data, \
experimental function, will be removed in future release
  -?, --help                   print this message
"""
"""What the program prints on stderr, word for word: scripts look for it."""

CACHE_MODES = ("CACHED", "NONE-CACHED", "SMART_CACHED")
"""Of --cache-mode, a flag of later versions (their documented help, where it defaults to CACHED)."""

_INT = re.compile(r"\s*[+-]?[0-9]+")


@dataclass(frozen=True)
class Arguments:
    """What was asked for; the names are the flags'."""

    joint: str = ""
    """"" where none was given."""
    mode: str = ""
    data: tuple[str, ...] = ()
    """Files in the order of the joint's inputs."""
    bin_out_dir: str = ""
    repeat: int = 1
    warmup: int = 0
    stride_w: int = 0
    override_batch_size: int = 0
    wbt_index: int = 0
    cache_mode: str = "CACHED"
    """One of `CACHE_MODES`; the emulated board's buffers are as coherent in all of them."""
    manual_alloc: bool = False
    enable_trunc: bool = False


class Stop(Exception):
    """The program ends before it begins."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        """For stderr."""


class _Refused(Exception):
    """A flag that doesn't exist or has no usable value."""


def parse(arguments: Sequence[str]) -> Arguments:
    """Read a command line. Raises Stop: 0 for help, 1 for anything that can't be understood.

    Of several files without a flag the first counts.
    """
    if any(word in ("-?", "--help") for word in arguments):
        raise Stop(0, USAGE)
    try:
        known, rest = _parser().parse_known_args(list(arguments))
        for word in rest:
            if word.startswith("--") and word != "--":
                raise _Refused(f"undefined option: {word}")
            if word.startswith("-") and word != "-":
                raise _Refused(f"undefined short option: {word[:2]}")
    except _Refused as refused:
        raise Stop(1, f"{refused}\n{USAGE}") from None
    files = [word for word in rest if word not in ("-", "--")]
    values = vars(known)
    data = values.pop("data")
    return Arguments(joint=files[0] if files else "", data=tuple(data.split(";")) if data else (), **values)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="run_joint", add_help=False, allow_abbrev=False)
    parser.add_argument("--mode", default="")
    parser.add_argument("-d", "--data", default="")
    parser.add_argument("--bin-out-dir", default="")
    for name, default in (("repeat", 1), ("warmup", 0), ("stride_w", 0), ("override_batch_size", 0), ("wbt_index", 0)):
        parser.add_argument(f"--{name}", type=_whole_number(name), default=default)
    parser.add_argument("--cache-mode", type=_cache_mode, default="CACHED")
    parser.add_argument("-p", "--manual_alloc", action="store_true")
    parser.add_argument("-t", "--enable_trunc", action="store_true")
    return parser


def _whole_number(name: str) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not _INT.fullmatch(text) or abs(int(text)) >= 1 << 31:
            raise _Refused(f"option value is invalid: --{name}={text}")
        return int(text)

    return read


def _cache_mode(text: str) -> str:
    if text not in CACHE_MODES:
        raise _Refused(f"option value is invalid: --cache-mode={text}")
    return text


class _Parser(argparse.ArgumentParser):
    """Leaves the words to us: what argparse itself can refuse here is a flag without its value, or one too many."""

    def error(self, message: str) -> NoReturn:
        found = re.match(r"argument (?:-\w/)?(--[\w-]+): (expected one argument)?", message)
        if not found:
            raise _Refused(message)
        raise _Refused(f"option {'needs value' if found[2] else 'value is invalid'}: {found[1]}")
