"""axpair init: what lies in a folder, an axpair.toml for it, and the commands that come next."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from axpair_proto.command_line import Command
from axpair_proto.lines import fitted
from axpair_proto.printing import print_document, print_lines

from axpair_host.cli import options
from axpair_host.cli.request import taking

if TYPE_CHECKING:
    from axpair_host.first_steps.situation import Situation


@dataclass(frozen=True, slots=True)
class InitOptions:
    """What `axpair init` is asked."""

    folder: Path
    check: bool
    as_json: bool


@click.command("init", cls=Command)
@click.argument("folder", type=options.PATH, default=Path())
@click.option("--check", is_flag=True, help="Write nothing: say what each command lacks, and what is wrong here.")
@options.json_option
@taking(InitOptions)
def command(given: InitOptions) -> int:
    """Look at what lies in FOLDER (default: here), write an axpair.toml for it, and name the next three commands.

    Recognized by content: joints, lava_joints, ONNX models and axmodels, configurations of pulsar and pulsar2, gt
    folders, runs, archives, logs, folders of pictures or tensors. Of the tools pulsar, pulsar2 and run_joint those on
    PATH; of boards those that an axpair.toml names. Nothing on a network is asked.

    [model] in axpair.toml is what commands take where their options aren't given. A file that could be two things isn't
    chosen: it stands there as a comment. An axpair.toml that is there already, here or above, is never changed: what it
    lacks is said.

    Exit code 2 where axpair.toml is broken, or with --check names what isn't there; else 0, whatever is missing.

    \b
    axpair init
    axpair init models --json
    axpair init --check
    """
    from axpair_host.first_steps.situation import look_at

    seen = look_at(given.folder)
    if given.check:
        return _check(seen, given.as_json)
    from axpair_host.first_steps.telling import initialized
    from axpair_host.first_steps.writing import set_up

    told = initialized(set_up(seen))
    _show(told.document(), told.lines(), given.as_json)
    return 0


def _check(seen: "Situation", as_json: bool) -> int:
    from axpair_host.first_steps.telling import checked

    told = checked(seen)
    _show(told.document(), told.lines(), as_json)
    return 2 if told.faults else 0


def _show(document: dict[str, Any], lines: list[str], as_json: bool) -> None:
    if as_json:
        print_document(document)
    else:
        print_lines(fitted(lines))
