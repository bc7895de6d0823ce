"""The language that people are shown: which one, and the catalogue of what is said in it.

`--lang` decides, wherever it stands in the command line; else LC_ALL, LC_MESSAGES or LANG, the first that is set. A
catalogue is every TOML file of the folder named like the language, English template to the same in that language, and
the fault book, which has both beside each other. How that is put in place of English says `axpair_proto.sentences`.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path

from axpair_proto.sentences import LANGUAGES, speaking

OPTION = "--lang"
_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")


def spoken(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> AbstractContextManager[None]:
    """Speak, while the block lasts, what a command line and an environment ask for.

    Documents are in English unless the command line asks. What stdout or stderr hasn't the characters for is English.
    """
    asked = asked_for(arguments)
    language = asked or language_of(environment)
    if language == "en" or not _can_show("\u4e2d\u6587\uff0c"):
        return speaking({})
    return speaking(catalogue(language), in_documents=bool(asked))


def asked_for(arguments: Sequence[str]) -> str:
    """The value of the last --lang, if it is one of ours; "" without. Click refuses the others."""
    asked = ""
    for place, argument in enumerate(arguments):
        if argument == "--":
            break
        name, has_value, value = argument.partition("=")
        if name == OPTION:
            asked = value if has_value else next(iter(arguments[place + 1 :]), "")
    return asked if asked in LANGUAGES else ""


def language_of(environment: Mapping[str, str]) -> str:
    """ "zh" for a locale of any Chinese-speaking country, else "en"."""
    locale = next((value for name in _VARIABLES if (value := environment.get(name))), "")
    return "zh" if locale.lower().partition("_")[0].partition(".")[0] in ("zh", "chinese") else "en"


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """English template to the same in that language; {} where no TOML reader is installed."""
    try:
        from axpair_host.codebook import entries
        from axpair_host.codebook.book import read_toml
    except ModuleNotFoundError:  # the base install of an old Python: English then, and what is missing is said
        return {}
    found: dict[str, str] = {}
    for path in sorted((Path(__file__).parent / language).glob("*.toml")):
        found.update(read_toml(path))
    for entry in entries().values():
        found.update(entry.chinese())
    return found


def _can_show(text: str) -> bool:
    for stream in (sys.stdout, sys.stderr):
        try:
            text.encode(getattr(stream, "encoding", None) or "utf-8")
        except (UnicodeEncodeError, LookupError):
            return False
    return True
