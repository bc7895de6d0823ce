"""Lines for people: at 80 columns nothing breaks within a word, and colors come where they are wanted."""

import shlex
import subprocess

import pytest
from axpair_proto.lines import aligned, bold, coloured, fitted, painted, paragraph, shortened, unstyled, width

WORDS = "the extent of values that occur is never taken for a range that was calibrated " * 3
ROWS = [["number", "AX302", WORDS.strip()], ["two", "AX1", "short"]]


@pytest.fixture(autouse=True)
def eighty(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal of 80 columns, as rich takes one from the environment."""
    for name, value in (("FORCE_COLOR", "1"), ("COLUMNS", "80"), ("TERM", "xterm")):
        monkeypatch.setenv(name, value)


def test_the_last_cells_go_on_below_themselves() -> None:
    lines = aligned(ROWS, "  ", ["what", "code", "said"])
    assert max(map(width, lines)) <= 80
    assert len({line.index("AX") for line in map(unstyled, lines) if "AX" in line}) == 1
    assert " ".join(" ".join(lines).split()).count(WORDS.strip()) == 1
    assert all(line.startswith(" " * 17) for line in lines[2:-1])


def relations(name: str) -> list[str]:
    head = ["output", "joint-board", "onnx-joint", "onnx-lava", "lava-joint"]
    word = coloured("EQUIVALENT")
    rows = [[name, f"{word} 1-1.8e-05", f"{word} 1-7.5e-06", f"{word} 1-7.5e-06", coloured("IDENTICAL")]]
    return aligned(rows, head=head)


def test_every_column_gives_way_before_a_table_is_given_up() -> None:
    shown = list(map(unstyled, relations("fetch_name_0")))
    assert max(map(width, shown)) <= 80
    assert [line.split() for line in shown[1:]] == [
        ["fetch_name_0", "EQUIVALENT", "EQUIVALENT", "EQUIVALENT", "IDENTICAL"],
        ["1-1.8e-05", "1-7.5e-06", "1-7.5e-06"],
    ]


def test_the_looks_of_a_cell_don_t_run_into_what_stands_beside_it() -> None:
    lines = aligned([[painted("red " * 30, "red"), WORDS.strip()]])
    assert len(lines) > 2
    assert all(line.index("\x1b[0m") < line.rindex("  ") for line in lines if "red" in line)


def test_a_table_that_fits_nowhere_is_told_a_row_at_a_time() -> None:
    lines = relations("fetch_name_0" * 4)
    assert lines[0] == "fetch_name_0" * 4
    assert list(map(unstyled, lines[1:3])) == [
        "  joint-board  EQUIVALENT 1-1.8e-05",
        "  onnx-joint   EQUIVALENT 1-7.5e-06",
    ]


def test_no_word_is_broken_however_long_it_is() -> None:
    path = "a/" + "long" * 30
    assert path in paragraph(f"it lies in {path} and nowhere else", "  1. ", "     ")[1]


def test_a_command_over_several_lines_can_be_copied_as_a_whole() -> None:
    command = f"axpair pair --joint m.joint --onnx 'a long name.onnx' --input {'x' * 30}.jpg --out gt --board emulator:"
    lines = list(fitted([f"  next: {command}"]))
    assert max(map(width, lines)) <= 80
    assert not any(line.endswith(("--onnx \\", "long \\")) for line in lines)
    script = "\n".join(lines).replace("  next: axpair", "printf '%s\\n'")
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == shlex.split(command)[1:]
    sentence = "axpair explain lists all codes; and so on, for longer than a terminal is wide, as some sentences are"
    assert not any("\\" in line for line in fitted([sentence]))


def test_chinese_breaks_between_its_characters_and_not_before_what_closes() -> None:
    lines = paragraph("上板结果与仿真结果不一致，请先用 run_joint 对分。" * 6, "  ")
    assert len(lines) > 3
    assert all(60 < width(line) <= 80 for line in lines[:-1])
    assert not any(line.lstrip().startswith(("，", "。")) for line in lines)
    assert "".join("".join(lines).split()).count("run_joint") == 6


def test_a_styled_cell_is_as_wide_as_what_is_seen_of_it() -> None:
    plain, styled = aligned([["FAULT", "x"]]), aligned([[coloured("FAULT"), bold("x")]])
    assert list(map(unstyled, styled)) == plain


def test_a_name_is_shortened_from_its_beginning() -> None:
    assert shortened("backbone/stage4/conv", 8) == "…e4/conv"
    assert shortened("conv", 8) == "conv"


def test_lines_stay_whole_where_no_terminal_shows_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FORCE_COLOR")
    long = "a" * 200 + " and " + "b" * 200
    assert list(fitted([long])) == [long]
