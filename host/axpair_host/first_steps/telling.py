"""What `axpair init` and its --check say, for people and as a document."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from axpair_proto.advice import Command, Next, calling

from axpair_host import config_file
from axpair_host.config_file import FILE_NAME
from axpair_host.first_steps.choosing import Choice
from axpair_host.first_steps.needs import Need, faults, needs
from axpair_host.first_steps.situation import TOOLS, Situation
from axpair_host.first_steps.steps import next_steps
from axpair_host.first_steps.survey import MOST_FILES
from axpair_host.first_steps.writing import SetUp

_MOST_SHOWN = 8
"""Of one kind."""
_FEW = 3
_ROLES = {
    "cases": "pictures or tensors: cases",
    "golden": "golden results",
    "finished": "the joint's outputs: a finished run",
}


@dataclass(frozen=True)
class Initialized:
    """Of `axpair init`."""

    done: SetUp
    steps: list[Next]
    faults: list[str]
    """Of the axpair.toml that is there."""

    def document(self) -> dict[str, Any]:
        """As --json prints it."""
        seen = self.done.seen
        return {
            **_found(seen),
            "axpair_toml": str(seen.existing) if seen.existing else None,
            "written": self.done.written is not None,
            "model_lines": list(self.done.lines),
            "faults": self.faults,
            "undecided": {
                key: {"candidates": [str(path) for path in paths], "why": why}
                for key, (paths, why) in seen.choice.undecided.items()
                if not seen.in_effect(key)
            },
            "commands": [{"command": _there(step, seen.folder), "why": step.text} for step in self.steps],
        }

    def lines(self) -> list[str]:
        """The same for people."""
        seen = self.done.seen
        lines = [*_found_lines(seen), "", *_toml_lines(self.done), *_undecided(seen)]
        lines += [*(f"wrong in it: {fault}" for fault in self.faults), "", "next"]
        for step in self.steps:
            lines += [f"  {_there(step, seen.folder)}", f"      # {step.text}"]
        return [*lines, "what each command lacks here: axpair init --check"]


@dataclass(frozen=True)
class Checked:
    """Of `axpair init --check`."""

    seen: Situation
    needs: list[Need]
    faults: list[str]

    def document(self) -> dict[str, Any]:
        """As --json prints it."""
        return {
            **_found(self.seen),
            "axpair_toml": str(self.seen.existing) if self.seen.existing else None,
            "faults": self.faults,
            "missing": {one.command: list(one.missing) for one in self.needs},
        }

    def lines(self) -> list[str]:
        """The same for people."""
        where = self.seen.existing
        head = f"{where}: {len(self.faults) or 'nothing'} wrong" if where else f"no {FILE_NAME}: axpair init writes one"
        lines = [head, *(f"  {fault}" for fault in self.faults), "", "what is missing"]
        lines += [f"  {one.command:<15} {'; '.join(one.missing) or '-'}" for one in self.needs]
        return [*lines, *_undecided(self.seen)]


def initialized(done: SetUp) -> Initialized:
    """With the commands that come next."""
    wrong = _faults(done.seen)
    check = calling("axpair", "init", "--check", text="mend axpair.toml first: commands would take what it names")
    return Initialized(done, [check] if wrong else next_steps(done.seen), wrong)


def checked(seen: Situation) -> Checked:
    """With what is missing or wrong."""
    return Checked(seen, needs(seen), _faults(seen))


def _there(step: Next, folder: Path) -> str:
    """The command for the shell that called."""
    return step.command.from_folder(folder).line() if isinstance(step.command, Command) else ""


def _faults(seen: Situation) -> list[str]:
    return faults(seen, dict(config_file.named_boards(seen.folder)))


def _found(seen: Situation) -> dict[str, Any]:
    return {
        "schema_version": 1,
        "folder": str(seen.folder.resolve()),
        "found": {kind.name.lower(): [str(path) for path in paths] for kind, paths in seen.found.files.items()},
        "samples": {role: [str(one.path) for one in _samples(seen.choice, role)] for role in _ROLES},
        "tools": {name: seen.tools.get(name) for name in TOOLS},
        "boards": list(seen.boards),
        "complete": not seen.found.cut and not seen.found.unread,
        "unread": seen.found.unread,
    }


def _samples(choice: Choice, role: str) -> list[Any]:
    return {"cases": choice.cases, "golden": choice.golden, "finished": choice.finished}[role]


def _found_lines(seen: Situation) -> list[str]:
    rows = [(kind.value, [seen.named(path) for path in paths]) for kind, paths in seen.found.files.items()]
    rows += [(text, [seen.named(one.path) for one in _samples(seen.choice, role)]) for role, text in _ROLES.items()]
    rows = [(what, names) for what, names in rows if names]
    lines = [f"{seen.folder.resolve()}"]
    if not rows:
        lines += [
            "  nothing that axpair works with: no model, configuration, gt folder, log, picture or tensor",
            "  put a model here (ONNX, joint or axmodel), or name the folder where it lies: axpair init FOLDER",
        ]
    width = max((len(what) for what, _ in rows), default=0)
    for what, names in sorted(rows):
        lines += [f"  {what if at == 0 else '':<{width}}  {name}" for at, name in enumerate(names[:_MOST_SHOWN])]
        if len(names) > _MOST_SHOWN:
            lines.append(f"  {'':<{width}}  and {len(names) - _MOST_SHOWN} more")
    lines += [f"  not looked at: {why}" for why in seen.found.unread]
    if seen.found.cut:
        lines.append(f"  only the first {MOST_FILES} files were looked at; give a folder below: axpair init FOLDER")
    tools = ", ".join(f"{name} ({path})" for name, path in seen.tools.items()) or f"none of {', '.join(TOOLS)} on PATH"
    return [*lines, f"  tools: {tools}", f"  boards: {', '.join(seen.boards) or f'none; {FILE_NAME} can name some'}"]


def _toml_lines(done: SetUp) -> list[str]:
    if done.written is not None:
        return [f"wrote {done.written}", "  [model]", *(f"  {line}" for line in done.lines)]
    where = done.seen.existing
    if where is None and not done.lines:
        return [f"no {FILE_NAME} written: there is nothing to say in it"]
    where = where or done.seen.folder / FILE_NAME
    if not done.lines:
        return [f"{where} is there already, and lacks nothing of this"]
    return [
        f"{where} is there already, and stays as it is; its [model] could have besides:",
        *(f"  {one}" for one in done.lines),
    ]


def _undecided(seen: Situation) -> list[str]:
    return [
        f"not decided: {key} ({why}): {', '.join(map(seen.named, paths[:_FEW]))}" + (", ..." if paths[_FEW:] else "")
        for key, (paths, why) in seen.choice.undecided.items()
        if not seen.in_effect(key)
    ]
