"""Commands that are proposed: whole, quoted for a shell, and of a call that failed what it lacks."""

import shlex
import subprocess
from pathlib import Path

import pytest
from axpair_proto.advice import (
    AND,
    INTO,
    UNKNOWN,
    Again,
    Command,
    Next,
    again,
    calling,
    free_name,
    in_other_folder,
    with_other,
)
from axpair_proto.errors import ContractError
from axpair_proto.lines import command_lines

ODD = [
    "plain.joint",
    "two words",
    "it's",
    'say "a"',
    "$HOME `x` !",
    "new\nline",
    "esc\x1b[2J",
    "gb\udcd5k",
    "中文.onnx",
    "",
]


@pytest.mark.parametrize("word", ODD)
def test_a_shell_takes_every_word_as_it_was(word: str) -> None:
    line = Command(("printf", "%s", word)).line()
    assert line.isprintable()
    done = subprocess.run(["bash", "-c", line], capture_output=True, check=True)
    assert done.stdout == word.encode(errors="surrogateescape")


def test_a_line_runs_one_program_after_the_other(tmp_path: Path) -> None:
    made = Command(("mkdir", "-p", str(tmp_path / "a b"), AND, "echo", "x", INTO, str(tmp_path / "a b" / "c")))
    subprocess.run(["bash", "-c", made.line()], check=True)
    assert (tmp_path / "a b" / "c").read_text() == "x\n"


def test_what_isnt_known_stands_in_capitals_and_is_explained() -> None:
    step = calling("axpair", "lint", UNKNOWN["config"], "--onnx", "m.onnx", text="Check the configuration.")
    assert step.line == "axpair lint CONFIG.prototxt --onnx m.onnx"
    assert step.said == "Check the configuration (CONFIG.prototxt stands for the configuration of the build):"
    assert step.document()["placeholders"] == {"CONFIG.prototxt": "the configuration of the build"}
    assert calling("axpair", "demo").document() == {"text": "", "command": "axpair demo", "placeholders": {}}


CALL = ("axpair", "pair", "--joint", "m.joint", "--out=gt", "--overwrite", "--input", "x.jpg")


@pytest.mark.parametrize(
    ("step", "line"),
    [
        (again("", "--onnx", UNKNOWN["onnx"]), f"{shlex.join(CALL)} --onnx MODEL.onnx"),
        (with_other("--out", "other"), "axpair pair --joint m.joint --overwrite --input x.jpg --out other"),
        (Next("", Again(without=("--input",))), "axpair pair --joint m.joint --out=gt --overwrite"),
        (Next("", Again(without_flags=("--overwrite",))), "axpair pair --joint m.joint --out=gt --input x.jpg"),
        (Next("", Again()), shlex.join(CALL)),
    ],
)
def test_the_failed_call_is_made_another(step: Next, line: str) -> None:
    assert step.of(CALL).line == line


def test_options_stand_before_what_ends_them() -> None:
    assert again("", "-v").of(("axpair", "compare", "--", "-a", "-b")).line == "axpair compare -v -- -a -b"


def test_where_the_call_isnt_known_the_change_is_told() -> None:
    error = ContractError("no shape", next_step=again("with the lengths that you run:", "--input-shape", "x:1x3"))
    assert str(error) == "no shape\n  next: with the lengths that you run: --input-shape x:1x3"


def test_another_folder_is_one_that_isnt_there(tmp_path: Path) -> None:
    for name in ("gt", "gt-2"):
        (tmp_path / name).mkdir()
    assert free_name(tmp_path / "gt") == tmp_path / "gt-3"
    assert free_name(tmp_path / "a.tar.gz", taken=[tmp_path / "a.tar.gz"]) == tmp_path / "a-2.tar.gz"
    assert free_name(Path("..")) == Path("new")
    assert in_other_folder("--out", tmp_path / "gt").of(("axpair", "pair")).line == f"axpair pair --out {tmp_path}/gt-3"


@pytest.mark.parametrize("room", [20, 40, 100])
def test_a_long_command_goes_on_below_itself_and_can_still_be_pasted(room: int) -> None:
    words = ("printf", "%s,", "--joint", "a b --c.joint", "-p", "--switches", "it's", "--out", "new\nline")
    lines = command_lines(Command(words).line(), room)
    assert all(line.endswith(" \\") for line in lines[:-1])
    assert len(lines) == (1 if room == 100 else len(lines))
    done = subprocess.run(["bash", "-c", "\n".join(lines)], capture_output=True, text=True, check=True)
    assert done.stdout == "".join(f"{word}," for word in words[2:])


def test_what_a_call_named_isnt_asked_for_again() -> None:
    asked = calling("axpair", "replay", "cases", "--run", "run", "--joint", UNKNOWN["joint"], "--onnx", UNKNOWN["onnx"])
    call: tuple[str, ...] = ("axpair", "pair", "--joint=m.joint", "--input", "cases")
    assert asked.of(call).line == "axpair replay cases --run run --joint m.joint --onnx MODEL.onnx"
    swapped = calling("axpair", "pair", "--joint", UNKNOWN["joint"], "--onnx", "m.onnx", "--input", UNKNOWN["input"])
    call = ("axpair", "pair", "--joint", "m.onnx", "--input", "a.png")
    assert swapped.of(call).line == "axpair pair --joint MODEL.joint --onnx m.onnx --input a.png"
    two = (*call, "--input", "b.png")
    assert swapped.of(two).line == "axpair pair --joint MODEL.joint --onnx m.onnx --input INPUT"
    built = calling("axpair", "emulator", "build", "--output", UNKNOWN["joint"])
    assert built.of(("axpair", "pair", "--joint", "real.joint")).line == "axpair emulator build --output MODEL.joint"


def test_an_option_of_another_command_is_not_put_into_a_call() -> None:
    step = in_other_folder("--run", Path("run"), "move it, or with another folder:", "take it from a backup")
    assert step.of(["axpair", "reduce", "run", "--out", "least"]) == Next("take it from a backup")
    replayed = step.of(["axpair", "replay", "cases", "--run", "run"])
    assert replayed.line.startswith("axpair replay cases --run run-")
    assert in_other_folder("--out", Path("gt")).of(["axpair", "pair"]).line.startswith("axpair pair --out gt")
