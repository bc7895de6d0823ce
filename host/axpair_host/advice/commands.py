"""Steps with a command, written with fields in braces, and what fills them.

A step of the fault book or of a check says `axpair layers {models} {inputs} --try-int16`. Of a case of which the paths
are known it is a line to be pasted; what isn't known stands there in capitals (`MODEL.onnx`), and the step says what
that stands for. Documents that are stored for good hold steps unfilled, as paths are those of who reads them then.
"""

import re
import shlex
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from axpair_proto.advice import AND, OPERATORS, UNKNOWN, Command, Next, Operator, free_name

if TYPE_CHECKING:
    from axpair_host.documents.steps import NextStep

TEMPLATE = "template"
"""Key of a step's document that isn't filled yet."""


@dataclass(frozen=True)
class Step:
    """Something to do."""

    text: str
    """A sentence."""
    command: str = ""
    """With fields; "" without one."""

    def __post_init__(self) -> None:
        _pieces(self.command)

    def document(self) -> dict[str, Any]:
        """JSON form, not filled."""
        return {"text": self.text, TEMPLATE: self.command} if self.command else {"text": self.text}


@dataclass(frozen=True)
class Known:
    """What is known of a case: paths are those that serve where the caller stands."""

    joint: Path | None = None
    onnx: Path | None = None
    lava_joint: Path | None = None
    lava_beside: Path | None = None
    """The lava_joint that the build left beside the joint, where the case was called without."""
    config: Path | None = None
    """What the joint was built with, expanded, as pair takes it."""
    build_config: Path | None = None
    """What a build is given."""
    shapes: Mapping[str, Sequence[int]] = field(default_factory=dict)
    inputs: tuple[tuple[str, Path], ...] = ()
    """The file of each input, in the model's order."""
    fed: tuple[tuple[str, Path], ...] = ()
    """The bytes that the joint was fed with, of each input a .bin."""
    gt: Path | None = None
    is_kept: bool = False
    """Whether a replay's run keeps that folder: nothing of ours is written beside it."""
    board: str = ""
    """As --board has it; "" where nothing is known of one, or it is the default."""
    finished: tuple[str, ...] = ()
    """The options that name a finished run in place of a board."""
    options: tuple[str, ...] = ()
    """What else the case was called with."""
    canary: Path | None = None


_WHOLE = {
    "pair": "axpair pair {models} {case} {board} {options} --out {new_gt}",
    "on_board": "axpair pair {models} {case} --board {url} {options} --out {new_gt}",
    "layers": "axpair layers {models} --onnx {onnx} {inputs}",
    "try_int16": "axpair layers {models} --onnx {onnx} --config {config} {inputs} --try-int16",
    "bisect": "axpair layers {models} {inputs} {board} --bisect --out {new_parts}",
    "lint": "axpair lint {config} --onnx {onnx} {shapes} {inputs}",
    "tune": "axpair tune --onnx {onnx} --config {config} {shapes} {inputs} --write-config {new_config}",
    "run_joint": "mkdir -p {board_out} && run_joint {joint} --data {data} --bin-out-dir {board_out}",
    "pulsar_run": "pulsar run {files} {inputs} {with_config} --output_gt {new_gt}",
    "take_board": "axpair pair {models} {case} --board-out {board_out} --board-log {board_log} {options} "
    "--out {new_gt}",
}
"""Commands that several steps begin with."""
_NEW = {
    "new_gt": "gt",
    "new_parts": "parts",
    "new_config": "best.prototxt",
    "board_out": "out",
    "board_log": "run_joint.log",
}
"""Names that are made up: free ones where the command is pasted. A step has its own, but for those of a board's run."""
_REPEATED = {"--input", "--layer", "--input-shape", "--set", "--other", "--map"}
"""Options that may be given several times; of any other the last counts."""
_OF_DIAGNOSE = {"--atol", "--rtol", "--postprocess", "--post-pattern", "--expect", "--observed", "--other"}
"""Options of a case that `axpair diagnose` takes as well."""
_FIELD = re.compile(r"\{(\w+)\}")


class Filling:
    """Fills the steps of one report: names that are made up are told apart, and the same step is the same command."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self._taken: list[Path] = []
        self._shared: dict[str, Path] = {}
        self._made: dict[str, Command] = {}

    def of(self, step: Mapping[str, Any]) -> dict[str, Any]:
        """The document of a step with its command as it is pasted, or None, and what stands for something in it."""
        template = step.get(TEMPLATE, "")
        try:
            made = self.command(template) if template else None
        except KeyError:  # a field of another release
            made = None
        return Next(step["text"], made).document()

    def step(self, text: str, template: str) -> "NextStep":
        """A step with its command as it is pasted; without a template it has none."""
        from axpair_host.documents.steps import NextStep

        return NextStep(**self.of({"text": text, TEMPLATE: template}))

    def command(self, template: str) -> Command:
        """Raises KeyError for a field that there isn't."""
        if template not in self._made:
            words = [word for piece in _pieces(template) for word in self._words(piece)]
            self._made[template] = Command(tuple(_last_counts(words)))
        return self._made[template]

    def _words(self, piece: str) -> list[str]:
        if piece in OPERATORS:
            return [Operator(piece)]
        found = _FIELD.fullmatch(piece)
        if found is None:
            return [_FIELD.sub(lambda inside: self._one(inside[1]), piece)]
        name = found[1]
        if name in _WHOLE:
            return [word for each in _pieces(_WHOLE[name]) for word in self._words(each)]
        return _SEVERAL[name](self._known) if name in _SEVERAL else [self._one(name)]

    def _one(self, name: str) -> str:
        if name in _NEW:
            return str(self._new(name))
        if name in _SINGLE and (found := _SINGLE[name](self._known)):
            return found if isinstance(found, str) else str(found)
        return UNKNOWN[name]

    def _new(self, name: str) -> Path:
        if name in self._shared:
            return self._shared[name]
        own = [self._known.gt] if self._known.gt is not None and self._known.gt.name else []
        beside = own and name == "new_gt" and not self._known.is_kept
        wanted = own[0] if beside else Path(_NEW[name])
        free = free_name(wanted, taken=[*own, *self._taken])
        self._taken.append(free)
        if name.startswith("board_"):
            self._shared[name] = free
        return free


