"""The worker as one file: a zip that python runs, made in memory, the same bytes for the same sources."""

import hashlib
import io
import zipfile
from pathlib import Path
from typing import NamedTuple

import axpair_proto

MAIN = b"""import pkgutil, sys
import axpair_proto
# What is installed there, such as a runtime's own contract, is found behind the few modules that travel.
axpair_proto.__path__ = pkgutil.extend_path(axpair_proto.__path__, "axpair_proto")
from axpair_agent.worker.__main__ import main
sys.exit(main())
"""
_PACKAGE = Path(__file__).parent.parent
_PROTO = Path(axpair_proto.__file__).parent
_MODULES = (
    "keeper",
    "log_lines",
    "logged_run",
    "programs",
    "regular",
    "run_endings",
    "run_failures",
    "run_logs",
    "variables",
)
TRAVELS = tuple(_PROTO / f"{name}.py" for name in _MODULES)
"""Of the contract: the modules that the worker needs, standard library only as it is."""
_TIME = (1980, 1, 1, 0, 0, 0)


class Archive(NamedTuple):
    """A zipapp and its digest."""

    data: bytes
    sha256: str


def worker_archive() -> Archive:
    """The packages `axpair_agent` and `axpair_proto` cut down to what the worker needs."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        _add(archive, "__main__.py", MAIN)
        for package, paths in (
            (_PACKAGE, [_PACKAGE / "__init__.py", *sorted((_PACKAGE / "worker").rglob("*.py"))]),
            (_PROTO, [_PROTO / "__init__.py", *TRAVELS]),
        ):
            for path in paths:
                _add(archive, f"{package.name}/{path.relative_to(package).as_posix()}", path.read_bytes())
    data = buffer.getvalue()
    return Archive(data, hashlib.sha256(data).hexdigest())


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    archive.writestr(zipfile.ZipInfo(name, _TIME), data, zipfile.ZIP_DEFLATED)
