"""The worker as one file: a zip that python runs, made in memory, the same bytes for the same sources."""

import hashlib
import io
import zipfile
from pathlib import Path
from typing import NamedTuple

MAIN = b"import sys\nfrom axpair_agent.worker.__main__ import main\nsys.exit(main())\n"
_PACKAGE = Path(__file__).parent.parent
_TIME = (1980, 1, 1, 0, 0, 0)


class Archive(NamedTuple):
    """A zipapp and its digest."""

    data: bytes
    sha256: str


def worker_archive() -> Archive:
    """The package `axpair_agent` cut down to what the worker needs."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        _add(archive, "__main__.py", MAIN)
        for path in [_PACKAGE / "__init__.py", *sorted((_PACKAGE / "worker").rglob("*.py"))]:
            _add(archive, f"{_PACKAGE.name}/{path.relative_to(_PACKAGE).as_posix()}", path.read_bytes())
    data = buffer.getvalue()
    return Archive(data, hashlib.sha256(data).hexdigest())


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    archive.writestr(zipfile.ZipInfo(name, _TIME), data, zipfile.ZIP_DEFLATED)
