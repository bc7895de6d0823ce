"""axpair replay on the emulated board: whole folders, their summary, and what goes wrong with single cases."""

import json
import re
import shutil
import sqlite3
import subprocess
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from axpair_host.documents.pair import PairDocument
from axpair_host.documents.replayed import ReplayDocument
from axpair_host.documents.steps import NextStep
from axpair_proto.simulator import Models
from command_line import axpair, said_once
from printed import printed
from replays import endings, flags, replay, stable_rows
from tiny import build_tiny, write_picture

STALE = "emulator:?fault=stale-output"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Models:
    """A small model with two outputs."""
    return build_tiny(tmp_path_factory.mktemp("tiny"))


def write_cases(folder: Path) -> Path:
    """Four pictures, two of them in a folder."""
    (folder / "night").mkdir(parents=True)
    for seed, name in enumerate(("a.png", "b.png", "night/c.png", "night/d.png")):
        write_picture(folder / name, seed)
    return folder


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    """Cases that the test may change."""
    return write_cases(tmp_path / "cases")


@dataclass(frozen=True)
class Finished:
    """A replay that came to its end; tests leave it as it is."""

    cases: Path
    run: Path
    done: "subprocess.CompletedProcess[str]"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, tiny: Models) -> Finished:
    """Four cases on a healthy board."""
    folder = tmp_path_factory.mktemp("finished")
    cases = write_cases(folder / "cases")
    return Finished(cases, folder / "run", replay(cases, folder / "run", tiny, "--json"))


def document(done: "subprocess.CompletedProcess[str]") -> dict[str, Any]:
    return printed(done.stdout, ReplayDocument)


def test_every_case_has_a_row_a_line_and_the_document_of_pair(finished: Finished, tmp_path: Path, tiny: Models) -> None:
    found = document(finished.done)
    assert [case["id"] for case in found["cases"]] == ["a.png", "b.png", "night/c.png", "night/d.png"]
    assert [line for line in finished.done.stderr.splitlines() if line.startswith("[4/4] night/d.png: ")]
    picture = finished.cases / "night" / "c.png"
    paired = axpair("pair", *flags(tiny), "--input", picture, "--out", tmp_path / "gt", "--json")
    alone, replayed = printed(paired.stdout, PairDocument[NextStep]), found["cases"][2]
    same = ("verdict", "owner", "findings", "outputs", "simulator")
    assert {key: replayed[key] for key in same} == {key: alone[key] for key in same}
    looked_at_once = {"own_errors", "layer_scores"}  # of many cases of one model
    others = [one for one in replayed["not_judged"] if one["what"] not in looked_at_once]
    assert others == [one for one in alone["not_judged"] if one["what"] not in looked_at_once]
    assert finished.done.returncode == paired.returncode
    assert found["summary"]["cases"] == sum(found["summary"]["verdicts"].values()) == 4


def test_a_second_call_does_nothing_and_says_so(finished: Finished, tiny: Models) -> None:
    before = stable_rows(finished.run)
    second = replay(finished.cases, finished.run, tiny)
    assert second.returncode == finished.done.returncode
    assert "board:" in finished.done.stderr
    assert "board:" not in second.stderr
    assert "nothing to do" in second.stdout
    assert stable_rows(finished.run) == before


def test_a_run_of_which_nothing_was_kept_says_so_to_diagnose(finished: Finished) -> None:
    verdicts = {one["verdict"] for one in document(finished.done)["cases"]}
    assert verdicts == {"PASS"}
    assert "all 4 cases passed and none was kept" in said_once(axpair("diagnose", finished.run), 2)


def test_other_options_are_refused_by_name_and_change_nothing(finished: Finished, tiny: Models) -> None:
    before = stable_rows(finished.run)
    said = said_once(replay(finished.cases, finished.run, tiny, "--board", STALE, "--repeat", "3"), 2)
    assert "the board: emulator: there, emulator:?fault=stale-output now" in said
    assert "--repeat: 2 there, 3 now" in said
    assert stable_rows(finished.run) == before


def test_new_and_changed_cases_are_run_the_others_are_not(cases: Path, tmp_path: Path, tiny: Models) -> None:
    replay(cases, tmp_path / "run", tiny)
    write_picture(cases / "e.png", 9)
    write_picture(cases / "b.png", 10)
    done = replay(cases, tmp_path / "run", tiny)
    ran = {line.split("] ")[1].split(":")[0] for line in done.stderr.splitlines() if line.startswith("[")}
    assert ran == {"b.png", "e.png"}
    fresh = replay(cases, tmp_path / "fresh", tiny)
    assert fresh.returncode == done.returncode
    assert stable_rows(tmp_path / "run") == stable_rows(tmp_path / "fresh")


