"""Asks everything that can be asked with what is at hand; says what couldn't be."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from axpair_proto.capabilities import BuildsModels, InspectsModels, ModelFacts, Observed
from axpair_proto.config_files import config_text, not_utf8, read_config
from axpair_proto.errors import AxpairError, OpenShape
from axpair_proto.pulsar import config_pb2 as pb
from axpair_proto.pulsar.passed_over import compared_with_itself, passed_over
from axpair_proto.pulsar2.recognized import pulsar2_form
from axpair_proto.simulator import Models, Simulator

from axpair_host.errors import UsageError
from axpair_host.inputs import InputFile, cases_of
from axpair_host.lint import archives, calibration_set, model, names, normalisation, scoring, sets, unlike
from axpair_host.lint.dataset import Sample, look, readable
from axpair_host.lint.declared import DeclaredInput, calibration_paths, declared_inputs
from axpair_host.lint.hint import Hint, Passed
from axpair_host.lint.order import Linted, Order
from axpair_host.lint.pulsar2 import linting as of_pulsar2
from axpair_host.progress import Progress

_ITS_OWN = (
    "give each input its own: dataset_conf_items { selector { op_name: NAME } path: TAR }, with equal file names for "
    "samples that belong together"
)
OBSERVED = 32
"""Samples of a set that go through the float model."""


def lint(order: Order, simulator: Simulator | None, progress: Progress) -> Linted:
    """Raises a subclass of AxpairError for a configuration, model, set or input that can't be used."""
    read = config_text(order.config)
    if pulsar2_form(read.text, str(order.config)) == "JSON":
        linted = of_pulsar2.lint(order, read.text, simulator, progress)
        linted.warnings = (*not_utf8(order.config, read), *linted.warnings)
        return linted
    config, warnings = read_config(order.config)
    linted = Linted(warnings=(*warnings, *passed_over(config)))
    linted.hints += _compared_with_itself(config)
    inspects = simulator if isinstance(simulator, InspectsModels) else None
    facts: ModelFacts | None = None
    if order.onnx is None:
        linted.passed.append(Passed("model", "no ONNX model: layout, Q, and ranges aren't looked at", "--onnx {onnx}"))
    elif inspects is None:
        linted.passed.append(Passed("model", "no simulator that looks into models is installed (axpair[emulator])"))
    else:
        try:
            with progress.task("look at the model"):
                facts = inspects.inspect(order.onnx, order.shapes)
        except OpenShape as error:
            linted.passed.append(Passed("model", f"{error.message}; {error.next_step.one_line}"))
    found = {one.name: one for one in facts.inputs} if facts else {}
    inputs = declared_inputs(config, list(found), {name: one.dtype for name, one in found.items()})
    for one in inputs:
        linted.hints += normalisation.hints(one, found.get(one.name))
        if one.name in found:
            linted.hints += model.layout(one, found[one.name])
    if facts is not None:
        linted.hints += names.hints(config, facts)
        linted.hints += model.silu(facts)
    paths = calibration_paths(config, order.config.parent, inputs)
    linted.hints += sets.shared(paths, _ITS_OWN)
    looked = _look_at_sets(order, config, inputs, found, paths, linted, progress)
    if facts is not None and inspects is not None and paths:
        if looked:
            _look_at_ranges(order, config, inputs, facts, inspects, paths, linted, progress)
        else:
            linted.passed.append(Passed("ranges", "they are taken over the calibration set, and it isn't here"))
    if not order.inputs and order.train is None:
        linted.passed.append(
            Passed(
                "unlike", "neither a case nor training data to hold the set against", "--input {input} --train {train}"
            )
        )
    if order.score and looked:
        _score(order, simulator, paths, linted, progress)
    elif order.score:
        linted.passed.append(Passed("score", "samples of the calibration set are scored, and it isn't here"))
    return linted


def _compared_with_itself(config: pb.Config) -> Iterator[Hint]:
    for said, has, wanted in compared_with_itself(config):
        yield Hint(
            "same-twice",
            "AX004",
            f"{said} is {has}: a form of the model would be compared with itself",
            f"write {wanted}",
        )


def _look_at_sets(
    order: Order,
    config: pb.Config,
    inputs: Sequence[DeclaredInput],
    found: Mapping[str, Any],
    paths: Mapping[str, Path],
    linted: Linted,
    progress: Progress,
) -> bool:
    """Whether every input has a set that is here."""
    neuwizard = config.neuwizard_conf
    size = neuwizard.dataset_conf_calibration.size
    known: dict[Path, list[Sample]] = {}
    gone: dict[Path, Passed] = {}
    for one in inputs:
        path = paths.get(one.name)
        if path is None:
            of = f" for input {one.name!r}" if one.name else ""
            linted.passed.append(Passed("calibration", f"the configuration names no calibration set{of}"))
            continue
        line = sets.absent("calibration", _as_written(path, order.config.parent), path)
        if line is not None:
            gone[path] = line
            continue
        first = path not in known
        if first:
            with progress.task(f"look at {path.name}"):
                known[path], lines = readable(path.name, look(path, max(size, 0)))
            linted.passed += lines
            linted.hints += calibration_set.hints(path.name, known[path], size) if known[path] else ()
        linted.hints += calibration_set.beside(path.name, known[path], one, found.get(one.name))
        if len(inputs) == 1:
            linted.hints += _unlike(order, known[path], linted)
    measured = neuwizard.dataset_conf_error_measurement.path
    if measured and order.config.parent / measured not in {*paths.values()}:
        line = sets.absent("error measurement", measured, order.config.parent / measured)
        if line is not None:
            gone[order.config.parent / measured] = line
    linted.passed += gone.values()
    return all(one.name in paths and paths[one.name] not in gone for one in inputs)


