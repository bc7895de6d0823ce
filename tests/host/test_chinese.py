"""What a reader of Chinese sees of axpair, and what stays as it is for programs and for readers of English."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest
from axpair_host.diagnosis import diagnose
from axpair_host.documents.layers import LayerCause, LayerRow, LayerScore, LayerScores
from axpair_host.evidence.folder import load
from axpair_host.evidence.store import read_record, write_pair_json
from axpair_host.gather.run_log import read_log
from axpair_host.language import asked_for, catalogue, language_of
from axpair_host.replay.cases import discover
from axpair_proto.lines import unstyled, width
from axpair_proto.sentences import say, speaking, translated
from command_line import Done, axpair, axpair_here, command, environment, said_once
from host.evidence_builder import Ran, build, noisy, values
from terminals import seen

J = {"prob": values(1), "boxes": values(2, (1, 16, 12, 12))}
PROBE = {"prob": values(11), "boxes": values(12, (1, 16, 12, 12))}
ENGLISH = re.compile(r"(?:\b[A-Za-z][a-z']+\b[ ,;:]*){4,}")
"""Words in a row that no name or command has."""


@pytest.fixture
def stale(tmp_path: Path) -> Path:
    rounds = [Ran(J, "probe"), Ran(PROBE), Ran(PROBE)]
    build(tmp_path / "gt", joint=J, onnx=J, lava_joint=J, rounds=rounds, probe_joint=PROBE)
    return tmp_path / "gt"


@pytest.fixture
def lossy(tmp_path: Path) -> Path:
    bad = {name: noisy(tensor, 0.9) for name, tensor in J.items()}
    build(tmp_path / "lossy", joint=bad, lava_joint=bad, onnx=J, rounds=[Ran(bad, "probe"), Ran(bad), Ran(bad)])
    return tmp_path / "lossy"


def under(monkeypatch: pytest.MonkeyPatch, *arguments: str | Path, **variables: str) -> Done:
    """A command under that locale."""
    for name in ("LANG", "LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return axpair_here(*arguments)


def prose(text: str) -> str:
    """Without what is quoted, and commands: those are the same in every language."""
    plain = re.sub(r"^ +axpair .*(\n {6}.*)*", "", text, flags=re.MULTILINE)
    return re.sub(r"'[^']*'|\(onnxruntime[^)]*\)", "", plain)


@pytest.mark.parametrize(
    ("variables", "language"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_TW"}, "zh"),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "zh_CN.GBK"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "C"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C.UTF-8"}, "en"),
        ({"LANG": "zha_CN"}, "en"),
        ({"LANG": ""}, "en"),
        ({}, "en"),
    ],
)
def test_the_locale_says_which_language_is_shown(variables: dict[str, str], language: str) -> None:
    assert language_of(variables) == language


@pytest.mark.parametrize(
    ("arguments", "asked"),
    [
        (["pair", "--lang", "zh"], "zh"),
        (["--lang=zh", "pair"], "zh"),
        (["--lang", "zh", "pair", "--lang=en"], "en"),
        (["pair", "--", "--lang", "zh"], ""),
        (["pair", "--lang"], ""),
        (["pair", "--lang", "fr"], ""),
    ],
)
def test_the_option_counts_wherever_it_stands(arguments: list[str], asked: str) -> None:
    assert asked_for(arguments) == asked


@pytest.mark.parametrize("folder", ["stale", "lossy"])
@pytest.mark.parametrize("way", ["LANG", "LC_ALL", "--lang"])
def test_a_verdict_is_chinese_throughout(
    folder: str, way: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = request.getfixturevalue(folder)
    if way == "--lang":
        done = under(monkeypatch, "diagnose", path, "--lang", "zh")
    else:
        done = under(monkeypatch, "diagnose", path, **{way: "zh_CN.UTF-8"})
    assert done.returncode == 1
    assert ("逐字节等于仿真对探测输入的结果" if folder == "stale" else "量化掉点") in done.stdout
    assert ENGLISH.findall(prose(done.stdout)) == []


def test_a_document_is_english_under_a_chinese_locale(stale: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = under(monkeypatch, "diagnose", stale, "--json").stdout
    assert under(monkeypatch, "diagnose", stale, "--json", LANG="zh_CN.UTF-8").stdout == plain


def test_a_document_that_is_asked_for_in_chinese_has_the_same_keys_and_codes(stale: Path) -> None:
    plain = json.loads(axpair_here("diagnose", stale, "--json").stdout)
    chinese = json.loads(axpair_here("diagnose", stale, "--json", "--lang", "zh").stdout)

    def shape(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: shape(each) for key, each in value.items()}
        return [shape(each) for each in value] if isinstance(value, list) else type(value).__name__

    assert shape(chinese) == shape(plain)
    one, other = chinese["findings"][0], plain["findings"][0]
    translated = {"title", "headline", "summary", "next_steps", "evidence"}
    assert {key for key in other if one[key] != other[key]} == translated
    assert one["title"] == "结果属于之前的输入（输出陈旧）"


def test_pair_json_is_english_unless_chinese_is_asked_for_and_is_judged_the_same(
    stale: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = diagnose(load(stale)).document()
    for more, title in ((["--lang", "zh"], "结果属于之前的输入（输出陈旧）"), ([], wanted.findings[0].title)):
        under(monkeypatch, "diagnose", stale, "--write", *more, LANG="zh_CN.UTF-8")
        assert json.loads((stale / "pair.json").read_text(encoding="utf-8"))["findings"][0]["title"] == title
        assert diagnose(load(stale)).document() == wanted


def test_what_was_gathered_in_english_is_chinese_when_it_is_judged_again(lossy: Path) -> None:
    """What a layer's cause says lies in pair.json, in English, with how it was made."""
    record = read_record(lossy)
    assert record is not None
    cause = LayerCause("clipped", say("what it reads, {operand!r}, has lost its values before", operand="x"))
    score = LayerScore(0.5, 0.9)
    row = LayerRow("one", "one", "Conv", 9, (0.0, 1.0), own=score, lava_joint=score, causes=(cause,))
    scores = LayerScores("onnx", "lava_joint", (row,))
    write_pair_json(lossy, msgspec.structs.replace(record, layer_scores=scores), None)
    stored = json.loads((lossy / "pair.json").read_text(encoding="utf-8"))["gathered"]["layer_scores"]
    assert stored["layers"][0]["causes"][0]["words"] == "what it reads, 'x', has lost its values before"
    with speaking(catalogue("zh")):
        again = read_record(lossy)
        assert again is not None
        assert again.layer_scores is not None
        assert translated(again.layer_scores.layers[0].causes[0].words) == "它读取的 'x' 在此之前已丢失数值"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["pari"], 2, ("没有命令 'pari'", "您是想用 'pair' 吗", "下一步：axpair --help")),
        (
            ["pair"],
            2,
            (
                "需要 --joint：没有给出",
                "否则（MODEL.joint 为编译后的模型）：\n        axpair pair --joint MODEL.joint\n",
            ),
        ),
        (["pair", "--nope"], 2, ("没有选项 '--nope'",)),
        (["pair", "--repeat", "x"], 2, ("'--repeat' 的值无效：'x' 不是有效的",)),
        (["diagnose", "gone"], 2, ("gone：没有该目录", "下一步：检查路径")),
        (["lint", "gone"], 2, ("gone：没有那个文件或目录",)),
        (["explain", "AX3O2"], 2, ("没有代码 'AX3O2'；相近的有：AX302",)),
        (
            ["board", "info", "--board", "127.0.0.1:1"],
            3,
            ("无法连接 agent", "下一步：检查 axpair-agent 是否在那里运行"),
        ),
    ],
)
def test_messages_of_exit_2_and_3_are_chinese(
    arguments: list[str], code: int, words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    message = said_once(under(monkeypatch, *arguments, LC_ALL="zh_CN.UTF-8"), code)
    for one in words:
        assert one in message


def test_an_error_document_is_english_under_a_chinese_locale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    plain = under(monkeypatch, "diagnose", "gone", "--json")
    chinese = under(monkeypatch, "diagnose", "gone", "--json", LANG="zh_CN.UTF-8")
    assert chinese.stdout == plain.stdout
    assert "gone：没有该目录" in chinese.stderr
    asked = json.loads(under(monkeypatch, "diagnose", "gone", "--json", "--lang", "zh").stdout)
    assert asked["error"]["message"] == "gone：没有该目录"
    assert asked["error"]["next_step"] == "检查路径"


@pytest.mark.parametrize(
    "command", [[], ["pair"], ["diagnose"], ["layers"], ["lint"], ["replay"], ["emulator", "build"]]
)
def test_help_is_chinese_and_stays_within_80_columns(command: list[str]) -> None:
    code, text = seen(*command, "--lang", "zh", "--help", columns=80)
    assert code == 0
    assert "用法:" in text
    assert [line for line in text.splitlines() if width(line) > 80] == []
    assert ENGLISH.findall(re.sub(r"\n\s+", " ", prose(text))) == []


def test_a_table_of_chinese_stands_under_its_heads_at_80_columns(stale: Path) -> None:
    code, text = seen("diagnose", stale, "--lang", "zh", columns=80)
    lines = [unstyled(line) for line in text.splitlines()]
    assert code == 1
    paths = str(stale.parent)  # too long to be broken
    assert [line for line in lines if width(line) > 80 and paths not in line] == []
    head = next(place for place, line in enumerate(lines) if line.startswith("输出"))
    for title, cell in (("形状", "1x"), ("joint-board", "DIFFERENT")):
        column = width(lines[head][: lines[head].index(title)])
        for row in lines[head + 1 : head + 3]:
            assert width(row[: row.index(cell)]) == column, row
    facts = lines[next(place for place, line in enumerate(lines) if line.startswith("代码")) :][:3]
    assert len({width(fact) - width(fact.lstrip().split("  ", 1)[1].lstrip()) for fact in facts}) == 1


def test_a_terminal_that_has_no_chinese_is_spoken_to_in_english(stale: Path) -> None:
    done = axpair("diagnose", stale, LANG="zh_CN.UTF-8", PYTHONIOENCODING="ascii")
    assert "The answer belongs to an earlier input" in done.stdout
    assert "\\u" not in done.stdout


def test_a_terminal_in_gbk_is_written_to_in_gbk(stale: Path) -> None:
    done = subprocess.run(
        command("diagnose", stale, "--lang", "zh"),
        capture_output=True,
        check=False,
        env=environment(PYTHONIOENCODING="gbk", PYTHONUTF8="0"),
    )
    assert done.returncode == 1
    assert "结果属于之前的输入" in done.stdout.decode("gbk")


def test_a_list_and_names_in_gbk_are_read_and_it_is_said(tmp_path: Path) -> None:
    for name in (b"\xcd\xbc\xc6\xac.jpg", "另一张.jpg".encode()):  # one as a zip of a Chinese Windows leaves it
        (tmp_path / name.decode("utf-8", "surrogateescape")).write_bytes(b"x")
    (tmp_path / "list.txt").write_bytes("# 清单\n图片.jpg\n另一张.jpg\n".encode("gbk"))
    found = discover(tmp_path / "list.txt", ["data"])
    assert [case.id for case in found.cases] == ["另一张.jpg", "图片.jpg"]
    assert all(path.read_bytes() == b"x" for case in found.cases for path in case.files.values())
    assert "read as GBK, as it is no UTF-8" in found.note
    (tmp_path / "plain.txt").write_text("另一张.jpg\n", encoding="utf-8")
    assert discover(tmp_path / "plain.txt", ["data"]).note == ""


def test_a_log_in_gbk_is_read_and_it_is_said(tmp_path: Path) -> None:
    (tmp_path / "run.log").write_bytes("run joint version: 0.5.13\n运行完成\n".encode("gbk"))
    read = read_log(tmp_path / "run.log")
    assert read.lines == ("run joint version: 0.5.13", "运行完成")
    assert read.said == "read as GBK, as it is no UTF-8"


def test_a_page_of_the_fault_book_is_chinese() -> None:
    text = axpair_here("explain", "AX302", "--lang", "zh").stdout
    for heading in ("如何识别：", "下一步", "需要提供：", "由谁处理"):
        assert heading in text
    assert ENGLISH.findall(prose(text.replace("The answer belongs to an earlier input", ""))) == []
