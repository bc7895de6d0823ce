"""The commands that come next: those that fit what lies in the folder, with its real paths."""

import itertools
import os
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from axpair_proto.filekinds import FileKind

from axpair_host.first_steps.situation import Situation
from axpair_host.first_steps.survey import Samples, is_gt

SHOWN = 3
_LARGEST_OPENED = 1 << 28
"""Bytes of an archive that is looked into."""
_MODELS = ("joint", "onnx", "lava_joint", "config")
_FLAGS = {"joint": "--joint", "onnx": "--onnx", "lava_joint": "--lava-joint", "config": "--config", "gt": "--gt"}


@dataclass(frozen=True)
class Step:
    """One command for a shell that stands in the folder."""

    words: tuple[str, ...]
    why: str

    def line(self, folder: Path) -> str:
        """As it is pasted into the shell that called; it goes to the folder first where that is elsewhere."""
        command = " ".join(map(shell_quoted, self.words))
        there = folder.resolve()
        return command if there == Path.cwd().resolve() else f"cd {shell_quoted(str(there))} && {command}"


def shell_quoted(text: str) -> str:
    """The word for bash and zsh; names with control characters or bytes that are no text are spelled out."""
    if text.isprintable():
        return shlex.quote(text)
    plain = (chr(byte) if 32 <= byte < 127 and byte not in b"\\'" else f"\\x{byte:02x}" for byte in os.fsencode(text))
    return f"$'{''.join(plain)}'"


def next_steps(seen: Situation) -> list[Step]:
    """At most SHOWN, the most telling first."""
    steps: dict[tuple[str, ...], Step] = {}
    for step in _steps(seen):
        steps.setdefault(step.words, step)
        if len(steps) == SHOWN:
            break
    return list(steps.values())


def _steps(seen: Situation) -> Iterator[Step]:
    if seen.file("joint") is not None:
        yield from _with_joint(seen)
    elif seen.found.of(FileKind.AXMODEL):
        yield from _with_axmodel(seen)
    elif seen.file("onnx") is not None:
        yield from _unbuilt(seen)
    yield from _of_evidence(seen)
    yield from _of_each_file(seen)
    if not seen.found.files:
        yield Step(("axpair", "demo"), "the whole story on a real model, nothing but this machine")
        yield Step(("axpair", "init", "--help"), "what is looked for in a folder")
        yield Step(("axpair", "--help"), "all commands")
    else:
        yield Step(("axpair", "init", "--check"), "what each command still lacks")
        yield Step(("axpair", "explain"), "every finding that a verdict may name")


def _with_joint(seen: Situation) -> Iterator[Step]:
    gt, emulated = seen.file("gt"), seen.simulator is not None
    example = seen.example() if emulated else None
    if gt is not None and seen.choice.finished:
        yield _finished(seen, seen.choice.finished[0])
    if example is not None:
        yield Step(("axpair", "pair", *_models(seen), *_inputs(example, seen), *_out(seen)), "one case to a verdict")
        cases = seen.cases()
        if cases:
            others = f"; other folders of cases: {', '.join(map(seen.named, cases[1:]))}" if cases[1:] else ""
            words = ("axpair", "replay", seen.named(cases[0]), "--run", _free(seen, "run"), *_models(seen))
            yield Step(words, f"all cases of a folder{others}")
        if seen.file("onnx") is not None:
            yield Step(("axpair", "layers", *_models(seen), *_inputs(example, seen)), "where accuracy is lost")
    elif gt is not None and (emulated or len(seen.boards) == 1) and not seen.choice.finished:
        board = ("--board", seen.boards[0]) if not emulated else ()
        yield Step(("axpair", "pair", *_models(seen), *_option(seen, "gt"), *board, *_out(seen)), "its case on a board")
    if not emulated and gt is None and "pulsar" in seen.tools:
        yield from _pulsar_run(seen)
    if gt is not None:
        yield Step(("axpair", "diagnose", *_argument(seen, "gt")), "what the gt folder shows")
    yield Step(("axpair", "model", "info", *_argument(seen, "joint")), "what the joint says of itself")
    yield from _lint(seen)


