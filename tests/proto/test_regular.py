"""What isn't a regular file is refused at once: no pipe without a writer is waited for, no endless device is read."""

import os
from pathlib import Path

import pytest
from axpair_proto.regular import LINK, MOST_BYTES, MOST_TEXT_BYTES, SPECIAL, open_regular, read_regular, read_text_bytes


def test_a_pipe_or_device_is_refused_before_anything_is_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(OSError, match=SPECIAL):
            open_regular(path)


def test_a_folder_and_a_name_with_nul_are_os_errors(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        open_regular(tmp_path)
    with pytest.raises(OSError, match="NUL"):
        open_regular(tmp_path / "a\0b")
    with pytest.raises(FileNotFoundError):
        open_regular(tmp_path / "none")


def test_no_more_is_read_than_tells_that_it_is_too_much(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"12345")
    assert read_regular(tmp_path / "x", 3) == b"1234"
    assert read_regular(tmp_path / "x", 5) == b"12345"


@pytest.mark.skipif(not Path("/proc/version").is_file(), reason="no /proc here")
def test_files_that_say_to_have_no_size_are_read_all_the_same() -> None:
    assert read_regular(Path("/proc/version"), 1 << 16)


def test_a_link_is_followed_only_where_it_may_be(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"12345")
    (tmp_path / "link").symlink_to(tmp_path / "x")
    assert read_regular(tmp_path / "link", 9) == b"12345"
    with pytest.raises(OSError, match=LINK):
        read_regular(tmp_path / "link", 9, follow=False)


def test_a_file_of_holes_is_refused_by_its_length(tmp_path: Path) -> None:
    for name, length in (("x", MOST_BYTES), ("text", MOST_TEXT_BYTES)):
        (tmp_path / name).touch()
        os.truncate(tmp_path / name, length + 1)
    with pytest.raises(OSError, match="longer than 16 GiB"):
        open_regular(tmp_path / "x")
    open_regular(tmp_path / "x", most_bytes=None).close()
    with pytest.raises(OSError, match="longer than 256 MiB"):
        read_text_bytes(tmp_path / "text")
    os.truncate(tmp_path / "x", MOST_BYTES)
    open_regular(tmp_path / "x").close()
