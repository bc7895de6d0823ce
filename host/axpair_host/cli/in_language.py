"""Commands in the reader's language: their help, and click's own words in help and messages.

Every text of a command is looked up when the command is; without an entry it stays English. What a catalogue has of
click is in click's own words, which click asks gettext for.
"""

import copy
import gettext
import inspect
import sys
from collections.abc import Sequence

import click
from axpair_proto.sentences import tr

from axpair_host.language import LANGUAGES, OPTION

OF_EXAMPLES = "\b"
"""A paragraph of a help text that begins with it is printed as it is: commands."""


def in_language(command: click.Command) -> click.Command:
    """The command with --lang, and its help as it is shown; one that has a --lang of its own keeps that."""
    shown = copy.copy(command)
    shown.help = help_text(command.help) if command.help else command.help
    shown.short_help = tr(command.short_help) if command.short_help else command.short_help
    shown.params = [_parameter(one) for one in command.params]
    if not any(OPTION in one.opts for one in shown.params):
        shown.params.append(_parameter(language_option()))
    if isinstance(shown, click.Group) and isinstance(command, click.Group):
        shown.commands = {name: in_language(one) for name, one in command.commands.items()}
    return shown


def language_option() -> click.Option:
    """--lang: what it is set to was decided before any command was found, by `axpair_host.language`."""
    return click.Option(
        [OPTION],
        type=click.Choice(LANGUAGES),
        expose_value=False,
        help="Language of what is shown, of --json too; without it LC_ALL or LANG decides, and JSON is in English.",
    )


def help_text(text: str) -> str:
    """A command's help, paragraph by paragraph."""
    return "\n\n".join(map(_paragraph, paragraphs(text)))


def paragraphs(text: str) -> Sequence[str]:
    """The paragraphs of a docstring; each on one line, examples apart."""
    found = inspect.cleandoc(text).split("\n\n")
    return [one if one.startswith(OF_EXAMPLES) else " ".join(one.split()) for one in found]


def _paragraph(text: str) -> str:
    return text if text.startswith(OF_EXAMPLES) else tr(text)


def _parameter(parameter: click.Parameter) -> click.Parameter:
    shown = copy.copy(parameter)
    if isinstance(shown, click.Option) and shown.help:
        shown.help = tr(shown.help)
    return shown


def speak_through_click() -> None:
    """Have click look up its own words in our catalogue. It takes them from gettext, whose catalogues are chosen by the
    environment alone, and that is our children's too."""
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] != "click":
            continue
        if getattr(module, "_", None) is gettext.gettext:
            module.__dict__["_"] = tr
        if getattr(module, "ngettext", None) is gettext.ngettext:
            module.__dict__["ngettext"] = _of_number


def _of_number(one: str, many: str, count: int) -> str:
    return tr(one if count == 1 else many)