def _finished(seen: Situation, run: Samples) -> Step:
    logs = seen.found.of(FileKind.RUN_LOG)
    log = ("--board-log", seen.named(logs[0])) if len(logs) == 1 else ()
    words = ("axpair", "pair", *_models(seen), *_option(seen, "gt"), "--board-out", seen.named(run.path), *log)
    others = [one.path for one in seen.choice.finished if one is not run]
    more = f"; others with its outputs: {', '.join(map(seen.named, others))}" if others else ""
    more += f"; which log is its own isn't known: {', '.join(map(seen.named, logs))}" if len(logs) > 1 else ""
    return Step((*words, *_out(seen)), f"a finished run against the simulation{more}")


def _pulsar_run(seen: Situation) -> Iterator[Step]:
    joint, onnx, config = seen.file("joint"), seen.file("onnx"), seen.file("config")
    example = seen.example()
    if joint is None or onnx is None or config is None or example is None or len(example) != 1:
        return
    files = (seen.named(onnx), seen.named(joint), "--input", seen.named(next(iter(example.values()))))
    words = ("pulsar", "run", *files, "--config", seen.named(config), "--output_gt", _free(seen, "gt"))
    yield Step(words, "the simulated side of a case; then give its folder to axpair pair as --gt")


def _with_axmodel(seen: Situation) -> Iterator[Step]:
    for path in seen.found.of(FileKind.AXMODEL)[:2]:
        yield Step(("axpair", "model", "info", seen.named(path)), "what the axmodel says of itself")
    yield from _lint(seen)
    yield from _comparison(seen)


def _unbuilt(seen: Situation) -> Iterator[Step]:
    config, onnx = seen.file("config"), seen.file("onnx")
    if config is not None and onnx is not None:
        yield from _lint(seen)
        is_pulsar2 = config in seen.found.of(FileKind.PULSAR2_CONFIG)
        built = ("--input", seen.named(onnx), "--config", seen.named(config))
        if is_pulsar2 and "pulsar2" in seen.tools:
            yield Step(("pulsar2", "build", *built, "--output_dir", _free(seen, "output")), "build an axmodel")
        elif not is_pulsar2 and seen.set_is_here():
            yield from _build(seen, built, onnx)
    if onnx is not None:
        yield Step(("axpair", "model", "info", seen.named(onnx)), "inputs and outputs of the ONNX model")


def _build(seen: Situation, built: tuple[str, ...], onnx: Path) -> Iterator[Step]:
    joint, config = (_free(seen, name) for name in (f"{onnx.stem}.joint", "output_config.prototxt"))
    shapes = {**seen.choice.shapes, **(seen.known.shapes if seen.known is not None else {})}
    if set(seen.choice.open_shapes) - set(shapes):
        return
    given = [
        word for name, shape in shapes.items() for word in ("--input-shape", f"{name}:{'x'.join(map(str, shape))}")
    ]
    files = (*built, "--output", joint, "--output_config", config)
    if "pulsar" in seen.tools:
        yield Step(("pulsar", "build", *files, *given), "build a joint with the toolchain on PATH")
        return
    if not seen.builds:
        return
    yield Step(("axpair", "emulator", "build", *files, *given), "build a joint for the emulated board")
    example = seen.example()
    if example is not None:
        lava = str(Path(joint).with_suffix(".lava_joint"))
        models = ("--joint", joint, *_models(seen, "onnx"), "--lava-joint", lava)
        # Its own configuration, not the one that axpair.toml names to build from.
        words = ("axpair", "pair", *models, "--config", config, *_inputs(example, seen), *_out(seen))
        yield Step(words, "then one case to a verdict")


def _lint(seen: Situation) -> Iterator[Step]:
    if seen.file("config") is not None:
        yield Step(("axpair", "lint", *_argument(seen, "config"), *_models(seen, "onnx")), "the configuration's traps")


