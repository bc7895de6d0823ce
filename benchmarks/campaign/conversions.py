"""The campaign's models, built once each and kept between runs, and their faulty builds."""

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from axpair_emulator.build import build
from axpair_emulator.config.flags import BuildFlags
from axpair_emulator.faults.importing import GRAPH_IMPORT
from axpair_emulator.faults.toolchain import damage_joint
from axpair_emulator.zoo import fetch
from axpair_proto.simulator import Models

from benchmarks.material import MODELS, lay_out

SHAPES: Mapping[str, Mapping[str, tuple[int, ...]]] = {
    **{name: model.shapes for name, model in MODELS.items()},
    "centerface": {"input.1": (1, 3, 224, 320)},
    "common-det": {"images": (1, 3, 224, 224)},
}
"""Smaller than the models' own where that keeps a campaign short."""


class Conversions:
    """Builds on demand; everything lies in a temporary folder."""

    def __init__(self) -> None:
        self._place = tempfile.TemporaryDirectory()
        self._built: dict[tuple[str, str, int, int], Models] = {}

    def close(self) -> None:
        """Remove what was built."""
        self._place.cleanup()

    def get(self, name: str, fault: str = "", seed: int = 0, batch: int = 1) -> Models:
        """One of the seven models, with a fault of the compiler or of the import where one is named.

        Raises FaultError where the model has no room for it.
        """
        key = name, fault, seed, batch
        if key not in self._built:
            self._built[key] = self._build(name, fault, seed, batch)
        return self._built[key]

    def _build(self, name: str, fault: str, seed: int, batch: int) -> Models:
        folder = Path(self._place.name) / f"{name}-{batch}-{fault or 'right'}-{seed}"
        folder.mkdir(parents=True)
        if fault and fault != GRAPH_IMPORT.name:
            right = self.get(name, batch=batch)
            joint = folder / right.joint.name
            joint.write_bytes(right.joint.read_bytes())
            damage_joint(joint, fault, seed)
            return replace(right, joint=joint)
        lay_out(name, folder, samples=8)
        onnx, output_config = fetch(name), folder / "output_config.prototxt"
        flags = BuildFlags(input_shapes=SHAPES[name], compile_batch_size=(batch,) if batch > 1 else ())
        done = build(
            onnx,
            folder / "config.prototxt",
            folder / "model.joint",
            output_config=output_config,
            flags=flags,
            import_fault=f"{fault}:{seed}" if fault else "",
        )
        return Models(done.joint, onnx, done.lava_joint, output_config)