def _as_written(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path)


def _unlike(order: Order, samples: Sequence[Sample], linted: Linted) -> Iterator[Hint]:
    for file in order.inputs:
        if file.path.suffix.lower() not in (".bin", ".npy"):
            case = look_at_file(file)
            yield from unlike.pictures(file.named, case, samples, train=False)
    if order.train is not None:
        theirs, lines = readable(str(order.train), look(order.train, 256), "train")
        linted.passed += lines
        yield from unlike.pictures(str(order.train), theirs, samples, train=True)


def look_at_file(file: InputFile) -> list[Sample]:
    """One file as a set of one sample. Raises UsageError for one that is no picture."""
    with TemporaryDirectory(prefix="axpair-lint-") as folder:
        (sample,) = look(archives.of_case({"": file.path}, Path(folder))[""])
    if sample.unread:
        raise UsageError(
            f"{file.named}: is {sample.unread}", next_step="give a picture, or a .bin or .npy of the input"
        )
    return [sample]


def _look_at_ranges(
    order: Order,
    config: pb.Config,
    inputs: Sequence[DeclaredInput],
    facts: ModelFacts,
    inspects: InspectsModels,
    paths: Mapping[str, Path],
    linted: Linted,
    progress: Progress,
) -> None:
    assert order.onnx is not None
    onnx = order.onnx
    with TemporaryDirectory(prefix="axpair-lint-") as folder:
        try:
            with progress.task("run the float model on the calibration set"):
                seen = inspects.observe(onnx, order.config, order.shapes, limit=OBSERVED)
        except AxpairError as error:
            # Configuration or set may be what is wrong: hints and lines on them stand, and why it went no further.
            is_odd = linted.hints or any(one.what == "calibration" for one in linted.passed)
            if not is_odd and not any(path.is_dir() for path in paths.values()):
                raise
            linted.passed.append(Passed("ranges", f"the float model can't be run under it: {error.message}"))
            return
        linted.hints += model.concats(facts, seen)
        linted.hints += model.swallowed(facts, seen)
        linted.hints += model.features(inputs, seen)
        linted.hints += model.q_values(config, inputs, seen)
        names = [one.name for one in inputs]

        def against(what: str, given: Mapping[str, Path], train: bool) -> Observed:
            try:
                with progress.task(f"run the float model on {what}"):
                    other = inspects.observe(
                        onnx, order.config, order.shapes, archives=given, limit=OBSERVED, against=seen.tensors
                    )
            except AxpairError as error:
                for archive in given.values():
                    if archive.is_relative_to(folder):
                        error.message = error.message.replace(str(archive), what)
                raise
            linted.hints.extend(unlike.ranges(what, other, seen, train=train))
            return other

        for case in cases_of(names, order.inputs):
            against(_listed(case, order.inputs), archives.of_case(case, Path(folder)), False)
        if order.train is not None and len(names) == 1:
            against(str(order.train), {names[0]: archives.of_folder(order.train, Path(folder))}, True)
        elif order.train is not None:
            linted.passed.append(Passed("train", f"--train is one set, and the model has {len(names)} inputs"))


def _listed(case: Mapping[str, Path], files: Sequence[InputFile]) -> str:
    """A case's files as the user named them."""
    return ", ".join(file.named for file in files if file.path in case.values())


def _score(
    order: Order, simulator: Simulator | None, sets: Mapping[str, Path], linted: Linted, progress: Progress
) -> None:
    if simulator is None or order.onnx is None or len(sets) != 1:
        why = "that takes the ONNX model, a simulator, and a model with one input"
        linted.passed.append(Passed("score", why, "" if order.onnx else "--onnx {onnx}"))
        return
    (name, archive), *_ = sets.items()
    with TemporaryDirectory(prefix="axpair-lint-") as folder:
        models = _models(order, simulator, Path(folder), progress)
        if models is None:
            linted.passed.append(
                Passed("score", f"the simulator {simulator.name!r} builds no models", "--joint {joint}")
            )
            return
        samples = archives.extracted(archive, order.score, Path(folder))
        inputs = [(f"{archive.name} #{at}", False, {name: path}) for at, path in enumerate(samples, start=1)]
        inputs += [(_listed(case, order.inputs), True, case) for case in cases_of([name], order.inputs)]
        with progress.task("score", len(inputs), "inputs") as task:
            linted.scores = scoring.score(simulator, models, inputs, task.at)
    linted.hints += scoring.hints(linted.scores, order.line)


def _models(order: Order, simulator: Simulator, folder: Path, progress: Progress) -> Models | None:
    assert order.onnx is not None
    if order.joint is not None:
        return Models(order.joint, order.onnx, order.lava_joint)
    if not isinstance(simulator, BuildsModels):
        return None
    with progress.task("build the model to score with"):
        return simulator.build(order.onnx, order.config, folder / "model.joint", shapes=order.shapes)
