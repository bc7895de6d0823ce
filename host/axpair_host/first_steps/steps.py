"""The commands that come next: those that fit what lies in the folder, with its real paths."""

import itertools
from collections.abc import Iterator
from pathlib import Path

from axpair_proto.advice import Command, Next, free_name
from axpair_proto.filekinds import FileKind

from axpair_host.first_steps.situation import Situation
from axpair_host.first_steps.survey import Samples, is_gt

SHOWN = 3
_LARGEST_OPENED = 1 << 28
"""Bytes of an archive that is looked into."""
_MODELS = ("joint", "onnx", "lava_joint", "config")
_FLAGS = {"joint": "--joint", "onnx": "--onnx", "lava_joint": "--lava-joint", "config": "--config", "gt": "--gt"}


def next_steps(seen: Situation) -> list[Next]:
    """At most SHOWN, the most telling first."""
    steps: dict[str, Next] = {}
    for step in _steps(seen):
        steps.setdefault(step.line, step)
        if len(steps) == SHOWN:
            break
    return list(steps.values())


def _step(words: tuple[str, ...], why: str) -> Next:
    return Next(why, Command(words))


def _steps(seen: Situation) -> Iterator[Next]:
    if seen.file("joint") is not None:
        yield from _with_joint(seen)
    elif seen.found.of(FileKind.AXMODEL):
        yield from _with_axmodel(seen)
    elif seen.file("onnx") is not None:
        yield from _unbuilt(seen)
    yield from _of_evidence(seen)
    yield from _of_each_file(seen)
    if not seen.found.files:
        yield _step(("axpair", "demo"), "the whole story on a real model, nothing but this machine")
        yield _step(("axpair", "init", "--help"), "what is looked for in a folder")
        yield _step(("axpair", "--help"), "all commands")
    else:
        yield _step(("axpair", "init", "--check"), "what each command still lacks")
        yield _step(("axpair", "explain"), "every finding that a verdict may name")


def _with_joint(seen: Situation) -> Iterator[Next]:
    gt, emulated = seen.file("gt"), seen.simulator is not None
    example = seen.example() if emulated else None
    if gt is not None and seen.choice.finished:
        yield _finished(seen, seen.choice.finished[0])
    if example is not None:
        yield _step(("axpair", "pair", *_models(seen), *_inputs(example, seen), *_out(seen)), "one case to a verdict")
        cases = seen.cases()
        if cases:
            others = f"; other folders of cases: {', '.join(map(seen.named, cases[1:]))}" if cases[1:] else ""
            words = ("axpair", "replay", seen.named(cases[0]), "--run", _free(seen, "run"), *_models(seen))
            yield _step(words, f"all cases of a folder{others}")
        if seen.file("onnx") is not None:
            yield _step(("axpair", "layers", *_models(seen), *_inputs(example, seen)), "where accuracy is lost")
    elif gt is not None and (emulated or len(seen.boards) == 1) and not seen.choice.finished:
        board = ("--board", seen.boards[0]) if not emulated else ()
        yield _step(
            ("axpair", "pair", *_models(seen), *_option(seen, "gt"), *board, *_out(seen)), "its case on a board"
        )
    if not emulated and gt is None and "pulsar" in seen.tools:
        yield from _pulsar_run(seen)
    if gt is not None:
        yield _step(("axpair", "diagnose", *_argument(seen, "gt")), "what the gt folder shows")
    yield _step(("axpair", "model", "info", *_argument(seen, "joint")), "what the joint says of itself")
    yield from _lint(seen)


def _finished(seen: Situation, run: Samples) -> Next:
    logs = seen.found.of(FileKind.RUN_LOG)
    log = ("--board-log", seen.named(logs[0])) if len(logs) == 1 else ()
    words = ("axpair", "pair", *_models(seen), *_option(seen, "gt"), "--board-out", seen.named(run.path), *log)
    others = [one.path for one in seen.choice.finished if one is not run]
    more = f"; others with its outputs: {', '.join(map(seen.named, others))}" if others else ""
    more += f"; which log is its own isn't known: {', '.join(map(seen.named, logs))}" if len(logs) > 1 else ""
    return _step((*words, *_out(seen)), f"a finished run against the simulation{more}")


def _pulsar_run(seen: Situation) -> Iterator[Next]:
    joint, onnx, config = seen.file("joint"), seen.file("onnx"), seen.file("config")
    example = seen.example()
    if joint is None or onnx is None or config is None or example is None or len(example) != 1:
        return
    files = (seen.named(onnx), seen.named(joint), "--input", seen.named(next(iter(example.values()))))
    words = ("pulsar", "run", *files, "--config", seen.named(config), "--output_gt", _free(seen, "gt"))
    yield _step(words, "the simulated side of a case; then give its folder to axpair pair as --gt")


