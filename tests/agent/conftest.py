"""One agent with the toy runtime for all tests that leave it as they found it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from agent_process import AgentProcess, Client, started


@pytest.fixture(scope="session")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AgentProcess]:
    """An owned agent; it must end by itself once its stdin closes."""
    folder = tmp_path_factory.mktemp("agent")
    os.mkfifo(folder / "hanging")
    with started(folder, f"--option=hanging={folder / 'hanging'}") as process:
        yield process


@pytest.fixture(scope="module")
def fresh_agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AgentProcess]:
    """For tests that read its log: of each kind it takes so many lines, and no other module has used them up."""
    with started(tmp_path_factory.mktemp("fresh")) as process:
        yield process


@pytest.fixture
def client(agent: AgentProcess) -> Iterator[Client]:
    """A client of that agent; its models go with the test."""
    with agent.client() as client:
        yield client
        client.unload_all()


@pytest.fixture
def agent_folder(tmp_path: Path) -> Path:
    """For an agent of the test's own: its log and its blobs."""
    return tmp_path
