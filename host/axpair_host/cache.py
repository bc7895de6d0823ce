"""Where axpair keeps what it can make again: logs, uploads, built models."""

import os
import tempfile
from pathlib import Path


def cache_folder() -> Path:
    """$AXPAIR_CACHE, else the user's cache folder. It may not exist yet."""
    if named := os.environ.get("AXPAIR_CACHE"):
        return Path(named)
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    try:
        return (Path(base) if base else Path.home() / ".cache") / "axpair"
    except RuntimeError:  # a user without a home
        return Path(tempfile.gettempdir()) / "axpair"
