"""Programs as post-processors: what they get, how their text is read, and how they are kept in bounds."""

import shlex
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from agent_process import gone
from axpair_host.errors import PostprocessError, UsageError
from axpair_host.postprocess import apply, load
from axpair_host.postprocess.agreement import differences
from axpair_host.postprocess.text import Unmatched, Unreadable, compiled, read_text
from hiding import all_gone, register
from hiding import program as hidden_program

LEGS = {leg: {"a/b": np.array([[0.1, 0.9]], np.float32)} for leg in ("onnx", "board")}
SAMPLE = "Repeat 10 times\n11.4611, 285\n10.8656, 281\n"
BOXES = "detection num: 2\n16:  93%, [ 135,  219,  310,  541], dog\n 2:  70%, [ 466,   77,  692,  172], car\n"


def program(folder: Path, text: str) -> str:
    """A program of that Python text; its spec."""
    path = folder / "post.py"
    path.write_text(text)
    return f"cmd:{sys.executable} {path} {{dir}}"


def test_it_gets_every_output_as_bin_and_npy_and_its_json_is_the_decision(tmp_path: Path) -> None:
    spec = program(
        tmp_path,
        "import json, pathlib, struct, sys\n"
        "folder = pathlib.Path(sys.argv[1])\n"
        "print(json.dumps({p.name: p.stat().st_size for p in sorted(folder.iterdir())}))\n",
    )
    facts = apply(load(spec), LEGS)
    assert facts.decisions["board"] == {"a_b.bin": 8, "a_b.npy": 136}
    assert facts.spec == spec


def test_no_shell_takes_part(tmp_path: Path) -> None:
    spec = program(tmp_path, "import json, sys\nprint(json.dumps(sys.argv[2:]))\n") + " '$HOME' ';' echo"
    assert apply(load(spec), LEGS).decisions["onnx"] == ["$HOME", ";", "echo"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"label": 3}', {"label": 3}),
        (SAMPLE, [{"label": 285, "score": 11.4611}, {"label": 281, "score": 10.8656}]),
        (
            BOXES,
            [
                {"id": 16, "label": "dog", "score": 0.93, "box": [135.0, 219.0, 310.0, 541.0]},
                {"id": 2, "label": "car", "score": 0.7, "box": [466.0, 77.0, 692.0, 172.0]},
            ],
        ),
        ("took 3 ms\ndetection num: 0\n", []),
    ],
)
def test_the_vendor_s_samples_are_read_as_they_print(text: str, expected: Any) -> None:
    assert read_text(text) == expected


def test_a_pattern_of_the_user_s_own_is_taken_line_by_line() -> None:
    pattern = compiled(r"^(?P<label>\w+) with (?P<score>[\d.]+)$")
    assert read_text("hello\ncat with 0.5\n", pattern) == [{"label": "cat", "score": 0.5}]
    for nothing in ("", "detection num: 0\n", "[]\n"):
        assert read_text(nothing, pattern) == []
    with pytest.raises(Unmatched, match=r"'nothing fits' \| 'at all'"):
        read_text("nothing fits\n at all", pattern)


def test_a_pattern_that_fits_on_no_leg_is_the_user_s_and_one_that_fits_on_some_found_nothing_on_the_others(
    tmp_path: Path,
) -> None:
    spec = program(
        tmp_path,
        "import struct, sys, pathlib\n"
        "score = struct.unpack('<2f', (pathlib.Path(sys.argv[1]) / 'a_b.bin').read_bytes())[1]\n"
        "print('init ok')\n"
        "print(f'cat with {score:.1f}' if score > 0.5 else 'no cat')\n",
    )
    with pytest.raises(PostprocessError, match=r"on any leg; on onnx/ it begins 'init ok' \| 'cat with 0.9'"):
        apply(load(spec, compiled(r"^(?P<label>\w+) without")), LEGS)
    assert apply(load(spec, compiled(r"^(?P<label>\w+) without")), LEGS, expect=[]).decisions["board"] == []
    legs = {**LEGS, "board": {"a/b": np.zeros((1, 2), np.float32)}}
    decisions = apply(load(spec, compiled(r"^(?P<label>\w+) with ")), legs).decisions
    assert decisions == {"onnx": [{"label": "cat"}], "board": []}
    assert differences(decisions["onnx"], decisions["board"]) == ["[cat] expected, nothing said"]


@pytest.mark.parametrize("text", ["", "segmentation fault", "{broken"])
def test_text_without_a_decision_is_refused_with_its_beginning(text: str) -> None:
    with pytest.raises(Unreadable, match=text.replace("{", r"\{") or "nothing"):
        read_text(text)


@pytest.mark.parametrize(
    "pattern", ["(?P<label>", r"(?P<colour>\w+)", r"(?P<score>\d+)", r"(?P<label>\w+) (?P<x1>\d+)"]
)
def test_a_pattern_that_can_t_be_used_says_which_groups_there_are(pattern: str) -> None:
    with pytest.raises(UsageError, match="--post-pattern") as refused:
        compiled(pattern)
    assert "x1" in str(refused.value.next_step)


