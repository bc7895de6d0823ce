"""The calibration part of a configuration."""

from __future__ import annotations

from pathlib import Path

from axpair_proto.pulsar import config_pb2 as pb

from axpair_emulator.config.build_config import CalibrationConf
from axpair_emulator.config.selection import selected
from axpair_emulator.config.signature import Signature
from axpair_emulator.config.tensor_items import enum_word
from axpair_emulator.errors import ConfigError

DEFAULT_BATCH = 32


def resolve_calibration(config: pb.Config, folder: Path, signature: Signature, warnings: list[str]) -> CalibrationConf:
    """Archives per input, sizes and methods; paths are relative to `folder`, the configuration file's.

    Raises ConfigError when an input has no archive or a number is negative.
    """
    dataset = config.neuwizard_conf.dataset_conf_calibration
    paths = archives_of(dataset, "dataset_conf_calibration", folder, signature, warnings)
    strategy = enum_word(pb.CalibrationStrategy, dataset.calibration_strategy)
    observer = enum_word(pb.ObserverMethod, dataset.observer_method)
    return CalibrationConf(
        paths=paths,
        size=dataset.size,
        batch_size=dataset.batch_size or DEFAULT_BATCH,
        per_channel=strategy == "CALIB_STRATEGY_PER_CHANNEL",
        mse_clipping=observer == "OBSVR_METHOD_MSE_CLIPPING",
    )


def archives_of(
    dataset: pb.DatasetConf, field: str, folder: Path, signature: Signature, warnings: list[str]
) -> dict[str, str]:
    """The archive of every input, absolute. Raises ConfigError when an input has none or a number is negative."""
    paths = dict.fromkeys(signature.inputs, dataset.path) if dataset.path else {}
    of_item: dict[str, str] = {}
    for item in dataset.dataset_conf_items:
        for name in selected(item.selector, signature.inputs, "dataset_conf_items"):
            if of_item.setdefault(name, item.path) != item.path:
                warnings.append(
                    f"{field}: dataset_conf_items give input {name!r} both {of_item[name]!r} and {item.path!r}; "
                    "the last one counts"
                )
            of_item[name] = item.path
    paths |= of_item
    for name in signature.inputs:
        if not paths.get(name):
            raise ConfigError(
                f"neuwizard_conf.{field} gives no path for input {name!r}",
                next_step=f'add {field} {{ path: "images.tar" type: DATASET_TYPE_TAR }}',
            )
    if dataset.size < 0 or dataset.batch_size < 0:
        raise ConfigError(
            f"{field} has size {dataset.size} and batch_size {dataset.batch_size}",
            next_step="both are positive numbers",
        )
    if dataset.batch_size > 1:
        warnings.append(f"{field}.batch_size {dataset.batch_size} has no effect: samples are read one at a time")
    return {name: str((folder / path).absolute()) for name, path in paths.items()}
