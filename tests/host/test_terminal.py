"""What a terminal gets: colors where they are wanted, and lines that fit it."""

import re
from pathlib import Path

import pytest
from axpair_host.codebook import entries
from axpair_proto.lines import unstyled, width
from command_line import axpair
from terminals import seen

CODES = re.compile(r"\x1b\[[0-9;]*m")


def test_a_terminal_gets_colors_and_a_pipe_none() -> None:
    assert CODES.search(seen("explain", "AX302")[1])
    assert "\x1b" not in axpair("explain", "AX302").stdout


def test_who_wants_no_colors_gets_none() -> None:
    for code, shown in (seen("explain", "AX302", NO_COLOR="1"), seen("explain", "AX302", TERM="dumb")):
        assert code == 0
        assert "\x1b" not in shown


def test_colors_are_forced_into_a_pipe() -> None:
    assert CODES.search(axpair("explain", "AX302", FORCE_COLOR="1").stdout)


@pytest.mark.parametrize("arguments", [("explain",), ("explain", "AX201"), ("emulator", "faults")])
def test_eighty_columns_hold_every_line_and_every_word_whole(arguments: tuple[str, ...]) -> None:
    shown = unstyled(seen(*arguments)[1])
    assert max(map(width, shown.splitlines())) <= 80
    whole = set(axpair(*arguments, COLUMNS="400").stdout.split())
    assert set(shown.split()) <= whole


def test_a_word_of_the_fault_book_is_never_longer_than_a_line() -> None:
    """So that the test above can't hold by chance of today's codes."""
    assert max(len(word) for one in entries().values() for word in one.meaning.split()) < 60


def test_a_dumb_terminal_gets_lines_instead_of_bars(tmp_path: Path) -> None:
    _, shown = seen("board", "info", cwd=tmp_path, TERM="dumb")
    assert "\x1b" not in shown
    assert re.search(r"^board: .*: [0-9.]+ s$", shown, re.MULTILINE)


def test_a_terminal_without_unicode_gets_a_spinner_that_it_has(tmp_path: Path) -> None:
    _, shown = seen("board", "info", cwd=tmp_path, PYTHONIOENCODING="ascii")
    assert "\\u" not in shown
