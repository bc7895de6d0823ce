"""Text of logs, programs and messages that would keep a pattern busy for hours: each is read in one go over the text.

Nothing is timed: with a pattern of the second order these tests take minutes, with one of the third they never end.
"""

from pathlib import Path

import pytest
from axpair_host.diagnosis import diagnose
from axpair_host.diagnosis.checks.setup import _figures
from axpair_host.evidence.record import Failure
from axpair_host.layers.build_log import rows_in
from axpair_host.postprocess.text import Unreadable, read_text
from host.board_cases import J
from host.evidence_builder import build

FIGURES = "total size=10KB(1MB),used=7KB(1MB + 2KB),remain=3KB(1MB),partition_number=1"
LENGTH = 60_000
WORDS = (
    *(" ", "\n", "\t", "0", "a", ".", "1.", ":", "\x1b[2J", "\x1b]"),
    *("total size=1KB", "total size=1KB, used=1KB, ", ", used=1KB", "get model type ", "load model ", "alloc"),
    *("init engine with mode ", "init engine with mode {0 failed ", "model type { 1 } ", "not allowed "),
    *("Layer: ", "Layer: a ", "2-norm RE: 1 ", "detection num: 0 x\n", "1: 1%, [1,1,1,1], a ", "[1 "),
)


def filled(word: str) -> str:
    """So much of nothing but that."""
    return (word * (LENGTH // len(word) + 1))[:LENGTH]


@pytest.mark.parametrize("word", WORDS)
def test_a_board_s_words_are_read_in_one_go(tmp_path: Path, word: str) -> None:
    said = filled(word)
    failure = Failure("error", said)
    evidence = build(tmp_path, joint=J, load_failure=failure, board_lines=[said, f"{said}: {FIGURES}"])
    assert diagnose(evidence).verdict == "FAULT"


@pytest.mark.parametrize("word", WORDS)
def test_a_program_s_words_are_read_in_one_go(word: str) -> None:
    said = f"{filled(word)}x\n 11.5, cat\n"
    assert {"label": "cat", "score": 11.5} in read_text(said.replace("1: 1%, [", "1; 1%, ["))
    with pytest.raises(Unreadable):
        read_text(f"x {filled(word)} x".replace("1: 1%, [", "1; ").replace("1, a", "1; a"))


@pytest.mark.parametrize("word", [" ", "\n", "1"])
def test_a_label_is_read_in_one_go(word: str) -> None:
    assert read_text(f"1: 1%, [1,1,1,1], a{filled(word)}b\n2: 1%, [1,1,1,1], c \n")[-1]["label"] == "c"


@pytest.mark.parametrize("before", ["Layer:", "Layer: a", "Layer: a 2-norm RE: ", "Layer: a 2-norm RE: 1"])
@pytest.mark.parametrize("word", [" ", "\n", "0", "Layer: a "])
def test_a_build_s_log_is_read_in_one_go(before: str, word: str) -> None:
    good = "Layer: b 2-norm RE: 1% cosine-sim: 0.5"
    assert rows_in(f"{before}{filled(word)}\n{good}")[-1].name == "b"


@pytest.mark.parametrize("line", ["before load 1: ", "x=1, y=2, before load 1 : ", "a,\nbefore load 1\n"])
def test_figures_are_found_with_what_stands_before_them(line: str) -> None:
    (account,) = _figures([f"{line}{FIGURES}"])
    assert account == {"when": "before load 1", "total_bytes": 10240, "used_bytes": 7168, "remain_bytes": 3072}