def _models(known: Known) -> list[str]:
    return [
        "--joint",
        str(known.joint) if known.joint else UNKNOWN["joint"],
        *_given("--onnx", known.onnx),
        *_given("--lava-joint", known.lava_joint),
        *_given("--config", known.config),
    ]


def _inputs(known: Known) -> list[str]:
    """In the model's order: for commands that stretch pictures, where those were made to fit otherwise, their bytes."""
    files = known.fed if "--resize" in known.options else known.inputs or known.fed
    return [word for _, path in files for word in ("--input", str(path))] or ["--input", UNKNOWN["input"]]


def _case(known: Known) -> list[str]:
    if known.inputs or known.gt is None:
        return [word for _, path in known.inputs for word in ("--input", str(path))] or ["--input", UNKNOWN["input"]]
    return ["--gt", str(known.gt)]


def _of_options(known: Known, names: Collection[str]) -> list[str]:
    """Those of the case's options, with their values."""
    pairs = zip(known.options, known.options[1:], strict=False)
    return [word for option, value in pairs if option in names for word in (option, value)]


def _given(option: str, value: "Path | str | None") -> list[str]:
    return [option, value if isinstance(value, str) else str(value)] if value else []


_SINGLE: Mapping[str, Callable[[Known], "Path | str | None"]] = {
    "joint": lambda known: known.joint,
    "onnx": lambda known: known.onnx,
    "lava_joint": lambda known: known.lava_joint or known.lava_beside,
    "config": lambda known: known.build_config or known.config,
    "gt": lambda known: known.gt,
    "canary": lambda known: known.canary,
    "url": lambda known: known.board,
    "postprocess": lambda known: next(iter(_of_options(known, ("--postprocess",))[1:]), None),
    "data": lambda known: ";".join(str(path) for _, path in known.fed),
}
_SEVERAL: Mapping[str, Callable[[Known], list[str]]] = {
    "models": _models,
    "files": lambda known: [
        *(str(path) for path in (known.onnx, known.lava_joint) if path),
        str(known.joint) if known.joint else UNKNOWN["joint"],
    ],
    "with_onnx": lambda known: _given("--onnx", known.onnx),
    "with_inputs": lambda known: _inputs(known) if known.inputs else [],
    "with_config": lambda known: _given("--config", known.config),
    "inputs": _inputs,
    "case": _case,
    "shapes": lambda known: [
        word
        for name, shape in known.shapes.items()
        for word in ("--input-shape", f"{name}:{'x'.join(map(str, shape))}")
    ],
    "board": lambda known: list(known.finished) or _given("--board", known.board),
    "reached": lambda known: ["--board", UNKNOWN["url"]] if known.finished else _given("--board", known.board),
    "options": lambda known: list(known.options),
    "said": lambda known: _of_options(known, _OF_DIAGNOSE),
}


@cache
def _pieces(template: str) -> tuple[str, ...]:
    """The words with their fields. Raises KeyError for a field that there isn't."""
    pieces = tuple(shlex.split(template))
    for piece in pieces:
        for name in _FIELD.findall(piece):
            if not any(name in fields for fields in (_WHOLE, _NEW, _SINGLE, _SEVERAL, UNKNOWN)):
                raise KeyError(name)
    return pieces


def _last_counts(words: Sequence[str]) -> list[str]:
    """The words without options that come again behind; those of one command alone, not of what it is chained to."""
    start = max((place for place, word in enumerate(words, start=1) if word == AND), default=0)
    kept: list[str] = []
    skip = False
    for place, word in enumerate(words):
        again = place >= start and word.startswith("--") and word not in _REPEATED and word in words[place + 1 :]
        if skip or again:
            skip = again
        else:
            kept.append(word)
    return kept


def general(step: Step) -> dict[str, Any]:
    """The document of a step of no case: everything stands there in capitals, and speaks for itself."""
    return {**Filling(Known()).of(step.document()), "placeholders": {}}


def filled_row(document: Mapping[str, Any], known: Known) -> dict[str, Any]:
    """A stored document of a replay, of any release, with its steps' commands as they are pasted."""
    filling = Filling(known)

    def steps(holder: Mapping[str, Any]) -> dict[str, Any]:
        # Release 0.1.0 stored sentences.
        given = [{"text": one} if isinstance(one, str) else one for one in holder.get("next_steps", ())]
        return {**holder, "next_steps": [filling.of(one) for one in given]}

    found = dict(document)
    for key in ("findings", "warnings", "not_judged"):
        if key in found:
            found[key] = [steps(one) for one in found[key]]
    return steps(found) if "findings" in found else found
