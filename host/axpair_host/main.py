"""The entry point of `axpair`, and the one place that turns what happened into an exit code, and with --json into a
document: whoever reads stdout never finds it empty.

0 paired, nothing wrong · 1 a fault was isolated · 2 bad usage or bad input · 3 inconclusive, or board unavailable ·
70 a defect of ours · 130 interrupted, 143 told to end. A command returns "PASS", "FAULT", "INCONCLUSIVE" or None
(= "PASS"), or exits through `click.Context.exit`; what is wrong with its input or board it raises as an AxpairError.

Nothing here needs more than the base install: what is missing is said, not shown as a traceback.
"""

import io
import logging
import os
import signal
import sys
from dataclasses import dataclass
from types import FrameType

from axpair_proto.advice import Next
from axpair_proto.errors import AxpairError
from axpair_proto.failures import of_system, refused_by_system
from axpair_proto.printing import OutputError, print_causes, print_document, print_message, speech
from axpair_proto.sentences import Sentence, say
from axpair_proto.streams import replace_closed

from axpair_host import language

PASS, FAULT, USAGE, INCONCLUSIVE, DEFECT, BROKEN_PIPE = 0, 1, 2, 3, 70, 141

VERDICT_CODES = {None: PASS, "PASS": PASS, "FAULT": FAULT, "INCONCLUSIVE": INCONCLUSIVE}
SIDE_CODES = {"input": USAGE, "board": INCONCLUSIVE}

_HOST_MODULES = {"click", "msgspec", "numpy", "paramiko", "PIL", "platformdirs", "rich", "tomli"}
_EMULATOR_MODULES = {"onnx", "onnxruntime", "onnxslim"}


def main() -> None:
    """Run the command line and exit; never leaves a traceback on the terminal."""
    replace_closed()
    logging.getLogger().addHandler(logging.NullHandler())  # libraries' logs are no messages of ours
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), _leave)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else it is ignored, as under nohup
        signal.signal(signal.SIGINT, _leave)
    if hasattr(signal, "SIGCHLD"):
        # Where our starter ignored it, the kernel would take the exit states of our programs.
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # for a locale that hasn't our characters
    code = _flushed(run(sys.argv[1:]))
    sys.exit(code)


def _flushed(code: int) -> int:
    """The exit code once everything that was said has gone where it goes, or can't go there."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            code = BROKEN_PIPE
        except OSError:
            code = USAGE if code == PASS else code  # it was said: nothing is printed without being flushed
        else:
            continue
        # The interpreter flushes once more on its way out: let that go nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    return code


_told_to_end: list[int] = []
"""Signals that came, in order."""


def _leave(number: int, frame: FrameType | None) -> None:
    """Told to end: leave through every `finally`, so that nothing half-written stays, with the shell's usual code. Who
    asks again is not made to wait for that: as after a kill, the next call settles what is left."""
    if _told_to_end:
        os._exit(128 + number)
    _told_to_end.append(number)
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise SystemExit(128 + number)


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code; messages go to stderr."""
    speech.as_usual()
    with language.spoken(arguments):
        try:
            return _run(arguments)
        except (Exception, KeyboardInterrupt, SystemExit) as error:
            ending = _ending(error)
            try:
                _say(ending, error, arguments)
            except OutputError as refused:
                print_message(refused.message, refused.next_step)
            except BrokenPipeError:
                return BROKEN_PIPE
            return ending.code


@dataclass(frozen=True)
class _Ending:
    """How a command ended that didn't do what it was asked to."""

    code: int
    message: str = ""
    """"" = nothing is left to be said to people."""
    next_step: str | Next = ""
    side: str | None = None
    """As in AxpairError; None where it is neither: interrupted, or a defect of ours."""
    document: bool = True
    """Whether stdout can still take one."""


