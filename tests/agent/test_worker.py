"""The worker by itself: as one file, under the oldest Python that it runs on, and what it reads and keeps."""

import hashlib
import io
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from agent_process import environment
from axpair_agent.launch.archive import worker_archive
from axpair_agent.worker import modelcache
from axpair_agent.worker.board import read_board
from axpair_agent.worker.descriptors import reader
from axpair_agent.worker.frames import Kind, pack, read
from axpair_agent.worker.modelcache import ModelCache
from toy_models import data, toy_model


def test_the_board_is_read_node_by_node_and_what_lacks_is_named(tmp_path: Path) -> None:
    node = tmp_path / "proc" / "mem_cmm_info"
    node.parent.mkdir()
    node.write_bytes(b" total size=182272KB(178MB),used=129524KB\n\xff" + b"x" * (1 << 20))
    (tmp_path / "proc" / "ax_proc" / "bw_limit").mkdir(parents=True)
    (tmp_path / "proc" / "ax_proc" / "bw_limit" / "npu").write_text("3.8GB\n")
    (tmp_path / "proc" / "ax_proc" / "chip_type").write_text("AX650C_CHIP\0\n")
    board = read_board(tmp_path)
    assert board.found["cmm"].startswith("total size=182272KB(178MB),used=129524KB")
    assert len(board.found["cmm"]) <= 1 << 16
    assert board.found["bw_limit/npu"] == "3.8GB"
    assert board.found["chip_type"] == "AX650C_CHIP"
    assert any(line.startswith("temperature: No such file") for line in board.lacking)


def test_the_models_folder_keeps_only_whole_files(tmp_path: Path) -> None:
    cache = ModelCache(tmp_path / "models")
    model = b"m" * 3000
    digest = hashlib.sha256(model).hexdigest()
    assert cache.holds(digest) is None
    assert cache.put(digest, 0, model[:1000], 3000) is None
    with pytest.raises(ValueError, match="out of order"):
        cache.put(digest, 500, model[1000:], 3000)
    path = cache.put(digest, 1000, model[1000:], 3000)
    assert path is not None
    assert path.read_bytes() == model
    with pytest.raises(ValueError, match="have the digest"):
        cache.put("0" * 64, 0, b"other", 5)
    with pytest.raises(ValueError, match="is not a SHA-256"):
        cache.holds("../../escape")
    assert [entry.name for entry in (tmp_path / "models").iterdir()] == [digest]


def test_the_models_folder_makes_room_by_models_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(modelcache, "KEEP_BYTES", 5)
    cache = ModelCache(tmp_path)
    (tmp_path / "photo.png").write_bytes(b"mine")
    os.utime(tmp_path / "photo.png", (0, 0))
    for model in (b"old", b"new"):
        cache.put(hashlib.sha256(model).hexdigest(), 0, model, len(model))
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [hashlib.sha256(b"new").hexdigest(), "photo.png"]


def test_the_archive_is_the_same_for_the_same_sources_and_holds_only_the_worker() -> None:
    archive = worker_archive()
    assert archive == worker_archive()
    assert hashlib.sha256(archive.data).hexdigest() == archive.sha256
    names = zipfile.ZipFile(io.BytesIO(archive.data)).namelist()
    assert {"__main__.py", "axpair_agent/__init__.py", "axpair_agent/worker/__main__.py"} <= set(names)
    assert all(name.startswith("axpair_agent/worker/") for name in names if name.count("/") > 1)


def oldest_python() -> tuple[str, tuple[int, int]]:
    """The oldest Python from 3.9 on that this machine has; ours at worst."""
    ask = "import sys; print(sys.version_info[0], sys.version_info[1])"
    roots = [Path(path) for path in os.environ.get("PYENV_ROOT", str(Path.home() / ".pyenv")).split(os.pathsep)]
    for minor in range(9, sys.version_info[1]):
        name = f"python3.{minor}"
        found = [
            shutil.which(name),
            *(str(path) for root in roots for path in root.glob(f"versions/3.{minor}*/bin/{name}")),
        ]
        for path in filter(None, found):
            ended = subprocess.run([path, "-c", ask], capture_output=True, text=True, timeout=60, check=False)
            if ended.returncode == 0 and ended.stdout.split() == ["3", str(minor)]:
                return path, (3, minor)
    return sys.executable, sys.version_info[:2]


@pytest.fixture
def old_worker(tmp_path: Path) -> Callable[..., "subprocess.Popen[bytes]"]:
    """Starts the worker's one file under the oldest Python, away from our environment."""
    archive = tmp_path / "worker.pyz"
    archive.write_bytes(worker_archive().data)
    python, version = oldest_python()
    print(f"the oldest Python here is {version}: {python}")

    def start(*arguments: str) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [python, "-W", "error", str(archive), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(),
            cwd=tmp_path,
        )

    return start


def test_the_one_file_serves_under_the_oldest_python(
    old_worker: Callable[..., "subprocess.Popen[bytes]"], tmp_path: Path
) -> None:
    worker = old_worker("--runtime=toy_runtime:ToyRuntime", f"--cache={tmp_path / 'models'}")
    assert worker.stdin is not None
    assert worker.stdout is not None
    model, given = toy_model(), data()
    digest = hashlib.sha256(model).hexdigest()
    requests = [
        pack(Kind.HAVE, {"nonce": "a", "sha256": digest}),
        pack(Kind.PUT, {"nonce": "b", "sha256": digest, "offset": 0, "size": len(model)}, [model]),
        pack(Kind.LOAD, {"nonce": "c", "sha256": digest, "deadline_ms": 60_000}),
        pack(Kind.RUN, {"nonce": "d", "rounds": ["probe", "case"], "sizes": [len(given)]}, [given]),
        pack(Kind.RUN, {"nonce": "e", "rounds": ["case"], "sizes": [3]}, [b"abc"]),
        pack(Kind.CLOSE, {}),
    ]
    worker.stdin.write(b"".join(bytes(piece) for request in requests for piece in request))
    worker.stdin.flush()
    # Its stdin stays open until it answered: a worker whose agent is gone ends.
    frames = [read(reader(worker.stdout.fileno())) for _ in range(7)]
    _, said = worker.communicate(timeout=120)
    assert worker.returncode == 0, said
    assert [found.kind for found in frames] == [
        Kind.HELLO,
        Kind.HELD,
        Kind.HELD,
        Kind.LOADED,
        Kind.ROUND,
        Kind.ROUND,
        Kind.FAULT,
    ]
    assert [found.header.get("nonce") for found in frames[1:]] == ["a-0", "b-0", "c-0", "d-0", "d-1", "e-0"]
    assert frames[3].header["sha256"] == digest
    assert frames[5].header["delivered"][0]["sha256"] == hashlib.sha256(given).hexdigest()
    assert frames[6].header["kind"] == "INPUT"
    assert b"Traceback" not in said


def test_without_a_name_the_worker_says_what_it_looked_for_under_the_oldest_python(
    old_worker: Callable[..., "subprocess.Popen[bytes]"],
) -> None:
    worker = old_worker("--runtime=nosuch")
    assert worker.stdout is not None
    found = read(reader(worker.stdout.fileno()))
    _, said = worker.communicate(timeout=120)
    assert (worker.returncode, found.kind) == (3, Kind.NO_RUNTIME), said
    assert "looked for the runtime 'nosuch' among the entry points 'axpair.runtimes'" in found.header["message"]
