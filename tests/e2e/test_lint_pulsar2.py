"""`axpair lint` on pulsar2's configurations: published ones unchanged, and one with a model and sets that are here."""

import json
import math
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import onnx
import pytest
from axpair_host.documents.linted import LintDocument
from command_line import axpair_here, said_once
from onnx import TensorProto, helper
from onnx_models import pack, png
from PIL import Image
from printed import printed
from real_files import real_file

NO_TARGET = "target"
PUBLISHED = {
    "centerpoint.json": (["no-float", "conv-alone", "conv-alone"], ["pairing", "layer names"]),
    "cnclip-vision-u16.json": ([NO_TARGET, "random-check", "units"], []),
    "docs-cascade-scale-zp.json": ([NO_TARGET, "no-picture", "release"], []),
    "docs-mix-precision.json": (
        ["string-for-list", "string-for-list", NO_TARGET],
        ["layer names", "operator types"],
    ),
    "docs-nv12.json": ([NO_TARGET], []),
    "fastenhancer-16k.json": (["input-shapes", "no-processors"], ["pairing"]),
    "h-gtcrn.json": (["no-picture", "no-float", "no-float"], ["operator types"]),
    "kokoro-2.json": (["no-processors", "size"], ["pairing"]),
    "metric3d-u16.json": ([NO_TARGET, "no-swap", "no-float"], ["layer names"]),
    "qat-quantonnx.json": ([NO_TARGET, "random-check", "no-processors", "archive"], ["model_type"]),
    "raft-stereo.json": ([NO_TARGET], ["pairing"]),
    "satrn-decoder.json": ([NO_TARGET, "random-check", "no-picture", "no-float"], ["pairing", "layer names"]),
    "sensevoice-ax620e-int8.json": (["size"], ["pairing"]),
    "yolo26n-mix.json": ([], ["layer names"]),
}
"""Each configuration: its hints, and what is not looked at besides model and calibration sets."""

WORDS = {
    "centerpoint.json": ["FP32 for 'ScatterND_1' (ScatterND)", "'/neck/blocks.0/blocks.0.3/Relu' (Relu)"],
    "cnclip-vision-u16.json": ["[123.68, 116.779, 103.939]", "[0.5, 0.5, 0.5]", "s3://npu-ci"],
    "docs-cascade-scale-zp.json": ["release 7.0"],
    "docs-mix-precision.json": ["start_tensor_names", "a single value"],
    "docs-nv12.json": ["AX650"],
    "fastenhancer-16k.json": ["semicolons", "FP32 in NCHW"],
    "h-gtcrn.json": ["6 channels", "FP32 for GRU", "FP32 for Transpose"],
    "kokoro-2.json": ["ids", "calibration_size is -1"],
    "metric3d-u16.json": ["inserts no swap", "'/depth_model/decoder/Pad' (Pad)"],
    "qat-quantonnx.json": ["QuantONNX", "/path/to/dataset"],
    "raft-stereo.json": ["calib-left.tar", "'x1', 'x2' are paired"],
    "satrn-decoder.json": ["'init_target_seq', 'out_enc', 'src_mask' and 'step'", "'/Unsqueeze' (Unsqueeze)"],
    "sensevoice-ax620e-int8.json": ["'speech', 'mask' and 'language'", "calibration_size is -1"],
    "yolo26n-mix.json": ["../dataset/images100.tar", "frontend/optimized.onnx"],
}


def lint(*arguments: str | Path, code: int = 0) -> dict[str, Any]:
    done = axpair_here("lint", *arguments, "--json")
    assert done.returncode == code, done.stderr + done.stdout
    document = printed(done.stdout, LintDocument)
    return document


def kinds(document: dict[str, Any]) -> list[str]:
    return [one["kind"] for one in document["hints"]]


