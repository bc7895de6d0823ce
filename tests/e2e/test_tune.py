"""`axpair tune` on a model whose set is too dark and one of whose layers needs 16 bit."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from axpair_host.documents.tuned import TunedDocument
from axpair_proto.config_files import read_config
from axpair_proto.pulsar.text import parse_config
from command_line import axpair_here, said_once
from layer_models import build_branching
from onnx_models import pack, png
from PIL import Image
from printed import printed


def shaded(seed: int, most: int) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, most, (12, 10, 3))
    return png(Image.fromarray(pixels.astype(np.uint8)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """m.onnx and c.prototxt over a dark set, a bright one beside it, and two bright cases."""
    made = tmp_path_factory.mktemp("tune")
    pack(made / "c.tar", {f"{seed}.png": shaded(seed, 40) for seed in range(4)})
    pack(made / "bright.tar", {f"{seed}.png": shaded(seed, 256) for seed in range(4)})
    (made / "cases").mkdir()
    for seed in (8, 9):
        (made / "cases" / f"{seed}.png").write_bytes(shaded(seed, 256))
    build_branching(made)
    return made


@pytest.fixture(scope="module")
def document(folder: Path) -> dict[str, Any]:
    done = axpair_here(
        *("tune", "--onnx", folder / "m.onnx", "--config", folder / "c.prototxt", "--cases", folder / "cases"),
        *("--sizes", "2", "--set", folder / "bright.tar", "--int16", "2"),
        *("--write-config", folder / "best.prototxt", "--json"),
    )
    assert done.returncode == 0, done.stderr
    assert "at most 7 models are built" in done.stderr
    return printed(done.stdout, TunedDocument)


def test_the_set_that_is_like_the_cases_is_found_and_16_bit_on_top_of_it(document: dict[str, Any]) -> None:
    trials = document["trials"]
    assert document["title"] == "emulator, not the chip"
    assert len(trials) == 7
    best = trials[document["best"]]
    assert best["set"].endswith("bright.tar")
    assert best["int16_layers"] == 2
    assert trials[0]["worst"] < 0.98 < best["worst"]
    assert all(one["joint_bytes"] > 0 and set(one["outputs"]) == {"map", "prob"} for one in trials)


def test_the_best_configuration_is_written_and_gives_what_the_table_says(
    folder: Path, document: dict[str, Any]
) -> None:
    message, _ = read_config(folder / "best.prototxt")
    assert Path(message.neuwizard_conf.dataset_conf_calibration.path).name == "bright.tar"
    done = axpair_here(
        *("tune", "--onnx", folder / "m.onnx", "--config", folder / "best.prototxt", "--int16", "0"),
        *("--input", folder / "cases" / "8.png", "--input", folder / "cases" / "9.png", "--json"),
    )
    again = json.loads(done.stdout)["trials"][0]
    assert again["worst"] == pytest.approx(document["trials"][document["best"]]["worst"])


def test_the_table_names_what_made_it_and_a_case_may_come_packed(folder: Path, tmp_path: Path) -> None:
    case = tmp_path / "8.npz"
    np.savez(case, data=np.asarray(Image.open(folder / "cases" / "8.png"))[None])
    done = axpair_here(
        "tune", "--onnx", folder / "m.onnx", "--config", folder / "c.prototxt", "--input", case, "--int16", "0"
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("emulator, not the chip")
    assert len([line for line in done.stdout.splitlines() if "PER_" in line and " 0." in line]) == 4
    assert done.stderr.startswith("the best settings are shown at the end; with --write-config FILE")


def test_the_settings_of_the_best_are_lines_for_the_configuration(folder: Path, document: dict[str, Any]) -> None:
    message, _ = read_config(folder / "c.prototxt")
    message.MergeFrom(parse_config(document["settings"])[0])
    best, _ = read_config(folder / "best.prototxt")
    put, written = (one.neuwizard_conf.dataset_conf_calibration for one in (message, best))
    assert Path(put.path).resolve() == (folder / "bright.tar").resolve()
    assert (put.calibration_strategy, put.observer_method) == (written.calibration_strategy, written.observer_method)
    assert message.neuwizard_conf.operator_conf == best.neuwizard_conf.operator_conf


def test_a_set_that_cant_be_read_is_a_row_and_not_the_end(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.tar").write_bytes(b"no tar")
    done = axpair_here(
        *("tune", "--onnx", folder / "m.onnx", "--config", folder / "c.prototxt", "--int16", "0", "--json"),
        *("--input", folder / "cases" / "8.png", "--set", tmp_path / "broken.tar"),
    )
    assert done.returncode == 0, done.stderr
    assert "broken.tar" in json.loads(done.stdout)["trials"][-1]["failed"]


def test_bad_input_is_one_message(folder: Path) -> None:
    given = ("tune", "--onnx", folder / "m.onnx", "--config", folder / "c.prototxt")
    assert "--input or --cases" in said_once(axpair_here(*given), 2)
    assert "8,32,128" in said_once(axpair_here(*given, "--input", folder / "c.tar", "--sizes", "a"), 2)
