"""Agents beyond this machine: TLS and a token."""

import datetime as dt
import ipaddress
from collections.abc import Iterator
from pathlib import Path

import agent_process
import pytest
from axpair_host.boards.client import connect
from axpair_host.boards.url import GrpcAddress
from axpair_host.errors import BoardError, UsageError
from command_line import axpair, said_once
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

TOKEN = "a-token-of-the-lab"


def write_certificate(folder: Path, name: str) -> None:
    """A self-signed one for 127.0.0.1: NAME.pem and NAME.key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    today = dt.datetime(2020, 1, 1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today)
        .not_valid_after(today + dt.timedelta(days=36500))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .sign(key, hashes.SHA256())
    )
    (folder / f"{name}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / f"{name}.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


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


def test_another_ca_or_token_is_refused(agent: agent_process.AgentProcess, folder: Path) -> None:
    for wrong in (address(agent, folder / "other.pem"), address(agent, folder / "lab.pem", "guess")):
        with pytest.raises(BoardError), connect(wrong):
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
    said_once(axpair("board", "info", "--board", f"127.0.0.1:{agent.port}"), 3)
