"""The training code's tensors, saved as docs/golden.md says, on models whose configuration is wrong."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from axpair_host.advice.filling import filled
from axpair_host.advice.known import known_of
from axpair_host.boards.opening import address_of
from axpair_host.diagnosis import diagnose
from axpair_host.documents.json_form import json_form
from axpair_host.evidence.folder import load
from axpair_host.gather.request import GatherRequest
from axpair_host.inputs import InputFile
from axpair_host.pairing import Judging, pair
from axpair_host.progress import Silent
from axpair_proto.simulator import Models
from onnx_models import INPUT, built, config_text, net, node, picture, png, random_array
from onnxruntime import InferenceSession
from PIL import Image

DOCUMENT = Path(__file__).parents[2] / "docs" / "golden.md"
MEAN, STD = (103.53, 116.28, 123.675), (57.375, 57.12, 58.395)
NET = net(
    [node("Conv", [INPUT, "w"], ["feat"], pads=[1, 1, 1, 1])], ("feat",), {"w": random_array(4, 3, 3, 3, scale=0.4)}
)
SWAPPED = "src_input_tensors { color_space: TENSOR_COLOR_SPACE_RGB }"
Array = np.ndarray[Any, Any]


def normalised(mean: tuple[float, ...], std: tuple[float, ...]) -> str:
    modification = f"input_normalization {{ mean: {list(mean)} std: {list(std)} }}"
    return f"input_conf_items {{ attributes {{ input_modifications {{ {modification} }} }} }}"


CONFIGURATIONS = {
    "right": config_text(normalised(MEAN, STD)),
    "reversed": config_text(normalised(MEAN[::-1], STD[::-1])),
    "swapped": config_text(normalised(MEAN, STD), rest=SWAPPED),
}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Models]:
    return {name: built(tmp_path_factory.mktemp(name), text, NET) for name, text in CONFIGURATIONS.items()}


@pytest.fixture(scope="module")
def save_golden() -> Callable[..., None]:
    """The document's own snippet."""
    code = re.findall(r"```python\n(.+?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    namespace: dict[str, Any] = {}
    exec(code[0], namespace)
    saved: Callable[..., None] = namespace["save_golden"]
    return saved


def trained(shown: Image.Image) -> Array:
    """As the training code prepares it: BGR, normalised, 1x3xHxW."""
    pixels = np.asarray(shown, np.float32)[:, :, ::-1]
    normalised = (pixels - np.asarray(MEAN, np.float32)) / np.asarray(STD, np.float32)
    return np.ascontiguousarray(normalised.transpose(2, 0, 1)[None])


def judged(models: Models, shown: Image.Image, folder: Path, golden: Path) -> dict[str, Any]:
    (folder / "x.png").write_bytes(png(shown))
    request = GatherRequest(models, (InputFile(folder / "x.png"),), golden=golden)
    paired = pair(
        request,
        folder / "gt",
        address=address_of("emulator:"),
        simulator_name=None,
        judging=Judging(),
        overwrite=False,
        progress=Silent(),
    )
    stored = diagnose(load(folder / "gt")).document()
    assert filled(stored, known_of(paired.record, folder / "gt")) == paired.document
    document: dict[str, Any] = json_form(paired.document)
    return document


def named(document: dict[str, Any]) -> list[tuple[str, str, bool]]:
    return [(one["code"], one["owner"], one["proven"]) for one in document["findings"]]


@pytest.mark.parametrize("given", ["inputs and outputs", "outputs"])
@pytest.mark.parametrize(
    ("configuration", "expected"),
    [("right", []), ("reversed", [("AX104", "config", True)]), ("swapped", [("AX103", "config", True)])],
)
def test_golden_tensors_name_what_is_wrong_with_the_configuration(
    models: dict[str, Models],
    save_golden: Callable[..., None],
    tmp_path: Path,
    configuration: str,
    expected: list[tuple[str, str, bool]],
    given: str,
) -> None:
    shown = picture(seed=5)
    fed = trained(shown)
    outputs = InferenceSession(NET.SerializeToString()).run(None, {INPUT: fed})
    save_golden(tmp_path / "golden", {INPUT: fed} if "inputs" in given else {}, {"feat": outputs[0]})
    document = judged(models[configuration], shown, tmp_path, tmp_path / "golden")
    assert named(document) == expected
    assert document["verdict"] == ("FAULT" if expected else "PASS")


def test_a_grey_picture_names_both(models: dict[str, Models], save_golden: Callable[..., None], tmp_path: Path) -> None:
    shown = picture(seed=5).convert("L").convert("RGB")
    save_golden(tmp_path / "golden", {INPUT: trained(shown)}, {})
    document = judged(models["swapped"], shown, tmp_path, tmp_path / "golden")
    assert named(document) == [("AX104", "config", False), ("AX103", "config", False)]
    assert any("grey picture" in one["why"] for one in document["not_judged"])


def test_another_cut_is_no_configuration(
    models: dict[str, Models], save_golden: Callable[..., None], tmp_path: Path
) -> None:
    shown = picture(40, 48, seed=5).resize((10, 12), Image.Resampling.BILINEAR)
    cut = picture(40, 48, seed=5).crop((3, 4, 40, 48)).resize((10, 12), Image.Resampling.BILINEAR)
    save_golden(tmp_path / "golden", {INPUT: trained(cut)}, {})
    document = judged(models["right"], shown, tmp_path, tmp_path / "golden")
    assert named(document) == [("AX106", "preprocess", False)]


def test_a_model_that_was_not_the_one_trained_is_told(
    models: dict[str, Models], save_golden: Callable[..., None], tmp_path: Path
) -> None:
    shown = picture(seed=5)
    save_golden(tmp_path / "golden", {INPUT: trained(shown)}, {"feat": random_array(1, 4, 12, 10)})
    document = judged(models["right"], shown, tmp_path, tmp_path / "golden")
    assert named(document) == [("AX203", "model", True)]
