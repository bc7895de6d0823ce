"""The wheel alone, with its base dependencies, in an environment of its own: what a board would carry."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


def run(*command: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def board_bin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of a fresh environment into which only the wheel was installed."""
    folder = tmp_path_factory.mktemp("wheel")
    built = run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", folder, ROOT)
    if built.returncode:
        lacking(built.stderr)
    (wheel,) = folder.glob("axpair-*.whl")
    assert run(sys.executable, "-m", "venv", folder / "env").returncode == 0
    bin_folder = folder / "env" / ("Scripts" if os.name == "nt" else "bin")
    installed = run(bin_folder / "python", "-m", "pip", "install", "--quiet", wheel)
    if installed.returncode:
        lacking(installed.stderr)
    return bin_folder


def lacking(why: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(why)
    pytest.skip(f"the package index can't be reached: {(why.strip().splitlines() or ['?'])[-1]}")


def test_the_base_install_brings_no_host_library(board_bin: Path) -> None:
    listed = json.loads(run(board_bin / "python", "-m", "pip", "list", "--format", "json").stdout)
    names = {package["name"].lower() for package in listed}
    assert "grpcio" in names
    assert not names & {"numpy", "click", "rich", "onnx", "onnxruntime", "paramiko", "pillow", "msgspec"}


def test_agent_and_worker_import_with_the_base_install_alone(board_bin: Path) -> None:
    program = (
        "import importlib, json, pkgutil, axpair_agent\n"
        "names = [m.name for m in pkgutil.walk_packages(axpair_agent.__path__, 'axpair_agent.')]\n"
        "lacking = {}\n"
        "for name in names:\n"
        "    if not name.endswith('__main__'):\n"
        "        try: importlib.import_module(name)\n"
        "        except ModuleNotFoundError as error: lacking[name] = error.name\n"
        "print(json.dumps([len(names), lacking]))\n"
    )
    done = run(board_bin / "python", "-W", "error", "-c", program)
    assert done.returncode == 0, done.stderr
    count, lacking_modules = json.loads(done.stdout)
    assert count > 20
    # Where the agent runs beside the host, it reaches workers over SSH: a board never does.
    assert all(name.startswith("axpair_agent.launch.") for name in lacking_modules)
    assert set(lacking_modules.values()) <= {"paramiko"}


def test_the_host_command_says_what_to_install(board_bin: Path) -> None:
    done = run(board_bin / "axpair", "pair", "--help")
    assert done.returncode == 2
    assert "axpair[host]" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_agent_serves(board_bin: Path) -> None:
    agent = subprocess.Popen(
        [board_bin / "axpair-agent", "serve", "--owned"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert agent.stdout is not None
    report = json.loads(agent.stdout.readline())
    assert 0 < report["port"] < 65536
    _, errors = agent.communicate(input="")
    assert agent.returncode == 0, errors
    assert "Traceback" not in errors
