"""Writes an axpair.toml where none is in effect; one that is there is never changed."""

import os
from dataclasses import dataclass
from pathlib import Path

from axpair_proto.filekinds import FileKind
from axpair_proto.gt.replacing import write_whole_file

from axpair_host.config_file import FILE_NAME
from axpair_host.first_steps.situation import Situation, situation
from axpair_host.first_steps.toml_text import document, model_lines


@dataclass(frozen=True)
class SetUp:
    """What came of it."""

    seen: Situation
    """With the file that is in effect now."""
    written: Path | None = None
    lines: tuple[str, ...] = ()
    """Of [model]: those that were written, else those that the file that is there could have besides."""


def set_up(seen: Situation) -> SetUp:
    """Write the file where there is something to say. Raises ContractError where it can't be written."""
    if seen.existing is not None:
        return SetUp(seen, lines=tuple(model_lines(seen.choice, seen.existing.parent, seen.known)))
    target = seen.folder / FILE_NAME
    evidence = seen.found.of(FileKind.GT_FOLDER, FileKind.RUN_FOLDER)
    choice = seen.choice
    if seen.folder in evidence or not (choice.files or choice.undecided):
        return SetUp(seen)
    lines = tuple(model_lines(choice, seen.folder))
    if os.path.lexists(target):  # a link that leads nowhere, or a folder
        return SetUp(seen, lines=lines)
    write_whole_file(target, document(lines).encode())
    return SetUp(situation(seen.folder, seen.found, choice), written=target, lines=lines)
