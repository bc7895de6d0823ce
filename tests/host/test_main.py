"""Exit codes, and what is said when a command ends otherwise than it should."""

import contextlib
import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import axpair, command, environment, said_once

COMMANDS = """\
import os, signal, sys
import click
from axpair_proto.errors import AxpairError
from axpair_host.errors import BoardError, UsageError

@click.group("odd")
def odd(): pass

@odd.command()
@click.option("--json", is_flag=True)
def defect(json): raise ZeroDivisionError("of the plugin")

@odd.command()
def usage(): raise UsageError("7 files, expected 8", next_step="give one more")

@odd.command()
def full():
    try:
        try:
            raise OSError(28, "No space left on device", "x.npy")
        except OSError as error:
            raise AxpairError("x: can't be written: No space left on device") from error
    except AxpairError as error:
        raise UsageError(error.message) from error

@odd.command()
@click.argument("number", type=int)
def refused(number): raise OSError(number, os.strerror(number), "some/file")

@odd.command()
def foreign():
    raise BoardError("agent \\x1b]0;owned\\x07\\u202e\\x9b31m said\\n  next: rm -rf /\\udcd5", next_step="look\\x1b[2J")

@odd.command()
@click.option("--json", is_flag=True)
def board(json): raise BoardError("nobody answers at 10.0.0.1:1")

@odd.command()
def hungry():
    import numpy
    numpy.zeros(1 << 60, numpy.uint8)

@odd.command()
@click.argument("verdict")
def judge(verdict): return verdict

@odd.command()
@click.argument("code", type=int)
@click.pass_context
def leave(ctx, code): ctx.exit(code)

@odd.command()
def nonsense(): return ["PASS"]

@odd.command()
@click.option("--json", is_flag=True)
def wait(json):
    print("waiting", flush=True)
    signal.pause()

@odd.command()
@click.argument("path")
def work(path):
    try:
        print("waiting", flush=True)
        signal.pause()
    finally:
        os.unlink(path)

@odd.command()
def babble():
    for _ in range(100_000): print("line")

@odd.command()
def lacking(): import onnxruntime.nothing_like_it
"""