def test_a_case_that_is_no_image_is_a_row_of_its_own_and_the_rest_go_on(
    cases: Path, tmp_path: Path, tiny: Models
) -> None:
    (cases / "aa.png").write_bytes(b"no image at all")
    (cases / "short.bin").write_bytes(b"123")
    (cases / "readme.txt").write_text("left out")
    done = replay(cases, tmp_path / "run", tiny, "--json")
    found = document(done)
    unusable = {case["id"]: case["error"] for case in found["cases"] if case["verdict"] == "BAD INPUT"}
    assert set(unusable) == {"aa.png", "short.bin"}
    assert unusable["aa.png"]["kind"] == "bad input"
    assert found["summary"]["verdicts"]["BAD INPUT"] == 2
    assert found["summary"]["verdicts"]["PASS"] + found["summary"]["verdicts"]["FAULT"] == 4
    assert done.returncode == (1 if found["summary"]["verdicts"]["FAULT"] else 2)
    assert "readme.txt" in replay(cases, tmp_path / "run", tiny).stdout
    write_picture(cases / "aa.png", 5)
    replay(cases, tmp_path / "run", tiny)
    assert endings(tmp_path / "run")["aa.png"][0] in ("PASS", "FAULT")
    assert endings(tmp_path / "run")["short.bin"] == ("BAD INPUT", "")


def test_stale_outputs_are_found_and_their_evidence_kept(cases: Path, tmp_path: Path, tiny: Models) -> None:
    done = replay(cases, tmp_path / "run", tiny, "--board", STALE)
    assert done.returncode == 1
    assert set(endings(tmp_path / "run").values()) == {("FAULT", "AX302")}
    kept = sorted(path.name for path in (tmp_path / "run" / "cases").iterdir())
    assert kept == ["a.png", "b.png", "night_c.png", "night_d.png"]
    again = axpair("diagnose", tmp_path / "run" / "cases" / "night_c.png", "--json")
    stored = next(row for row in stable_rows(tmp_path / "run") if row["id"] == "night/c.png")["document"]
    found = printed(again.stdout, PairDocument[NextStep])["findings"]
    assert [one["summary"] for one in found] == [one["summary"] for one in stored["findings"]]
    steps = [step["command"] for one in found for step in one["next_steps"] if step["command"]]
    assert any("night_c.png/input/" in one for one in steps)
    assert not any("{" in one for one in steps)


def test_a_runtime_that_always_crashes_is_a_finding_of_every_case(cases: Path, tmp_path: Path, tiny: Models) -> None:
    shutil.rmtree(cases / "night")
    done = replay(cases, tmp_path / "run", tiny, "--board", "emulator:?fault=crash")
    assert done.returncode == 1
    assert set(endings(tmp_path / "run").values()) == {("FAULT", "AX307")}


def test_expected_results_are_given_by_case(cases: Path, tmp_path: Path, tiny: Models) -> None:
    (tmp_path / "post.py").write_text("def largest(outputs):\n    return int(outputs['feat'].argmax())\n")
    options = ("--postprocess", "post:largest", "--expect")
    wrong = tmp_path / "expect.json"
    wrong.write_text(json.dumps({"b.png": -1}))
    replay(cases, tmp_path / "run", tiny, *options, wrong, cwd=tmp_path)
    with_expectation = {id_ for id_, ended in endings(tmp_path / "run").items() if ended[1].startswith("AX4")}
    assert with_expectation == {"b.png"}
    wrong.write_text(json.dumps({"a.png": "7", "b.png": [0.5, 1]}))
    (tmp_path / "post.py").write_text("def largest(outputs):\n    return 7\n")
    done = replay(cases, tmp_path / "forms", tiny, *options, wrong, cwd=tmp_path)
    ended = endings(tmp_path / "forms")
    assert not ended["a.png"][1].startswith("AX4")
    assert (ended["b.png"], len(ended)) == (("BAD INPUT", ""), 4)
    assert "a list of 2 numbers" in done.stdout + done.stderr
    said = said_once(replay(cases, tmp_path / "other", tiny, *options, '{"x.png": 1}', cwd=tmp_path), 2)
    assert "no case has the id 'x.png'" in said


