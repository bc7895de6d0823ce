"""What is kept of a defect of ours: its traceback in a file, so that the terminal needs one sentence only."""

import os
import platform
import sys
import tempfile
import traceback
from pathlib import Path

from axpair_proto import __version__
from axpair_proto.cache import cache_folder


def write_log(error: BaseException) -> Path | str:
    """Write the traceback with versions and the command's name; return the file's path, or why there is none."""
    text = (
        f"axpair {__version__}, Python {platform.python_version()}, {platform.platform()}\n"
        f"command: {' '.join(sys.argv[1:2])}\n\n"
        + "".join(traceback.format_exception(type(error), error, error.__traceback__))
    )
    for folder in (cache_folder() / "logs", Path(tempfile.gettempdir())):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix="axpair-defect-", suffix=".log", dir=folder)
            with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as stream:
                stream.write(text)
            return Path(name)
        except OSError:
            continue
    return "no log could be written"
