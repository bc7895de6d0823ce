"""`axpair layers` on a small model with branches and on a real one: losses, miscompilations, boards, interruptions."""

import json
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from axpair_emulator.faults.toolchain import damage_joint
from axpair_emulator.storage.joint_file import load_program
from axpair_host.documents.layers import BisectionDocument, LayersDocument
from axpair_proto.simulator import Models
from command_line import axpair, axpair_here, command, environment
from layer_models import LAYERS, build_branching
from pairs import Case
from printed import printed
from tiny import write_picture

NOTHING_SAID = 600
"""Polls before a test gives up; each waits a twentieth of a second at least."""


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    """The model with branches."""
    return build_branching(tmp_path_factory.mktemp("branching"))


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its input."""
    return write_picture(tmp_path_factory.mktemp("picture") / "p.png")


def layers(*arguments: str | Path) -> dict[str, Any]:
    done = axpair_here("layers", *arguments, "--json")
    assert done.returncode in (0, 1, 3), done.stderr
    document = printed(done.stdout, BisectionDocument, LayersDocument)
    assert document["schema_version"] == 1
    return document


def of(models: Models, picture: Path) -> tuple[str | Path, ...]:
    assert models.onnx is not None
    assert models.lava_joint is not None
    return ("--joint", models.joint, "--onnx", models.onnx, "--lava-joint", models.lava_joint, "--input", picture)


def bisected(models: Models, picture: Path, out: Path, fault: str) -> dict[str, Any]:
    board = f"emulator:?fault={fault}" if fault else "emulator:"
    return layers("--joint", models.joint, "--input", picture, "--bisect", "--board", board, "--out", out)


def test_every_layer_is_scored_own_and_inherited_apart(models: Models, picture: Path) -> None:
    document = layers(*of(models, picture))
    rows = {row["name"]: row for row in document["layers"]}
    assert set(LAYERS) <= set(rows)
    assert (document["reference"], document["own_stage"]) == ("onnx", "lava_joint")
    assert rows["silu"]["kind"] == "Sigmoid+Mul"
    assert rows["both"]["inputs"] == ["sum", "left"]
    assert rows["map"]["own"]["relative_error"] < rows["map"]["lava_joint"]["relative_error"]
    assert document["miscompiled"] == []


def test_a_miscompiled_layer_is_named(models: Models, picture: Path, tmp_path: Path) -> None:
    joint = tmp_path / "bad.joint"
    shutil.copy(models.joint, joint)
    damage_joint(joint, "miscompiled-multiplier", 2)
    healthy, damaged = load_program(models.joint), load_program(joint)
    (wrong,) = [
        one.name
        for one, other in zip(healthy.ops, damaged.ops, strict=True)
        if any(healthy.arrays[key].tobytes() != damaged.arrays[key].tobytes() for key in other.arrays.values())
    ]
    document = layers(*of(Models(joint, models.onnx, models.lava_joint), picture))
    assert [one["node"] for one in document["miscompiled"]] == [wrong]
    assert document["verdict"] == "FAULT"


@pytest.mark.parametrize(
    ("fault", "node"),
    [
        ("truncated-rounding&op=deep", "deep"),
        ("wrong-instruction&op=sum", "sum"),
        ("weight-bit&op=c2", "c2"),
    ],
)
def test_the_first_layer_that_a_board_computes_otherwise_is_named(
    fault: str, node: str, models: Models, picture: Path, tmp_path: Path
) -> None:
    document = bisected(models, picture, tmp_path, fault)
    found = document["bisection"]
    assert (document["verdict"], found["outcome"]) == ("FAULT", "found")
    assert [one["name"] for one in found["nodes"]] == [node]
    assert len(found["trials"]) <= found["expected_trials"]
    assert json.loads((tmp_path / "bisection.json").read_text()) == document
    if fault.startswith("truncated"):
        assert "truncation for rounding" in found["differs"][0]["signature"][0]


def test_a_board_that_differs_each_time_is_refused_with_that_reason(
    models: Models, picture: Path, tmp_path: Path
) -> None:
    document = bisected(models, picture, tmp_path, "race")
    assert (document["verdict"], document["bisection"]["outcome"]) == ("INCONCLUSIVE", "refused")
    assert "AX301" in document["bisection"]["why"]


def test_a_sound_board_passes(models: Models, picture: Path, tmp_path: Path) -> None:
    document = bisected(models, picture, tmp_path, "")
    assert (document["verdict"], document["bisection"]["outcome"]) == ("PASS", "agrees")


def test_a_bisection_killed_in_the_middle_goes_on_where_it_was(models: Models, picture: Path, tmp_path: Path) -> None:
    given = ("--joint", models.joint, "--input", picture, "--bisect", "--out", tmp_path, "--json")
    # Slow, so that it is in the middle whenever someone looks; the seed's choice is the same in every part.
    board = ("--board", "emulator:?fault=weight-bit,slow&seed=4&milliseconds=150")
    log = tmp_path / "bisection.jsonl"
    with subprocess.Popen(
        command("layers", *given, *board),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment(),
        start_new_session=True,
    ) as started:
        for _ in range(NOTHING_SAID):
            if log.exists() and len(log.read_bytes().splitlines()) >= 3:
                break
            assert started.poll() is None
            time.sleep(0.05)
        os.killpg(started.pid, signal.SIGKILL)
    before = log.read_bytes().splitlines()
    assert len(before) >= 3
    done = axpair("layers", *given, *board)
    assert done.returncode == 1, done.stderr
    assert f"going on after {len(before) - 1} models" in done.stderr
    assert log.read_bytes().splitlines()[: len(before)] == before
    resumed = json.loads(done.stdout)["bisection"]
    keys = [trial["key"] for trial in resumed["trials"]]
    assert len(set(keys)) == len(keys) > len(before) - 1
    whole = layers(*given[:-3], "--out", tmp_path / "whole", *board)["bisection"]
    assert (resumed["nodes"], resumed["differs"], keys) == (
        whole["nodes"],
        whole["differs"],
        [trial["key"] for trial in whole["trials"]],
    )


def test_a_real_model_is_bisected_and_its_table_fits(page: Case, tmp_path: Path) -> None:
    program = load_program(page.models.joint)
    named = [op.name for op in program.ops if op.kind == "conv"][11]
    found = bisected(page.models, page.picture, tmp_path, f"truncated-rounding&op={named}")["bisection"]
    assert [one["name"] for one in found["nodes"]] == [named]
    assert "last_equal" in found
    shown = axpair("layers", *page.flags)
    assert shown.returncode == 0, shown.stderr
    assert "A remark: no output shows a loss" in " ".join(shown.stdout.split())
    assert max(map(len, shown.stdout.splitlines())) <= 140
    assert re.search(r"the worst 20 of \d\d layers", shown.stdout)


def test_sixteen_bit_is_tried_in_the_costliest_layer(models: Models, picture: Path) -> None:
    assert models.config is not None
    document = layers(*of(models, picture), "--config", models.config, "--try-int16")
    trial = document["int16"]
    assert trial["layer"] == document["costliest"]["name"]
    assert set(trial["before"]) == set(trial["after"]) == {"map", "prob"}
    assert trial["after"]["map"] > trial["before"]["map"]


def test_the_emulators_own_build_log_is_read(models: Models, tmp_path: Path) -> None:
    config = models.joint.with_name("c.prototxt")
    assert axpair_here("layers", "--config", config, "--write-config", tmp_path / "m.prototxt").returncode == 0
    (tmp_path / "bin").mkdir()
    assert axpair("emulator", "tools", tmp_path / "bin").returncode == 0
    built = subprocess.run(
        [
            *(tmp_path / "bin" / "pulsar", "build", "--input", models.joint.with_name("m.onnx")),
            *("--output", tmp_path / "m.joint", "--config", tmp_path / "m.prototxt"),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env=environment(),
    )
    assert built.returncode == 0, built.stderr
    (tmp_path / "b.log").write_text(built.stdout)
    document = layers("--build-log", tmp_path / "b.log")
    names = [row["name"] for row in document["layers"]]
    assert "silu" in names
    assert all(row["lava_joint"]["cosine"] > 0.9 for row in document["layers"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "--joint and --input are needed"),
        (("--write-config", "x"), "none was given"),
        (("--build-log", "nowhere.log"), "nowhere.log"),
        (("--joint", "J", "--input", "I"), "nothing to be compared with"),
        (("--joint", "J", "--input", "I", "--bisect"), "next: with a folder:"),
        (("--joint", "J", "--onnx", "O", "--input", "I", "--input", "I"), "2 input files were given"),
    ],
)
def test_bad_use_is_a_sentence(arguments: tuple[str, ...], said: str, models: Models, picture: Path) -> None:
    put = {"J": str(models.joint), "O": str(models.onnx), "I": str(picture)}
    done = axpair_here("layers", *(put.get(argument, argument) for argument in arguments))
    assert said in done.stderr
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