def _with_axmodel(seen: Situation) -> Iterator[Next]:
    for path in seen.found.of(FileKind.AXMODEL)[:2]:
        yield _step(("axpair", "model", "info", seen.named(path)), "what the axmodel says of itself")
    yield from _lint(seen)
    yield from _comparison(seen)


def _unbuilt(seen: Situation) -> Iterator[Next]:
    config, onnx = seen.file("config"), seen.file("onnx")
    if config is not None and onnx is not None:
        yield from _lint(seen)
        is_pulsar2 = config in seen.found.of(FileKind.PULSAR2_CONFIG)
        built = ("--input", seen.named(onnx), "--config", seen.named(config))
        if is_pulsar2 and "pulsar2" in seen.tools:
            yield _step(("pulsar2", "build", *built, "--output_dir", _free(seen, "output")), "build an axmodel")
        elif not is_pulsar2 and seen.set_is_here():
            yield from _build(seen, built, onnx)
    if onnx is not None:
        yield _step(("axpair", "model", "info", seen.named(onnx)), "inputs and outputs of the ONNX model")


def _build(seen: Situation, built: tuple[str, ...], onnx: Path) -> Iterator[Next]:
    joint, config = (_free(seen, name) for name in (f"{onnx.stem}.joint", "output_config.prototxt"))
    shapes = {**seen.choice.shapes, **(seen.known.shapes if seen.known is not None else {})}
    if set(seen.choice.open_shapes) - set(shapes):
        return
    given = [
        word for name, shape in shapes.items() for word in ("--input-shape", f"{name}:{'x'.join(map(str, shape))}")
    ]
    files = (*built, "--output", joint, "--output_config", config)
    if "pulsar" in seen.tools:
        yield _step(("pulsar", "build", *files, *given), "build a joint with the toolchain on PATH")
        return
    if not seen.builds:
        return
    yield _step(("axpair", "emulator", "build", *files, *given), "build a joint for the emulated board")
    example = seen.example()
    if example is not None:
        lava = str(Path(joint).with_suffix(".lava_joint"))
        models = ("--joint", joint, *_models(seen, "onnx"), "--lava-joint", lava)
        # Its own configuration, not the one that axpair.toml names to build from.
        words = ("axpair", "pair", *models, "--config", config, *_inputs(example, seen), *_out(seen))
        yield _step(words, "then one case to a verdict")


def _lint(seen: Situation) -> Iterator[Next]:
    if seen.file("config") is not None:
        yield _step(("axpair", "lint", *_argument(seen, "config"), *_models(seen, "onnx")), "the configuration's traps")


def _of_evidence(seen: Situation) -> Iterator[Next]:
    for run in seen.found.of(FileKind.RUN_FOLDER)[:1]:
        yield _step(("axpair", "reduce", seen.named(run), "--out", _free(seen, "least")), "the fewest cases of a run")
    for gt in seen.found.of(FileKind.GT_FOLDER)[:SHOWN]:
        yield _step(("axpair", "diagnose", seen.named(gt)), "what the gt folder shows")
    for archive in seen.found.of(FileKind.ARCHIVE):
        if archive.resolve() not in seen.choice.sets and holds_gt(archive):
            yield _step(("axpair", "diagnose", seen.named(archive)), "what the gt folder in the archive shows")
    for log in seen.found.of(FileKind.BUILD_LOG):
        if has_layers(log):
            yield _step(("axpair", "layers", "--build-log", seen.named(log)), "the toolchain's own table of layers")
    yield from _comparison(seen)


def _comparison(seen: Situation) -> Iterator[Next]:
    tensors = [one for one in seen.choice.cases if one.files and one.has_tensors_alone]
    pairs = [(a, b) for a, b in itertools.combinations(tensors, 2) if a.stems & b.stems]
    if len(pairs) == 1:
        first, second = pairs[0]
        words = ("axpair", "compare", seen.named(first.path), seen.named(second.path))
        yield _step(words, "two folders with tensors of the same names")


def _of_each_file(seen: Situation) -> Iterator[Next]:
    told = {path.resolve() for key in ("joint", "config") if (path := seen.file(key)) is not None}
    for path in seen.found.of(FileKind.JOINT, FileKind.AXMODEL, FileKind.ONNX, FileKind.QUANTIZED_ONNX):
        if path.resolve() not in told:
            yield _step(("axpair", "model", "info", seen.named(path)), "what the model says of itself")
    for path in seen.found.of(FileKind.PROTOTXT, FileKind.PULSAR2_CONFIG):
        if path.resolve() not in told:
            yield _step(("axpair", "lint", seen.named(path), *_models(seen, "onnx")), "the configuration's traps")


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
    return free_name(seen.folder / name).name
