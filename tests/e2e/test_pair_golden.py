"""What the user adds to a case: golden results, a post-processor that prints; and what --json says of an error."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import axpair, axpair_here, said_once
from pairs import Case

OUTPUT = "fetch_name_0"


@pytest.mark.parametrize(
    ("tensor", "words"),
    [
        (np.zeros((1, 5), np.float32), "shape [1, 5]"),
        (np.array([[0, np.nan, 0, 0]], np.float32), "NaN"),
    ],
)
def test_a_golden_result_that_cant_be_used_is_bad_input(
    page: Case, tmp_path: Path, tensor: "np.ndarray[Any, Any]", words: str
) -> None:
    (tmp_path / "golden").mkdir()
    np.save(tmp_path / "golden" / f"{OUTPUT}.npy", tensor)
    done = axpair("pair", *page.flags, "--out", tmp_path / "gt", "--golden", tmp_path / "golden")
    assert words in said_once(done, 2)
    assert not (tmp_path / "gt").exists()


def test_a_golden_result_that_the_float_model_misses_is_never_a_pass(page: Case, tmp_path: Path) -> None:
    (tmp_path / "golden").mkdir()
    float_result = np.array([[1, 0, 0, 0]], np.float32)
    for shifted in range(2):
        np.save(tmp_path / "golden" / f"{OUTPUT}.npy", np.roll(float_result, shifted))
        done = axpair_here("pair", *page.flags, "--out", tmp_path / "gt", "--golden", tmp_path / "golden", "--json")
        document = json.loads(done.stdout)
        right = document["outputs"][0]["golden_onnx"]["relative_error"] <= 0.05
        assert (document["verdict"], done.returncode) == (("PASS", 0) if right else ("INCONCLUSIVE", 3))


def test_what_a_post_processor_prints_stays_out_of_the_document(page: Case, tmp_path: Path) -> None:
    (tmp_path / "talking.py").write_text("print('imported')\ndef decide(outputs):\n    print('called')\n    return 1\n")
    flags = ("--out", tmp_path / "gt", "--postprocess", "talking:decide", "--expect", "1", "--json")
    done = axpair("pair", *page.flags, *flags, cwd=tmp_path)
    assert json.loads(done.stdout)["verdict"] == "PASS"
    assert "imported" in done.stderr
    assert "called" in done.stderr


def test_an_error_is_a_document_too_where_json_was_asked_for(tmp_path: Path) -> None:
    done = axpair("model", "info", tmp_path / "none.joint", "--json")
    assert done.returncode == 2
    assert "none.joint" in json.loads(done.stdout)["error"]["message"]
