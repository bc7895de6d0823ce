"""Losses that one cosine hides or blames on another, in small nets of our own."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from axpair_host.evidence.folder import load
from command_line import Done, axpair_here
from lossy_models import attention, naming, picking, policy, residual
from pairs import Case, case_of, codes, pair
from real_files import built_case, field_case

from benchmarks.campaign.losses.embeddings import normalized
from benchmarks.campaign.losses.picks import NETS


@pytest.mark.parametrize("as_input", [False, True], ids=["constant", "input"])
def test_an_infinite_mask_breaks_no_document(tmp_path: Path, as_input: bool) -> None:
    case = attention(tmp_path, -np.inf, as_input=as_input)
    done, document = pair(case, tmp_path / "gt")
    assert done.returncode == 1
    assert document["findings"][0]["code"] == "AX201"
    assert load(tmp_path / "gt").record.layer_scores is not None
    again = axpair_here("diagnose", tmp_path / "gt", "--json")
    assert json.loads(again.stdout)["findings"] == document["findings"]
    chinese = axpair_here("diagnose", tmp_path / "gt", "--lang", "zh").stdout
    assert "-inf" in chinese
    assert "no range has a place" not in chinese
    layers = axpair_here("layers", *case.flags, "--json")
    assert json.loads(layers.stdout)["verdict"] == "FAULT"


def test_field_case_10_with_an_infinite_mask_has_a_verdict(tmp_path: Path) -> None:
    case = built_case(field_case("10-attention-mask", tmp_path, "-inf"), "x.npy")
    done, document = pair(case, tmp_path / "gt")
    assert done.returncode == 1
    assert document["verdict"] == "FAULT"
    assert load(tmp_path / "gt").record.layer_scores is not None


def test_field_case_14_nan_in_every_leg_is_no_pass(tmp_path: Path) -> None:
    made = field_case("14-nan-everywhere", tmp_path)
    done = axpair_here(
        "pair",
        "--joint",
        made / "m.joint",
        "--gt",
        made / "gt",
        "--board-out",
        made / "out",
        "--out",
        tmp_path / "gt",
        "--json",
    )
    document = json.loads(done.stdout)
    assert (done.returncode, document.get("verdict")) == (1, "FAULT")
    assert [(one["code"], one["owner"]) for one in document["findings"]] == [("AX003", "model")]


MASKS = ["-1e9", "-65504", "-3.4028235e38", "-inf"]


@pytest.mark.parametrize("as_input", [False, True], ids=["constant", "input"])
@pytest.mark.parametrize("mask", MASKS)
def test_a_mask_that_swallows_the_range_is_named_where_it_enters(tmp_path: Path, mask: str, as_input: bool) -> None:
    case = attention(tmp_path, float(mask), as_input=as_input)
    _, document = pair(case, tmp_path / "gt")
    assert codes(document) == ["AX201", "AX205"]
    finding = document["findings"][1]
    whose = "from 'mask'" if as_input else "a constant of this operator"
    assert "the layer 'masked' (Add)" in finding["summary"]
    assert whose in finding["summary"]
    assert "'p' (Softmax) reads it" in finding["summary"]
    assert finding["next_steps"][0]["text"].startswith("Write -30 in its place")
    assert "16 bit" not in finding["next_steps"][0]["text"]


def test_the_mask_that_is_advised_pairs(tmp_path: Path) -> None:
    done, document = pair(attention(tmp_path, -30), tmp_path / "gt")
    assert (done.returncode, document["verdict"]) == (0, "PASS")
    assert document["outputs"][0]["onnx_joint"]["cosine"] > 0.998


def test_layers_names_the_same_place_and_tries_that(tmp_path: Path) -> None:
    case = attention(tmp_path, -1e9)
    document = layers_of(case)
    assert document["enters_at"]["name"] == document["int16"]["layer"] == "masked"
    assert document["enters_at"]["cause"]["kind"] == "constant"
    assert not document["int16"]["brought_back"]
    plain = axpair_here("layers", *case.flags)
    assert "next: Write -30 in its place" in plain.stdout


def test_an_input_of_unlike_features_is_named_and_no_range_is_said_to_be_left(tmp_path: Path) -> None:
    case = policy(tmp_path)
    _, document = pair(case, tmp_path / "gt")
    assert codes(document) == ["AX201", "AX206"]
    summary = document["findings"][1]["summary"]
    assert "the input 'data': one scale for features of unlike size" in summary
    assert "calibrated range" not in json.dumps(document["findings"])
    found = layers_of(case)
    assert (found["enters_at"]["name"], found["int16"]["layer"]) == ("data", "data")
    assert found["int16"]["brought_back"]
    assert "AX204" not in json.dumps(found)


def test_the_same_features_made_alike_pair(tmp_path: Path) -> None:
    done, document = pair(policy(tmp_path, alike=True), tmp_path / "gt")
    assert (done.returncode, document["verdict"]) == (0, "PASS")


def test_field_case_09_blames_the_input_s_one_scale(tmp_path: Path) -> None:
    case = built_case(field_case("09-unlike-features", tmp_path), "obs.npy")
    _, document = pair(case, tmp_path / "gt")
    assert codes(document) == ["AX201", "AX206"]
    assert "96% of the values" in document["findings"][1]["summary"]
    assert layers_of(case)["int16"]["brought_back"]


@pytest.mark.parametrize("mask", MASKS)
def test_field_case_10_names_the_addition_of_the_mask(tmp_path: Path, mask: str) -> None:
    case = built_case(field_case("10-attention-mask", tmp_path, mask), "x.npy")
    _, document = pair(case, tmp_path / "gt")
    assert codes(document) == ["AX201", "AX205"]
    assert "the layer 'sm' (Add)" in document["findings"][1]["summary"]


def test_near_ties_behind_topk_are_nobody_s_fault(tmp_path: Path) -> None:
    case = picking(tmp_path)
    done, document = pair(case, tmp_path / "gt")
    assert (done.returncode, document["verdict"], codes(document)) == (0, "PASS", [])
    (warning,) = document["warnings"]
    assert (warning["code"], warning["owner"]) == ("AX406", "none")
    assert document["outputs"][0]["onnx_joint"]["reordered"]["cosine_in_place"] < 0.98
    assert layers_of(case)["verdict"] == "PASS"
    assert "has nothing to bring back" in axpair_here("layers", *case.flags, "--try-int16").stdout
    again = json.loads(axpair_here("diagnose", tmp_path / "gt", "--json").stdout)
    assert again["warnings"] == document["warnings"]


def test_boxes_that_are_lost_behind_topk_stay_a_loss(tmp_path: Path) -> None:
    case = picking(tmp_path, weak=True)
    _, document = pair(case, tmp_path / "gt")
    assert codes(document)[0] == "AX201"
    assert "reordered" not in document["outputs"][0]["onnx_joint"]
    assert lost_in_layers(case) == ("FAULT", ["out"])


def test_the_build_s_own_scores_match_rows_that_stand_in_an_order(tmp_path: Path) -> None:
    picking(tmp_path)
    made = built_again(tmp_path)
    assert (made["scores"][0]["cosine"] > 0.999, made["next_steps"]) == (True, [])


@pytest.mark.parametrize("kind", ["int64", "int32", "uint8", "float"])
def test_classes_of_pixels_are_names_and_a_few_others_are_near_ties(tmp_path: Path, kind: str) -> None:
    case = naming(tmp_path, kind)
    done, document = pair(case, tmp_path / "gt", "--line", "classes:agreement>=0.95")
    assert (done.returncode, document["verdict"], codes(document)) == (0, "PASS", [])
    assert [one["code"] for one in document["warnings"]] == ["AX406"]
    joint = document["outputs"][0]["onnx_joint"]
    assert (joint["relation"], joint["named_by"], 0.95 < joint["agreement"] < 1) == ("SIMILAR", "ArgMax", True)
    assert lost_in_layers(case) == ("PASS", [])
    made = built_again(tmp_path)
    assert (made["scores"][0]["agreement"] > 0.95, made["next_steps"]) == (True, [])
    again = json.loads(axpair_here("diagnose", tmp_path / "gt", "--line", "classes:agreement>=0.9999", "--json").stdout)
    assert codes(again)[0] == "AX201"


def test_classes_of_pixels_that_are_lost_are_a_loss_in_every_command(tmp_path: Path) -> None:
    case = naming(tmp_path, loud=400)
    done, document = pair(case, tmp_path / "gt")
    assert (done.returncode, codes(document)[0]) == (1, "AX201")
    assert "agreement of identities 0." in document["findings"][0]["summary"]
    assert lost_in_layers(case) == ("FAULT", ["classes"])
    assert built_again(tmp_path)["next_steps"]


@pytest.mark.parametrize(("loud", "words"), [(1.0, ""), (300.0, "agreement of identities 0.0")])
@pytest.mark.parametrize("name", ["classes", "rows"])
def test_classes_behind_topk_are_judged_alike_by_both_commands(
    tmp_path: Path, name: str, loud: float, words: str
) -> None:
    """Every class is another one, and no cosine shows it; of the sound net none is, whatever changed places."""
    net = NETS[name](loud)
    models = net.convert(tmp_path)
    (files, *_) = net.write_cases(tmp_path)
    case = case_of(models, files["x"])
    _, document = pair(case, tmp_path / "gt")
    lost = {name for one in document["findings"] if one["code"] == "AX201" for name in one["outputs"]}
    assert document["verdict"] == ("FAULT" if words else "PASS")
    assert models.config is not None
    verdict, in_layers = lost_in_layers(replace(case, flags=(*case.flags, "--config", models.config)))
    assert (verdict, set(in_layers)) == (document["verdict"], lost)
    if words:
        assert words in document["findings"][0]["summary"]
        assert document["outputs"][-1]["onnx_joint"]["cosine"] > 0.98


def test_field_case_11_has_near_ties_and_its_decisions_are_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = field_case("11-topk-in-model", tmp_path)
    case = built_case(made, "x.png")
    monkeypatch.chdir(made)
    done, document = pair(case, tmp_path / "gt", "--postprocess", "p:d", "--expect", "F")
    assert (done.returncode, document["verdict"]) == (0, "PASS")
    assert [one["code"] for one in document["warnings"]] == ["AX406"]
    assert all(row["differs"] == [] for row in document["decisions"]["rows"])
    assert lost_in_layers(case) == ("PASS", [])


def test_field_case_12_is_a_picture_that_is_lost_in_both_commands(tmp_path: Path) -> None:
    case = built_case(field_case("12-picture-out", tmp_path), "x.png")
    done, document = pair(case, tmp_path / "gt")
    assert (done.returncode, document["verdict"], codes(document)) == (1, "FAULT", ["AX201", "AX205"])
    joint = document["outputs"][0]["onnx_joint"]
    assert joint["cosine"] > 0.99
    assert joint["content"] == "a picture within 0..255"
    assert (round(joint["rmse"]), round(joint["psnr_db"]), round(joint["correlation"], 2)) == (19, 22, 0.95)
    plain = axpair_here("diagnose", tmp_path / "gt").stdout
    assert "y: a picture within 0..255, PSNR 22.5 dB, RMSE 19.17, correlation without the mean 0.9468" in " ".join(
        plain.split()
    )
    assert "PSNR 22.5 dB、RMSE 19.17、去均值相关系数 0.9468" in axpair_here(
        "diagnose", tmp_path / "gt", "--lang", "zh"
    ).stdout.replace("\n     ", "")
    found = layers_of(case)
    assert found["verdict"] == "FAULT"
    assert [(one["name"], one["measure"]) for one in found["outputs"] if one["lost"]] == [("y", "psnr")]
    assert (found["int16"]["layer"], found["int16"]["brought_back"]) == ("r2", True)


def test_what_16_bit_brings_back_is_said_where_the_cosine_hid_the_loss(tmp_path: Path) -> None:
    case = residual(tmp_path, 150)
    _, document = pair(case, tmp_path / "gt")
    assert (document["verdict"], [one["code"] for one in document["warnings"]]) == ("PASS", ["AX201"])
    found = layers_of(case)
    (output,) = found["outputs"]
    assert (found["verdict"], output["lost"], output["doubt"][:4]) == ("PASS", "", "PSNR")
    assert (found["int16"]["lost"], found["int16"]["brought_back"]) == (["y"], True)
    plain = " ".join(axpair_here("layers", *case.flags, "--try-int16").stdout.split())
    assert "brings it back: y: cosine" in plain
    assert "nothing to bring back" not in plain
    assert "The output 'y' may have lost what its cosine hides: PSNR" in plain


def test_a_branch_below_the_line_is_a_remark_where_the_outputs_hold(tmp_path: Path) -> None:
    case = residual(tmp_path, 60)
    done, document = pair(case, tmp_path / "gt")
    assert (done.returncode, document["verdict"], document["warnings"]) == (0, "PASS", [])
    found = layers_of(case)
    assert found["first_below"] is not None
    assert (found["verdict"], lost_in_layers(case)) == ("PASS", ("PASS", []))
    plain = axpair_here("layers", *case.flags)
    assert (plain.returncode, "A remark: no output shows a loss" in plain.stdout) == (0, True)


@pytest.fixture(scope="module")
def embeddings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Below it "lossy" and "healthy": the same net, with a replay's run over eight cases."""
    root = tmp_path_factory.mktemp("embeddings")
    for name, loud in (("lossy", 160.0), ("healthy", 1.0)):
        folder = root / name
        folder.mkdir()
        net = normalized(loud)
        net.convert(folder)
        (folder / "cases").mkdir()
        for number, files in enumerate(net.write_cases(folder)):
            files["x"].rename(folder / "cases" / f"{number}.npy")
    return root


