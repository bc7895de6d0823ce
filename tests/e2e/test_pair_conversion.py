"""`axpair pair` on conversions that lose accuracy for a known reason: a wrong import, a set of dark pictures."""

import json
import shutil
from pathlib import Path
from typing import Any

from axpair_emulator.build import build
from axpair_proto.simulator import Models
from command_line import axpair_here
from layer_models import build_branching
from onnx_models import Workspace, pack, png
from pairs import case_of, codes, pair
from PIL import Image
from tiny import build_tiny, write_picture


def test_a_graph_that_the_build_read_wrongly_is_the_import_live_and_stored(tmp_path: Path) -> None:
    models = build_tiny(tmp_path)
    assert models.onnx is not None
    wrong = build(models.onnx, tmp_path / "c.prototxt", tmp_path / "wrong.joint", import_fault="graph-import:3")
    case = case_of(Models(wrong.joint, models.onnx, wrong.lava_joint), write_picture(tmp_path / "x.png"))
    _, document = pair(case, tmp_path / "gt", "--other", "rk3588,int8,top1=0.70,float=0.71")
    assert codes(document) == ["AX208"]
    assert document["findings"][0]["proven"]
    assert any("go on with the AX side" in one["why"] for one in document["not_judged"])
    _, stored = again(tmp_path / "gt")
    assert stored["findings"] == document["findings"]
    shutil.rmtree(tmp_path / "gt" / "trials")
    _, lacking = again(tmp_path / "gt")
    assert "--use_onnx_ir" in " ".join(one["why"] for one in lacking["not_judged"])


def test_a_bright_picture_is_unlike_a_set_of_dark_ones(tmp_path: Path) -> None:
    build_branching(tmp_path)
    dark = {f"{seed}.png": png(shaded(seed, 40)) for seed in range(4)}
    pack(tmp_path / "c.tar", dark)
    result = Workspace(tmp_path).build()
    (tmp_path / "x.png").write_bytes(png(shaded(9, 255)))
    models = Models(result.joint, tmp_path / "m.onnx", result.lava_joint, result.output_config)
    _, document = pair(case_of(models, tmp_path / "x.png"), tmp_path / "gt")
    assert codes(document)[:2] == ["AX201", "AX204"]
    # A picture like those of the set loses nothing.
    (tmp_path / "y.png").write_bytes(png(shaded(9, 40)))
    _, like = pair(case_of(models, tmp_path / "y.png"), tmp_path / "gt2")
    assert "AX204" not in codes(like)


def shaded(seed: int, most: int) -> Image.Image:
    import numpy as np

    pixels = np.random.default_rng(seed).integers(0, most, (12, 10, 3))
    return Image.fromarray(pixels.astype(np.uint8))


def again(gt: Path) -> tuple[int, dict[str, Any]]:
    done = axpair_here("diagnose", gt, "--json")
    return done.returncode, json.loads(done.stdout)
