"""`pulsar` as a process: which command runs, and how it ends."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from hashlib import sha256
from pathlib import Path
from typing import NoReturn

from axpair_proto.errors import AxpairError
from axpair_proto.failures import refused_by_system
from axpair_proto.printing import print_aside
from axpair_proto.streams import replace_closed

from axpair_emulator.tools.defects import end_as_defect
from axpair_emulator.tools.pulsar.arguments import parser
from axpair_emulator.tools.pulsar.log import Log
from axpair_emulator.tools.streams import unwritable

FAILED, USAGE, INTERRUPTED = 1, 2, 130
BROKEN_PIPE = 141


def main() -> NoReturn:
    """Run one command: 0 done, 1 bad input (one message on stderr), 2 bad usage."""
    replace_closed()
    given = parser().parse_args()
    if given.command == "debug":
        sys.stderr.write(
            "pulsar: the emulated toolchain has no `pulsar debug`; `axpair layers` compares layer by layer\n"
        )
        sys.exit(USAGE)
    try:
        _dispatch(given)
    except AxpairError as error:
        _refuse(error)
    except MemoryError as error:
        sys.stderr.write(f"ERR no memory is left for this: {error or 'too much is asked for'}\n")
        sys.exit(FAILED)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # The interpreter flushes once more on its way out: let that go nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(BROKEN_PIPE)
    except Unwritable as error:
        unwritable("pulsar", str(error))
        sys.exit(FAILED)
    except OSError as error:
        refused = refused_by_system(error)
        if refused is None:
            end_as_defect("pulsar", error)
        _refuse(refused)
    except Exception as error:
        end_as_defect("pulsar", error)
    sys.exit(0)


def _refuse(error: AxpairError) -> NoReturn:
    print_aside(f"ERR {error.message}")
    if step := error.next_step.of(("pulsar", *sys.argv[1:])):
        print_aside(f"  next: {step.one_line}")
    sys.exit(FAILED)


def _dispatch(given: Namespace) -> None:
    sys.stdout.reconfigure(errors="surrogateescape", line_buffering=True)  # type: ignore[union-attr]
    log = Log(_tell)
    if given.command == "build":
        from axpair_emulator.tools.pulsar.build import build_joint

        build_joint(given, log, Path())
    elif given.command == "run":
        from axpair_emulator.tools.pulsar.run import simulate

        simulate(given, log)
    elif given.command == "info":
        from axpair_emulator.tools.pulsar.info import show_model

        show_model(given, _tell)
    else:
        from axpair_emulator.build import TOOLS_VERSION

        _tell(f"{TOOLS_VERSION}\n{sha256(TOOLS_VERSION.encode()).hexdigest()[:8]}\n")


class Unwritable(Exception):
    """Standard output can't be written."""


def _tell(text: str) -> None:
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise Unwritable(error.strerror or str(error)) from error
