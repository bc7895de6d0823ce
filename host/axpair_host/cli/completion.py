"""axpair completion: what a shell proposes behind `axpair`, down to codes, boards and faults."""

import os
from dataclasses import dataclass
from typing import ClassVar

import click
from axpair_proto.command_line import Command
from axpair_proto.printing import print_document, print_lines
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    add_completion_class,
    get_completion_class,
    shell_complete,
    split_arg_string,
)

from axpair_host.cli import options
from axpair_host.cli.request import taking

VARIABLE = "_AXPAIR_COMPLETE"
"""What a shell's script sets in the environment when it asks."""
_INTO = {
    "bash": "source <(axpair completion bash), or that line in ~/.bashrc",
    "zsh": "source <(axpair completion zsh), or that line in ~/.zshrc, behind compinit",
    "fish": "axpair completion fish | source, or its output in ~/.config/fish/completions/axpair.fish",
}


class Bash(BashComplete):
    """bash breaks words at ':' and '=', which addresses of boards are full of: the line itself is read instead."""

    source_template: ClassVar[str] = """\
%(complete_func)s() {
    local IFS=$'\\n' line type value
    COMPREPLY=()
    for line in $(COMP_WORDS="${COMP_LINE:0:COMP_POINT}" COMP_WORDBREAKS="$COMP_WORDBREAKS" \\
            %(complete_var)s=bash_complete "$1" 2>/dev/null); do
        IFS=',' read -r type value <<< "$line"
        case $type in
            dir) compopt -o dirnames ;;
            file) compopt -o default ;;
            plain) COMPREPLY+=("$value") ;;
        esac
    done
}
complete -o nosort -F %(complete_func)s %(prog_name)s
"""

    def get_completion_args(self) -> tuple[list[str], str]:
        """The words before the one under the cursor, and that one."""
        line = os.environ["COMP_WORDS"]
        words = split_arg_string(line)[1:]
        return (words, "") if not line or line[-1].isspace() else (words[:-1], words[-1] if words else "")

    def format_completion(self, item: CompletionItem) -> str:
        """Without what stands before the last of bash's word breaks: that is on the line already."""
        word = os.environ["COMP_WORDS"].rpartition(" ")[2]
        breaks = [at for at, letter in enumerate(word) if letter in ":=" and letter in os.environ["COMP_WORDBREAKS"]]
        known = breaks[-1] + 1 if breaks and word[0] not in "'\"" else 0
        return f"{item.type},{item.value[known:]}"


@dataclass(frozen=True, slots=True)
class CompletionOptions:
    """What `axpair completion` is asked."""

    shell: str
    as_json: bool


@click.command("completion", cls=Command)
@click.argument("shell", type=click.Choice(list(_INTO)))
@options.json_option
@taking(CompletionOptions)
def command(given: CompletionOptions) -> None:
    """Print the script that makes a shell complete axpair's commands, options, codes, boards and faults.

    \b
    source <(axpair completion bash)
    source <(axpair completion zsh)
    axpair completion fish | source
    """
    script, use = source(given.shell), _INTO[given.shell]
    if given.as_json:
        print_document({"schema_version": 1, "shell": given.shell, "script": script, "use": use})
    else:
        print_lines([f"# {use}", *script.splitlines()])


def source(shell: str) -> str:
    """A shell's script."""
    from axpair_host.cli import axpair

    add_completion_class(Bash)
    found = get_completion_class(shell)
    assert found is not None
    return found(axpair, {}, "axpair", VARIABLE).source()


def answer(instruction: str) -> int:
    """What a shell's script asks: print the proposals for the line that it has put into the environment."""
    from axpair_host.cli import axpair

    add_completion_class(Bash)
    return shell_complete(axpair, {}, "axpair", VARIABLE, instruction)
