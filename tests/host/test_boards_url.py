"""Board addresses and their names in axpair.toml."""

from pathlib import Path

import pytest
from axpair_host.boards.owned import command
from axpair_host.boards.url import EmulatorAddress, GrpcAddress, SshAddress, parse
from axpair_host.config_file import named_boards
from axpair_host.errors import UsageError

SECRET = "secret-of-16-letters-or-more"


def test_the_emulator_takes_its_options_along() -> None:
    address = parse("emulator:?fault=stale-output&slots=3", {})
    assert isinstance(address, EmulatorAddress)
    assert address.options == (("fault", "stale-output"), ("slots", "3"))
    line = command(address)
    assert line[-6:] == ["--runtime", "emulator", "--option", "fault=stale-output", "--option", "slots=3"]


@pytest.mark.parametrize("text", ["ax.lab:50051", "grpc://ax.lab:50051"])
def test_host_and_port_is_grpc(text: str) -> None:
    assert parse(text, {}) == GrpcAddress("grpc://ax.lab:50051", "ax.lab:50051")


def test_an_ipv6_address_keeps_its_brackets() -> None:
    address = parse("grpc://[::1]:7", {})
    assert isinstance(address, GrpcAddress)
    assert address.target == "[::1]:7"


def test_grpcs_takes_a_ca_and_the_token_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AXPAIR_TOKEN", SECRET)
    address = parse("grpcs://ax.lab:1?ca=lab.pem", {})
    assert address == GrpcAddress("grpcs://ax.lab:1", "ax.lab:1", True, Path("lab.pem"), SECRET)
    assert SECRET not in repr(address)


def test_a_token_goes_in_the_clear_to_loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AXPAIR_TOKEN", SECRET)
    assert parse("127.0.0.1:1", {}) == GrpcAddress("grpc://127.0.0.1:1", "127.0.0.1:1", token=SECRET)
    with pytest.raises(UsageError, match="in the clear") as caught:
        parse("ax.lab:1", {})
    assert "grpcs://ax.lab:1" in str(caught.value.next_step)


@pytest.mark.parametrize("token", ["secret\r", "secret\n", "sécret", "se\x1bcret", "se\udc80cret"])
def test_a_token_with_letters_that_no_token_has_is_bad_input(monkeypatch: pytest.MonkeyPatch, token: str) -> None:
    monkeypatch.setenv("AXPAIR_TOKEN", token)
    with pytest.raises(UsageError, match="AXPAIR_TOKEN: the token has letters that no token has") as caught:
        parse("127.0.0.1:1", {})
    assert r"tr -cd '!-~' < TOKEN-FILE" in str(caught.value.next_step)
    assert "cret" not in str(caught.value)


def test_ssh_splits_the_agents_options_from_the_runtimes() -> None:
    address = parse("ssh://root@10.0.0.7:2222?python=/opt/py&fault=stale-output&known_hosts=/k", {})
    assert isinstance(address, SshAddress)
    assert address.url == "ssh://root@10.0.0.7:2222"
    assert address.worker == "ssh://root@10.0.0.7:2222?python=%2Fopt%2Fpy&known_hosts=%2Fk"
    assert command(address)[-4:] == ["--worker", address.worker, "--option", "fault=stale-output"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no known name"),
        ("board7", "no known name"),
        ("ax.lab:", "no port"),
        ("ax.lab:port", "Port could not be cast"),
        ("ax.lab:99999", "out of range"),
        ("grpc://ax.lab", "no port"),
        ("grpc://:5", "no host"),
        ("grpc://ax.lab:5/path", "unexpected path '/path'"),
        ("grpc://ax.lab:5?ca=x", "unknown option 'ca'; this form takes none"),
        ("grpcs://ax.lab:5?key=x", "unknown option 'key'; known: ca"),
        ("grpcs://ax.lab:5?ca=x&ca=y", "given twice"),
        ("emulator:fault", "takes options only"),
        ("emulator:?fault", "bad query field"),
        ("http://ax.lab:5", "unknown scheme 'http'"),
        ("ssh://root:pw@ax.lab", "passwords"),
    ],
)
def test_a_bad_address_says_why_and_names_the_forms(text: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text, {})
    assert words in caught.value.message
    assert "ssh://user@host" in str(caught.value.next_step)
    assert "pw" not in str(caught.value)


def test_a_name_is_found_upwards_with_its_token_and_ca(tmp_path: Path) -> None:
    (tmp_path / "axpair.toml").write_text(
        '[boards.lab]\nurl = "grpcs://ax.lab:1?ca=lab.pem"\ntoken_file = "lab.token"\n', encoding="utf-8"
    )
    (tmp_path / "lab.token").write_text(f"{SECRET}\n")
    (tmp_path / "lab.token").chmod(0o600)
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    address = parse("lab", named_boards(below))
    assert address == GrpcAddress("grpcs://ax.lab:1", "ax.lab:1", True, tmp_path / "lab.pem", SECRET)


def test_an_unknown_name_lists_the_known_ones(tmp_path: Path) -> None:
    (tmp_path / "axpair.toml").write_text('[boards.lab]\nurl = "ax.lab:1"\n')
    with pytest.raises(UsageError, match=r"axpair\.toml names lab"):
        parse("lba", named_boards(tmp_path))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[boards", "not TOML"),
        ("boards = 3", "must be a table"),
        ("[boards.lab]", r"\[boards\.lab\] has no url"),
        ('[boards.lab]\nurl = "a:1"\ntoken = "x"', "unknown key 'token'"),
        ('[boards.lab]\nurl = "a:1"\ntoken_file = 3', "token_file must be a path"),
        (b"\xff\xfe", "not TOML"),
    ],
)
def test_a_malformed_file_is_named(tmp_path: Path, text: str | bytes, words: str) -> None:
    (tmp_path / "axpair.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UsageError, match=words) as caught:
        named_boards(tmp_path)
    assert str(tmp_path / "axpair.toml") in caught.value.message


@pytest.mark.parametrize("content", [None, b"", b"two words", b"\xff", "sécret".encode(), b"se\x1bcret"])
def test_a_token_file_that_holds_no_token_is_refused(tmp_path: Path, content: bytes | None) -> None:
    (tmp_path / "axpair.toml").write_text('[boards.lab]\nurl = "localhost:1"\ntoken_file = "t"\n')
    if content is not None:
        (tmp_path / "t").write_bytes(content)
        (tmp_path / "t").chmod(0o600)
    with pytest.raises(UsageError, match="token of board 'lab'"):
        parse("lab", named_boards(tmp_path))


@pytest.mark.parametrize(("token", "mode", "words"), [(SECRET, 0o644, "chmod 600 "), ("short", 0o600, "copy it whole")])
def test_a_token_file_that_others_can_read_or_whose_token_is_too_short_is_refused(
    tmp_path: Path, token: str, mode: int, words: str
) -> None:
    (tmp_path / "axpair.toml").write_text('[boards.lab]\nurl = "localhost:1"\ntoken_file = "t"\n')
    (tmp_path / "t").write_text(token)
    (tmp_path / "t").chmod(mode)
    with pytest.raises(UsageError, match="token of board 'lab'") as caught:
        parse("lab", named_boards(tmp_path))
    assert words in str(caught.value.next_step)
    assert token not in str(caught.value)
