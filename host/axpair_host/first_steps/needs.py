"""What each command lacks in a folder, and what is wrong with its axpair.toml (`axpair init --check`)."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from axpair_proto.errors import AxpairError, ContractError
from axpair_proto.filekinds import FileKind, kind_of

from axpair_host.boards.url import parse
from axpair_host.config_file import MODEL_FILES, NamedBoard
from axpair_host.files import where_it_belongs
from axpair_host.first_steps.situation import Situation
from axpair_host.first_steps.steps import has_layers, holds_gt
from axpair_host.first_steps.survey import is_gt

_WANTED = {
    "onnx": {FileKind.ONNX, FileKind.QUANTIZED_ONNX},
    "joint": {FileKind.JOINT},
    "lava_joint": {FileKind.LAVA_JOINT},
    "config": {FileKind.PROTOTXT, FileKind.PULSAR2_CONFIG},
}


@dataclass(frozen=True)
class Need:
    """One command, and what it lacks; nothing where it can be called."""

    command: str
    missing: tuple[str, ...]


def needs(seen: Situation) -> list[Need]:
    """For each command that works on files, in the order of `axpair --help`."""
    return [Need(command, tuple(missing)) for command, missing in _needs(seen)]


def faults(seen: Situation, boards: dict[str, NamedBoard]) -> list[str]:
    """What [model] and [boards] name that isn't there or is something else; the file itself was read."""
    wrong: list[str] = []
    if seen.known is not None:
        for key in MODEL_FILES:
            if key in seen.known.files and (why := _wrong(key, seen.known.files[key])):
                wrong.append(f"[model] {key} {why}")
    for name, board in boards.items():
        try:
            parse(name, {name: board})
        except AxpairError as error:
            wrong.append(f"[boards.{name}] {error.message}")
    return wrong


def _wrong(key: str, path: Path) -> str:
    try:
        kind = kind_of(path)
    except ContractError as error:
        return error.message
    if key in _WANTED:
        if kind in _WANTED[key]:
            return ""
        belongs = where_it_belongs(path, kind)
        return f"{path}: is {kind.value}" + (f"; {belongs.text.rstrip(':')}" if belongs else "")
    if not path.is_dir():
        return f"{path}: is {kind.value}, expected a folder"
    return f"{path}: holds no simulated outputs" if key == "gt" and not is_gt(path) else ""


def _needs(seen: Situation) -> Iterator[tuple[str, list[str]]]:
    joint = _lacking(seen, "joint", "a joint")
    onnx = _lacking(seen, "onnx", "an ONNX model")
    config = _lacking(seen, "config", "a configuration")
    emulated = seen.simulator is not None
    example = seen.example() if seen.inputs() else None
    case = [] if example is not None else ["an input that fits the model"]
    gt = _lacking(seen, "gt", "a gt folder")
    simulated = [] if emulated or joint else ["a simulator for this joint"]
    board = [] if emulated or joint or seen.boards or seen.choice.finished else ["a board, or a finished run's outputs"]
    yield "pair", [*joint, *((case and gt and [f"{case[0]}, or a gt folder"]) if emulated else gt), *board]
    replayed = [] if joint or seen.cases() else ["a folder of cases"]
    yield "replay", [*joint, *replayed, *simulated]
    yield "compare", [] if _comparable(seen) else ["two files or folders of tensors"]
    judged = seen.found.of(FileKind.GT_FOLDER) or any(map(holds_gt, seen.found.of(FileKind.ARCHIVE)))
    yield "diagnose", [] if judged or not gt else gt
    table = any(map(has_layers, seen.found.of(FileKind.BUILD_LOG)))
    yield "layers", [] if table else [*joint, *case, *simulated]
    reduced = [] if seen.found.of(FileKind.RUN_FOLDER) else [*joint, *gt, *simulated]
    yield "reduce", ["a run of axpair replay, or: " + ", ".join(reduced)] if reduced else []
    yield "lint", [] if seen.found.of(FileKind.PULSAR2_CONFIG) else config
    is_pulsar2 = not config and seen.file("config") in seen.found.of(FileKind.PULSAR2_CONFIG)
    prototxt = ["a configuration of pulsar"] if is_pulsar2 else config
    here = [] if prototxt or seen.set_is_here() else ["the calibration set that the configuration names"]
    builder = [] if seen.builds else ["the emulator: pip install 'axpair[emulator]'"]
    yield "tune", [*onnx, *prototxt, *here, *case, *builder]
    models = seen.found.of(
        FileKind.JOINT, FileKind.LAVA_JOINT, FileKind.AXMODEL, FileKind.ONNX, FileKind.QUANTIZED_ONNX
    )
    yield "model info", [] if models or not joint else ["a model"]
    yield "emulator build", [*onnx, *prototxt, *here, *builder]


def _lacking(seen: Situation, key: str, what: str) -> list[str]:
    if seen.file(key) is not None:
        return []
    return (
        [f"which is {key}: {len(seen.choice.undecided[key][0])} could be"] if key in seen.choice.undecided else [what]
    )


def _comparable(seen: Situation) -> bool:
    folders = [*seen.choice.finished, *seen.choice.golden, *(one for one in seen.choice.cases if one.has_tensors_alone)]
    return len([one for one in folders if one.files]) + len(seen.found.of(FileKind.GT_FOLDER, FileKind.NPZ)) > 1
