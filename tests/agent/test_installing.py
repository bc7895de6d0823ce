"""The program that puts the worker on a board, where the home there can't be written."""

import hashlib
import os
import stat
import subprocess
import sys
from pathlib import Path

from axpair_agent.launch.installing import PROGRAM

WORKER = b"the worker"


def placed(tmp_path: Path, **variables: str) -> Path:
    """Where it says that the worker lies; everything goes to a temporary folder of the test's."""
    (tmp_path / "tmp").mkdir(exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if name not in ("AXPAIR_CACHE", "XDG_CACHE_HOME")}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, hashlib.sha256(WORKER).hexdigest(), str(len(WORKER))],
        input=WORKER,
        env={**kept, "TMPDIR": str(tmp_path / "tmp"), **variables},
        capture_output=True,
        check=True,
    )
    need, have = done.stdout.decode().splitlines()
    assert need == "need"
    path = Path(have.removeprefix("have "))
    assert path.read_bytes() == WORKER
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    return path


def test_a_home_that_cant_be_written_is_stood_in_for(tmp_path: Path) -> None:
    (tmp_path / "home").touch()
    assert placed(tmp_path, HOME=str(tmp_path / "home")).parent == tmp_path / "tmp" / f"axpair-{os.getuid()}"


def test_a_folder_that_somebody_else_made_there_isnt_taken(tmp_path: Path) -> None:
    (tmp_path / "home").touch()
    (tmp_path / "tmp").mkdir()
    (tmp_path / "theirs").mkdir()
    (tmp_path / "tmp" / f"axpair-{os.getuid()}").symlink_to(tmp_path / "theirs")
    path = placed(tmp_path, HOME=str(tmp_path / "home"))
    assert path.parent.parent == tmp_path / "tmp"
    assert not any((tmp_path / "theirs").iterdir())


def test_a_folder_of_ones_own_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "home" / ".cache").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "home" / ".cache" / "axpair").symlink_to(tmp_path / "elsewhere")
    assert placed(tmp_path, HOME=str(tmp_path / "home")).resolve().parent == tmp_path / "elsewhere"


def test_what_axpair_cache_names_counts(tmp_path: Path) -> None:
    assert placed(tmp_path, AXPAIR_CACHE=str(tmp_path / "named")).parent == tmp_path / "named"
