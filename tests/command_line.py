"""The real command line: as a process of its own, or within this one where only its result matters."""

import contextlib
import io
import os
import subprocess
import sys
from pathlib import Path

from axpair_host.main import run

CACHE = "AXPAIR_CACHE"
Done = subprocess.CompletedProcess[str]


def axpair(*arguments: str | Path, cwd: Path | None = None, **variables: str) -> Done:
    """Run `axpair` to its end; `variables` are added to the environment."""
    return subprocess.run(
        command(*arguments), capture_output=True, text=True, check=False, cwd=cwd, env=environment(**variables)
    )


def axpair_here(*arguments: str | Path) -> Done:
    """The same without a process of its own: quicker, for tests of what comes out, not of how a process ends."""
    out, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
        code = run([str(argument) for argument in arguments])
    return subprocess.CompletedProcess(["axpair", *map(str, arguments)], code, out.getvalue(), errors.getvalue())


def command(*arguments: str | Path) -> list[str]:
    """The command line of `axpair` in this interpreter, as the installed script calls it."""
    return [sys.executable, "-c", "from axpair_host.main import main; main()", *map(str, arguments)]


def environment(**variables: str) -> dict[str, str]:
    """This process's environment without what would change axpair's ways."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AXPAIR_") or name == CACHE}
    return {**kept, **variables}


def said_once(done: Done, code: int) -> str:
    """The one message on stderr of a command that failed with that exit code, without a traceback."""
    assert done.returncode == code, f"exit {done.returncode}\n{done.stderr}\n{done.stdout}"
    assert "Traceback" not in done.stderr + done.stdout
    messages = [line for line in done.stderr.splitlines() if line.startswith("axpair: ")]
    assert len(messages) == 1, done.stderr
    return done.stderr
