"""`axpair pair` with programs as post-processors, here and on the board, and with what a product printed."""

import json
import sys
from pathlib import Path

import agent_process
import pytest
import sshd
from command_line import axpair_here, said_once
from pairs import Case, codes, pair

PROGRAM = """\
import struct, sys
from pathlib import Path
path, = Path(sys.argv[1]).glob("*.bin")
scores = struct.unpack("<4f", path.read_bytes())
for score, label in sorted(zip(scores, (0, 90, 180, 270)), reverse=True):
    print(f"{score:.4f}, {label}")
"""
POST = "axpair_host.demo.postprocessors:angle"


@pytest.fixture
def program(tmp_path: Path) -> str:
    """A program that prints scores and labels as the vendor's sample does."""
    path = tmp_path / "post.py"
    path.write_text(PROGRAM)
    return f"{sys.executable} {path} {{dir}}"


def test_a_program_here_and_on_the_emulated_board_decide_alike(page: Case, tmp_path: Path, program: str) -> None:
    decisions = {}
    for where in ("cmd", "board"):
        done, document = pair(page, tmp_path / where, "--postprocess", f"{where}:{program}", "--expect", "0")
        assert (done.returncode, document["verdict"]) == (0, "PASS")
        stored = json.loads((tmp_path / where / "pair.json").read_text())
        decisions[where] = stored["gathered"]["postprocess"]["decisions"]
    assert decisions["cmd"] == decisions["board"]
    assert decisions["cmd"]["board"][0]["label"] == 0


def test_a_program_runs_on_a_board_behind_ssh(page: Case, tmp_path: Path, program: str) -> None:
    witness = tmp_path / "where"
    (tmp_path / "post.py").write_text(
        PROGRAM + f"import os\nopen({str(witness)!r}, 'w').write(os.environ.get('SSH_CONNECTION', ''))\n"
    )
    (tmp_path / "sshd").mkdir()
    with sshd.running(tmp_path / "sshd") as board:
        url = board.url(python=sys.executable, runtime="emulator")
        _, document = pair(page, tmp_path / "gt", "--board", url, "--postprocess", f"board:{program}", "--expect", "0")
    assert document["verdict"] == "PASS"
    assert witness.read_text()


def test_an_agent_without_the_permission_is_refused_before_the_work(
    page: Case, tmp_path: Path, program: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with agent_process.started(tmp_path, runtime="emulator") as agent:
        monkeypatch.setenv("AXPAIR_TOKEN", agent.token)
        flags = ("--board", f"127.0.0.1:{agent.port}", "--postprocess", f"board:{program}")
        done = axpair_here("pair", *page.flags, "--out", tmp_path / "gt", *flags)
    assert done.returncode == 2
    assert "--allow-commands" in done.stderr
    assert not (tmp_path / "gt").exists()


def test_a_bug_that_hits_all_legs_alike_is_unseen_against_the_float_model_and_seen_against_the_truth(
    page: Case, tmp_path: Path
) -> None:
    wrong = ("--postprocess", f"{POST}_with_rotated_labels")
    assert pair(page, tmp_path / "f", *wrong, "--expect", "F")[1]["verdict"] == "PASS"
    done = axpair_here("diagnose", tmp_path / "f", *wrong, "--expect", "0", "--json")
    assert codes(json.loads(done.stdout)) == ["AX405"]


def test_what_a_product_printed_is_explained_from_the_stored_folder(page: Case, tmp_path: Path, program: str) -> None:
    gt, log = tmp_path / "gt", tmp_path / "product.log"
    pair(page, gt, "--postprocess", f"cmd:{program}", "--expect", "0")
    scores = [entry["score"] for entry in _decision(gt)]
    labels = [entry["label"] for entry in _decision(gt)]
    log.write_text("init ok\n" + "".join(f"{one:.4f}, {label}\n" for one, label in zip(scores, labels, strict=True)))
    arguments = ("diagnose", gt, "--postprocess", f"cmd:{program}", "--json", "--observed", log)
    assert axpair_here(*arguments).returncode == 0
    # The model's end is a softmax: a product that applies another prints flatter scores in the same order.
    raised = [2.718281828**score for score in scores]
    lines = zip(raised, labels, strict=True)
    log.write_text("".join(f"{one / sum(raised):.4f}, {label}\n" for one, label in lines))
    (finding,) = json.loads(axpair_here(*arguments).stdout)["findings"]
    assert (finding["code"], finding["owner"], finding["proven"]) == ("AX404", "postprocess", True)


def test_a_pattern_comes_from_the_flag_or_from_the_nearest_configuration(
    page: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    talker = tmp_path / "talker.py"
    talker.write_text("print('I see turned=0 surely')")
    monkeypatch.chdir(tmp_path)
    assert axpair_here("pair", *page.flags, "--out", "gt").returncode == 0
    judge = ("diagnose", "gt", "--postprocess", f"cmd:{sys.executable} {talker} {{dir}}", "--expect", "0")
    pattern = r"turned=(?P<label>\d+)"
    assert axpair_here(*judge, "--post-pattern", pattern).returncode == 0
    assert "can't be read" in said_once(axpair_here(*judge), 2)
    Path("axpair.toml").write_text(f"[postprocess]\npattern = '{pattern}'\n")
    assert axpair_here(*judge).returncode == 0
    Path("axpair.toml").write_text("[postprocess]\ncolour = 3\n")
    assert "colour" in said_once(axpair_here(*judge), 2)


def _decision(gt: Path) -> list[dict[str, float]]:
    found: list[dict[str, float]] = json.loads((gt / "pair.json").read_text())["gathered"]["postprocess"]["decisions"][
        "board"
    ]
    return found
