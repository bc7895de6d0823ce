"""Runs commands of `axpair` that come as lines of JSON, one after the other in this process; started by `feeding.py`.

Nothing but the standard library and the axpair under attack is imported, whichever release that is.
"""

import contextlib
import io
import json
import os
import sys

_opened: "list[tuple[str, bool]]" = []
_unpickled: "list[str]" = []


def _watch(event: str, arguments: "tuple[object, ...]") -> None:
    if event == "open" and isinstance(arguments[0], str | bytes):
        flags = arguments[2] if isinstance(arguments[2], int) else 0
        writes = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) != 0
        _opened.append((os.fsdecode(arguments[0]), writes))
    elif event == "pickle.find_class":
        _unpickled.append(f"{arguments[0]}.{arguments[1]}")


def _peak_bytes() -> int:
    try:
        with open("/proc/self/status", encoding="ascii") as status:
            lines = dict(line.split(":", 1) for line in status)
        return int(lines["VmHWM"].split()[0]) * 1024
    except (OSError, KeyError):
        return 0


def main() -> None:
    """Answer each line with one."""
    from axpair_host.main import run

    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    sys.addaudithook(_watch)
    for line in sys.stdin:
        arguments = json.loads(line)
        _opened.clear()
        _unpickled.clear()
        output, errors = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
            code = run([os.fsdecode(part.encode("utf-8", "surrogateescape")) for part in arguments])
        opened = [(os.path.realpath(path), writes) for path, writes in _opened]
        answer = {
            "code": code,
            "output": output.getvalue(),
            "errors": errors.getvalue(),
            "opened": opened,
            "unpickled": list(_unpickled),
            "peak": _peak_bytes(),
        }
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
