"""Losses that one cosine hides or blames on another, in small nets of our own."""

import json
from pathlib import Path

import numpy as np
import pytest
from axpair_host.evidence.folder import load
from command_line import axpair_here
from lossy_models import attention
from pairs import pair
from real_files import built_case, field_case


@pytest.mark.parametrize("as_input", [False, True], ids=["constant", "input"])
def test_an_infinite_mask_breaks_no_document(tmp_path: Path, as_input: bool) -> None:
    case = attention(tmp_path, -np.inf, as_input=as_input)
    done, document = pair(case, tmp_path / "gt")
    assert done.returncode == 1
    assert document["findings"][0]["code"] == "AX201"
    assert load(tmp_path / "gt").record.layer_scores is not None
    again = axpair_here("diagnose", tmp_path / "gt", "--json")
    assert json.loads(again.stdout)["findings"] == document["findings"]
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
    done = axpair_here("pair", "--joint", made / "m.joint", "--gt", made / "gt", "--board-out", made / "out", "--json")
    document = json.loads(done.stdout)
    assert (done.returncode, document["verdict"]) == (1, "FAULT")
    assert [(one["code"], one["owner"]) for one in document["findings"]] == [("AX003", "model")]
