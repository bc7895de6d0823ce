"""Small real models of the zoo as joints, built once a process, with inputs in which every channel differs."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

import numpy as np
from axpair_emulator.build import build
from axpair_emulator.config.flags import BuildFlags
from axpair_emulator.simulator import EmulatorSimulator
from axpair_emulator.storage.joint_file import load_edges, pack_program
from axpair_emulator.zoo import fetch
from axpair_proto.simulator import Models
from emulator.batches import for_items
from emulator.joints import Built

from benchmarks.material import MODELS, lay_out

SHAPES = {"centerface": {"input.1": (1, 3, 64, 96)}, "ppocr-rec": {"x": (1, 3, 48, 160)}}
"""Smaller than the benchmarks' own, where the model allows."""


@functools.cache
def real_net(name: str) -> Built:
    """A model of the zoo at 8 bit, calibrated on two samples."""
    folder = Path(_folder().name) / name
    folder.mkdir()
    files = lay_out(name, folder, samples=2)
    joint = folder / "model.joint"
    flags = BuildFlags(input_shapes=SHAPES.get(name, MODELS[name].shapes))
    result = build(fetch(name), folder / "config.prototxt", joint, flags=flags)
    prepared = EmulatorSimulator().prepare(Models(joint=joint), files).data
    inputs = {port.name: _tinted(prepared[port.joint_name], port.shape, port.layout) for port in result.program.inputs}
    return Built(joint, result.lava_joint, inputs, ())


@functools.cache
def batched_net(name: str) -> Built:
    """The same with a batch of four: the input, and the input moved on by rows."""
    one = real_net(name)
    joint = one.joint.with_name("batch.joint")
    joint.write_bytes(pack_program(for_items(one.program, 4, dynamic=False), load_edges(one.joint).config))
    (port,) = one.program.inputs
    pixels = np.frombuffer(one.inputs[port.name], np.uint8).reshape(port.shape)
    data = b"".join(np.roll(pixels, 11 * item, axis=1).tobytes() for item in range(4))
    return Built(joint, one.lava_joint, {port.name: data}, ())


def _tinted(data: bytes, shape: tuple[int, ...], layout: str) -> bytes:
    """Pictures of text are grey; a swap of channels would not show in them."""
    if layout != "NHWC" or shape[-1] != 3:
        return data
    pixels = np.frombuffer(data, np.uint8).reshape(shape)
    if shape[1] == shape[2]:
        # A page that lies both ways: a classifier that is sure of itself saturates, and masks most faults.
        pixels = pixels // 2 + pixels.transpose(0, 2, 1, 3) // 2
    return (pixels >> np.array([0, 1, 2], np.uint8)).tobytes()


@functools.cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="axpair-test-nets-", ignore_cleanup_errors=True)
