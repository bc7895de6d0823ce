"""What the float model gives when it is fed as other configurations would feed it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from axpair_proto.capabilities import FrontEnd, RunsFloatModel
from axpair_proto.errors import AxpairError
from axpair_proto.gt.tensors import Array, write_tensors
from axpair_proto.names import file_stems
from axpair_proto.simulator import Tensors

from axpair_host import postprocess
from axpair_host.compare.errors import worst_error
from axpair_host.errors import PostprocessError
from axpair_host.evidence.folder import load
from axpair_host.evidence.record import ConfigTrial, FrontEndFacts, FrontEndTrials, Record
from axpair_host.front_end.pixels import fed, pixels
from axpair_host.front_end.variants import Variant, variants
from axpair_host.gather.answers.session import Session

KEPT_ERROR = 0.05
"""2-norm relative error against golden/ up to which a trial's outputs are worth keeping."""


def answer(session: Session, record: Record) -> Record | None:
    """Record.front_end, with trials/configured/input and the outputs of trials that come near golden/.

    None where the simulator can't run the plain float model, there is none, or no input is a picture.
    """
    simulator, models = session.simulator, session.request.models
    if models.onnx is None or not isinstance(simulator, RunsFloatModel):
        return None
    with session.progress.task("simulate other configurations"):
        front_ends = simulator.front_ends(models)
        configured = simulator.float_inputs(models, session.prepared.data)
        if not front_ends:
            return None
        place = session.folder / "trials"
        write_tensors(place / "configured" / "input", configured, file_stems(configured))
        _run_golden(session, simulator, configured)
        golden = load(session.folder).leg("golden")
        trials = []
        for number, (name, codes, tensors) in enumerate(_feeds(configured, front_ends), start=1):
            outputs = simulator.run_float(models, tensors)
            folder = ""
            if golden and worst_error(golden, outputs) <= KEPT_ERROR:
                folder = f"trials/configuration-{number}/onnx"
                write_tensors(session.folder / folder, outputs, file_stems(outputs))
            decision, has_decision = _decided(session, outputs)
            trials.append(ConfigTrial(name, codes, folder, decision, has_decision))
    facts = {
        name: FrontEndFacts(one.gain, one.offset, one.reverses_channels, one.channel_axis)
        for name, one in front_ends.items()
    }
    return msgspec.structs.replace(record, front_end=FrontEndTrials(facts, tuple(trials)))


def _feeds(
    configured: Tensors, front_ends: Mapping[str, FrontEnd]
) -> list[tuple[str, tuple[str, ...], dict[str, Array]]]:
    """Name, codes and fed tensors of each trial: one variant at a time, the same kind on every picture."""
    tried: dict[str, dict[str, Variant]] = {}
    for name, front_end in front_ends.items():
        for variant in variants(front_end):
            tried.setdefault(variant.name, {})[name] = variant
    trials = []
    for words, by_input in tried.items():
        changed = {
            name: fed(pixels(configured[name], front_ends[name]), variant.front_end, configured[name])
            for name, variant in by_input.items()
        }
        trials.append((words, next(iter(by_input.values())).codes, {**configured, **changed}))
    return trials


def _run_golden(session: Session, simulator: RunsFloatModel, configured: Tensors) -> None:
    """trials/golden-input/onnx: the float model on what the training code fed its own with."""
    place: Path = session.folder / "trials" / "golden-input" / "onnx"
    given = load(session.folder).fed_in("golden/input")
    if set(given) != set(configured) or any(given[name].shape != configured[name].shape for name in given):
        return
    tensors = {name: given[name].astype(configured[name].dtype) for name in given}
    try:
        outputs = simulator.run_float(session.request.models, tensors)
    except AxpairError:
        return  # the difference of the inputs is told anyway
    write_tensors(place, outputs, file_stems(outputs))


def _decided(session: Session, outputs: Tensors) -> tuple[Any, bool]:
    if session.postprocess is None:
        return None, False
    try:
        return postprocess.apply(session.postprocess, {"onnx": outputs}).decisions.get("onnx"), True
    except PostprocessError:
        return None, False
