"""The entry point of `axpair`, and the one place that turns what happened into an exit code.

0 paired, nothing wrong · 1 a fault was isolated · 2 bad usage or bad input · 3 inconclusive, or board unavailable ·
70 a defect of ours · 130 interrupted, 143 told to end. A command returns "PASS", "FAULT", "INCONCLUSIVE" or None
(= "PASS"), or exits through `click.Context.exit`; what is wrong with its input or board it raises as an AxpairError.

Nothing here needs more than the base install: what is missing is said, not shown as a traceback.
"""

import logging
import os
import signal
import sys
from types import FrameType
from typing import TYPE_CHECKING

from axpair_proto.errors import AxpairError

if TYPE_CHECKING:
    import click

PASS, FAULT, USAGE, INCONCLUSIVE, DEFECT, INTERRUPTED, BROKEN_PIPE = 0, 1, 2, 3, 70, 130, 141

VERDICT_CODES = {None: PASS, "PASS": PASS, "FAULT": FAULT, "INCONCLUSIVE": INCONCLUSIVE}
SIDE_CODES = {"input": USAGE, "board": INCONCLUSIVE}

_HOST_MODULES = {"click", "msgspec", "numpy", "paramiko", "PIL", "platformdirs", "rich", "tomli"}
_EMULATOR_MODULES = {"onnx", "onnxruntime", "onnxslim"}


def main() -> None:
    """Run the command line and exit; never leaves a traceback on the terminal."""
    logging.getLogger().addHandler(logging.NullHandler())  # libraries' logs are no messages of ours
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), _leave)
    code = run(sys.argv[1:])
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        code = BROKEN_PIPE
    if code == BROKEN_PIPE:
        # The interpreter flushes once more on its way out: let that go nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)


def _leave(number: int, frame: FrameType | None) -> None:
    """Told to end: leave through every `finally`, so that nothing half-written stays, with the shell's usual code."""
    raise SystemExit(128 + number)


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code; messages go to stderr."""
    try:
        return _run(arguments)
    except AxpairError as error:
        return _refuse(error, arguments)
    except MemoryError as error:
        return _refuse(
            AxpairError(
                f"no memory is left for this: {error or 'too much is asked for'}",
                next_step="give a smaller model, picture or batch, or use a machine with more memory",
            ),
            arguments,
        )
    except ModuleNotFoundError as error:
        extra = _extra_of(error.name or "")
        if extra is None:
            return _defect(error)
        _say(f"this needs the {extra} extra of axpair: {error.name} isn't installed")
        print(f"  next: pip install 'axpair[{extra}]'", file=sys.stderr)
        return USAGE
    except BrokenPipeError:
        return BROKEN_PIPE
    except KeyboardInterrupt:
        _say("interrupted")
        return INTERRUPTED
    except Exception as error:
        return _defect(error)


def _run(arguments: list[str]) -> int:
    import click

    from axpair_host.cli import axpair

    if instruction := os.environ.get("_AXPAIR_COMPLETE"):
        from click.shell_completion import shell_complete

        return shell_complete(axpair, {}, "axpair", "_AXPAIR_COMPLETE", instruction)
    try:
        with axpair.make_context("axpair", list(arguments)) as context:
            return _code_of(axpair.invoke(context))
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.Abort:
        _say("interrupted")
        return INTERRUPTED
    except click.ClickException as error:
        if type(error).__name__ == "NoArgsIsHelpError":  # click 8.2 and later: the message is the help text
            error.show()
        else:
            _show_usage(error)
        return USAGE


def _code_of(result: object) -> int:
    if isinstance(result, int) and not isinstance(result, bool):
        return result
    if result is not None and not isinstance(result, str):
        raise TypeError(f"a command returned {result!r}, which is no verdict")
    return VERDICT_CODES[result]


def _refuse(error: AxpairError, arguments: list[str]) -> int:
    _say(str(error))
    if "--json" in arguments:
        _print_error_document(error)
    return SIDE_CODES[error.side]


def _show_usage(error: "click.ClickException") -> None:
    """One message as for every other bad input, then the command that shows the options."""
    _say(error.format_message())
    context = getattr(error, "ctx", None)
    if context is not None:
        print(f"  next: {context.command_path} --help", file=sys.stderr)


def _print_error_document(error: AxpairError) -> None:
    """The one document of a command that was asked for JSON and came to nothing."""
    import json

    told = {"message": error.message, "side": error.side, "next_step": error.next_step}
    print(json.dumps({"schema_version": 1, "error": told}, ensure_ascii=False))


def _extra_of(module: str) -> str | None:
    top = module.partition(".")[0]
    if top in _HOST_MODULES:
        return "host"
    return "emulator" if top in _EMULATOR_MODULES else None


def _defect(error: Exception) -> int:
    from axpair_host.defects import write_log

    _say(f"a defect of axpair itself ended this command ({type(error).__name__}); details: {write_log(error)}")
    return DEFECT


def _say(message: str) -> None:
    print(f"axpair: {message}", file=sys.stderr, flush=True)