def test_a_program_that_fails_on_one_leg_is_evidence_with_its_last_words(tmp_path: Path) -> None:
    spec = program(
        tmp_path,
        "import sys, struct, pathlib\n"
        "score = struct.unpack('<2f', (pathlib.Path(sys.argv[1]) / 'a_b.bin').read_bytes())[1]\n"
        "sys.exit('too low') if score < 0.5 else print('0.9, 1')\n",
    )
    facts = apply(load(spec), {**LEGS, "board": {"a/b": np.zeros((1, 2), np.float32)}})
    assert facts.decisions == {"onnx": [{"label": 1, "score": 0.9}]}
    assert facts.errors["board"].endswith("ended with status 1: too low")


def test_a_program_that_doesn_t_end_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    spec = program(
        tmp_path,
        "import pathlib, subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"pathlib.Path({str(pid)!r}).write_text(str(child.pid))\n"
        "time.sleep(600)\n",
    )
    with pytest.raises(PostprocessError, match=r"ran for 2 s and was ended"):
        apply(load(spec, timeout=2.0), {"board": LEGS["board"]})
    assert gone(int(pid.read_text()))


def test_what_a_program_leaves_behind_ends_with_the_call_wherever_it_hid(tmp_path: Path) -> None:
    hiding = register(tmp_path)
    spec = f"cmd:{shlex.join([*hidden_program('print(chr(91) + chr(93))'), str(hiding)])} {{dir}}"
    assert apply(load(spec), {"board": LEGS["board"]}, expect=[]).decisions == {"board": []}
    assert all_gone(hiding, 0)


def test_it_gets_the_environment_without_our_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AXPAIR_TOKEN", "a secret")
    monkeypatch.setenv("AXPAIR_FAULT", "none")
    spec = program(tmp_path, "import json, os\nprint(json.dumps(dict(os.environ)))\n")
    (variables,) = apply(load(spec), {"board": LEGS["board"]}).decisions.values()
    assert variables["AXPAIR_FAULT"] == "none"
    assert "a secret" not in variables.values()


def test_after_one_leg_without_an_end_the_others_aren_t_waited_for(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    spec = program(
        tmp_path,
        "import struct, sys, pathlib, time\n"
        f"open({str(runs)!r}, 'a').write('x')\n"
        "score = struct.unpack('<2f', (pathlib.Path(sys.argv[1]) / 'a_b.bin').read_bytes())[1]\n"
        "print('0.9, 1') if score > 0.5 else time.sleep(600)\n",
    )
    hangs = {"a/b": np.zeros((1, 2), np.float32)}
    facts = apply(load(spec, timeout=2.0), {"onnx": LEGS["onnx"], "lava_joint": hangs, "joint": hangs, "board": hangs})
    assert runs.read_text() == "xx"
    assert facts.errors["lava_joint"].endswith("ran for 2 s and was ended")
    assert facts.errors["board"] == "it wasn't run, since it didn't end in time before"


def test_a_program_that_prints_without_end_is_ended(tmp_path: Path) -> None:
    spec = program(tmp_path, "while True: print('x' * 4096)\n")
    with pytest.raises(PostprocessError, match="printed more than 1048576 bytes"):
        apply(load(spec), {"board": LEGS["board"]})


@pytest.mark.parametrize("spec", ["cmd:", "cmd:post", "cmd:{dir}", "cmd:post 'x", "board:post {dir}"])
def test_a_command_that_can_t_be_one_is_refused_before_the_work(spec: str) -> None:
    with pytest.raises(PostprocessError, match="--postprocess"):
        load(spec)


def test_a_program_that_isn_t_there_is_bad_usage() -> None:
    with pytest.raises(PostprocessError, match="can't be run"):
        apply(load("cmd:/nowhere/post {dir}"), LEGS)


def test_what_it_says_on_stderr_takes_no_disk_and_its_last_words_are_kept(tmp_path: Path) -> None:
    spec = program(
        tmp_path,
        "import os, stat, sys\n"
        "sys.stderr.write('x' * (1 << 20) + '\\n')\n"
        "sys.exit('a pipe' if stat.S_ISFIFO(os.fstat(2).st_mode) else 'a file')\n",
    )
    with pytest.raises(PostprocessError, match=r"ended with status 1: a pipe"):
        apply(load(spec), {"board": LEGS["board"]})


@pytest.mark.parametrize("leaving", ["shutil.rmtree(d)", "shutil.rmtree(d); os.symlink('/', d)"])
def test_whatever_it_makes_of_its_folder_nothing_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, leaving: str
) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    spec = program(tmp_path, f"import os, shutil, sys\nd = sys.argv[1]\n{leaving}\nprint('{{}}')\n")
    assert apply(load(spec), {"board": LEGS["board"]}, expect={}).decisions == {"board": {}}
    assert list((tmp_path / "temporary").iterdir()) == []
