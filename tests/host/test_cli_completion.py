"""What a shell proposes: bash itself is asked, as Tab asks it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from axpair_emulator.faults.catalogue import FAULTS
from axpair_emulator.faults.toolchain import FAULTS as OF_BUILD
from axpair_host.cli import SUMMARIES
from axpair_host.codebook import entries
from command_line import axpair, environment

BASH = shutil.which("bash")
pytestmark = pytest.mark.skipif(BASH is None, reason="no bash here")


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("completion") / "axpair.bash"
    path.write_text(axpair("completion", "bash").stdout)
    return path


def proposed(script: Path, line: str, folder: Path) -> list[str]:
    """The lines as they would stand after each proposal, by bash's own rules for words: ':' and '=' break them."""
    program = script.parent / "axpair"
    program.write_text(f"#!{sys.executable}\nfrom axpair_host.main import main\nmain()\n")
    program.chmod(0o755)
    asked = (
        f"source {script}; compopt() {{ :; }}; COMP_LINE={line!r}; COMP_POINT=${{#COMP_LINE}}; "
        "_axpair_completion axpair; printf '%s\\n' \"${COMPREPLY[@]}\""
    )
    variables = environment(PATH=f"{script.parent}{os.pathsep}{os.environ['PATH']}")
    done = subprocess.run(
        [str(BASH), "--norc", "-c", asked], capture_output=True, text=True, check=True, cwd=folder, env=variables
    )
    assert done.stderr == ""
    kept = max(line.rfind(mark) for mark in " :=") + 1
    return [line[:kept] + one for one in done.stdout.split("\n") if one]


def test_commands_and_options(script: Path, tmp_path: Path) -> None:
    assert proposed(script, "axpair ", tmp_path) == [f"axpair {name}" for name in SUMMARIES]
    assert proposed(script, "axpair pair --lava", tmp_path) == ["axpair pair --lava-joint"]


def test_codes(script: Path, tmp_path: Path) -> None:
    wanted = [f"axpair explain {code}" for code in entries() if code.startswith("AX3")]
    assert proposed(script, "axpair explain ax3", tmp_path) == wanted


def test_boards_of_axpair_toml_and_faults_of_the_emulator(script: Path, tmp_path: Path) -> None:
    (tmp_path / "axpair.toml").write_text('[boards.lab]\nurl = "grpc://127.0.0.1:1"\n')
    assert proposed(script, "axpair pair --board ", tmp_path) == [
        "axpair pair --board lab",
        "axpair pair --board emulator:",
    ]
    head = "axpair replay cases --board emulator:?fault="
    assert proposed(script, head, tmp_path) == [head + name for name in FAULTS]
    two = proposed(script, f"{head}race,stale-o", tmp_path)
    assert two == [f"{head}race,stale-output"]


def test_faults_of_the_compiler(script: Path, tmp_path: Path) -> None:
    first = next(iter(OF_BUILD))
    assert f"axpair emulator build --fault {first}" in proposed(script, "axpair emulator build --fault ", tmp_path)


def test_a_broken_axpair_toml_breaks_no_line(script: Path, tmp_path: Path) -> None:
    (tmp_path / "axpair.toml").write_text("[boards\n")
    assert proposed(script, "axpair pair --board e", tmp_path) == ["axpair pair --board emulator:"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_its_script(shell: str) -> None:
    told = json.loads(axpair("completion", shell, "--json").stdout)
    assert f"_AXPAIR_COMPLETE={shell}_complete" in told["script"]
