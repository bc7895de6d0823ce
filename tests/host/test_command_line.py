"""What every command has in common: -v, -q, options given twice, help in groups."""

import dataclasses
import inspect
import re
from collections.abc import Iterator
from typing import Any

import click
import pytest
from axpair_host.cli import axpair as root
from axpair_proto.command_line import GROUPS
from command_line import axpair, axpair_here, said_once
from terminals import seen

VENDORS = "axpair emulator build"
"""Its options are those of 'pulsar build'."""


def every_command() -> Iterator[tuple[str, click.Command]]:
    return _below(root, click.Context(root, info_name="axpair"))


def _below(group: click.Group, context: click.Context) -> Iterator[tuple[str, click.Command]]:
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        assert found is not None
        inner = click.Context(found, info_name=name, parent=context)
        if isinstance(found, click.Group):
            yield from _below(found, inner)
        else:
            yield inner.command_path, found


COMMANDS = dict(every_command())


@pytest.mark.parametrize("path", COMMANDS)
def test_an_option_of_one_value_is_refused_where_it_is_given_twice(path: str) -> None:
    words = path.split()[1:]
    for option in COMMANDS[path].params:
        if isinstance(option, click.Option) and not (option.multiple or option.is_flag):
            flag = max(option.opts, key=len)
            done = axpair_here(*words, flag, "1", flag, "2")
            assert f"{flag} is given 2 times, and takes one value" in said_once(done, 2)


def test_an_option_of_many_values_may_be_given_twice() -> None:
    done = axpair_here("compare", "nowhere", "nowhere", "--dtype", "a=int8", "--dtype", "b=int8")
    assert "nowhere: there is no such file" in said_once(done, 2)


def fields_of(kind: Any) -> Iterator[dataclasses.Field[Any]]:
    """Those of a command's type, and of the groups in it."""
    for one in dataclasses.fields(kind):
        yield from fields_of(one.type) if dataclasses.is_dataclass(one.type) else [one]


@pytest.mark.parametrize("path", [path for path in COMMANDS if not path.startswith("axpair emulator")])
def test_what_a_command_is_asked_is_one_typed_value_with_all_its_options(path: str) -> None:
    command = COMMANDS[path]
    assert command.callback is not None
    (asked,) = inspect.signature(command.callback).parameters.values()
    assert asked.annotation.__dataclass_params__.frozen
    assert "__slots__" in vars(asked.annotation)
    fields = {one.name: one.type for one in fields_of(asked.annotation)}
    options = {str(one.name): one for one in command.params if one.expose_value}
    assert fields.keys() == options.keys()
    without = command.make_context(path, [], resilient_parsing=True).params
    for name, option in options.items():
        may_lack = without[name] is None and not option.required and not getattr(option, "needed", False)
        assert ("None" in str(fields[name])) == may_lack, name
        assert (fields[name] is bool) == isinstance(without[name], bool), name


@pytest.mark.parametrize("path", COMMANDS)
def test_every_command_has_verbose_and_quiet(path: str) -> None:
    shown = axpair_here(*path.split()[1:], "--help").stdout
    assert re.search(r"-v, --verbose +Say more", shown)
    assert re.search(r"-q, --quiet +On stderr only", shown)


def test_verbose_and_quiet_exclude_each_other() -> None:
    assert "exclude each other" in said_once(axpair_here("explain", "-v", "-q"), 2)
    assert "exclude each other" in said_once(axpair_here("-q", "explain", "-v"), 2)


def test_a_long_list_of_options_comes_in_groups() -> None:
    shown = axpair_here("pair", "--help").stdout
    heads = re.findall(r"^(\S.*):$", shown, re.MULTILINE)
    assert heads == list(GROUPS)
    for path, found in COMMANDS.items():
        if path != VENDORS and len(found.params) > 20:
            assert "\nOptions:" not in axpair_here(*path.split()[1:], "--help").stdout, path


@pytest.mark.parametrize("path", COMMANDS)
def test_help_fits_eighty_columns(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = axpair_here(*path.split()[1:], "--help").stdout.splitlines()
    assert [line for line in lines if len(line) > 80] == []


def test_an_example_over_several_lines_can_still_be_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    shown = axpair_here("layers", "--help").stdout
    whole = "axpair layers --joint m.joint --input x.jpg --board ssh://root@192.168.233.1 --bisect --out parts\n"
    assert whole not in shown
    assert whole in shown.replace(" \\\n      ", " ")


def test_quiet_says_no_notes_and_keeps_the_output() -> None:
    usual, quiet = axpair("board", "info"), axpair("board", "info", "-q")
    assert usual.stderr
    assert quiet.stderr == ""
    assert quiet.stdout.splitlines()[0] == usual.stdout.splitlines()[0]
    assert said_once(axpair("explain", "AX999", "-q"), 2)


def test_verbose_tells_what_led_to_an_error_and_keeps_every_step_on_a_terminal() -> None:
    done = axpair("board", "info", "--board", "127.0.0.1:1", "-v")
    assert re.search(r"^  because of \w+", said_once(done, 3), re.MULTILINE)
    _, shown = seen("board", "info", "-v")
    assert re.search(r"^board: .*: [0-9.]+ s$", shown, re.MULTILINE)


def test_several_files_behind_one_input_are_several_cases() -> None:
    said = said_once(axpair_here("pair", "--input", "bad/a.jpg", "bad/b.jpg", "bad/c.jpg"), 2)
    assert "--input takes one file, and 3 stand behind it: bad/a.jpg, bad/b.jpg, ..." in said
    assert "axpair replay bad --run run" in said
    assert "axpair tune --cases bad\n" in said_once(axpair_here("tune", "--input", "bad/a.jpg", "bad/b.jpg"), 2)


@pytest.mark.parametrize(
    ("words", "option"),
    [
        (("pair", "--joint", "m.joint", "--input", "x.png"), "--deadline"),
        (("replay", "cases", "--run", "run", "--joint", "m.joint"), "--patience"),
        (("layers", "--joint", "m.joint", "--onnx", "m.onnx", "--input", "x.png"), "--cosine"),
    ],
)
def test_nan_lies_within_no_bounds(words: tuple[str, ...], option: str) -> None:
    assert f"'{option}': 'nan' is not a valid number" in said_once(axpair_here(*words, option, "nan"), 2)