def unseen(document: dict[str, Any]) -> list[str]:
    return [one["what"] for one in document["not_looked_at"] if one["what"] not in ("model", "calibration")]


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_trap_of_a_published_configuration_is_named(name: str) -> None:
    config = real_file(f"pulsar2-configs/{name}")
    document = lint(config)
    assert document["form"] == "pulsar2"
    assert (kinds(document), unseen(document)) == PUBLISHED[name]
    assert {"model", "calibration"} <= {one["what"] for one in document["not_looked_at"]}
    assert all(one["prove"]["text"] for one in document["hints"])
    said = json.dumps(document, ensure_ascii=False)
    assert [words for words in WORDS[name] if words not in said] == []
    lint(config, "--strict", code=1)


def test_every_published_configuration_is_among_them() -> None:
    assert {path.name for path in real_file("pulsar2-configs").glob("*.json")} == set(PUBLISHED)


def test_the_field_case_is_told_for_what_it_is() -> None:
    config = real_file("field-cases/06-pulsar2-files/config.json")
    assert kinds(lint(config)) == ["no-swap"]
    said = said_once(
        axpair_here("emulator", "build", "--config", config, "--input", "m.onnx", "--output", "m.joint"), 2
    )
    assert "is a configuration of pulsar2 (JSON)" in said
    assert f"axpair lint {config}" in said


CLEAN: dict[str, Any] = {
    "model_type": "ONNX",
    "target_hardware": "AX650",
    "npu_mode": "NPU3",
    "quant": {
        "input_configs": [
            {
                "tensor_name": "images",
                "calibration_dataset": "images.tar",
                "calibration_size": 8,
                "calibration_mean": [0, 0, 0],
                "calibration_std": [255, 255, 255],
            },
            {"tensor_name": "ids", "calibration_dataset": "ids.tar", "calibration_format": "Numpy"},
        ],
        "layer_configs": [{"op_types": ["Conv", "Concat"], "data_type": "U16"}],
    },
    "input_processors": [
        {
            "tensor_name": "images",
            "tensor_format": "RGB",
            "src_format": "RGB",
            "src_dtype": "U8",
            "src_layout": "NHWC",
        },
        {"tensor_name": "ids", "src_dtype": "S32"},
    ],
    "output_processors": [{"tensor_name": "map", "dst_perm": [0, 2, 3, 1]}],
}


def scene(seed: int) -> bytes:
    """A picture like no other."""
    pixels = np.random.default_rng(seed).integers(0, 256, (12, 10, 3))
    return png(Image.fromarray(pixels.astype(np.uint8)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """m.onnx with a picture and int64 ids as inputs, and a set of eight for each."""
    made = tmp_path_factory.mktemp("pulsar2")
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["images", "w"], ["c"], name="/stem/Conv"),
            helper.make_node("Concat", ["c", "c"], ["map"], name="/head/Concat", axis=1),
            helper.make_node("Gather", ["table", "ids"], ["rows"], name="/embed/Gather"),
        ],
        "g",
        [
            helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, 12, 10]),
            helper.make_tensor_value_info("ids", TensorProto.INT64, [1, 4]),
        ],
        [
            helper.make_tensor_value_info("map", TensorProto.FLOAT, [1, 4, 12, 10]),
            helper.make_tensor_value_info("rows", TensorProto.FLOAT, [1, 4, 2]),
        ],
        [
            helper.make_tensor("w", TensorProto.FLOAT, [2, 3, 1, 1], [0.5] * 6),
            helper.make_tensor("table", TensorProto.FLOAT, [5, 2], [0.5] * 10),
        ],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)]), made / "m.onnx")
    pack(made / "images.tar", {f"{at}.png": scene(at) for at in range(8)})
    pack(made / "ids.tar", {f"{at}.npy": npy(np.full((1, 4), at, np.int64)) for at in range(8)})
    return made


def npy(array: np.ndarray[Any, Any]) -> bytes:
    data = BytesIO()
    np.save(data, array)
    return data.getvalue()


