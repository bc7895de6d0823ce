"""The user's post-processor: found, run on every leg, and what it says made comparable."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from axpair_host.errors import PostprocessError, UsageError
from axpair_host.postprocess import apply, load, parse_expect
from axpair_host.postprocess.decisions import as_json

LEGS = {leg: {"prob": np.array([[0.1, 0.9]], np.float32)} for leg in ("onnx", "joint", "board")}
MODULE = """
import sys
import numpy as np
class Decoder:
    @staticmethod
    def best(outputs):
        return np.int64(outputs["prob"].argmax())
def spoil(outputs):
    outputs["prob"][:] = 0
    return 0
def picky(outputs):
    if outputs["prob"][0, 1] < 0.5:
        raise ValueError("too low")
    return "fine"
def broken(outputs):
    return outputs["nope"]
def leaves(outputs):
    sys.exit(4)
def odd(outputs):
    return object()
value = 3
"""


@pytest.fixture(autouse=True)
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "post_under_test.py").write_text(MODULE)
    (tmp_path / "post_that_fails.py").write_text("raise RuntimeError('at import')")
    (tmp_path / "post_that_lacks.py").write_text("import not_installed_anywhere")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))


def test_every_leg_gets_its_decision(tmp_path: Path) -> None:
    facts = apply(load("post_under_test:Decoder.best"), LEGS)
    assert facts.decisions == {"onnx": 1, "joint": 1, "board": 1}
    assert facts.spec == "post_under_test:Decoder.best"


def test_a_post_processor_that_writes_into_its_inputs_changes_no_evidence() -> None:
    apply(load("post_under_test:spoil"), LEGS)
    assert LEGS["board"]["prob"][0, 1] == np.float32(0.9)


def test_raising_on_some_legs_is_evidence_with_its_place() -> None:
    legs = {**LEGS, "board": {"prob": np.zeros((1, 2), np.float32)}}
    facts = apply(load("post_under_test:picky"), legs)
    assert facts.decisions == {"onnx": "fine", "joint": "fine"}
    assert facts.errors == {"board": "ValueError: too low (post_under_test.py:13)"}


@pytest.mark.parametrize(("name", "words"), [("broken", "KeyError"), ("leaves", "SystemExit")])
def test_raising_on_every_leg_is_an_error(name: str, words: str) -> None:
    with pytest.raises(PostprocessError, match=words):
        apply(load(f"post_under_test:{name}"), LEGS)


def test_a_result_that_json_can_t_hold_is_an_error() -> None:
    with pytest.raises(PostprocessError, match="returned a value of type object"):
        apply(load("post_under_test:odd"), LEGS)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("post", "names no function"),
        (":f", "names no function"),
        ("no_such_module_anywhere:f", "no module"),
        ("post_under_test:missing", "isn't there"),
        ("post_under_test:value", "is no function"),
        ("post_that_fails:f", "RuntimeError: at import"),
        ("post_that_lacks:f", "needs 'not_installed_anywhere'"),
    ],
)
def test_what_can_t_be_loaded_says_why(spec: str, words: str) -> None:
    with pytest.raises(PostprocessError, match=words):
        load(spec)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float32(0.5), 0.5),
        ((1, (2, 3)), [1, [2, 3]]),
        ({3: np.array([[True]])}, {"3": [[True]]}),
        (float("nan"), "NaN"),
        (np.array([np.inf, -np.inf]), ["Infinity", "-Infinity"]),
        (None, None),
        (np.str_("a"), "a"),
        ({"\udcff": "a\ud800"}, {"?": "a?"}),
    ],
)
def test_results_become_json_values(value: Any, expected: Any) -> None:
    assert as_json(value) == expected


@pytest.mark.parametrize(
    "value", [10**400, [{"label": "a", "score": -(10**400)}], 10**5000], ids=["one", "inside", "long"]
)
def test_numbers_beyond_what_any_output_holds_are_refused(value: object) -> None:
    with pytest.raises(PostprocessError, match=r"a whole number of \d+ bits"):
        as_json(value)


def test_results_nested_without_end_are_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(PostprocessError, match="nested"):
        as_json(endless)


def test_an_expectation_is_json_text_or_a_file_with_it(tmp_path: Path) -> None:
    (tmp_path / "e.json").write_text('\ufeff{"a": [1]}', encoding="utf-8")
    assert parse_expect(str(tmp_path / "e.json")) == {"a": [1]}
    assert parse_expect("90") == 90
    assert parse_expect('"cat"') == "cat"
    assert parse_expect("cat") == "cat"


@pytest.mark.parametrize("text", ["cat/", "{", "NaN", "", "x" * 5000, "a\0b", "[" * 40 + "]" * 40, "[" * 100_000])
def test_what_is_neither_json_nor_a_file_is_bad_usage(text: str) -> None:
    with pytest.raises(UsageError, match="neither JSON nor a file"):
        parse_expect(text)


def test_a_file_that_holds_no_json_is_bad_usage(tmp_path: Path) -> None:
    (tmp_path / "e.json").write_text("cat")
    with pytest.raises(UsageError, match="not JSON"):
        parse_expect(str(tmp_path / "e.json"))
