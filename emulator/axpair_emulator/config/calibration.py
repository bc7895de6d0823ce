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


def resolve_calibration(config: pb.Config, folder: Path, signature: Signature) -> CalibrationConf:
    """Archives per input, sizes and methods; paths are relative to `folder`, the configuration file's.

    Raises ConfigError when an input has no archive or a number is negative.
    """
    dataset = config.neuwizard_conf.dataset_conf_calibration
    paths = dict.fromkeys(signature.inputs, dataset.path) if dataset.path else {}
    for item in dataset.dataset_conf_items:
        for name in selected(item.selector, signature.inputs, "dataset_conf_items"):
            paths[name] = item.path
    for name in signature.inputs:
        if not paths.get(name):
            raise ConfigError(
                f"neuwizard_conf.dataset_conf_calibration gives no path for input {name!r}",
                next_step='add dataset_conf_calibration { path: "calibration.tar" type: DATASET_TYPE_TAR }',
            )
    if dataset.size < 0 or dataset.batch_size < 0:
        raise ConfigError(
            f"dataset_conf_calibration has size {dataset.size} and batch_size {dataset.batch_size}",
            next_step="both are positive numbers",
        )
    strategy = enum_word(pb.CalibrationStrategy, dataset.calibration_strategy)
    observer = enum_word(pb.ObserverMethod, dataset.observer_method)
    return CalibrationConf(
        paths={name: str((folder / path).absolute()) for name, path in paths.items()},
        size=dataset.size,
        batch_size=dataset.batch_size or DEFAULT_BATCH,
        per_channel=strategy == "CALIB_STRATEGY_PER_CHANNEL",
        mse_clipping=observer == "OBSVR_METHOD_MSE_CLIPPING",
    )