def changed(changes: dict[str, Any]) -> dict[str, Any]:
    """CLEAN with other values, by dotted paths."""
    config: dict[str, Any] = json.loads(json.dumps(CLEAN))
    for path, value in changes.items():
        *parts, last = [int(part) if part.isdigit() else part for part in path.split(".")]
        at: Any = config
        for part in parts:
            at = at[part]
        if value is None:
            del at[last]
        else:
            at[last] = value
    return config


def told(folder: Path, tmp_path: Path, changes: dict[str, Any], *, onnx_too: bool = True) -> dict[str, Any]:
    for name in ("images.tar", "ids.tar", "m.onnx"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    (tmp_path / "c.json").write_text(json.dumps(changed(changes)), encoding="utf-8")
    return lint(tmp_path / "c.json", *(("--onnx", tmp_path / "m.onnx") if onnx_too else ()))


def test_a_sound_configuration_with_its_model_and_sets_is_green_in_strict(folder: Path, tmp_path: Path) -> None:
    document = told(folder, tmp_path, {})
    assert (kinds(document), document["not_looked_at"]) == ([], [])
    lint(tmp_path / "c.json", "--onnx", tmp_path / "m.onnx", "--strict")
    lint(tmp_path / "c.json", "--strict", code=1)


IMAGES, IDS = "quant.input_configs.0", "quant.input_configs.1"
FED, FED_IDS = "input_processors.0", "input_processors.1"
MUTATIONS: list[tuple[dict[str, Any], list[str]]] = [
    ({f"{FED}.src_format": "BGR"}, ["no-swap"]),
    ({f"{FED}.src_format": "GRAY"}, ["formats-differ"]),
    ({f"{FED}.src_format": "YUV420SP"}, ["yuv-without-csc"]),
    ({f"{FED}.src_format": "YUV420SP", f"{FED}.csc_mode": "FullRange"}, []),
    ({f"{FED}.src_format": "YUV420SP", f"{FED}.csc_mode": "FullRange", f"{FED}.src_layout": "NCHW"}, ["yuv-layout"]),
    ({f"{FED}.csc_mode": "LimitedRange"}, ["csc-without-yuv"]),
    ({f"{FED}.csc_mat": [1.0] * 12}, ["csc-matrix"]),
    ({f"{FED}.csc_mat": [1, 0, 1.4, -179, 1, -0.3, -0.7, 135, 1, 1.7, 0, -276.8]}, ["csc-matrix"]),
    (
        {
            f"{FED}.src_format": "YUV420SP",
            f"{FED}.csc_mode": "Matrix",
            f"{FED}.csc_mat": [1, 0, 1.4, -179, 1, -0.3, -0.7, 135, 1, 1.7, 0, -276.8],
        },
        ["csc-bias"],
    ),
    ({f"{FED}.src_dtype": "FP32"}, ["inherited"]),
    ({f"{FED}.src_dtype": "FP32", f"{FED}.mean": [0, 0, 0], f"{FED}.std": [1, 1, 1]}, []),
    ({f"{FED}.src_dtype": "FP32", f"{FED}.mean": [0.5] * 3, f"{FED}.std": [0.5] * 3}, ["units"]),
    ({f"{FED}.mean": [0, 0, 0], f"{FED}.std": [1, 1, 1]}, ["differs"]),
    ({f"{FED}.std": [255, 255, 255]}, ["half-given"]),
    ({f"{IMAGES}.calibration_std": [0.0039] * 3}, ["scale"]),
    ({f"{IMAGES}.calibration_std": [0, 255, 255]}, ["std-zero"]),
    ({f"{IMAGES}.calibration_std": [-57, 57, 57]}, ["std-negative"]),
    ({f"{IMAGES}.calibration_std": [math.inf, 255, 255]}, ["not-finite"]),
    ({f"{IMAGES}.calibration_mean": [math.nan, 0, 0]}, ["not-finite"]),
    ({f"{IMAGES}.calibration_mean": [0]}, ["list-length"]),
    (
        {f"{IMAGES}.calibration_mean": [103.53, 116.28, 123.675], f"{IMAGES}.calibration_std": [57.375, 57.12, 58.395]},
        ["order"],
    ),
    (
        {f"{IMAGES}.calibration_mean": [123.675, 116.28, 103.53], f"{IMAGES}.calibration_std": [58.395, 57.12, 65.025]},
        ["vendor-sample"],
    ),
    (
        {
            f"{IMAGES}.calibration_mean": [123.675, 116.28, 103.53],
            f"{IMAGES}.calibration_std": [58.395, 57.12, 57.375],
            f"{FED}.tensor_format": "AutoColorSpace",
        },
        ["unsaid-colours"],
    ),
    ({f"{IDS}.calibration_mean": [3]}, ["set-as-it-is"]),
    ({f"{FED_IDS}.tensor_format": "RGB"}, ["no-picture"]),
    ({f"{FED_IDS}.src_dtype": None}, ["integer-input"]),
    ({f"{FED_IDS}.src_dtype": "FP16"}, ["no-fp16", "integer-input"]),
    ({f"{FED}.src_layout": None}, ["layout-unsaid"]),
    ({f"{FED}.tensor_layout": "NHWC"}, ["layout", "stretched"]),
    ({f"{FED}.scale": 0.25, f"{FED}.zeropoint": 9}, ["release", "codes-and-mean"]),
    ({f"{IMAGES}.calibration_size": 40}, ["size"]),
    ({f"{IMAGES}.calibration_size": -1}, ["size"]),
    ({f"{IMAGES}.calibration_dataset": "ids.tar"}, ["format", "shared-set"]),
    ({f"{IDS}.calibration_format": "Binary"}, ["format"]),
    ({f"{IDS}.calibration_format": None}, ["format", "format"]),
    ({f"{IDS}.calibration_dataset": ""}, ["no-set"]),
    ({f"{IMAGES}.tensor_name": "image"}, ["unknown-name", "no-set"]),
    ({"input_processors.1.tensor_name": "id"}, ["unknown-name", "integer-input"]),
    ({"output_processors.0.tensor_name": "maps"}, ["unknown-name"]),
    ({"output_processors.0.dst_perm": [0, 2, 3, 3]}, ["dst-perm"]),
    ({"output_processors.0.tensor_name": "DEFAULT"}, ["dst-perm"]),
    ({"output_processors.0.output_dtype": "U8"}, ["output-dtype"]),
    ({"output_processors.0.output_dtype": "S16"}, ["output-dtype"]),
    ({"input_shapes": "images:1x3x12x10,ids:1x4"}, ["input-shapes"]),
    ({"input_shapes": "image:1x3x12x10"}, ["unknown-name"]),
    ({"input_shapes": "images:3x12x10"}, ["input-shapes", "format"]),
    ({"input_shapes": "images:1,3,12,10"}, ["input-shapes"]),
    ({"input_shapes": "images:1, 3, 12, 10, ids:1,4"}, ["input-shapes"]),
    ({"input_shapes": "1,3,12,10"}, ["input-shapes"]),
    ({"input_shapes": "images"}, ["input-shapes"]),
    ({"target_hardware": None}, ["target"]),
    ({"target_hardware": "AX620E"}, ["npu-mode"]),
    ({"npu_mode": None}, ["npu-mode"]),
    ({"npu_mode": "NPU9"}, ["unknown-value"]),
    ({"target_hardware": "AX650N"}, ["unknown-value"]),
    ({"compiler": {"static_batch_sizes": [1, 4], "max_dynamic_batch_size": 4}}, ["batches"]),
    ({"compiler": {"check": 3}}, ["random-check"]),
    ({"compiler": {"check": 3, "input_sample_dir": "samples"}}, []),
    ({"compiler": {"check": 4}}, ["beyond"]),
    ({"quant.enable_smooth_quant": True, "quant.enable_adaround": True, "quant.device": "cuda:0"}, ["combined"]),
    ({"quant.enable_lsq": True}, ["needs-gpu"]),
    ({"quant.smooth_quant_strength": 0.5}, ["without-effect"]),
    ({"quant.transformer_opt_level": 3}, ["beyond"]),
    ({"quant.refine_weight_threshold": 0.1}, ["beyond"]),
    ({"quant.layer_configs.0.layer_name": "/stem/Conv"}, ["selectors"]),
    ({"quant.layer_configs.0": {"data_type": "U16"}}, ["selectors"]),
    ({"quant.layer_configs.0": {"start_tensor_names": ["c"], "data_type": "U16"}}, ["selectors"]),
    ({"quant.layer_configs.0": {"op_type": "Gather", "data_type": "FP32"}}, ["no-float"]),
    ({"quant.layer_configs.0": {"op_type": "Conv", "data_type": "FP32"}}, ["no-float"]),
    ({"quant.layer_configs.0": {"op_type": "Conv", "output_data_type": "FP32"}}, []),
    ({"quant.layer_configs.0": {"op_type": "Concat", "data_type": "U16", "output_data_type": "U8"}}, ["conv-alone"]),
    ({"quant.layer_configs.0": {"op_type": "Conv", "data_type": "BF16"}}, ["layer-type"]),
    ({"quant.layer_configs.0": {"op_type": "Conv"}}, ["no-type"]),
    ({"quant.layer_configs.0": {"op_type": "Conv", "data_type": "U16"}}, ["concat-left-out"]),
    ({"quant.layer_configs.0": {"op_types": ["RMSNorm"], "data_type": "U8"}}, ["selects-nothing"]),
    ({"quant.layer_configs.0": {"layer_names": ["/stem/conv"], "data_type": "U16"}}, ["selects-nothing"]),
    ({"quant.layer_configs.0": {"op_type": "RMSNormalization", "data_type": "U8"}}, ["selects-nothing"]),
    ({"quant.layer_configs.0.op_types": ["Conv", "Concat", "Conv"]}, []),
    (
        {"quant.layer_configs": [{"op_type": "Conv", "data_type": "U8"}, {"op_type": "Conv", "data_type": "S8"}]},
        ["twice"],
    ),
    ({"input_processors": [*CLEAN["input_processors"], CLEAN["input_processors"][0]]}, ["twice"]),
    ({"input_processors": []}, ["integer-input", "inherited"]),
    ({"quant.calibration_methods": "MSE"}, ["unknown-field"]),
]


def test_a_type_that_a_fusion_makes_is_told_as_one(folder: Path, tmp_path: Path) -> None:
    changes = {"quant.layer_configs.0": {"op_types": ["RMSNormalization"], "data_type": "U8"}}
    assert "pulsar2's fusions make" in json.dumps(told(folder, tmp_path, changes))


def test_commas_between_lengths_get_one_advice_that_is_right(folder: Path, tmp_path: Path) -> None:
    said = json.dumps(told(folder, tmp_path, {"input_shapes": "images:1,3,12,10;ids:1x4"}))
    assert r"write \"input_shapes\": \"images:1x3x12x10;ids:1x4\"" in said
    assert "in1:" not in said


@pytest.mark.parametrize(("changes", "wanted"), MUTATIONS, ids=[json.dumps(one)[:70] for one, _ in MUTATIONS])
def test_each_trap_is_told_and_nothing_else(
    folder: Path, tmp_path: Path, changes: dict[str, Any], wanted: list[str]
) -> None:
    assert sorted(kinds(told(folder, tmp_path, changes))) == sorted(wanted)


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"const_processors": [{"name": "w", "data": [1]}]}, "const_processors"),
        ({"op_processors": [{"op_name": "/stem/Conv", "attrs": {"group": 1}}]}, "op_processors"),
        ({"compiler": {"sub_configs": [{"start_tensor_names": ["c"]}]}}, "sub_configs"),
        ({"compiler": {"compiler_group_patterns": [{"nodes": []}]}}, "compiler_group_patterns"),
        ({f"{FED}.padding": [0, 0, 0, 0, 0, 1, 0, 1]}, "padding"),
        ({f"{FED}.slicing": [0, 0, 0, 0, 0, 1, 0, 1]}, "slicing"),
        ({"model_type": "QuantONNX"}, "model_type"),
        ({"target_hardware": "LAMBERT"}, "npu_mode"),
        ({"quant.precision_analysis_mode": "NPUBackend"}, "precision_analysis_mode"),
        ({"quant.highest_mix_precision": True}, "highest_mix_precision"),
        ({"quant.layer_configs.0": {"layer_name": "/stem/Conv", "data_type": "U16"}}, "layer names"),
        ({f"{IMAGES}.calibration_dataset": "gone.tar"}, "calibration"),
    ],
)
def test_what_is_not_checked_is_a_line(folder: Path, tmp_path: Path, changes: dict[str, Any], what: str) -> None:
    document = told(folder, tmp_path, changes)
    assert what in [one["what"] for one in document["not_looked_at"]]
    lint(tmp_path / "c.json", "--onnx", tmp_path / "m.onnx", "--strict", code=1)


