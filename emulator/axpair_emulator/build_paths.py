"""Where a build reads and writes: flags first, then the configuration's own paths."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from axpair_proto.advice import UNKNOWN, again, free_name, with_other
from axpair_proto.config_files import read_config

from axpair_emulator.errors import ConfigError


@dataclass(frozen=True)
class BuildPaths:
    """The files of one build."""

    onnx: Path
    joint: Path
    output_config: Path | None

    @staticmethod
    def of(
        config: Path, onnx: Path | None, joint: Path | None, output_config: Path | None, output_dir: Path | None
    ) -> BuildPaths:
        """Flags beat input_path and output_path, which are relative to the configuration file; relative outputs
        given as flags lie in `output_dir`. Raises ConfigError when a path is given nowhere, or would be overwritten.
        """
        message, _ = read_config(config)
        folder = config.parent
        source = onnx or (folder / message.input_path if message.input_path else None)
        target = _inside(output_dir, joint) or (folder / message.output_path if message.output_path else None)
        if source is None or target is None:
            flag, field = ("--input", "input_path") if source is None else ("--output", "output_path")
            word = UNKNOWN["onnx"] if source is None else UNKNOWN["joint"]
            raise ConfigError(
                f"neither {flag} nor {field} in {config} says which file to use",
                next_step=again("with it:", flag, word),
            )
        if target.suffix == ".lava_joint" or target.resolve() in (source.resolve(), config.resolve()):
            raise ConfigError(
                f"--output {target} would collide with another file of the build",
                next_step=with_other("--output", str(free_name(target.with_suffix(".joint"))), "with another name:"),
            )
        expanded = _inside(output_dir, output_config)
        if expanded and expanded.resolve() in (source.resolve(), config.resolve(), target.resolve()):
            raise ConfigError(
                f"--output_config {expanded} would overwrite another file of the build",
                next_step=with_other("--output_config", str(free_name(expanded.with_name("output_config.prototxt")))),
            )
        return BuildPaths(source, target, expanded)


def _inside(folder: Path | None, path: Path | None) -> Path | None:
    return folder / path if folder and path else path
