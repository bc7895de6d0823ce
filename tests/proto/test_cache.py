"""Where axpair keeps what it can make again, also where the home can't be written."""

import os
from pathlib import Path

import pytest
from axpair_proto import cache
from axpair_proto.cache import VARIABLE, cache_folder


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    for name in (VARIABLE, "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    cache._usable.cache_clear()


def home(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    monkeypatch.setenv("HOME", str(path))
    monkeypatch.setenv("USERPROFILE", str(path))


def test_it_is_the_users_cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home(monkeypatch, tmp_path)
    assert cache_folder() == tmp_path / ".cache" / "axpair"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "axpair"
    monkeypatch.setenv(VARIABLE, str(tmp_path / "named"))
    assert cache_folder() == tmp_path / "named"


def test_a_home_that_cant_be_written_is_stood_in_for_and_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("no folder")
    home(monkeypatch, tmp_path / "file")
    instead = cache_folder()
    assert instead == cache_folder()
    assert instead.parent == tmp_path / "tmp"
    assert instead.stat().st_mode & 0o077 == 0
    said = capsys.readouterr().err
    assert said.count("note: ") == 1
    assert f"{tmp_path}/file/.cache/axpair can't be written (Not a directory)" in said
    assert VARIABLE in said


def test_a_folder_that_somebody_else_made_there_isnt_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("no folder")
    home(monkeypatch, tmp_path / "file")
    theirs = tmp_path / "tmp" / f"axpair-{os.getuid()}"
    theirs.symlink_to(tmp_path / "theirs", target_is_directory=True)
    (tmp_path / "theirs").mkdir()
    instead = cache_folder()
    assert instead != theirs
    assert instead.parent == tmp_path / "tmp"
    assert not instead.is_symlink()
