"""Agent and worker run where nothing but the base install is there."""

import subprocess
import sys
from pathlib import Path

from agent_process import environment

FORBIDDEN = ("numpy", "click", "paramiko", "rich", "PIL", "onnx", "onnxruntime", "msgspec", "platformdirs")

BLOCKED = """
import sys, runpy

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {forbidden!r}:
            raise ModuleNotFoundError(f"blocked: {{name}}", name=name)

sys.meta_path.insert(0, Blocker())
"""


def run_blocked(program: str) -> subprocess.CompletedProcess[str]:
    code = BLOCKED.format(forbidden=FORBIDDEN) + program
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, env=environment(), check=False
    )


def test_every_module_of_the_agent_imports_without_the_extras() -> None:
    ended = run_blocked(
        """
import importlib, pkgutil, axpair_agent
ssh = {"axpair_agent.launch.ssh", "axpair_agent.launch.connection", "axpair_agent.launch.hostkeys"}
names = [module.name for module in pkgutil.walk_packages(axpair_agent.__path__, "axpair_agent.")]
assert ssh < set(names) and len(names) > 30, names
for name in names:
    if name not in ssh:
        importlib.import_module(name)
"""
    )
    assert ended.returncode == 0, ended.stderr


def test_an_ssh_worker_without_paramiko_says_what_to_install(tmp_path: Path) -> None:
    ended = run_blocked(
        f"""
from axpair_agent.__main__ import main
sys.exit(main(["serve", "--listen=127.0.0.1:0", "--worker=ssh://board", "--blobs={tmp_path}"]))
"""
    )
    assert ended.returncode == 2, ended.stderr
    assert "pip install 'axpair[host]'" in ended.stderr


def test_help_imports_no_grpc() -> None:
    ended = run_blocked(
        """
from axpair_agent.__main__ import main
try:
    main(["serve", "--help"])
finally:
    assert "grpc" not in sys.modules, sorted(sys.modules)
"""
    )
    assert ended.returncode == 0, ended.stderr
    assert "--listen" in ended.stdout