def _ending(error: BaseException) -> _Ending:
    if isinstance(error, KeyboardInterrupt):
        return _interrupted(signal.SIGINT)
    if _told_to_end:
        # A library written in C, such as numpy while it is imported, makes another error of what a signal raised.
        return _interrupted(_told_to_end[0])
    if isinstance(error, SystemExit):
        raise error
    if isinstance(error, AxpairError):
        return _refused(error)
    if (click := sys.modules.get("click")) is not None and isinstance(error, click.ClickException):
        context = getattr(error, "ctx", None)
        message = error.format_message()
        if not isinstance(message, Sentence):
            message = " ".join(message.split())  # click spreads choices over lines
        return _Ending(USAGE, message, f"{context.command_path} --help" if context is not None else "", "input")
    if isinstance(error, MemoryError):
        return _refused(
            AxpairError(
                say("no memory is left for this: {error}", error=str(error) or say("too much is asked for")),
                next_step="give a smaller model, picture or batch, or use a machine with more memory",
            )
        )
    if isinstance(error, ModuleNotFoundError) and (extra := _extra_of(error.name or "")) is not None:
        return _lacking(error, extra)
    if isinstance(error, BrokenPipeError):
        return _Ending(BROKEN_PIPE, document=False)
    if isinstance(error, OSError | ValueError) and (known := refused_by_system(error)) is not None:
        return _refused(known)
    return _defect(error)


def _say(ending: _Ending, error: BaseException, arguments: list[str]) -> None:
    """One message on stderr, and where documents are wanted one on stdout."""
    step = ending.next_step if isinstance(ending.next_step, Next) else Next(ending.next_step)
    step = step.of(("axpair", *arguments))
    if ending.message:
        print_message(ending.message, step)
        print_causes(error)
    if "--json" in arguments and ending.document:
        told = {
            "message": Sentence.of(ending.message),
            "side": ending.side,
            "next_step": Sentence.of(step.text),
            "command": step.line or None,
            "placeholders": step.document()["placeholders"],
            "exit_code": ending.code,
        }
        print_document({"schema_version": 1, "error": told})


def _run(arguments: list[str]) -> int:
    import click
    from axpair_proto.command_line import speak_through_click

    from axpair_host.cli import axpair

    speak_through_click()
    if instruction := os.environ.get("_AXPAIR_COMPLETE"):
        from axpair_host.cli.completion import answer

        return answer(instruction)
    try:
        with axpair.make_context("axpair", list(arguments)) as context:
            return _code_of(axpair.invoke(context))
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.UsageError as error:
        if type(error).__name__ != "NoArgsIsHelpError":
            raise
        error.show()  # click 8.2 and later: the message is the help text
        return USAGE


def _code_of(result: object) -> int:
    if isinstance(result, int) and not isinstance(result, bool):
        return result
    if result is not None and not isinstance(result, str):
        raise TypeError(f"a command returned {result!r}, which is no verdict")
    return VERDICT_CODES[result]


def _refused(error: AxpairError) -> _Ending:
    next_step = error.next_step
    if not next_step and (cause := of_system(error)) is not None:
        refused = refused_by_system(cause)
        next_step = refused.next_step if refused is not None else Next()
    return _Ending(
        SIDE_CODES[error.side], error.message, next_step, error.side, document=not isinstance(error, OutputError)
    )


def _interrupted(number: int) -> _Ending:
    """Only who pressed Ctrl-C is told so."""
    return _Ending(128 + number, "interrupted" if number == signal.SIGINT else "")


def _lacking(error: ModuleNotFoundError, extra: str) -> _Ending:
    message = say("this needs the {extra} extra of axpair: {name} isn't installed", extra=extra, name=error.name)
    return _Ending(USAGE, message, f"pip install 'axpair[{extra}]'", "input")


def _extra_of(module: str) -> str | None:
    top = module.partition(".")[0]
    if top in _HOST_MODULES:
        return "host"
    return "emulator" if top in _EMULATOR_MODULES else None


def _defect(error: BaseException) -> _Ending:
    from axpair_host.defects import write_log

    message = say(
        "a defect of axpair itself ended this command ({kind}); details: {path}",
        kind=type(error).__name__,
        path=write_log(error),
    )
    return _Ending(DEFECT, message)