def test_samples_of_another_dtype_or_without_partners_are_told(folder: Path, tmp_path: Path) -> None:
    told(folder, tmp_path, {})
    given = (tmp_path / "c.json", "--onnx", tmp_path / "m.onnx")
    pack(tmp_path / "ids.tar", {f"{at}.npy": npy(np.full((1, 4), at, np.int32)) for at in range(8)})
    assert kinds(lint(*given)) == ["dtype"]
    pack(tmp_path / "ids.tar", {f"{at}.npy": npy(np.full((1, 5), at, np.int64)) for at in range(8)})
    assert kinds(lint(*given)) == ["shape"]
    pack(tmp_path / "ids.tar", {f"i{at}.npy": npy(np.full((1, 4), at, np.int64)) for at in range(8)})
    assert kinds(lint(*given)) == ["unpaired"]


def test_whatever_lies_beside_arrays_is_no_picture(folder: Path, tmp_path: Path) -> None:
    told(folder, tmp_path, {})
    arrays = {f"{at}.npy": npy(np.full((1, 4), at, np.int64)) for at in range(8)}
    pack(tmp_path / "ids.tar", {"README.txt": b"how these were made", **arrays})
    assert kinds(lint(tmp_path / "c.json", "--onnx", tmp_path / "m.onnx")) == []