def _of_evidence(seen: Situation) -> Iterator[Step]:
    for run in seen.found.of(FileKind.RUN_FOLDER)[:1]:
        yield Step(("axpair", "reduce", seen.named(run), "--out", _free(seen, "least")), "the fewest cases of a run")
    for gt in seen.found.of(FileKind.GT_FOLDER)[:SHOWN]:
        yield Step(("axpair", "diagnose", seen.named(gt)), "what the gt folder shows")
    for archive in seen.found.of(FileKind.ARCHIVE):
        if archive.resolve() not in seen.choice.sets and holds_gt(archive):
            yield Step(("axpair", "diagnose", seen.named(archive)), "what the gt folder in the archive shows")
    for log in seen.found.of(FileKind.BUILD_LOG):
        if has_layers(log):
            yield Step(("axpair", "layers", "--build-log", seen.named(log)), "the toolchain's own table of layers")
    yield from _comparison(seen)


def _comparison(seen: Situation) -> Iterator[Step]:
    tensors = [one for one in seen.choice.cases if one.files and one.has_tensors_alone]
    pairs = [(a, b) for a, b in itertools.combinations(tensors, 2) if a.stems & b.stems]
    if len(pairs) == 1:
        first, second = pairs[0]
        words = ("axpair", "compare", seen.named(first.path), seen.named(second.path))
        yield Step(words, "two folders with tensors of the same names")


def _of_each_file(seen: Situation) -> Iterator[Step]:
    told = {path.resolve() for key in ("joint", "config") if (path := seen.file(key)) is not None}
    for path in seen.found.of(FileKind.JOINT, FileKind.AXMODEL, FileKind.ONNX, FileKind.QUANTIZED_ONNX):
        if path.resolve() not in told:
            yield Step(("axpair", "model", "info", seen.named(path)), "what the model says of itself")
    for path in seen.found.of(FileKind.PROTOTXT, FileKind.PULSAR2_CONFIG):
        if path.resolve() not in told:
            yield Step(("axpair", "lint", seen.named(path), *_models(seen, "onnx")), "the configuration's traps")


def holds_gt(archive: Path) -> bool:
    """Whether an archive holds a gt folder that can be judged."""
    from axpair_host.errors import EvidenceError
    from axpair_host.evidence.archives import gt_folder, is_archive

    try:
        if not is_archive(archive) or archive.stat().st_size > _LARGEST_OPENED:
            return False
        with gt_folder(archive) as folder:
            return is_gt(folder)
    except (EvidenceError, OSError):
        return False


def has_layers(log: Path) -> bool:
    """Whether a build's log holds a table of layers."""
    from axpair_proto.errors import AxpairError

    from axpair_host.layers.build_log import layers_in

    try:
        return bool(layers_in(log).layers)
    except AxpairError:
        return False


def _models(seen: Situation, *keys: str) -> tuple[str, ...]:
    return tuple(word for key in keys or _MODELS for word in _option(seen, key))


def _option(seen: Situation, key: str) -> tuple[str, ...]:
    """Nothing where axpair.toml says it."""
    path = seen.file(key)
    return () if path is None or seen.in_effect(key) else (_FLAGS[key], seen.named(path))


def _argument(seen: Situation, key: str) -> tuple[str, ...]:
    path = seen.file(key)
    return () if path is None or seen.in_effect(key) else (seen.named(path),)


def _inputs(example: dict[str, Path], seen: Situation) -> tuple[str, ...]:
    layers = len(example) > 1
    return tuple(
        word
        for name, path in example.items()
        for word in (*(("--layer", name) if layers else ()), "--input", seen.named(path))
    )


def _out(seen: Situation) -> tuple[str, ...]:
    free = _free(seen, "gt")
    return () if free == "gt" else ("--out", free)


def _free(seen: Situation, name: str) -> str:
    """A name in the folder that nothing has."""
    stem, dot, suffix = name.partition(".")
    names = itertools.chain([name], (f"{stem}-{number}{dot}{suffix}" for number in itertools.count(2)))
    return next(one for one in names if not os.path.lexists(seen.folder / one))