def replayed(folder: Path, *more: str) -> Done:
    models = ("--joint", folder / "m.joint", "--onnx", folder / "m.onnx", "--lava-joint", folder / "m.lava_joint")
    return axpair_here("replay", folder / "cases", "--run", folder / "run", *models, *more)


def test_a_replay_says_what_a_loss_does_to_the_similarity_of_two_cases(embeddings: Path) -> None:
    plain = replayed(embeddings / "lossy")
    assert plain.returncode == 0, plain.stderr
    assert "Similarity of two cases, where it changed most" in plain.stdout
    assert "warning: y: what sets 8 cases apart has cosine 0." in plain.stdout
    again = json.loads(replayed(embeddings / "lossy", "--json").stdout)  # of what the first call stored
    (similar,) = again["summary"]["similarities"]
    assert (similar["output"], similar["cases"], similar["lost"]) == ("y", 8, True)
    assert set(similar["between"]) <= {case["id"] for case in again["cases"]}
    assert {case["verdict"] for case in again["cases"]} == {"PASS"}
    assert all(case["outputs"][0]["onnx_joint"]["cosine"] > 0.98 for case in again["cases"])


def test_a_replay_of_a_healthy_embedding_has_figures_and_no_warning(embeddings: Path) -> None:
    done = replayed(embeddings / "healthy", "--json")
    summary = json.loads(done.stdout)["summary"]
    assert (done.returncode, summary["warnings"]) == (0, {})
    assert summary["similarities"][0]["lost"] is False
    assert summary["similarities"][0]["kept"] > 0.97


def built_again(folder: Path) -> dict[str, Any]:
    """What 'axpair emulator build' says of the model in the folder."""
    files = ("--input", folder / "m.onnx", "--config", folder / "c.prototxt", "--output", folder / "again.joint")
    document: dict[str, Any] = json.loads(axpair_here("emulator", "build", *files, "--json").stdout)
    return document


def lost_in_layers(case: Case) -> tuple[str, list[str]]:
    """What 'axpair layers' says, and the outputs in which it sees a loss."""
    document = layers_of(case)
    return document["verdict"], [one["name"] for one in document["outputs"] if one["lost"]]


def layers_of(case: Case) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(axpair_here("layers", *case.flags, "--try-int16", "--json").stdout)
    return document