def test_what_prepares_the_product_s_input_is_run_on_every_case(cases: Path, tmp_path: Path, tiny: Models) -> None:
    shutil.rmtree(cases / "night")
    (tmp_path / "prepare_cases.py").write_text(
        "import numpy as np\nfrom PIL import Image\n"
        "def rgb(path):\n"
        "    if path.endswith('b.png'):\n        raise ValueError('no picture')\n"
        "    return np.asarray(Image.open(path))\n"
    )
    options = ("--preprocess", "prepare_cases:rgb")
    done = replay(cases, tmp_path / "run", tiny, *options, cwd=tmp_path)
    assert endings(tmp_path / "run") == {"a.png": ("FAULT", "AX103"), "b.png": ("BAD INPUT", "")}
    assert "no picture" in done.stdout + done.stderr
    said = said_once(replay(cases, tmp_path / "run", tiny, cwd=tmp_path), 2)
    assert re.search(r"--preprocess: prepare_cases:rgb \(sha256 \w{12}\) there, none now", said)


def test_a_run_with_another_limit_is_another_run(cases: Path, tmp_path: Path, tiny: Models) -> None:
    shutil.rmtree(cases / "night")
    replay(cases, tmp_path / "run", tiny)
    said = said_once(replay(cases, tmp_path / "run", tiny, "--deadline", "9"), 2)
    assert "--deadline: none there, 9000 ms now" in said


def test_cases_of_another_folder_are_counted_with_those_of_the_run(cases: Path, tmp_path: Path, tiny: Models) -> None:
    (tmp_path / "more").mkdir()
    write_picture(tmp_path / "more" / "e.png", 9)
    replay(cases, tmp_path / "run", tiny)
    assert "[5/5] e.png: " in replay(tmp_path / "more", tmp_path / "run", tiny).stderr


@pytest.mark.parametrize("spec", ["post:largest", "cmd:python3 printer.py {dir}"])
def test_a_post_processor_that_was_edited_makes_another_run(
    cases: Path, tmp_path: Path, tiny: Models, spec: str
) -> None:
    shutil.rmtree(cases / "night")
    (tmp_path / "labels.py").write_text("WORD = 'cat'\n")
    (tmp_path / "post.py").write_text("import labels\ndef largest(outputs):\n    return labels.WORD\n")
    (tmp_path / "printer.py").write_text("print('\"cat\"')\n")
    options = ("--postprocess", spec, "--expect", '{"a.png": "cat"}')
    assert replay(cases, tmp_path / "run", tiny, *options, cwd=tmp_path).returncode != 2
    again = replay(cases, tmp_path / "run", tiny, *options, cwd=tmp_path)
    assert again.returncode != 2
    for name in ("labels.py", "printer.py"):
        (tmp_path / name).write_text((tmp_path / name).read_text().replace("cat", "dog"))
    said = said_once(replay(cases, tmp_path / "run", tiny, *options, cwd=tmp_path), 2)
    assert f"--postprocess: {spec} (sha256 " in said


def test_a_run_folder_of_something_else_is_refused(cases: Path, tmp_path: Path, tiny: Models) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "thesis.txt").write_text("mine")
    assert "holds something other than a replay's run" in said_once(replay(cases, tmp_path / "run", tiny), 2)
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["thesis.txt"]


def test_rows_of_one_board_are_never_handed_out_as_anothers(cases: Path, tmp_path: Path, tiny: Models) -> None:
    run = tmp_path / "run"
    assert replay(cases, run, tiny).returncode != 2
    usual = stable_rows(run)
    with closing(sqlite3.connect(run / "run.sqlite")) as connection, connection:
        connection.execute("UPDATE cases SET id = 'b.pn' WHERE id = 'b.png'")
        connection.execute("UPDATE metrics SET cosine = 'abc' WHERE id = 'c.png'")
    again = replay(cases, run, tiny)
    assert "b.pn: its row in" in again.stderr
    assert "metrics" in again.stderr
    with closing(sqlite3.connect(run / "run.sqlite")) as connection, connection:
        connection.execute("DELETE FROM cases WHERE id = 'b.pn'")
    assert stable_rows(run) == usual
    with closing(sqlite3.connect(run / "run.sqlite")) as connection, connection:
        connection.execute("DELETE FROM header")
    said = said_once(replay(cases, run, tiny, "--board", "emulator:?fault=stale-output"), 2)
    assert "its header is damaged" in said
    assert "rows were made" in said
    assert stable_rows(run) == usual
