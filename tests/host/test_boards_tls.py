"""Agents beyond this machine: TLS and a token."""

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path

import agent_process
import pytest
from axpair_host.boards.client import connect
from axpair_host.boards.url import GrpcAddress
from axpair_host.errors import BoardError, UsageError
from command_line import axpair, said_once

from benchmarks.hostile.support.certificates import write_certificate

TOKEN = "a-token-of-the-lab"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    write_certificate(folder, "lab")
    write_certificate(folder, "other")
    (folder / "lab.token").touch(mode=0o600)
    (folder / "lab.token").write_text(TOKEN)
    return folder


@pytest.fixture(scope="module")
def agent(folder: Path) -> Iterator[agent_process.AgentProcess]:
    with agent_process.started(
        folder,
        f"--tls-cert={folder / 'lab.pem'}",
        f"--tls-key={folder / 'lab.key'}",
        f"--token-file={folder / 'lab.token'}",
    ) as started:
        yield started


def address(agent: agent_process.AgentProcess, ca: Path, token: str = TOKEN) -> GrpcAddress:
    target = f"127.0.0.1:{agent.port}"
    return GrpcAddress(f"grpcs://{target}", target, tls=True, ca=ca, token=token)


def test_a_board_is_reached_with_its_ca_and_token(agent: agent_process.AgentProcess, folder: Path) -> None:
    with connect(address(agent, folder / "lab.pem")) as board:
        assert board.facts.runtime == "toy"


def test_another_token_is_refused(agent: agent_process.AgentProcess, folder: Path) -> None:
    with pytest.raises(BoardError), connect(address(agent, folder / "lab.pem", "guess")):
        pass


@pytest.mark.parametrize(
    ("ca", "words"),
    [
        ("other.pem", "nobody known here vouches for the agent's certificate"),
        (None, "nobody known here vouches"),
        ("lab.key", "the file of ?ca= holds no certificate"),
    ],
)
def test_a_ca_that_is_not_the_agent_s_is_bad_input(
    agent: agent_process.AgentProcess, folder: Path, ca: str | None, words: str
) -> None:
    wrong = dataclasses.replace(address(agent, folder / "lab.pem"), ca=folder / ca if ca else None)
    with pytest.raises(UsageError, match=re.escape(words)), connect(wrong):
        pass


def test_an_agent_of_another_name_or_without_tls_is_said_to_be_one(folder: Path, tmp_path: Path) -> None:
    for name in ("named", "plain"):
        (tmp_path / name).mkdir()
    write_certificate(tmp_path / "named", "named", "127.0.0.9")
    tls = (f"--tls-cert={tmp_path / 'named' / 'named.pem'}", f"--tls-key={tmp_path / 'named' / 'named.key'}")
    token = f"--token-file={folder / 'lab.token'}"
    with (
        agent_process.started(tmp_path / "named", *tls, token) as other,
        pytest.raises(UsageError, match="for another name"),
        connect(address(other, tmp_path / "named" / "named.pem")),
    ):
        pass
    with (
        agent_process.started(tmp_path / "plain", token) as plain,
        pytest.raises(UsageError, match="doesn't speak TLS"),
        connect(address(plain, folder / "lab.pem")),
    ):
        pass


def test_a_ca_file_that_isnt_there_is_bad_input(agent: agent_process.AgentProcess, folder: Path) -> None:
    with pytest.raises(UsageError, match="CA file"), connect(address(agent, folder / "none.pem")):
        pass


def test_a_name_in_axpair_toml_brings_ca_and_token(
    agent: agent_process.AgentProcess, folder: Path, tmp_path: Path
) -> None:
    (folder / "axpair.toml").write_text(
        f'[boards.lab]\nurl = "grpcs://127.0.0.1:{agent.port}?ca=lab.pem"\ntoken_file = "lab.token"\n'
    )
    below = folder / "below"
    below.mkdir()
    done = axpair("board", "info", "--board", "lab", cwd=below)
    assert done.returncode == 0, done.stderr
    assert "runtime toy" in done.stdout
    assert TOKEN not in done.stdout + done.stderr


def test_an_insecure_caller_is_told_so(agent: agent_process.AgentProcess) -> None:
    assert "grpcs://" in said_once(axpair("board", "info", "--board", f"127.0.0.1:{agent.port}"), 3)
