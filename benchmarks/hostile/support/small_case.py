"""A model of a few hundred bytes with a folder of pictures: what attacks on `pair` and `replay` work with."""

from dataclasses import dataclass
from pathlib import Path

from axpair_emulator.build import build
from axpair_emulator.config.flags import BuildFlags

from benchmarks.fuzz.small_models import CONFIG, encoded, models, picture, write_archive


@dataclass(frozen=True)
class SmallCase:
    """Files of one conversion, and pictures for it."""

    joint: Path
    onnx: Path
    lava_joint: Path
    config: Path
    pictures: tuple[Path, ...]

    @property
    def flags(self) -> tuple[str | Path, ...]:
        """The model's options."""
        return "--joint", self.joint, "--onnx", self.onnx, "--lava-joint", self.lava_joint, "--config", self.config

    @property
    def folder(self) -> Path:
        """Where the pictures lie, and nothing else."""
        return self.pictures[0].parent


def small_case(folder: Path, pictures: int = 4) -> SmallCase:
    """Build it into `folder`: uint8 pictures of 12x10 in, two float32 outputs out."""
    folder.mkdir(parents=True, exist_ok=True)
    onnx, config, joint = folder / "m.onnx", folder / "c.prototxt", folder / "m.joint"
    onnx.write_bytes(models()[0].SerializeToString())
    config.write_text(CONFIG, encoding="utf-8")
    write_archive(folder / "c.tar", {f"{seed}.png": encoded(picture(seed)) for seed in range(4)})
    output_config = folder / "m.output.prototxt"
    result = build(onnx, config, joint, output_config=output_config, flags=BuildFlags())
    assert result.lava_joint is not None
    cases = folder / "cases"
    cases.mkdir()
    files = tuple(cases / f"{number:03}.png" for number in range(pictures))
    for number, path in enumerate(files):
        path.write_bytes(encoded(picture(100 + number)))
    return SmallCase(joint, onnx, result.lava_joint, output_config, files)
