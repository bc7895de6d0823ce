"""Tells an output_config from a configuration that a person wrote: `pulsar run` takes only the former."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from axpair_proto.pulsar import config_pb2 as pb

from axpair_emulator.errors import ConfigError


def require_output_config(config: pb.Config, path: Path, inputs: Sequence[str], outputs: Sequence[str]) -> None:
    """Raises ConfigError unless every tensor of the model is named, with the type that the joint gives it."""
    for field, names, typed in (
        ("src_input_tensors", inputs, False),
        ("dst_input_tensors", inputs, True),
        ("dst_output_tensors", outputs, True),
    ):
        items = {item.tensor_name: item for item in getattr(config, field)}
        for name in names:
            if name not in items:
                raise _refusal(path, f"its {field} don't name {name!r}")
            if typed and not items[name].data_type:
                raise _refusal(path, f"it leaves the data_type of {name!r} to defaults")


def _refusal(path: Path, reason: str) -> ConfigError:
    return ConfigError(
        f"{path} is no output_config: {reason}",
        next_step="give the file that `pulsar build --output_config FILE` writes, not the one it reads",
    )
