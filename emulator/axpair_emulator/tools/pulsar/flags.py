"""Flags of `pulsar build` that change the configuration: they beat the file."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable

from axpair_proto.pulsar import config_pb2 as pb

_STANDARDS = {"studio": pb.CSS_ITU_BT601_STUDIO_SWING, "full": pb.CSS_ITU_BT601_FULL_SWING}
_LAYOUTS = {"native": pb.NATIVE, "nchw": pb.NCHW, "nhwc": pb.NHWC}


def amendment(given: Namespace) -> Callable[[pb.Config], None]:
    """What a command line does to a configuration; hardware and virtual NPU apart, which the build takes itself."""

    def amend(config: pb.Config) -> None:
        if given.input_tensor_color:
            for item in _items(config, "src_input_tensors", "input_tensors"):
                item.color_space = _color(given.input_tensor_color)
        if given.output_tensor_color:
            for item in _items(config, "dst_input_tensors", "output_tensors"):
                item.color_space = _color(given.output_tensor_color)
        if given.color_std:
            for item in _items(config, "dst_input_tensors", "output_tensors"):
                item.color_standard = _STANDARDS[given.color_std]
        if given.output_tensor_layout:
            for item in _items(config, "dst_output_tensors"):
                item.tensor_layout = _LAYOUTS[given.output_tensor_layout]
        if given.calibration_batch_size is not None:
            config.neuwizard_conf.dataset_conf_calibration.batch_size = given.calibration_batch_size
        if given.compile_batch_size:
            config.pulsar_conf.batch_size[:] = given.compile_batch_size
        if given.batch_size_option:
            config.pulsar_conf.batch_size_option = pb.BatchSizeOption.Value(given.batch_size_option)

    return amend


def _items(config: pb.Config, field: str, older: str = "") -> list[pb.TensorConf]:
    """Every item of a list, under the spelling that the file uses; a new one for all tensors where it has none."""
    items = getattr(config, older) if older and getattr(config, older) else getattr(config, field)
    if not items:
        items.add()
    return list(items)


def _color(word: str) -> pb.ColorSpace.ValueType:
    return pb.ColorSpace.Value(f"TENSOR_COLOR_SPACE_{word.upper()}")