def test_a_zip_is_a_set_too(folder: Path, tmp_path: Path) -> None:
    told(folder, tmp_path, {f"{IDS}.calibration_dataset": "ids.zip"})
    with ZipFile(tmp_path / "ids.zip", "w") as archive:
        for at in range(8):
            archive.writestr(f"{at}.npy", npy(np.full((1, 4), at, np.int64)))
    document = lint(tmp_path / "c.json", "--onnx", tmp_path / "m.onnx")
    assert (kinds(document), document["not_looked_at"]) == ([], [])


def test_ranges_and_scores_that_were_asked_for_are_said_not_to_be(folder: Path, tmp_path: Path) -> None:
    told(folder, tmp_path, {})
    (tmp_path / "x.png").write_bytes(scene(9))
    given = ("--onnx", tmp_path / "m.onnx", "--input", tmp_path / "x.png", "--score", "2")
    (line,) = lint(tmp_path / "c.json", *given)["not_looked_at"]
    assert line["what"] == "--input, --score"


def test_bad_input_is_one_message(tmp_path: Path) -> None:
    config = tmp_path / "c.json"
    for text, words in (
        ('{"quant": ', "c.json:1:11: expected a value"),
        ('{"global_config": {}}', "neither pulsar2's configuration nor pulsar's"),
        ("quant:\n  device: cpu\n", "is a configuration of pulsar2 (YAML)"),
    ):
        config.write_text(text, encoding="utf-8")
        assert words in said_once(axpair_here("lint", config), 2)
