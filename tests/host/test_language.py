"""Chinese: nothing that is said lacks it, and nothing breaks for want of it."""

import os
import string
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from axpair_host import language
from axpair_host.cli import SUMMARIES, axpair
from axpair_host.codebook import entries
from axpair_host.codebook.book import read_toml
from axpair_host.codebook.entry import SHOWN
from axpair_proto.command_line import GROUPS, paragraphs
from sentences_in_source import everywhere, hinted, looked_up, raised, unsaid

FILES = sorted(Path(language.__file__).parent.joinpath("zh").glob("*.toml"))
CHINESE = language.catalogue("zh")
SAID_AT = {
    "found": (1,),
    "Open": (1,),
    "Wants": (1,),
    "LayerCause": (1, 2),
    "Difference": (0,),
    "invalid": (0,),
    "_Way": (1,),
    "Step": (0,),
}
"""Where the diagnosis says something to people: the positions of these calls' arguments."""


def _fields(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


def _helped() -> dict[str, str]:
    """Every text of help, with the command that it is of."""
    found = dict.fromkeys([*SUMMARIES.values(), *GROUPS, "Options", "Commands"], "axpair")
    for path, command in _commands(axpair, "axpair", None):
        texts = [one for one in paragraphs(command.help or "") if one and not one.startswith("\b")]
        texts += [one.help for one in command.params if isinstance(one, click.Option) and one.help]
        found |= {text: path for text in texts if text not in found}
    return found


def _commands(command: click.Command, name: str, parent: click.Context | None) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(command, info_name=name, parent=parent)
    yield context.command_path, command
    if isinstance(command, click.Group):
        for child in command.list_commands(context):
            found = command.get_command(context, child)
            if found is not None:
                yield from _commands(found, child, context)


@pytest.mark.parametrize("code", entries())
def test_every_code_is_complete_in_chinese(code: str) -> None:
    entry = entries()[code]
    for name in SHOWN:
        english, chinese = getattr(entry, name), getattr(entry, f"zh_{name}")
        texts = chinese if isinstance(chinese, tuple) else (chinese,)
        assert len(texts) == (len(english) if isinstance(english, tuple) else 1), name
        for text in texts:
            assert text.strip() == text != ""
            assert any("\u4e00" <= letter <= "\u9fff" for letter in text), text


def test_what_is_looked_up_has_no_gap() -> None:
    """Findings, what couldn't be judged, reports."""
    assert {template: file for template, file in looked_up().items() if template not in CHINESE} == {}


def test_every_hint_of_lint_has_chinese() -> None:
    """They are single texts, recognized as messages are."""
    said = hinted()
    assert len(said) > 150
    assert {text: file for text, file in said.items() if text not in CHINESE} == {}


def test_the_diagnosis_says_nothing_that_does_not_remember_how_it_was_made() -> None:
    rooms = ("diagnosis", "compare", "layers", "postprocess", "preprocess", "input_trials", "front_end", "evidence")
    files = [
        file for file in set(looked_up().values()) if file.startswith(tuple(f"host/axpair_host/{one}" for one in rooms))
    ]
    assert len(files) > 30
    assert [place for file in sorted(files) for place in unsaid(file, SAID_AT)] == []


def test_every_text_of_help_has_chinese() -> None:
    assert {text: path for text, path in _helped().items() if text not in CHINESE} == {}


def test_every_error_and_its_next_step_has_chinese() -> None:
    said = raised()
    assert {file.partition("/")[0] for file in said.values()} == {"host", "proto", "agent", "emulator"}
    assert {text: file for text, file in said.items() if text not in CHINESE} == {}


def test_no_entry_stands_for_something_that_is_said_no_more() -> None:
    system = {os.strerror(number) for number in range(1, 135)}
    book = {text for entry in entries().values() for text in entry.chinese()}
    known = {*looked_up(), *everywhere(), *_helped(), *system, *book}
    of_click = {*read_toml(next(one for one in FILES if one.stem == "click"))}
    separators = {"; ", ", ", " and ", " or ", ", or ", ", and ", ": "}
    assert [text for text in CHINESE if text not in known | of_click | separators] == []


def test_no_text_has_two_translations() -> None:
    books = [read_toml(path) for path in FILES] + [entry.chinese() for entry in entries().values()]
    seen: dict[str, str] = {}
    for book in books:
        for english, chinese in book.items():
            assert seen.setdefault(english, chinese) == chinese, english


def test_a_translation_has_the_values_of_its_template_and_no_others() -> None:
    """A message may leave out the ending of a plural, which Chinese hasn't."""
    assert {text for text in looked_up() if _fields(CHINESE[text]) != _fields(text)} == set()
    numbered = [text for text in CHINESE if "{0}" in text]
    assert len(numbered) > 300
    assert [text for text in numbered if not _fields(CHINESE[text]) <= _fields(text)] == []