@pytest.fixture(scope="module")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A PYTHONPATH on which another package brings the command `odd`."""
    folder = tmp_path_factory.mktemp("plugin")
    (folder / "odd_commands.py").write_text(COMMANDS)
    info = folder / "odd-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: odd\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[axpair.commands]\nodd = odd_commands:odd\n")
    return str(folder)


def test_a_command_of_another_package_is_found(plugin: str) -> None:
    done = axpair("--help", PYTHONPATH=plugin)
    assert "odd " in done.stdout
    assert "From the package odd." in done.stdout


@pytest.mark.parametrize(("verdict", "code"), [("PASS", 0), ("FAULT", 1), ("INCONCLUSIVE", 3)])
def test_a_verdict_becomes_its_exit_code(plugin: str, verdict: str, code: int) -> None:
    assert axpair("odd", "judge", verdict, PYTHONPATH=plugin).returncode == code


def test_a_command_may_leave_with_a_code_of_its_own(plugin: str) -> None:
    assert axpair("odd", "leave", "17", PYTHONPATH=plugin).returncode == 17


def test_bad_input_exits_2_with_the_next_step(plugin: str) -> None:
    message = said_once(axpair("odd", "usage", PYTHONPATH=plugin), 2)
    assert message == "axpair: 7 files, expected 8\n  next: give one more\n"


@pytest.mark.parametrize(
    ("arguments", "code", "side"),
    [
        (["pair", "--nonsense"], 2, "input"),
        (["pair"], 2, "input"),
        (["nonsense"], 2, "input"),
        (["pair", "--repeat", "0"], 2, "input"),
        (["odd", "board"], 3, "board"),
        (["odd", "defect"], 70, None),
    ],
)
def test_with_json_every_error_is_a_document(plugin: str, arguments: list[str], code: int, side: str) -> None:
    done = axpair(*arguments, "--json", PYTHONPATH=plugin)
    assert done.returncode == code
    told = json.loads(done.stdout)["error"]
    assert (told["exit_code"], told["side"]) == (code, side)
    assert f"axpair: {told['message']}\n" in done.stderr


def test_a_full_disk_is_bad_input_with_a_next_step_wherever_it_is_met(plugin: str) -> None:
    message = said_once(axpair("odd", "full", PYTHONPATH=plugin), 2)
    assert message.endswith("\n  next: free space there, and call the same command again\n")


@pytest.mark.parametrize("name", ["ENOSPC", "EDQUOT", "EIO", "EROFS", "EACCES", "ENAMETOOLONG"])
def test_what_the_system_refuses_is_no_defect(plugin: str, name: str) -> None:
    number = getattr(errno, name)
    message = said_once(axpair("odd", "refused", str(number), PYTHONPATH=plugin), 2)
    assert message.startswith(f"axpair: some/file: {os.strerror(number)}\n  next: ")


def test_a_file_that_we_lost_is_a_defect(plugin: str, tmp_path: Path) -> None:
    said_once(axpair("odd", "refused", str(errno.ENOENT), PYTHONPATH=plugin, AXPAIR_CACHE=str(tmp_path)), 70)


def test_what_the_other_side_says_cant_play_with_the_terminal(plugin: str) -> None:
    done = axpair("odd", "foreign", PYTHONPATH=plugin)
    expected = "axpair: agent \\x1b]0;owned\\x07\\u202e\\x9b31m said\\n  next: rm -rf /\\xd5\n  next: look\\x1b[2J\n"
    assert said_once(done, 3) == expected


def test_arguments_cant_play_with_the_terminal(plugin: str) -> None:
    message = said_once(axpair("pair", "--joint", "a\x1b[2J\udcff", "--nonsense\x1b]0;x\x07"), 2)
    assert all(character == "\n" or character.isprintable() for character in message)


@pytest.mark.parametrize("arguments", [["explain"], ["explain", "--json"], ["--help"], ["--version"]])
def test_a_full_stdout_is_told_and_is_no_defect(arguments: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command(*arguments), stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("axpair: the output can't be written: No space left on device\n  next: ")
    assert done.stderr.count("\n") == 2


def test_a_full_stderr_changes_nothing() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command("explain", "AX302"), stdout=subprocess.PIPE, stderr=full, text=True, check=False)
    assert (done.returncode, "AX302" in done.stdout) == (0, True)


@pytest.mark.parametrize("arguments", [["explain"], ["explain", "--json"], ["--help"], ["--version"]])
def test_a_closed_stdout_is_told_and_is_no_defect(arguments: list[str]) -> None:
    done = _closing(">&-", arguments)
    assert done.returncode == 2
    assert done.stderr == (
        "axpair: the output can't be written: stdout is closed\n  next: leave it open, and call again\n"
    )


@pytest.mark.parametrize(("arguments", "code"), [(["explain", "AX302"], 0), (["nonsense"], 2)])
def test_a_closed_stderr_changes_nothing(arguments: list[str], code: int) -> None:
    done = _closing("2>&-", arguments)
    assert (done.returncode, "AX302" in done.stdout) == (code, code == 0)


def test_what_is_opened_never_gets_the_place_of_a_closed_stream() -> None:
    program = (
        "import os, sys; from axpair_proto.streams import replace_closed; replace_closed(); "
        "sys.stderr.write(str(os.open(os.devnull, os.O_RDONLY)))"
    )
    shell = ["sh", "-c", 'exec "$@" <&- >&-', "sh"]
    done = subprocess.run([*shell, sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert int(done.stderr) > 2


def _closing(what: str, arguments: list[str]) -> subprocess.CompletedProcess[str]:
    shell = ["sh", "-c", f'exec "$@" {what}', "sh"]
    return subprocess.run([*shell, *command(*arguments)], capture_output=True, text=True, check=False)


def test_a_locale_without_our_characters_is_no_defect() -> None:
    done = axpair("explain", "AX302", "--json", PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    assert "\\u" in done.stdout
    in_english = axpair("explain", "AX302", "--lang", "zh", PYTHONIOENCODING="ascii")
    assert "The answer belongs to an earlier input" in in_english.stdout
    assert "\\u" not in in_english.stdout


def test_no_memory_left_exits_2_with_the_next_step(plugin: str) -> None:
    message = said_once(axpair("odd", "hungry", PYTHONPATH=plugin), 2)
    assert "no memory is left for this: Unable to allocate 1.00 EiB" in message
    assert "next: give a smaller model" in message


def test_an_unavailable_board_exits_3(plugin: str) -> None:
    assert "nobody answers" in said_once(axpair("odd", "board", PYTHONPATH=plugin), 3)


@pytest.mark.parametrize("name", ["defect", "nonsense"])
def test_a_defect_exits_70_and_its_traceback_is_in_the_file_that_is_named(
    plugin: str, tmp_path: Path, name: str
) -> None:
    done = axpair("odd", name, PYTHONPATH=plugin, AXPAIR_CACHE=str(tmp_path))
    message = said_once(done, 70)
    assert len(message.splitlines()) == 1
    log = Path(message.strip().rpartition("details: ")[2])
    assert log.parent == tmp_path / "logs"
    assert "Traceback" in log.read_text()


def test_a_defect_is_still_told_where_the_cache_cant_be_written(plugin: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = axpair("odd", "defect", PYTHONPATH=plugin, AXPAIR_CACHE=str(tmp_path / "file"), TMPDIR=str(tmp_path))
    log = Path(said_once(done, 70).strip().rpartition("details: ")[2])
    assert "of the plugin" in log.read_text()


@pytest.mark.parametrize("as_json", [False, True])
def test_ctrl_c_exits_130(plugin: str, as_json: bool) -> None:
    with subprocess.Popen(
        command("odd", "wait", *(["--json"] if as_json else [])),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(PYTHONPATH=plugin),
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "waiting\n"
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate()
    assert process.returncode == 130
    assert errors == "axpair: interrupted\n"
    if as_json:
        told: dict[str, object] = {"message": "interrupted", "side": None, "exit_code": 130}
        told |= {"next_step": "", "command": None, "placeholders": {}}
        assert json.loads(rest) == {"schema_version": 1, "error": told}
    else:
        assert rest == ""


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_who_is_told_to_end_tidies_up_first(plugin: str, tmp_path: Path, name: str) -> None:
    (tmp_path / "half").touch()
    with subprocess.Popen(
        command("odd", "work", tmp_path / "half"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(PYTHONPATH=plugin),
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "waiting\n"
        number = signal.Signals[name]
        process.send_signal(number)
        _, errors = process.communicate()
    assert (process.returncode, errors) == (128 + number, "")
    assert not (tmp_path / "half").exists()


def test_a_reader_that_goes_away_is_no_error(plugin: str) -> None:
    reading, writing = os.pipe()
    process = subprocess.Popen(
        command("odd", "babble"), stdout=writing, stderr=subprocess.PIPE, env=environment(PYTHONPATH=plugin)
    )
    os.close(writing)
    with contextlib.closing(os.fdopen(reading)) as stream:
        assert stream.readline() == "line\n"
    _, errors = process.communicate()
    assert process.returncode == 141
    assert errors == b""


def test_a_missing_package_of_an_extra_is_named_with_the_extra(plugin: str) -> None:
    message = said_once(axpair("odd", "lacking", PYTHONPATH=plugin), 2)
    assert "pip install 'axpair[emulator]'" in message


def test_without_the_host_extra_it_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "click.py").write_text("raise ModuleNotFoundError('No module named click', name='click')")
    message = said_once(axpair("pair", PYTHONPATH=str(tmp_path)), 2)
    assert "pip install 'axpair[host]'" in message


def test_the_version_is_printed() -> None:
    done = axpair("--version")
    assert (done.returncode, done.stdout) == (0, "axpair 0.1.0\n")


def test_help_imports_no_heavy_package() -> None:
    code = (
        "import sys; from axpair_host.main import run\n"
        "code = run(['--help'])\n"
        "heavy = {'numpy', 'onnx', 'onnxruntime', 'grpc', 'paramiko', 'rich', 'PIL', 'msgspec'} & set(sys.modules)\n"
        "print(sorted(heavy), file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Commands:" in done.stdout
    assert done.stderr == "[]\n"


@pytest.mark.parametrize("name", ["pair", "model", "board"])
def test_the_help_of_a_command_imports_no_heavy_package(name: str) -> None:
    code = (
        f"import sys; from axpair_host.main import run\ncode = run(['{name}', '--help'])\n"
        "print(sorted({'numpy', 'onnx', 'onnxruntime', 'grpc', 'paramiko'} & set(sys.modules)), file=sys.stderr)\n"
        "sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "[]\n"
