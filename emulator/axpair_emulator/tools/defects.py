"""What a drop-in command does about a defect of its own: one sentence, and the traceback in a file."""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from pathlib import Path
from typing import NoReturn

from axpair_proto.cache import cache_folder

DEFECT = 70


def end_as_defect(program: str, error: BaseException) -> NoReturn:
    """Say it and exit with 70, a code that none of the vendor's commands has."""
    text = "".join(traceback.format_exception(error))
    for folder in (cache_folder() / "logs", Path(tempfile.gettempdir())):
        path = folder / f"{program}-{os.getpid()}.log"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", errors="backslashreplace")
            break
        except OSError:
            continue
    sys.stderr.write(f"{program}: a defect of axpair itself ({type(error).__name__}); details: {path}\n")
    sys.exit(DEFECT)
